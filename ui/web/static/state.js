// What the parts of the page share: preferences of this browser, libraries, documents, the conversation.
import { get } from "./api.js";

const KEPT = "wenju.preferences";
const TALK = "wenju.conversation";

function read(key, otherwise) {
  try { return JSON.parse(localStorage.getItem(key)) ?? otherwise; } catch { return otherwise; }
}

function write(key, value) {
  try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* full or not allowed */ }
}

export const preferences = {
  language: null, look: "auto", library: null, maxStatements: null, careful: "balanced", today: "",
  ...read(KEPT, {}),
};

export function prefer(changes) {
  Object.assign(preferences, changes);
  write(KEPT, preferences);
}

export const state = {
  libraries: [], // {name, documents, …}
  library: null, // the name of the one that is asked
  documents: [], // of that library
  known: new Map(), // doc_id → document
  chosen: new Set(), // sources that are looked at; empty: all
  turns: read(TALK, []), // {record, library, scope, today}
};

export const keepTurns = () => write(TALK, state.turns.slice(-40));

const listeners = new Map();

// Parts of the page tell each other what has changed: "library", "documents", "scope", "language".
export function on(what, listener) {
  if (!listeners.has(what)) listeners.set(what, []);
  listeners.get(what).push(listener);
}

export function tell(what, detail) {
  for (const listener of listeners.get(what) ?? []) listener(detail);
}

export async function loadLibraries() {
  state.libraries = (await get("/v1/libraries")).libraries;
  const names = state.libraries.map((one) => one.name);
  if (!names.includes(state.library)) {
    const wanted = [preferences.library, "default", "demo", ...names];
    state.library = wanted.find((name) => names.includes(name)) ?? null;
  }
  return state.libraries;
}

export async function loadDocuments() {
  const library = state.library;
  const found = [];
  if (library) {
    for (let offset = 0; offset < 20_000; offset += 1000) {
      const page = await get("/v1/documents", { library, limit: 1000, offset });
      found.push(...page.documents);
      if (found.length >= page.total || !page.documents.length) break;
    }
  }
  if (library !== state.library) return; // another was chosen meanwhile
  state.documents = found;
  state.known = new Map(found.map((one) => [one.doc_id, one]));
  const sources = new Set(found.map((one) => one.source));
  for (const source of state.chosen) if (!sources.has(source)) state.chosen.delete(source);
  tell("documents");
}

export async function choose(library) {
  state.library = library;
  state.chosen.clear();
  prefer({ library });
  state.documents = [];
  state.known = new Map();
  tell("library");
  await loadDocuments();
}

// A pattern that means this path and no other.
export const exactly = (source) => source.replace(/[[*?]/g, "[$&]");
