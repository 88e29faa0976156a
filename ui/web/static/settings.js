// Settings in words that need no manual. Kept in this browser; keys never come here.
import { get, post } from "./api.js";
import { fill, h } from "./dom.js";
import { prefer, preferences, tell } from "./state.js";
import { languageNow, say } from "./words.js";

const LEVELS = [["bold", "set_bold"], ["balanced", "set_balanced"], ["strict", "set_strict"]];
let place, curve = null, engine = null;

export async function mountSettings(element) {
  place = h("div.wj-column", {});
  fill(element, h("div.wj-scroller", {}, place));
  draw();
}

// What the server knows of engines and risk; asked for when the tab is opened.
export async function loadSettings() {
  try {
    curve ??= await (await fetch(new URL("risk.json", import.meta.url))).json();
    engine = await get("/v1/engine");
  } catch { /* shown without */ }
  draw();
}

function draw() {
  fill(place, h("h1", {}, say("tab_settings")), how(), careful(), statements(), today(), looks(),
    h("p.wj-faint", {}, say("set_kept")));
}

const group = (title, lead, ...children) => h("fieldset.wj-set", {}, h("legend", {}, title), lead && h("p.wj-faint", {}, lead), children);

function choices(name, options, now, onChoose) {
  return h("div.wj-choices", {}, options.map(([value, label, lead, disabled]) => h("label.wj-choice", { class: disabled ? "is-off" : "" },
    h("input", { type: "radio", name: `wj-${name}`, checked: value === now, disabled: Boolean(disabled), onchange: () => onChoose(value) }),
    h("span", {}, h("strong", {}, label), lead && h("span.wj-faint", {}, lead)))));
}

function how() {
  const hasModel = Boolean(engine?.model);
  const told = h("p.wj-test", { role: "status" });
  const test = h("button.wj-button", { type: "button", onclick: async () => {
    told.textContent = say("set_testing");
    test.disabled = true;
    try {
      const found = await post("/v1/engine/test", {});
      told.textContent = found.ok ? say("set_test_ok", { ms: Math.round(found.ms) }) : found.message;
      told.classList.toggle("is-bad", !found.ok);
    } catch (error) { told.textContent = error.message; }
    test.disabled = false;
  } }, say("set_test"));
  return group(say("set_how"), null,
    choices("how", [["quotes", say("set_quotes"), say("set_quotes_lead")], ["model", say("set_model"), say("set_model_lead"), !hasModel]],
      hasModel && (preferences.engine ? preferences.engine === "model" : engine.is_used) ? "model" : "quotes", (engine_) => prefer({ engine: engine_ })),
    hasModel ? h("div.wj-model", {}, h("p", {}, say("set_model_is", { model: engine.model, url: engine.base_url,
      key: say(engine.has_key ? "set_key_set" : "set_key_unset") })), test, told) : h("p.wj-faint.wj-small", {}, say("set_model_none")));
}

function careful() {
  return group(say("set_careful"), say("set_careful_lead"),
    choices("careful", LEVELS.map(([value, key]) => [value, say(key), curveLine(value)]), preferences.careful,
      (level) => { prefer({ careful: level }); draw(); document.querySelector("[name=wj-careful]:checked")?.focus(); }),
    curve && drawing());
}

const pointOf = (level) => curve?.levels?.[level];

function curveLine(level) {
  const point = pointOf(level);
  return point && say("set_curve_point", { a: Math.round(point.answered * 100), r: Math.round((1 - point.wrong) * 100) });
}

// Share of answerable questions that are answered against the share of wrong answers.
function drawing() {
  const [width, height, left, bottom] = [420, 190, 44, 34];
  const most = 1;
  const x = (share) => left + share * (width - left - 12);
  const y = (share) => height - bottom - (share / most) * (height - bottom - 12);
  const make = (tag, attributes, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text) element.textContent = text;
    return element;
  };
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, class: "wj-curve", role: "img", "aria-label": `${say("set_curve")}` });
  for (const share of [0, 0.5, 1]) {
    svg.append(make("text", { x: x(share), y: height - 12, "text-anchor": share === 1 ? "end" : "middle" }, `${share * 100}%`));
  }
  for (const share of [0, 0.5, 1]) {
    svg.append(make("line", { x1: left, x2: width - 12, y1: y(share), y2: y(share), class: "wj-grid" }),
      make("text", { x: left - 6, y: y(share) + 4, "text-anchor": "end" }, `${Math.round(share * 100)}%`));
  }
  svg.append(make("polyline", { points: curve.points.map((p) => `${x(p.answered)},${y(p.wrong)}`).join(" "), class: "wj-line" }));
  for (const [level] of LEVELS) {
    const point = pointOf(level);
    if (!point) continue;
    svg.append(make("circle", { cx: x(point.answered), cy: y(point.wrong), r: level === preferences.careful ? 7 : 4,
      class: level === preferences.careful ? "wj-point is-now" : "wj-point" }));
  }
  return h("figure.wj-curve-box", {}, svg, h("figcaption.wj-faint.wj-small", {}, `${say("set_curve")}。${say("set_curve_source", { n: curve.questions })}`));
}

function statements() {
  const value = h("output", {}, String(preferences.maxStatements ?? 3));
  const slider = h("input", { type: "range", min: "1", max: "10", "aria-label": say("set_statements"), oninput: () => {
    value.textContent = slider.value;
    prefer({ maxStatements: Number(slider.value) });
  } });
  slider.value = String(preferences.maxStatements ?? 3);
  return group(say("set_statements"), say("set_statements_lead"), h("div.wj-slider", {}, slider, value));
}

function today() {
  const box = h("input.wj-input.is-date", { type: "date", "aria-label": say("set_today"), onchange: () => prefer({ today: box.value }) });
  box.value = preferences.today ?? "";
  return group(say("set_today"), say("set_today_lead"), box);
}

function looks() {
  return [
    group(say("set_language"), null, choices("language", [["zh", "中文"], ["en", "English"]], languageNow(),
      (language) => { prefer({ language }); tell("language"); })),
    group(say("set_looks"), null, choices("look", [["auto", say("look_auto")], ["light", say("look_light")], ["dark", say("look_dark")]],
      preferences.look, (look) => { prefer({ look }); tell("look"); })),
  ];
}
