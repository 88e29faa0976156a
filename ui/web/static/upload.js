// Files come in: chosen or dropped, one job each, so that what is read can be asked at once.
import { follow, upload } from "./api.js";
import { baseName, fill, h, icon } from "./dom.js";
import { choose, loadDocuments, loadLibraries, state, tell } from "./state.js";
import { say } from "./words.js";

const SAMPLES = "demo";
const MOST_JOBS = 24; // beyond, files share a job
const work = { rows: [], library: null, busy: false };

const isLocal = () => ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);

// Where files go: the library that is open, but never into the samples.
export function targetLibrary() {
  return state.library && state.library !== SAMPLES ? state.library : say("into_new");
}

// A place to drop files on, with buttons for those who cannot drop.
export function dropArea(goTo, { small = false } = {}) {
  const files = picker(false, goTo);
  const folder = picker(true, goTo);
  const area = h("div.wj-drop", { class: small ? "is-small" : "" },
    h("div.wj-drop-text", {}, icon("upload"),
      h("div", {}, h("strong", {}, say(small ? "add_files" : "your_files")),
        h("p.wj-faint", {}, say(isLocal() ? "your_files_lead" : "your_files_lead_server")))),
    h("div.wj-row", {},
      h("button.wj-button.is-main", { type: "button", onclick: () => files.click() }, icon("file"), say("add_files")),
      h("button.wj-button", { type: "button", onclick: () => folder.click() }, icon("folder"), say("add_folder"))),
    files, folder);
  area.addEventListener("dragover", (event) => { event.preventDefault(); area.classList.add("is-over"); });
  area.addEventListener("dragleave", () => area.classList.remove("is-over"));
  area.addEventListener("drop", async (event) => {
    event.preventDefault();
    area.classList.remove("is-over");
    take(await dropped(event.dataTransfer), goTo);
  });
  return area;
}

function picker(isFolder, goTo) {
  const input = h("input.wj-aside", { type: "file", multiple: true, tabindex: "-1", "aria-hidden": "true",
    "data-kind": isFolder ? "folder" : "files",
    onchange: () => { take([...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name })), goTo); input.value = ""; } });
  if (isFolder) input.webkitdirectory = true;
  return input;
}

// Files of a drop, those within folders included.
async function dropped(transfer) {
  const found = [];
  const walk = async (entry, path) => {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      found.push({ file, path: path + entry.name });
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!part.length) break;
      for (const one of part) await walk(one, `${path}${entry.name}/`);
    }
  };
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  for (const entry of entries) await walk(entry, "");
  return found;
}

// A name for the server, which keeps no folders: two files of one name are told apart by theirs.
function named(files) {
  const taken = new Map();
  return files
    .filter(({ file, path }) => !path.split("/").some((part) => part.startsWith(".")) && file.size >= 0)
    .map(({ file, path }) => {
      const parts = path.split("/");
      let name = parts.pop();
      while (taken.has(name) && parts.length) name = `${parts.pop()} - ${name}`;
      taken.set(name, true);
      return { file, name, state: "waiting", detail: "", part: 0 };
    });
}

async function take(files, goTo) {
  const rows = named(files);
  if (!rows.length) return;
  const library = targetLibrary();
  work.rows = work.busy ? [...work.rows, ...rows] : rows;
  work.library = library;
  goTo("library");
  draw();
  if (work.busy) return; // the loop below takes them up
  work.busy = true;
  try {
    let row;
    while ((row = work.rows.find((one) => one.state === "waiting"))) {
      const waiting = work.rows.filter((one) => one.state === "waiting");
      const n = Math.min(100, Math.max(1, Math.ceil(waiting.length / MOST_JOBS)));
      await bring(waiting.slice(0, n), library);
    }
  } finally {
    work.busy = false;
    draw();
    tell("uploaded");
  }
}

async function bring(rows, library) {
  const set = (changes) => { for (const row of rows) Object.assign(row, changes); draw(); };
  set({ state: "uploading" });
  try {
    const job = await upload(rows, library, (part) => set({ part }));
    set({ state: "indexing" });
    const ended = await follow(`/v1/jobs/${job.id}`, null, 250);
    if (ended.status !== "done") return set({ state: "skipped", detail: ended.error ?? "" });
    const reasons = new Map((ended.result?.skipped ?? []).map((one) => [baseName(one.source), one.reason]));
    for (const row of rows) {
      const reason = reasons.get(row.name);
      Object.assign(row, reason === undefined ? { state: "indexed" } : { state: "skipped", detail: reason });
    }
    await loadLibraries();
    if (state.library !== library) await choose(library);
    else await loadDocuments();
  } catch (error) {
    if (rows.length > 1) { // one that is refused keeps no other out
      for (const row of rows) await bring([row], library);
      return;
    }
    set({ state: "skipped", detail: error.message });
  }
  draw();
}

let view = null;
let go = null;

// The list of what comes in, above the documents.
export function mountUploads(element, goTo) {
  view = element;
  go = goTo;
  draw();
}

function draw() {
  if (!view) return;
  view.hidden = !work.rows.length;
  if (view.hidden) return;
  const read = work.rows.filter((row) => row.state === "indexed").length;
  const skipped = work.rows.filter((row) => row.state === "skipped").length;
  const over = read + skipped;
  fill(view,
    h("div.wj-upload-head", {},
      h("progress", { max: String(work.rows.length), value: String(over), "aria-label": say("indexing") }),
      h("p", { role: "status" }, work.busy ? `${over} / ${work.rows.length} · ${say("ask_meanwhile")}`
        : say(skipped ? "upload_partly" : "upload_done", { n: read, m: skipped })),
      read > 0 && h("button.wj-button.is-main", { type: "button", onclick: () => go("ask") }, say("go_ask")),
      !work.busy && h("button.wj-tool.is-icon", { type: "button", "aria-label": say("close"),
        onclick: () => { work.rows = []; draw(); } }, icon("close"))),
    h("ul.wj-upload-list", {}, work.rows.slice(0, 200).map((row) => h("li", { class: `is-${row.state}` },
      icon({ indexed: "check", skipped: "warn" }[row.state] ?? "file"),
      h("span.wj-upload-name", {}, row.name), h("span.wj-faint", {}, told(row))))));
}

// The commonest reasons in the page's language; a rare one as the server says it.
function why(reason) {
  const known = [[/password|locked/, "locked"], [/scan/, "scan"], [/broken|damaged|cut off/, "broken"],
    [/empty|no text|nothing to index|without text|without words/, "empty"]];
  const found = known.find(([pattern]) => pattern.test(reason));
  return found ? say(`why_${found[1]}`) : reason;
}

function told(row) {
  if (row.state === "uploading") return say("uploading", { p: Math.round(row.part * 100) });
  if (row.state === "skipped") return say("skipped", { reason: why(row.detail) });
  return say(row.state);
}
