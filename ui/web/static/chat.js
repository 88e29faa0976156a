// The conversation: questions go out, answers come in statement by statement.
import { ask, get, postForBlob } from "./api.js";
import { download, fill, h, icon, menu, put, toast } from "./dom.js";
import { closeSource } from "./source.js";
import { exactly, keepTurns, on, preferences, state } from "./state.js";
import { dropArea } from "./upload.js";
import { conversationRecords, turnElement } from "./turn.js";
import { languageNow, say } from "./words.js";

const LEVELS = { bold: 0.2, balanced: null, strict: 0.05 }; // max_risk; null: as it is set up, .10
let list, welcome, box, send, scopeButton, bar, running = null, goTo;

export function mountChat(element, navigate) {
  goTo = navigate;
  welcome = h("div.wj-welcome", {});
  list = h("div.wj-turns", { role: "log", "aria-label": say("tab_ask") });
  bar = h("div.wj-talk-bar", {});
  box = h("textarea", { id: "wj-question", rows: "1", "aria-label": say("question"), maxlength: "2000",
    placeholder: say("placeholder"), oninput: grow, onkeydown: (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); submit(); }
    } });
  send = h("button.wj-send", { type: "submit", "aria-label": say("ask"), title: say("ask") }, icon("send"));
  scopeButton = h("button.wj-tool.wj-scope-button", { type: "button", onclick: () => goTo("library") });
  const form = h("form.wj-composer", { onsubmit: (event) => { event.preventDefault(); running ? running.abort() : submit(); } },
    h("div.wj-composer-box", {}, box, send),
    h("div.wj-composer-foot", {}, scopeButton, h("span.wj-faint.wj-hint", {}, say("hint_keys"))));
  fill(element, h("div.wj-scroller", {}, h("div.wj-column", {}, welcome, bar, list)), h("div.wj-column", {}, form));
  for (const turn of state.turns) restore(turn);
  drawScope();
  drawWelcome();
  drawBar();
  on("scope", drawScope);
  on("documents", drawScope);
  on("library", () => { drawScope(); drawWelcome(); });
}

function grow() {
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 160)}px`;
}

function drawScope() {
  const n = state.chosen.size;
  fill(scopeButton, icon("scope"), h("span", {}, n ? say("scope_n", { n }) : say("scope_all")));
  scopeButton.title = say("scope_choose");
  scopeButton.classList.toggle("is-on", n > 0);
}

function drawBar() {
  bar.hidden = !state.turns.length;
  box.placeholder = say(state.turns.length ? "placeholder_more" : "placeholder");
  fill(bar, h("button.wj-tool", { type: "button", onclick: begin }, icon("plus"), say("new_chat")),
    menu(say("export"), [[say("export_markdown"), () => exportAs("markdown", "md")],
      [say("export_docx"), () => exportAs("docx", "docx")]], { glyph: "file" }));
}

async function exportAs(format, ending) {
  try {
    const blob = await postForBlob("/v1/exports", { format, records: conversationRecords(), title: say("export_name") });
    download(blob, `${say("export_name")}-${new Date().toISOString().slice(0, 10)}.${ending}`);
  } catch (error) { toast(error.message); }
}

function begin() {
  running?.abort();
  closeSource();
  state.turns = [];
  keepTurns();
  fill(list);
  drawBar();
  drawWelcome();
  box.focus();
}

// What a stranger sees first: what this is, what can be asked, where their own files go.
export async function drawWelcome() {
  welcome.hidden = state.turns.length > 0;
  if (welcome.hidden) return;
  const examples = h("div.wj-examples", {});
  fill(welcome, h("h1", {}, say("lead")), h("p.wj-lead", {}, say("lead2")), examples, dropArea(goTo));
  if (!state.library) return;
  const library = state.library;
  put(examples, h("p.wj-faint", { role: "status" }, say("examples_making")));
  try {
    const { questions } = await get("/v1/suggestions", { library, language: languageNow(), n: 6 });
    if (library !== state.library) return;
    fill(examples, questions.length > 0 && h("h2", {}, say("try_these")),
      h("div.wj-example-list", {}, questions.map((one) => h("button.wj-example", { type: "button",
        onclick: () => askNow(one.question, { today: one.as_of }) },
        one.shows && h("span.wj-example-kind", {}, one.shows), h("span", {}, one.question)))),
      questions.some((one) => one.as_of) && h("p.wj-faint.wj-small", {}, say("as_of_note")));
  } catch { fill(examples); }
}

function submit() {
  const question = box.value.trim();
  if (!question || running) return;
  box.value = "";
  grow();
  askNow(question);
}

// The day that 去年 is counted from: the setting, else that of the samples, else today.
const dayFor = (library) => preferences.today || (library === "demo" ? "2026-06-30" : null);

export function askNow(question, { today = null, completed = null, note = "", scope = null } = {}) {
  if (!state.library) { toast(say("no_library")); return; }
  if (running) running.abort();
  const turn = {
    question, completed, library: state.library, scope: scope ?? [...state.chosen],
    today: today ?? dayFor(state.library), careful: preferences.careful === "strict", note, record: null,
  };
  const earlier = state.turns.filter((one) => one.record && one.library === turn.library).slice(-8);
  state.turns.push(turn);
  welcome.hidden = true;
  drawBar();
  run(turn, earlier, place(turn));
}

function place(turn) {
  const shown = turnElement(turn, redo);
  list.append(shown.element);
  return shown;
}

function restore(turn) {
  if (turn.record) place(turn).finish(turn.record);
}

async function run(turn, earlier, shown) {
  const stop = new AbortController();
  running = stop;
  drawSend();
  shown.element.scrollIntoView({ behavior: "smooth", block: "start" });
  const body = {
    question: turn.question, library: turn.library,
    history: earlier.map(({ record }) => ({
      question: record.question, completed_question: record.completed_question, answer: record.answer,
      citations: record.citations.map(({ source, doc_id, spans }) => ({ source, doc_id, spans })),
    })),
  };
  if (turn.completed) body.completed_question = turn.completed;
  if (turn.today) body.as_of = turn.today;
  if (turn.scope.length) body.sources = turn.scope.map(exactly);
  if (preferences.maxStatements) body.max_statements = preferences.maxStatements;
  if (LEVELS[preferences.careful] != null) body.max_risk = LEVELS[preferences.careful];
  if (preferences.engine) body.engine = preferences.engine === "model" ? "llm" : "extractive";
  try {
    const record = await ask(body, (event) => shown.add(event), stop.signal);
    if (turn.state && !record.library.includes(turn.state)) turn.note = say("link_changed");
    shown.finish(record);
    keepTurns();
  } catch (error) {
    if (error.name === "AbortError") {
      state.turns = state.turns.filter((one) => one !== turn);
      shown.element.remove();
      if (!box.value) box.value = turn.question;
      drawWelcome();
    } else {
      shown.fail(error.message, () => { const again = turnElement(turn, redo); shown.element.replaceWith(again.element); run(turn, earlier, again); });
    }
  } finally {
    if (running === stop) running = null;
    drawSend();
    drawBar();
  }
}

function drawSend() {
  fill(send, icon(running ? "stop" : "send"));
  const label = say(running ? "stop" : "ask");
  send.setAttribute("aria-label", label);
  send.title = label;
}

// The follow-up in the words that the person meant.
function redo(turn, completed) {
  askNow(turn.question, { today: turn.today, completed, scope: turn.scope });
}

// What a link to one answer says: asked again as it was asked.
export function askFromLink(parts) {
  const question = parts.get("q");
  if (!question) return;
  const turnState = parts.get("state") ?? "";
  askNow(question, { today: parts.get("day"), scope: parts.getAll("in") });
  state.turns.at(-1).state = turnState;
}

export const focusQuestion = () => box?.focus();
