// The source panel: the cited words where they stand, as text and as the page of the PDF.
import { post } from "./api.js";
import { h, icon, fill, pieces, clock, placeOf, baseName } from "./dom.js";
import { say } from "./words.js";

let panel = null;
let shown = null; // {citations, at, library, question, focus, around, opener}
let turn = 0; // of requests: a late one is dropped

export function mountSource(element) {
  panel = element;
  addEventListener("keydown", onKey);
}

export const isOpen = () => panel && !panel.hidden;

// Opens at citation `at` of `citations`. `focus(n)`: words of it that answer by themselves.
export function openSource({ citations, at, library, question = "", focus = () => "", opener = null }) {
  shown = { citations, at, library, question, focus, around: 1200, opener };
  panel.hidden = false;
  document.getElementById("wenju").classList.add("has-panel");
  draw();
}

export function closeSource() {
  if (!isOpen()) return;
  panel.hidden = true;
  document.getElementById("wenju").classList.remove("has-panel");
  mark(null);
  shown?.opener?.focus?.({ preventScroll: true });
  shown = null;
}

function onKey(event) {
  if (!isOpen() || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest?.("input, textarea, select, [role=menu]");
  if (event.key === "Escape") { closeSource(); event.preventDefault(); return; }
  if (typing || document.querySelector("dialog[open]")) return;
  if (["ArrowRight", "n", "j"].includes(event.key)) move(1);
  else if (["ArrowLeft", "p", "k"].includes(event.key)) move(-1);
  else return;
  event.preventDefault();
}

function move(by) {
  const to = shown.at + by;
  if (to < 0 || to >= shown.citations.length) return;
  shown.at = to;
  shown.around = 1200;
  draw();
}

// The chip of what is shown stands out in the answer.
function mark(citation) {
  for (const one of document.querySelectorAll(".wj-chip.is-open")) one.classList.remove("is-open");
  const answer = shown?.opener?.closest?.(".wj-answer");
  if (citation && answer) {
    for (const one of answer.querySelectorAll(`.wj-chip[data-n="${citation.n}"]`)) one.classList.add("is-open");
  }
}

async function draw() {
  const mine = ++turn;
  const citation = shown.citations[shown.at];
  const body = h("div.wj-panel-body", { tabindex: "0", "aria-label": say("source") },
    h("p.wj-faint.wj-wait", { role: "status" }, say("thinking")));
  fill(panel, header(citation), body);
  mark(citation);
  panel.querySelector(".wj-panel-close").focus({ preventScroll: true });
  const wanted = {
    doc_id: citation.doc_id, library: shown.library, question: shown.question,
    spans: citation.spans.map(({ start, end }) => ({ start, end })),
    focus: shown.focus(citation.n), around: shown.around,
  };
  try {
    const view = await post("/v1/view", wanted);
    if (mine !== turn) return;
    fill(body, content(view, citation, wanted));
    (body.querySelector(".wj-focus, .wj-cited, tr.is-cited") ?? body).scrollIntoView({ block: "center" });
  } catch (error) {
    if (mine === turn) fill(body, h("p.wj-problem", { role: "alert" }, error.status === 404 ? say("gone") : error.message));
  }
}

function header(citation) {
  const n = shown.citations.length;
  const step = (by, glyph, label) => h("button.wj-tool.is-icon", {
    type: "button", "aria-label": label, title: label, onclick: () => move(by),
    disabled: shown.at + by < 0 || shown.at + by >= n,
  }, icon(glyph));
  return h("header.wj-panel-head", {},
    h("div.wj-panel-name", {},
      h("h2", {}, baseName(citation.source)),
      h("p.wj-faint", {}, [citation.source.includes("/") && citation.source.split("/").slice(0, -1).join("/"),
        placeOf(citation)].filter(Boolean).join(" · "))),
    h("div.wj-panel-steps", {},
      n > 1 && [step(-1, "left", say("previous")),
        h("span.wj-of", { "aria-live": "polite" }, say("of_n", { i: shown.at + 1, n })),
        step(1, "right", say("next"))],
      h("button.wj-tool.is-icon.wj-panel-close", {
        type: "button", "aria-label": say("close"), title: say("close"), onclick: closeSource,
      }, icon("close"))));
}

function content(view, citation, wanted) {
  const text = h("div.wj-text", {}, blocks(view, citation));
  const about = [say(`kind_${view.kind}`), view.date, view.about.author, view.about.publisher].filter(Boolean);
  const head = h("div.wj-about-doc", {},
    view.title && view.title !== baseName(view.source) && h("strong", {}, view.title),
    h("span.wj-faint", {}, about.join(" · ")));
  const more = (key, isThere) => isThere && h("button.wj-more", {
    type: "button", onclick: () => { shown.around = Math.min(200_000, shown.around * 4); draw(); },
  }, say(key));
  const keys = shown.citations.length > 1 && h("p.wj-faint.wj-small.wj-keys", {}, say("panel_keys"));
  const whole = h("div", {}, head, keys, notes(view), audio(view, citation),
    more("more_before", view.before), text, more("more_after", view.after));
  return view.format === "pdf" && citation.spans.length ? withPages(whole, wanted) : whole;
}

// Two tabs: the page as it looks, and its text.
function withPages(text, wanted) {
  const pages = h("div.wj-pages", {}, h("p.wj-faint", { role: "status" }, say("thinking")));
  const tabs = h("div.wj-tabs", { role: "tablist" });
  const show = (isPage) => {
    pages.hidden = !isPage;
    text.hidden = isPage;
    [...tabs.children].forEach((tab, i) => tab.setAttribute("aria-selected", String(isPage === (i === 0))));
    const at = isPage ? pages.querySelector(".wj-box") : text.querySelector(".wj-focus, .wj-cited");
    at?.scrollIntoView({ block: "center" });
  };
  for (const [key, isPage] of [["as_page", true], ["as_text", false]]) {
    tabs.append(h("button", { type: "button", role: "tab", onclick: () => show(isPage) }, say(key)));
  }
  show(true);
  const { focus, question, around, ...place } = wanted;
  post("/v1/view/pages", { ...place, scale: Math.min(3, 1.2 * (devicePixelRatio || 1)) }).then(({ pages: found }) => {
    fill(pages, found.map((page) => h("figure", {}, h("div.wj-page", {},
      h("img", { alt: say("page_image", { n: page.number }), src: `data:image/png;base64,${page.image}`,
        width: String(Math.round(page.width)), height: String(Math.round(page.height)) }),
      page.boxes.map(([left, top, right, bottom]) => h("span.wj-box", {
        style: `left:${left * 100}%;top:${top * 100}%;width:${(right - left) * 100}%;height:${(bottom - top) * 100}%`,
      }))),
      h("figcaption.wj-page-n", {}, say("page_n", { n: page.number }), !page.boxes.length && ` — ${say("page_unsure")}`))));
    if (!pages.hidden) pages.querySelector(".wj-box")?.scrollIntoView({ block: "center" });
  }).catch(() => {
    fill(pages, h("p.wj-problem", { role: "alert" }, say("page_gone")));
    show(false);
  });
  return [tabs, pages, text];
}

function blocks(view) {
  return view.blocks.map((block) => {
    if (block.kind === "table") return table(block);
    const body = pieces(block.pieces);
    if (block.kind === "heading") return h("p.wj-heading", { class: `is-${Math.min(block.level ?? 3, 4)}` }, body);
    if (block.kind === "segment" || block.time) {
      return h("p.wj-segment", {}, h("span.wj-time", {}, block.time ? clock(block.time[0]) : ""), h("span", {}, body));
    }
    if (block.kind === "list_item") return h("p.wj-item", {}, body);
    if (["footnote", "reference"].includes(block.kind)) return h("p.wj-footnote", {}, body);
    if (["caption", "front_matter", "furniture"].includes(block.kind)) return h("p.wj-caption", {}, body);
    return h("p", {}, body);
  });
}

// A table of a view: cited rows and the cell that answers stand out.
export function table(block) {
  return h("div.wj-scroll", { tabindex: "0" }, h("table.wj-table", {},
    block.columns.some(Boolean) && h("thead", {}, h("tr", {}, block.columns.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, block.rows.map((row) => h("tr", { class: row.cited ? "is-cited" : "" },
      row.cells.map((cell) => h("td", { class: cell.some(([, weight]) => weight === 2) ? "is-cell" : "" },
        cell.map(([text]) => text))))))));
}

// A note's marker in its sentence, and the note, side by side.
function notes(view) {
  return view.notes.map((note) => h("section.wj-note", { "aria-label": say("note_of", { label: note.label }) },
    h("div", {}, h("h3", {}, say("note_here")), h("p", {}, pieces(note.sentence))),
    h("div", {}, h("h3", {}, `${say("note_text")} ${note.label}`), h("p", {}, pieces(note.note)))));
}

function audio(view, citation) {
  const starts = citation.spans.map((s) => s.time_start).filter((t) => t !== null && t !== undefined);
  if (!starts.length) return null;
  const from = Math.min(...starts);
  if (!view.has_audio) return h("p.wj-audio.wj-faint", {}, say("no_audio", { t: clock(from) }));
  const address = `/v1/audio?${new URLSearchParams({ doc_id: view.doc_id, library: shown.library })}#t=${from}`;
  const player = h("audio", { controls: true, preload: "metadata", src: address });
  return h("div.wj-audio", {}, h("button.wj-button", { type: "button",
    onclick: () => { player.currentTime = from; player.play(); } }, icon("play"), say("play_from", { t: clock(from) })), player);
}

// A document from its beginning, for the list of documents.
export function previewDocument(document, library, opener) {
  openSource({
    citations: [{ n: 0, source: document.source, doc_id: document.doc_id, spans: [], section: null }],
    at: 0, library, opener,
  });
}
