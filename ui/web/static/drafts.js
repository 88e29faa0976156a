// One's own feedback as questions to be: edited where it stands, accepted into the set, or discarded.
import { erase, get, post, putJson } from "./api.js";
import { baseName, confirmed, fill, h, icon, toast } from "./dom.js";
import { state } from "./state.js";
import { say } from "./words.js";

const SHOWN = 5; // at first
const PAUSE = 600; // ms after the last key until it is kept
let most = SHOWN;

export async function drawDrafts(element, library, changed) {
  const { drafts } = await get("/v1/drafts", { library });
  if (library !== state.library) return;
  if (!drafts.length) { fill(element); return; }
  fill(element, h("h2", {}, say("drafts_n", { n: drafts.length })), h("p.wj-faint", {}, say("drafts_lead")),
    drafts.slice(0, most).map((one) => draftElement(one, changed)),
    drafts.length > most && h("button.wj-more", { type: "button", onclick: () => { most += 50; drawDrafts(element, library, changed); } },
      say("drafts_more", { n: drafts.length - most })));
}

function draftElement(draft, changed) {
  const edit = draft.edit;
  const flaws = h("ul.wj-flaws", { role: "alert" });
  const kept = h("span.wj-faint.wj-small", { role: "status" });
  const gold = h("div.wj-gold", {});
  const id = (name) => `wj-draft-${draft.id}-${name}`;
  let timer = null;

  const keep = () => {
    clearTimeout(timer);
    kept.textContent = "";
    timer = setTimeout(save, PAUSE);
  };
  const save = async () => {
    clearTimeout(timer);
    try { await putJson(`/v1/drafts/${draft.id}`, edit); kept.textContent = say("draft_kept"); } catch (error) { kept.textContent = error.message; }
  };

  const area = (name, label, text, onText, rows = 1) => {
    const box = h("textarea.wj-input", { id: id(name), rows: String(rows), oninput: () => { grow(box); onText(box.value); keep(); } });
    box.value = text;
    requestAnimationFrame(() => grow(box));
    return h("div.wj-field", {}, h("label", { for: id(name) }, label), box);
  };

  const drawGold = () => fill(gold,
    h("div.wj-choices.is-row", {}, [[true, "draft_has_answer"], [false, "draft_no_answer"]].map(([value, key]) =>
      h("label.wj-pick", {}, h("input", { type: "radio", name: id("answerable"), checked: edit.answerable === value, onchange: () => { edit.answerable = value; drawGold(); keep(); } }), say(key)))),
    edit.answerable && [
      area("answers", say("draft_answers"), edit.answers.join("\n"), (text) => { edit.answers = text.split("\n").map((a) => a.trim()).filter(Boolean); }),
      h("p.wj-label", {}, say("draft_quotes")),
      edit.evidence.map(quoteElement), offers(),
      h("button.wj-tool", { type: "button", onclick: () => { edit.evidence.push({ doc: edit.near ?? "", quote: "", page: null }); drawGold(); gold.querySelector(".wj-quote:last-of-type textarea")?.focus(); } }, icon("plus"), say("draft_quote_own")),
    ]);

  const quoteElement = (one, i) => {
    const box = h("textarea.wj-input", { rows: "1", "aria-label": say("draft_quote_n", { n: i + 1 }), placeholder: say("draft_quote_hint"),
      oninput: () => { grow(box); one.quote = box.value; one.page = null; keep(); } });
    box.value = one.quote;
    requestAnimationFrame(() => grow(box));
    const names = [...new Set([one.doc, ...state.documents.map((d) => d.doc_id)].filter(Boolean))];
    const doc = h("select.wj-input", { "aria-label": say("draft_quote_from", { n: i + 1 }), onchange: () => { one.doc = doc.value; keep(); } },
      !one.doc && h("option", { value: "" }, say("draft_choose_doc")), names.map((name) => h("option", { value: name }, name)));
    doc.value = one.doc;
    return h("div.wj-quote", {}, box, h("div.wj-row", {}, doc,
      h("button.wj-tool.is-icon", { type: "button", "aria-label": say("draft_quote_drop", { n: i + 1 }), title: say("remove"),
        onclick: () => { edit.evidence.splice(i, 1); drawGold(); keep(); } }, icon("trash"))));
  };

  // The words that the answer showed: a click takes them.
  const offers = () => {
    const left = draft.shown.filter((one) => !edit.evidence.some((held) => held.doc === one.doc && held.quote === one.quote));
    if (!left.length) return null;
    return h("div.wj-offers", {}, h("p.wj-faint.wj-small", {}, say("draft_offers")), left.map((one) =>
      h("button.wj-near", { type: "button", onclick: () => { edit.evidence = [...edit.evidence.filter((held) => held.quote.trim()), { ...one }]; drawGold(); save(); } },
        h("span.wj-near-quote", {}, one.quote), h("span.wj-near-place", {}, baseName(one.doc), one.page ? ` · ${say("page_n", { n: one.page })}` : ""))));
  };

  const take = async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    clearTimeout(timer);
    fill(flaws);
    try {
      const found = await post(`/v1/drafts/${draft.id}/accept`, edit);
      if (found.accepted) { toast(say("draft_accepted", { n: found.questions })); changed(); return; }
      fill(flaws, found.flaws.map((flaw) => h("li", {}, say(`flaw_${flaw.code}`, { about: shorten(flaw.about), more: flaw.more }))));
    } catch (error) { fill(flaws, h("li", {}, error.message)); }
    button.disabled = false;
  };

  const discard = async () => {
    if (!(await confirmed(say("draft_discard_sure"), say("draft_discard")))) return;
    clearTimeout(timer);
    try { await erase(`/v1/drafts/${draft.id}`); } catch (error) { toast(error.message); }
    changed();
  };

  const faults = draft.faults.filter((name) => name !== "other").map((name) => say(`fault_${name}`));
  const said = [say(draft.rating), ...faults].join(" · ");
  const element = h("article.wj-draft", { "data-id": String(draft.id) },
    h("dl.wj-said", {},
      h("dt", {}, say("draft_said")), h("dd", {}, said, draft.expected && h("p", {}, say("draft_expected", draft)), draft.comment && h("p", {}, draft.comment)),
      draft.answer && [h("dt", {}, say("draft_answer")), h("dd.wj-then", {}, draft.answer)]),
    area("question", say("question"), edit.question, (text) => { edit.question = text; }), gold, flaws,
    h("div.wj-row", {}, h("button.wj-button.is-main", { type: "button", onclick: take }, icon("check"), say("draft_accept")),
      h("button.wj-button", { type: "button", onclick: discard }, icon("trash"), say("draft_discard")), kept));
  drawGold();
  return element;
}

function grow(box) {
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight + 2}px`;
}

const shorten = (text) => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
