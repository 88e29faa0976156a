// Puts the page together: the bar, five tabs, the source panel.
import { follow, get } from "./api.js";
import { askFromLink, drawWelcome, focusQuestion, mountChat } from "./chat.js";
import { drawPast, mountBulk } from "./bulk.js";
import { fill, h, icon, menu, toast } from "./dom.js";
import { libraryLabel, mountLibrary, newLibrary } from "./library.js";
import { loadQuality, mountQuality } from "./quality.js";
import { loadSettings, mountSettings } from "./settings.js";
import { closeSource, mountSource } from "./source.js";
import { choose, loadDocuments, loadLibraries, on, prefer, preferences, state, tell } from "./state.js";
import { say, setLanguage } from "./words.js";

const TABS = ["ask", "library", "bulk", "quality", "settings"];
const dark = matchMedia("(prefers-color-scheme: dark)");
let root, panels, tabs, picker, lookButton;

const isDark = () => (preferences.look === "auto" ? dark.matches : preferences.look === "dark");

function drawLook() {
  document.documentElement.dataset.look = isDark() ? "dark" : "light";
  document.body.classList.toggle("dark", isDark());
  if (!lookButton) return;
  const label = say(isDark() ? "to_light" : "to_dark");
  fill(lookButton, icon(isDark() ? "sun" : "moon"));
  lookButton.setAttribute("aria-label", label);
  lookButton.title = label;
}

function goTo(name) {
  for (const one of TABS) {
    panels[one].hidden = one !== name;
    tabs[one].setAttribute("aria-selected", String(one === name));
    tabs[one].tabIndex = one === name ? 0 : -1;
  }
  if (name === "ask") focusQuestion();
  if (name === "bulk") drawPast();
  if (name === "quality") loadQuality();
  if (name === "settings") loadSettings();
  if (name !== "library" && name !== "ask") closeSource();
}

function bar() {
  const list = h("div.wj-nav", { role: "tablist", "aria-label": say("title"), onkeydown: (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const at = TABS.indexOf(document.activeElement.dataset.tab);
    const name = TABS[(at + by + TABS.length) % TABS.length];
    goTo(name);
    tabs[name].focus();
  } }, TABS.map((name) => (tabs[name] = h("button", { type: "button", role: "tab", id: `wj-tab-${name}`, "data-tab": name,
    "aria-controls": `wj-panel-${name}`, onclick: () => goTo(name) }, say(`tab_${name}`)))));
  picker = h("div.wj-picker", {});
  lookButton = h("button.wj-tool.is-icon", { type: "button", onclick: () => {
    prefer({ look: isDark() ? "light" : "dark" });
    tell("look");
  } });
  return h("header.wj-bar", {}, h("div.wj-brand", {}, h("span.wj-seal", { "aria-hidden": "true" }, "据"), h("span", {}, say("title"))),
    list, h("div.wj-bar-end", {}, picker, lookButton,
    root.dataset.keys === "true" && h("button.wj-tool", { type: "button", onclick: logOut }, say("log_out"))));
}

async function logOut() {
  localStorage.removeItem("wenju.conversation");
  await fetch("/logout", { method: "POST", redirect: "manual" });
  location.reload();
}

function drawPicker() {
  const choices = state.libraries.map((one) => [
    `${libraryLabel(one.name)}${one.documents == null ? "" : ` · ${say("n_documents", { n: one.documents })}`}`,
    () => choose(one.name), one.name === state.library]);
  choices.push([say("new_library"), newLibrary, false]);
  fill(picker, menu(state.library ? libraryLabel(state.library) : say("library"), choices, { kind: "button.wj-tool.wj-library", glyph: "folder" }));
  picker.querySelector("button").setAttribute("aria-label", `${say("library")}：${state.library ? libraryLabel(state.library) : ""}`);
}

function build() {
  setLanguage(preferences.language ?? root.dataset.language);
  document.title = say("title");
  panels = {};
  tabs = {};
  const top = bar();
  for (const name of TABS) {
    panels[name] = h("section.wj-tab", { role: "tabpanel", id: `wj-panel-${name}`, "aria-labelledby": `wj-tab-${name}`, hidden: true });
  }
  const source = h("aside.wj-panel", { "aria-label": say("source"), hidden: true });
  root.classList.remove("has-panel");
  fill(root, h("a.wj-skip", { href: "#wj-question", onclick: (event) => { event.preventDefault(); goTo("ask"); focusQuestion(); } }, say("skip")),
    top, h("main.wj-main", {}, Object.values(panels), source), h("div", { id: "wj-toast", role: "status", "aria-live": "polite" }));
  mountSource(source);
  mountChat(panels.ask, goTo);
  mountLibrary(panels.library, goTo);
  mountBulk(panels.bulk);
  mountQuality(panels.quality, goTo);
  mountSettings(panels.settings);
  drawPicker();
  drawLook();
}

// The samples may be on their way: they are waited for, and said so.
async function waitForSamples() {
  const { jobs } = await get("/v1/jobs");
  const making = jobs.find((job) => job.kind === "index" && ["queued", "running"].includes(job.status));
  if (!making) return;
  const note = h("p.wj-preparing", { role: "status" }, say("preparing"));
  panels.ask.querySelector(".wj-welcome").prepend(note);
  await follow(`/v1/jobs/${making.id}`, null, 400);
  note.remove();
  await loadLibraries();
}

async function begin() {
  build();
  goTo("ask");
  try {
    await loadLibraries();
    if (!state.library) await waitForSamples();
    drawPicker();
    const link = new URLSearchParams(location.hash.slice(1));
    if (link.has("q")) {
      history.replaceState(null, "", location.pathname);
      if (state.libraries.some((one) => one.name === link.get("library"))) state.library = link.get("library");
      drawPicker();
      askFromLink(link);
    }
    await Promise.all([drawWelcome(), loadDocuments()]);
  } catch (error) { toast(error.message); }
  root.dataset.ready = "true";
}

on("library", drawPicker);
on("documents", drawPicker);
on("look", drawLook);
on("language", () => location.reload()); // the conversation is kept
dark.addEventListener("change", drawLook);
addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input, textarea, select")) { event.preventDefault(); goTo("ask"); }
});

// The frame brings our place when it is ready.
function waitForRoot() {
  root = document.getElementById("wenju");
  if (root) return begin();
  const watch = new MutationObserver(() => {
    root = document.getElementById("wenju");
    if (root) { watch.disconnect(); begin(); }
  });
  return watch.observe(document.documentElement, { childList: true, subtree: true });
}

drawLook();
waitForRoot();
