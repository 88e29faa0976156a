// One question with its answer, and the tools beneath it.
import { post, postForText } from "./api.js";
import { abstained, conflicts, shortOf, sources, statement } from "./answer.js";
import { copyText, fill, h, icon, menu, put, toast } from "./dom.js";
import { openSource, table } from "./source.js";
import { state } from "./state.js";
import { languageNow, say } from "./words.js";

// The element of a turn. `redo(question)` asks the follow-up in other words.
export function turnElement(turn, redo) {
  const asked = h("div.wj-asked", {}, h("p", {}, turn.question));
  const answer = h("article.wj-answer", { "aria-live": "polite", "aria-busy": "true" },
    h("p.wj-wait", { role: "status" }, h("span.wj-dots", { "aria-hidden": "true" }), say("thinking")));
  const element = h("section.wj-turn", { "aria-label": turn.question }, asked, answer);
  const told = []; // statements that are shown already
  const citations = [];
  const open = (citation, of = citations, opener = document.activeElement) => openSource({
    citations: of, at: Math.max(0, of.findIndex((one) => one.n === citation.n)), library: turn.library,
    question: turn.record?.completed_question ?? turn.question, opener,
    focus: (n) => {
      const short = shortOf(told, citations);
      return short?.citations.includes(n) ? short.text : "";
    },
  });

  return {
    element,
    // A statement as it is verified: never withdrawn.
    add(event) {
      if (!told.length) fill(answer);
      citations.push(...event.sources);
      told.push({ text: event.text, citations: event.citations });
      const at = put(answer, statement(told.at(-1), citations, open)).lastChild;
      at.classList.add("is-new");
    },
    // The whole record: what the statements could not say by themselves.
    finish(record) {
      turn.record = record;
      citations.splice(0, citations.length, ...record.citations);
      told.splice(0, told.length, ...record.statements);
      answer.setAttribute("aria-busy", "false");
      fill(answer, understood(turn, record, redo));
      if (turn.scope?.length) put(answer, h("p.wj-faint.wj-note-line", {}, icon("scope"), say("from_scope", { n: turn.scope.length })));
      if (turn.note) put(answer, h("p.wj-faint.wj-note-line", {}, icon("warn"), turn.note));
      if (record.status === "error") return put(answer, h("p.wj-problem", { role: "alert" }, `${say("failed")}：${record.error ?? ""}`));
      if (record.status === "abstained") {
        const nearest = record.abstention?.nearest ?? [];
        put(answer, abstained(record, (citation) => open(citation, nearest)), turn.careful && h("p.wj-faint", {}, say("careful_note")));
      } else {
        // Where sources disagree, no side's figure stands large by itself.
        const disagree = conflicts(record, open);
        const isShort = (one, i) => Boolean(shortOf(record.statements.slice(i), record.citations)) && one.text.length <= 48;
        const short = disagree ? null : shortOf(record.statements, record.citations);
        put(answer, disagree, record.statements.map((one, i) => (disagree && isShort(one, i) ? null
          : statement(one, citations, open, one === short))), sources(record, open));
        asTables(answer, turn, record, short);
      }
      return put(answer, tools(turn));
    },
    fail(message, again) {
      answer.setAttribute("aria-busy", "false");
      fill(answer, h("p.wj-problem", { role: "alert" }, icon("warn"), message),
        h("button.wj-button", { type: "button", onclick: again }, icon("again"), say("retry")));
    },
  };
}

const looksLikeRow = (text, source) =>
  text.includes(" | ") || /\.(csv|tsv|xlsx)$/i.test(source) || /\S\s+[\d.,%]+\s+[\d.,%]+/.test(text);

// A row of a table reads as a table: under its header, the cell that was asked for marked.
async function asTables(answer, turn, record, short) {
  for (const element of answer.querySelectorAll(".wj-statement")) {
    const one = record.statements.find((said) => element.textContent.startsWith(said.text));
    if (!one) continue;
    const citation = record.citations.find((c) => c.n === one.citations[0]);
    if (!citation || !looksLikeRow(one.text, citation.source)) continue;
    try {
      const view = await post("/v1/view", { doc_id: citation.doc_id, library: turn.library, around: 0,
        spans: citation.spans.map(({ start, end }) => ({ start, end })),
        question: record.completed_question ?? turn.question, focus: short?.citations.includes(citation.n) ? short.text : "" });
      const rows = view.blocks.find((block) => block.kind === "table");
      if (!rows) continue;
      rows.rows = rows.rows.filter((row) => row.cited);
      const chips = [...element.querySelectorAll(".wj-chip")];
      element.replaceWith(h("div.wj-row-table", {}, table(rows), chips));
    } catch { /* the words stay as they are */ }
  }
}

function understood(turn, record, redo) {
  const completed = record.completed_question;
  if (!completed || completed === turn.question) return null;
  const line = h("div.wj-understood", {});
  const read = () => fill(line, h("span.wj-faint", {}, `${say("understood")}：`), h("span", {}, completed),
    h("button.wj-tool", { type: "button", onclick: write }, icon("edit"), say("edit")));
  const write = () => {
    const box = h("input.wj-input", { type: "text", "aria-label": say("understood") });
    box.value = completed;
    const send = () => box.value.trim() && redo(turn, box.value.trim());
    box.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter") { event.preventDefault(); send(); }
      if (event.key === "Escape") { event.stopPropagation(); read(); }
    });
    fill(line, box, h("button.wj-button", { type: "button", onclick: send }, say("ask_again")),
      h("button.wj-tool", { type: "button", onclick: read }, say("cancel")));
    box.focus();
  };
  read();
  return line;
}

function tools(turn) {
  const copyAs = (format) => async () => {
    try {
      await copyText(await postForText("/v1/exports", { format, records: [turn.record], library: turn.library }));
    } catch (error) { toast(error.message); }
  };
  const box = h("div.wj-tools", { role: "group" });
  const more = h("div.wj-feedback", { hidden: true });
  put(box,
    menu(say("copy"), [[say("copy_markdown"), copyAs("markdown")], [say("copy_text"), copyAs("text")],
      [say("copy_references"), copyAs("references")]], { glyph: "copy" }),
    h("button.wj-tool", { type: "button", onclick: () => copyText(linkOf(turn), say("link_copied")) }, icon("link"), h("span", {}, say("copy_link"))),
    h("span.wj-gap", {}),
    feedbackButton("good", turn, more), feedbackButton("bad", turn, more));
  return [box, more];
}

function feedbackButton(rating, turn, more) {
  return h("button.wj-tool.is-icon", {
    type: "button", "aria-label": say(rating), title: say(rating), "aria-pressed": "false",
    onclick: async (event) => {
      const button = event.currentTarget;
      if (rating === "bad") { feedbackForm(turn, more, button); return; }
      if (await sendFeedback(turn, { rating })) { button.setAttribute("aria-pressed", "true"); toast(say("thanks")); }
    },
  }, icon(rating));
}

function feedbackForm(turn, more, button) {
  if (!more.hidden) { more.hidden = true; return; }
  const boxes = ["wrong_citation", "incomplete", "wrong"].map((name) =>
    [name, h("input", { type: "checkbox" })]);
  const expected = h("input.wj-input", { type: "text", maxlength: "1000", placeholder: say("expected"), "aria-label": say("expected") });
  const comment = h("textarea.wj-input", { rows: "2", maxlength: "4000", placeholder: say("comment"), "aria-label": say("comment") });
  const send = async () => {
    const faults = boxes.filter(([, box]) => box.checked).map(([name]) => name);
    if (await sendFeedback(turn, { rating: "bad", faults, comment: comment.value, expected: expected.value.trim() })) {
      more.hidden = true;
      button.setAttribute("aria-pressed", "true");
      toast(say("thanks_draft"));
    }
  };
  fill(more, h("div.wj-faults", {}, boxes.map(([name, box]) => h("label.wj-pick", {}, box, say(`fault_${name}`)))),
    expected, comment, h("div.wj-row", {}, h("button.wj-button.is-main", { type: "button", onclick: send }, say("send")),
      h("button.wj-tool", { type: "button", onclick: () => { more.hidden = true; } }, say("cancel"))));
  more.hidden = false;
  more.querySelector("input").focus();
}

async function sendFeedback(turn, said) {
  try {
    await post("/v1/feedback", { question: turn.question, library: turn.library, record: turn.record, ...said });
    return true;
  } catch (error) {
    toast(error.message);
    return false;
  }
}

// An address that asks the same question again: equal documents give an equal answer.
function linkOf(turn) {
  const { record } = turn;
  const parts = new URLSearchParams({
    q: record.completed_question ?? turn.question, library: turn.library, day: record.as_of,
    state: record.library.replace("sha256:", "").slice(0, 12), lang: languageNow(),
  });
  for (const source of turn.scope ?? []) parts.append("in", source);
  return `${location.origin}${location.pathname}#${parts}`;
}

// What the records of a conversation are called as a file.
export const conversationRecords = () => state.turns.map((turn) => turn.record).filter(Boolean);
