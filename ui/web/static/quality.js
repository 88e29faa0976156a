// How well the open library answers: its own questions, what was measured last, and the report.
import { follow, get, getText, post } from "./api.js";
import { copyText, fill, h, icon, toast } from "./dom.js";
import { drawDrafts } from "./drafts.js";
import { on, state } from "./state.js";
import { languageNow, say } from "./words.js";

let place, card, drafts, report, told = null, watching = null, goTo;

export function mountQuality(element, navigate) {
  goTo = navigate;
  card = h("section.wj-quality", { "aria-label": say("quality_now") });
  drafts = h("section.wj-drafts", { "aria-label": say("drafts") });
  report = h("section.wj-report", { "aria-label": say("quality_report") });
  place = h("div.wj-column.is-wide", {}, h("div.wj-page-head", {},
    h("div", {}, h("h1", {}, say("tab_quality")), h("p.wj-faint", {}, say("quality_lead")))), card, drafts, report);
  fill(element, h("div.wj-scroller", {}, place));
  on("library", () => { if (!element.hidden) loadQuality(); });
  on("look", dressFrame);
}

// Asked for when the tab is opened, and after whatever changes it.
export async function loadQuality() {
  const library = state.library;
  if (!library) { fill(card, h("p.wj-empty", {}, say("no_library"))); fill(drafts); fill(report); return; }
  try {
    const found = await get("/v1/quality", { library });
    if (library !== state.library) return; // another was chosen meanwhile
    told = found;
    draw();
    await Promise.all([drawDrafts(drafts, library, loadQuality), drawReport(library)]);
    if (told.job && ["queued", "running"].includes(told.job.status)) watch(told.job, library);
  } catch (error) { fill(card, h("p.wj-problem", { role: "alert" }, icon("warn"), error.message)); }
}

function draw() {
  const { last, questions } = told;
  fill(card, last && verdict(last), told.set_problem && h("p.wj-problem", { role: "alert" }, icon("warn"), told.set_problem),
    told.job?.status === "failed" && h("p.wj-problem", { role: "alert" }, icon("warn"), say("quality_failed", { error: told.job.error ?? "" })),
    questions ? measured(questions) : !told.set_problem && begin());
}

const KINDS = { pass: ["check", "is-good"], regression: ["warn", "is-bad"], too_small: ["warn", "is-warn"] };

function verdict(last) {
  const [glyph, kind] = last.problem ? ["warn", "is-warn"] : KINDS[last.verdict] ?? ["scales", ""];
  const title = say(last.problem ? "verdict_none" : last.verdict ? `verdict_${last.verdict}` : `measured_${last.kind}`);
  const facts = last.n ? [say("quality_right", { n: last.n, right: last.right, p: Math.round((100 * last.right) / last.n) }),
    last.verdict && say("quality_turned", last)] : [];
  const when = new Date(last.on).toLocaleString(languageNow() === "zh" ? "zh-CN" : "en", { dateStyle: "medium", timeStyle: "short" });
  return h("div.wj-verdict", { class: kind }, icon(glyph), h("div", {},
    h("p.wj-verdict-title", {}, title),
    h("p", {}, [...facts, when].filter(Boolean).join(" · ")),
    last.problem && h("p", {}, last.problem[languageNow()]),
    last.kind === "accept" && last.reason && h("p.wj-faint", {}, say("quality_reason", last)),
    !last.is_current && h("p.wj-note-line", {}, icon("warn"), say("quality_old"))));
}

function measured(n) {
  const run = h("button.wj-button.is-main", { type: "button", "data-act": "measure", onclick: measure }, icon("play"),
    say(told.last ? "measure_again" : "measure"));
  const place_ = told.place && !told.is_sample && h("p.wj-faint.wj-small.wj-place", {}, say("quality_place", { place: told.place }));
  return [h("p.wj-faint", {}, say(told.is_sample ? "quality_samples" : "quality_set", { n }),
    " ", say(told.has_baseline ? "quality_baseline" : "quality_no_baseline")), place_,
  h("div.wj-row.wj-quality-acts", {}, run,
    told.can_accept && told.last?.kind !== "accept" && h("button.wj-button", { type: "button", "data-act": "accept", onclick: accept }, icon("check"), say("quality_accept")),
    told.last && h("a.wj-button", { href: reportAddress(true), download: "quality.html" }, icon("file"), say("quality_download")))];
}

// No set yet: how one is made, to be copied.
function begin() {
  const way = told.index === null ? [say("begin_remote")] : [
    [say("begin_suggest"), command(`wenju eval suggest --index ${told.index} --out drafts.jsonl -n 60`)],
    say("begin_review"),
    [say("begin_join"), command(`wenju eval join drafts.jsonl --index ${told.index}`)],
    say("begin_measure"),
  ];
  return h("div.wj-begin", {}, h("h2", {}, say("begin_title")), h("p", {}, say("begin_lead")),
    h("ol.wj-steps", {}, way.map((step) => h("li", {}, step))),
    h("p.wj-faint", {}, say("begin_feedback"), " ", h("button.wj-tool", { type: "button", onclick: () => goTo("ask") }, say("go_ask"))));
}

const command = (text) => h("div.wj-command", {}, h("code", {}, text),
  h("button.wj-tool.is-icon", { type: "button", "aria-label": say("copy"), title: say("copy"), onclick: () => copyText(text) }, icon("copy")));

async function measure(event) {
  event.currentTarget.disabled = true;
  const library = state.library;
  try {
    watch(await post("/v1/quality/runs", { library }), library);
  } catch (error) { toast(error.message); loadQuality(); }
}

// Who leaves the tab and comes back finds the same measurement still on its way.
async function watch(job, library) {
  const isNew = watching?.id !== job.id;
  if (isNew) {
    const bar = h("progress", { max: "1", value: "0", "aria-label": say("measuring") });
    const line = h("span", { role: "status" }, say("measuring"));
    watching = { id: job.id, bar, line, box: h("div.wj-measuring", {}, line, bar) };
  }
  const { bar, line, box } = watching;
  const acts = card.querySelector(".wj-quality-acts");
  if (acts) fill(acts, box);
  if (!isNew) return;
  try {
    await follow(`/v1/quality/runs/${job.id}`, ({ progress }) => {
      const { done = 0, total = 0 } = progress;
      if (!total) return;
      line.textContent = say("measuring_n", { done, total });
      bar.max = total;
      bar.value = done;
    });
  } catch (error) { toast(error.message); }
  watching = null;
  if (library === state.library) loadQuality();
}

// What was measured last becomes what is compared with, for a reason.
function accept() {
  const reason = h("input.wj-input", { type: "text", maxlength: "500", required: true, id: "wj-reason", placeholder: say("accept_example") });
  const form = h("form", { method: "dialog", onsubmit: () => { dialog.returnValue = "yes"; } },
    h("p", {}, say("accept_lead")), h("label", { for: "wj-reason" }, say("accept_reason")), reason,
    h("div.wj-row", {}, h("button.wj-button", { type: "button", onclick: () => dialog.close("") }, say("cancel")),
      h("button.wj-button.is-main", { type: "submit" }, say("quality_accept"))));
  const dialog = h("dialog.wj-dialog", { "aria-label": say("quality_accept") }, form);
  dialog.addEventListener("close", async () => {
    dialog.remove();
    if (dialog.returnValue !== "yes" || !reason.value.trim()) return;
    try {
      await post("/v1/quality/baseline", { library: state.library, reason: reason.value.trim() });
    } catch (error) { toast(error.message); }
    loadQuality();
  });
  document.getElementById("wenju").append(dialog);
  dialog.showModal();
}

const reportAddress = (download = false) => `/v1/quality/report?${new URLSearchParams({
  library: state.library, language: languageNow(), ...(download && { download: "true" }) })}`;

// The report is a page of its own in a frame that runs no script, whatever it holds.
async function drawReport(library) {
  if (!told.last) { fill(report); return; }
  const page = await getText(reportAddress());
  if (library !== state.library) return;
  const frame = h("iframe.wj-frame", { sandbox: "allow-same-origin", title: say("quality_report") });
  frame.addEventListener("load", () => {
    const inner = frame.contentDocument;
    if (!inner?.body) return;
    inner.body.style.margin = "0";
    inner.body.firstElementChild.style.maxWidth = "none"; // the column of the page is enough
    dressFrame();
    const fit = () => { frame.style.height = `${inner.documentElement.offsetHeight + 2}px`; };
    new ResizeObserver(fit).observe(inner.documentElement);
    fit();
  });
  frame.srcdoc = page;
  fill(report, frame);
}

function dressFrame() {
  const inner = report?.querySelector("iframe")?.contentDocument?.documentElement;
  if (!inner) return;
  const { look } = document.documentElement.dataset;
  inner.dataset.look = look;
  inner.style.colorScheme = look;
}
