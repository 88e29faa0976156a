// An answer as it is read: statements with chips, sides that disagree, or why there is none.
import { h, icon, put, placeOf, baseName } from "./dom.js";
import { hoverable } from "./hover.js";
import { state } from "./state.js";
import { say } from "./words.js";

// The first statement, where it is the answer in short: words of the second one's source.
export function shortOf(statements, citations) {
  const [first, second] = statements;
  if (!first || !second || first.text.length > 48) return null;
  if (String(first.citations) !== String(second.citations)) return null;
  const cited = citations.filter((c) => second.citations.includes(c.n)).map((c) => c.quote);
  const within = second.text.includes(first.text) || cited.some((q) => q.includes(first.text));
  return within && first.text.length < second.text.length ? first : null;
}

// A number in the text: hover or focus shows the quote, a click opens the source.
export function chip(n, citations, open) {
  const citation = citations.find((one) => one.n === n);
  if (!citation) return null;
  const label = say("citation", { n, source: baseName(citation.source), place: placeOf(citation) });
  const button = h("button.wj-chip", {
    type: "button", "data-n": String(n), "aria-label": label,
    onclick: () => open(citation),
  }, String(n));
  hoverable(button, () => card(citation));
  return button;
}

function card(citation) {
  return [
    h("div.wj-card-source", {}, baseName(citation.source)),
    placeOf(citation) && h("div.wj-card-place", {}, placeOf(citation)),
    h("blockquote", {}, citation.quote),
    h("div.wj-card-more", {}, say("open_source")),
  ];
}

export function statement(one, citations, open, isShort = false) {
  const text = [...one.text];
  const tail = text.splice(-2).join(""); // a chip never begins a line
  return h(isShort ? "p.wj-short" : "p.wj-statement", {}, text.join(""),
    h("span.wj-tail", {}, tail, one.citations.map((n) => chip(n, citations, open))));
}

// Sides of a disagreement beside each other, each with its source, date and scope.
export function conflicts(record, open) {
  if (!record.conflicts?.length) return null;
  return h("section.wj-conflict", { "aria-label": say("disagree") },
    h("h3", {}, icon("scales"), say("disagree")),
    h("p.wj-faint", {}, say("disagree_lead")),
    record.conflicts.map((conflict) => [
      h("p.wj-about", {}, conflict.about),
      h("div.wj-sides", {}, conflict.sides.map((side) => {
        const citations = record.citations.filter((c) => side.citations.includes(c.n));
        return h("div.wj-side", {},
          h("div.wj-value", {}, side.value, side.citations.map((n) => chip(n, record.citations, open))),
          side.scope && h("div.wj-scope", {}, `${say("scope")}：`, side.scope),
          citations.map((c) => h("div.wj-side-source", {}, dated(c))));
      })),
    ]));
}

function dated(citation) {
  const known = state.known.get(citation.doc_id);
  return [baseName(citation.source), known?.date, placeOf(citation)].filter(Boolean).join(" · ");
}

// Why there is no answer, what was missing, and what comes nearest.
export function abstained(record, open) {
  const told = record.abstention ?? { reason: "", missing: [], nearest: [] };
  return h("div.wj-abstained", {},
    h("p.wj-reason", {}, icon("none"), told.reason || say("abstained")),
    told.missing.length > 0 && h("p.wj-missing", {}, h("span.wj-faint", {}, say("missing")),
      told.missing.map((term) => h("span.wj-term", {}, term))),
    told.nearest.length > 0 && h("section.wj-nearest", { "aria-label": say("nearest") },
      h("h3", {}, say("nearest")),
      told.nearest.map((citation) => h("button.wj-near", { type: "button", onclick: () => open(citation) },
        h("span.wj-tag", {}, say("not_answer")),
        h("span.wj-near-quote", {}, citation.quote),
        h("span.wj-near-place", {}, [baseName(citation.source), placeOf(citation)].filter(Boolean).join(" · "))))));
}

// The sources beneath, folded until somebody wants them.
export function sources(record, open) {
  const n = record.citations.length;
  if (!n) return null;
  const list = h("ol.wj-sources", {}, record.citations.map((citation) =>
    h("li", {}, h("button", { type: "button", onclick: () => open(citation) },
      h("span.wj-n", {}, String(citation.n)),
      h("span.wj-sources-name", {}, baseName(citation.source)),
      h("span.wj-faint", {}, placeOf(citation))))));
  return put(h("details.wj-evidence", {}),
    h("summary", {}, n === 1 ? say("sources_1") : say("sources_n", { n })), list);
}
