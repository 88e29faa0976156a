// Talks to the server that the page came from; says what went wrong in plain words.
import { say } from "./words.js";

export class Failed extends Error {
  constructor(message, status = 0, type = "") {
    super(message);
    this.status = status;
    this.type = type;
  }
}

async function failure(response) {
  let told = {};
  try { told = (await response.json()).error ?? {}; } catch { /* no JSON: the status says it */ }
  if (response.status === 401) return new Failed(say("logged_out"), 401);
  if (response.status === 403 && told.type === "forbidden") return new Failed(say("read_only"), 403);
  if (response.status === 503 && told.type === "busy") return new Failed(say("busy"), 503);
  return new Failed(told.message || `HTTP ${response.status}`, response.status, told.type);
}

async function fetched(path, options) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failed(say("offline"));
  }
  if (!response.ok) {
    const error = await failure(response);
    if (error.status === 401) location.reload(); // the log-in stands there
    throw error;
  }
  return response;
}

const asJson = (body) => ({
  method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" },
});

const query = (values) => new URLSearchParams(
  Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== ""),
);

export const get = async (path, values = {}) => (await fetched(`${path}?${query(values)}`)).json();
export const post = async (path, body, options = {}) =>
  (await fetched(path, { ...asJson(body), ...options })).json();
export const postForm = async (path, form) =>
  (await fetched(path, { method: "POST", body: form })).json();
export const postForBlob = async (path, body) => (await fetched(path, asJson(body))).blob();
export const postForText = async (path, body) => (await fetched(path, asJson(body))).text();
export const getBlob = async (path) => (await fetched(path)).blob();
export const getText = async (path) => (await fetched(path)).text();
export const putJson = async (path, body) => (await fetched(path, { ...asJson(body), method: "PUT" })).json();
export const erase = async (path) => {
  const response = await fetched(path, { method: "DELETE" });
  return response.status === 204 ? null : response.json();
};

// Asks; `onStatement` is called with each as it is verified. Gives the whole record.
export async function ask(body, onStatement, signal) {
  const response = await fetched("/v1/answers", {
    ...asJson({ ...body, stream: true }), signal,
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  let record = null;
  for (;;) {
    const { value, done } = await reader.read();
    held += value ?? "";
    let end;
    while ((end = held.indexOf("\n\n")) >= 0) {
      const block = held.slice(0, end);
      held = held.slice(end + 2);
      const name = /^event: (.*)$/m.exec(block)?.[1];
      const data = JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? "null");
      if (name === "statement") onStatement(data);
      else if (name === "done") record = data;
      else if (name === "error") throw new Failed(data.message);
    }
    if (done) break;
  }
  if (!record) throw new Failed(say("offline"));
  return record;
}

// Sends files with progress from 0 to 1. Gives the job.
export function upload(files, library, onProgress) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    for (const { file, name } of files) form.append("files", file, name);
    if (library) form.append("library", library);
    const request = new XMLHttpRequest();
    request.open("POST", "/v1/documents");
    request.upload.onprogress = (event) => onProgress(event.loaded / Math.max(1, event.total));
    request.onerror = () => reject(new Failed(say("offline")));
    request.onload = () => {
      let told = {};
      try { told = JSON.parse(request.responseText); } catch { /* told stays empty */ }
      if (request.status < 300) resolve(told);
      else if (request.status === 413) reject(new Failed(say("too_large"), 413));
      else if (request.status === 415) reject(new Failed(say("not_taken"), 415));
      else if (request.status === 403) reject(new Failed(say("read_only"), 403));
      else reject(new Failed(told.error?.message ?? `HTTP ${request.status}`, request.status));
    };
    request.send(form);
  });
}

// Until a job has ended; `onChange` sees each state of it.
export async function follow(path, onChange, pause = 400) {
  for (;;) {
    const job = await get(path);
    onChange?.(job);
    if (["done", "failed", "cancelled"].includes(job.status)) return job;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
