// The documents of a library: what there is, and what can be done with it.
import { erase, follow, post } from "./api.js";
import { baseName, confirmed, fill, h, icon, toast } from "./dom.js";
import { previewDocument } from "./source.js";
import { loadDocuments, loadLibraries, on, state, tell } from "./state.js";
import { dropArea, mountUploads } from "./upload.js";
import { languageNow, say } from "./words.js";

const STEP = 100; // rows that are drawn at first
let table, count, filter, chosenBar, goTo, most = STEP;

export function mountLibrary(element, navigate) {
  goTo = navigate;
  count = h("p.wj-faint", {});
  filter = h("input.wj-input", { type: "search", placeholder: say("filter"), "aria-label": say("filter"), oninput: () => { most = STEP; draw(); } });
  chosenBar = h("div.wj-chosen", { role: "status", hidden: true });
  table = h("div.wj-documents", {});
  const uploads = h("section.wj-uploads", { "aria-label": say("add_files"), hidden: true });
  fill(element, h("div.wj-scroller", {}, h("div.wj-column.is-wide", {},
    h("div.wj-page-head", {}, h("div", {}, h("h1", {}, say("tab_library")), count),
      h("button.wj-button", { type: "button", title: say("refresh_hint"), onclick: refresh }, icon("again"), say("refresh"))),
    dropArea(navigate, { small: true }), uploads,
    h("div.wj-list-head", {}, filter, chosenBar), table)));
  mountUploads(uploads, navigate);
  for (const what of ["documents", "library", "scope"]) on(what, draw);
  draw();
}

function shownDocuments() {
  const wanted = filter.value.trim().toLowerCase();
  return state.documents.filter((one) =>
    !wanted || one.source.toLowerCase().includes(wanted) || one.title.toLowerCase().includes(wanted));
}

function draw() {
  count.textContent = state.library ? `${libraryLabel(state.library)} · ${say("n_documents", { n: state.documents.length })}` : "";
  const found = shownDocuments();
  drawChosen();
  if (!state.documents.length) return fill(table, h("p.wj-empty", {}, say(state.library ? "empty_library" : "no_library")));
  if (!found.length) return fill(table, h("p.wj-empty", {}, say("nothing_found", { q: filter.value.trim() })));
  const all = found.every((one) => state.chosen.has(one.source));
  const pickAll = h("input", { type: "checkbox", checked: all, "aria-label": say("scope_all"), onchange: () => {
    for (const one of found) all ? state.chosen.delete(one.source) : state.chosen.add(one.source);
    tell("scope");
  } });
  const heads = ["name", "kind", "date", "pages", "size", "status"].map((key) => h("th", { scope: "col", class: `is-${key}` }, say(key)));
  fill(table, h("table.wj-list", {},
    h("thead", {}, h("tr", {}, h("th.is-pick", { scope: "col" }, pickAll), heads, h("th.is-actions", { scope: "col" }, h("span.wj-aside", {}, say("actions"))))),
    h("tbody", {}, found.slice(0, most).map(row))),
  found.length > most && h("button.wj-more", { type: "button", onclick: () => { most += 400; draw(); } },
    say("more_n", { n: Math.min(400, found.length - most) })));
}

function row(one) {
  const folder = one.source.split("/").slice(0, -1).join(" / ");
  const pick = h("input", { type: "checkbox", checked: state.chosen.has(one.source), "aria-label": one.source, onchange: (event) => {
    event.target.checked ? state.chosen.add(one.source) : state.chosen.delete(one.source);
    tell("scope");
  } });
  const shownName = one.doc_id === one.source ? baseName(one.source) : `${baseName(one.source)} › ${one.title || one.doc_id.slice(one.source.length + 1)}`;
  return h("tr", {},
    h("td.is-pick", {}, pick),
    h("td.is-name", {}, h("button.wj-doc", { type: "button", onclick: (event) => previewDocument(one, state.library, event.currentTarget) }, shownName),
      folder && h("span.wj-faint.wj-small", {}, folder)),
    h("td.is-kind", {}, say(`kind_${one.kind}`)),
    h("td.is-date", {}, one.date ?? "—"),
    h("td.is-pages", {}, one.pages ? String(one.pages) : "—"),
    h("td.is-size", {}, sizeOf(one.size)),
    h("td.is-status", {}, h("span.wj-ready", {}, icon("check"), say("ready"))),
    h("td.is-actions", {},
      h("button.wj-tool.is-icon", { type: "button", "aria-label": `${say("preview")} ${shownName}`, title: say("preview"),
        onclick: (event) => previewDocument(one, state.library, event.currentTarget) }, icon("eye")),
      h("button.wj-tool.is-icon", { type: "button", "aria-label": `${say("remove")} ${shownName}`, title: say("remove"),
        onclick: () => remove(one) }, icon("trash"))));
}

function drawChosen() {
  const n = state.chosen.size;
  chosenBar.hidden = !n;
  fill(chosenBar, h("span", {}, say("chosen_n", { n })),
    h("button.wj-button.is-main", { type: "button", onclick: () => goTo("ask") }, say("ask_chosen")),
    h("button.wj-tool", { type: "button", onclick: () => { state.chosen.clear(); tell("scope"); } }, say("scope_clear")));
}

async function remove(one) {
  const name = baseName(one.source);
  if (!(await confirmed(say("remove_sure", { name }), say("remove")))) return;
  try {
    toast(`${say("removing")} ${name}`);
    const path = one.doc_id.split("/").map(encodeURIComponent).join("/");
    const job = await erase(`/v1/documents/${path}?library=${encodeURIComponent(state.library)}`);
    const ended = await follow(`/v1/jobs/${job.id}`, null, 250);
    if (ended.status !== "done") throw new Error(ended.error);
    await loadDocuments();
    toast(say("removed", { name }));
  } catch (error) { toast(error.message); }
}

async function refresh() {
  if (!state.library) return;
  try {
    toast(say("refreshing"));
    const job = await post(`/v1/libraries/${encodeURIComponent(state.library)}/refresh`, {});
    const ended = await follow(`/v1/jobs/${job.id}`, null, 300);
    if (ended.status !== "done") throw new Error(ended.error);
    await loadLibraries();
    await loadDocuments();
    toast(say("refreshed", ended.result));
  } catch (error) { toast(error.message); }
}

// A new library is made by its first files: until then it is a name.
export function newLibrary() {
  const name = h("input.wj-input", { type: "text", maxlength: "80", required: true, pattern: "[\\w\\-\\u4e00-\\u9fff][\\w\\-.\\u4e00-\\u9fff]*",
    "aria-describedby": "wj-name-rule", id: "wj-library-name" });
  const form = h("form", { method: "dialog", onsubmit: () => { dialog.returnValue = name.value.trim(); } },
    h("label", { for: "wj-library-name" }, say("library_name")), name,
    h("p.wj-faint.wj-small", { id: "wj-name-rule" }, say("library_name_rule")),
    h("div.wj-row", {}, h("button.wj-button", { type: "button", onclick: () => dialog.close("") }, say("cancel")),
      h("button.wj-button.is-main", { type: "submit" }, say("create"))));
  const dialog = h("dialog.wj-dialog", { "aria-label": say("new_library") }, form);
  dialog.addEventListener("close", async () => {
    dialog.remove();
    const wanted = name.value.trim();
    if (dialog.returnValue === "" || !wanted) return;
    if (!state.libraries.some((one) => one.name === wanted)) state.libraries.push({ name: wanted, documents: 0, isNew: true });
    state.library = wanted;
    state.documents = [];
    state.known = new Map();
    state.chosen.clear();
    tell("library");
    goTo("library");
    toast(say("create_then"));
  });
  document.getElementById("wenju").append(dialog);
  dialog.showModal();
}

export const libraryLabel = (name) => (name === "demo" ? say("samples") : name);

export function sizeOf(bytes) {
  const units = ["B", "KB", "MB", "GB"];
  let at = 0;
  let value = bytes;
  while (value >= 1000 && at < 3) { value /= 1000; at += 1; }
  const digits = value < 10 && at > 0 ? 1 : 0;
  return `${value.toLocaleString(languageNow() === "zh" ? "zh-CN" : "en", { maximumFractionDigits: digits })} ${units[at]}`;
}


