// Many questions at once: a table comes in, answers go out; it can be stopped and gone on with.
import { erase, get, getBlob, post, postForm } from "./api.js";
import { confirmed, download, fill, h, icon, toast } from "./dom.js";
import { state } from "./state.js";
import { say } from "./words.js";

let start, past, timer = 0;

export function mountBulk(element) {
  start = h("div.wj-bulk-start", {});
  past = h("div.wj-bulk-past", {});
  fill(element, h("div.wj-scroller", {}, h("div.wj-column.is-wide", {},
    h("div.wj-page-head", {}, h("div", {}, h("h1", {}, say("bulk_lead")), h("p.wj-faint", {}, say("bulk_lead2")))),
    start, h("h2", {}, say("bulk_past")), past)));
  drawChoose();
}

function drawChoose() {
  const input = h("input.wj-aside", { type: "file", accept: ".csv,.tsv,.xlsx,.jsonl,.txt", tabindex: "-1", "aria-hidden": "true",
    "data-kind": "questions", onchange: () => { if (input.files[0]) preview(input.files[0]); } });
  const area = h("div.wj-drop", {}, h("div.wj-drop-text", {}, icon("upload"), h("strong", {}, say("bulk_choose"))),
    h("div.wj-row", {}, h("button.wj-button.is-main", { type: "button", onclick: () => input.click() }, icon("file"), say("add_files"))), input);
  area.addEventListener("dragover", (event) => { event.preventDefault(); area.classList.add("is-over"); });
  area.addEventListener("dragleave", () => area.classList.remove("is-over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("is-over");
    if (event.dataTransfer.files[0]) preview(event.dataTransfer.files[0]);
  });
  fill(start, area);
}

const formOf = (file, isPreview) => {
  const form = new FormData();
  form.append("file", file, file.name);
  if (state.library) form.append("library", state.library);
  if (isPreview) form.append("preview", "true");
  return form;
};

async function preview(file) {
  let found;
  try {
    found = await postForm("/v1/batches/file", formOf(file, true));
  } catch (error) {
    drawChoose();
    start.append(h("p.wj-problem", { role: "alert" }, icon("warn"), error.message));
    return;
  }
  const columns = ["id", "question", ...found.columns];
  const run = h("button.wj-button.is-main", { type: "button", onclick: async () => {
    run.disabled = true;
    try {
      await postForm("/v1/batches/file", formOf(file, false));
      drawChoose();
      await drawPast();
    } catch (error) { toast(error.message); run.disabled = false; }
  } }, say("bulk_run", { n: found.total }));
  const m = Math.min(found.total, found.questions.length, 8);
  fill(start, h("section.wj-preview", {},
    h("p", {}, h("strong", {}, file.name), " ", say("bulk_preview", { n: found.total, m })),
    found.problems.length > 0 && h("p.wj-problem", {}, say("problems", { n: found.problems.length })),
    h("div.wj-scroll", { tabindex: "0" }, h("table.wj-table", {},
      h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, name === "question" ? say("question") : name)))),
      h("tbody", {}, found.questions.slice(0, m).map((one) => h("tr", {}, columns.map((name) => h("td", {}, String(one[name] ?? "")))))))),
    h("div.wj-row", {}, run, h("button.wj-button", { type: "button", onclick: drawChoose }, say("bulk_other")))));
  run.focus();
}

const time = (seconds) => (seconds < 60 ? say("seconds", { n: Math.max(1, Math.round(seconds)) }) : say("minutes", { n: Math.round(seconds / 60) }));

// Earlier runs; looks again while one is at work.
export async function drawPast() {
  clearTimeout(timer);
  let jobs;
  try { ({ jobs } = await get("/v1/batches")); } catch (error) { fill(past, h("p.wj-problem", {}, error.message)); return; }
  if (!jobs.length) { fill(past, h("p.wj-empty", {}, say("bulk_none"))); return; }
  const focused = document.activeElement?.dataset?.act;
  fill(past, h("ul.wj-jobs", {}, jobs.map(jobRow)));
  if (focused) past.querySelector(`[data-act="${focused}"]`)?.focus();
  const visible = !past.closest("[role=tabpanel]")?.hidden;
  if (visible && jobs.some((job) => ["queued", "running"].includes(job.status))) timer = setTimeout(drawPast, 500);
}

function jobRow(job) {
  const { done = 0, total = 0, seconds_left: left = 0 } = job.progress;
  const act = (name, glyph, path) => h("button.wj-button", { type: "button", "data-act": `${name}-${job.id}`, onclick: async () => {
    try { await post(`/v1/batches/${job.id}/${path}`, {}); } catch (error) { toast(error.message); }
    drawPast();
  } }, icon(glyph), say(`bulk_${name}`));
  const isRunning = job.status === "running" || job.status === "queued";
  const line = {
    queued: () => say("bulk_queued"),
    running: () => (total ? say("bulk_progress", { done, total, left: time(left) }) : say("bulk_queued")),
    done: () => say("bulk_done", job.result),
    cancelled: () => say("bulk_cancelled"),
    failed: () => say("bulk_failed", { error: job.error ?? "" }),
  }[job.status]();
  return h("li.wj-job", { class: `is-${job.status}` },
    h("div.wj-job-main", {}, h("strong", {}, new Date(job.created).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })),
      h("span.wj-faint", {}, `${job.library}`), h("span", { role: "status" }, line),
      isRunning && h("progress", { max: String(total || 1), value: String(done), "aria-label": line })),
    h("div.wj-row", {},
      isRunning && act("stop", "stop", "cancel"),
      ["cancelled", "failed"].includes(job.status) && act("resume", "play", "resume"),
      job.status === "done" && job.result.failed > 0 && act("retry", "play", "resume?retry_failed=true"),
      ["done", "cancelled"].includes(job.status) && ["xlsx", "csv", "jsonl"].map((format) =>
        h("button.wj-button", { type: "button", "data-act": `${format}-${job.id}`, onclick: async () => {
          try { download(await getBlob(`/v1/batches/${job.id}/results?format=${format}`), `answers.${format}`); } catch (error) { toast(error.message); }
        } }, format === "xlsx" ? "Excel" : format.toUpperCase())),
      !isRunning && h("button.wj-tool.is-icon", { type: "button", "aria-label": say("bulk_delete"), title: say("bulk_delete"), onclick: async () => {
        if (!(await confirmed(say("bulk_delete_sure"), say("bulk_delete")))) return;
        try { await erase(`/v1/batches/${job.id}`); } catch (error) { toast(error.message); }
        drawPast();
      } }, icon("trash"))));
}
