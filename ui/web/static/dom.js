// Elements made by hand: text is always text, nothing is ever parsed as HTML.
import { say } from "./words.js";

// h("button.wj-chip", {onclick, "aria-label": …}, "text", child, …)
export function h(kind, attributes = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className += ` ${value}`;
    else if (name in element && typeof value !== "string" && name !== "list") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  put(element, ...children);
  return element;
}

// Adds children, leaving out what is nothing.
export function put(element, ...children) {
  for (const child of children.flat(3)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren();
  return put(element, ...children);
}

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  close: "M5 5l10 10M15 5L5 15",
  left: "M12.5 4.5L7 10l5.5 5.5",
  right: "M7.5 4.5L13 10l-5.5 5.5",
  down: "M5 7.5l5 5 5-5",
  send: "M10 16V4M4.5 9.5L10 4l5.5 5.5",
  stop: "M6 6h8v8H6z",
  copy: "M7 7V4h9v9h-3M4 7h9v9H4z",
  link: "M8.5 11.5a3 3 0 0 0 4.2 0l2.6-2.6a3 3 0 0 0-4.2-4.2l-1 1M11.5 8.5a3 3 0 0 0-4.2 0l-2.6 2.6a3 3 0 0 0 4.2 4.2l1-1",
  good: "M6 9v7H3.5V9zM6 9l3.5-6c1.4 0 2 1 1.700 2.300L10.700 8H15c1 0 1.600.900 1.400 1.800l-1.200 5C15 15.600 14.300 16 13.500 16H6",
  bad: "M14 11V4h2.500v7zM14 11l-3.500 6c-1.400 0-2-1-1.700-2.300L9.300 12H5c-1 0-1.600-.900-1.400-1.800l1.200-5C5 4.400 5.700 4 6.500 4H14",
  edit: "M4 16l.800-3.200L13 4.500l2.500 2.500-8.300 8.200z",
  plus: "M10 4v12M4 10h12",
  sun: "M10 6.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7zM10 2v1.500M10 16.500V18M2 10h1.500M16.500 10H18M4.300 4.300l1.100 1.100M14.600 14.600l1.100 1.100M4.300 15.700l1.100-1.100M14.600 5.400l1.100-1.100",
  moon: "M15.500 11.800A6 6 0 0 1 8.200 4.500a6 6 0 1 0 7.300 7.300z",
  file: "M5 3h6.500L15 6.500V17H5zM11.500 3v3.500H15",
  folder: "M3 5.500h5l1.500 2H17v8H3z",
  upload: "M10 13V4M6 8l4-4 4 4M4 13v3h12v-3",
  trash: "M4.500 6h11M8 6V4h4v2M6 6l.700 10h6.600L14 6",
  eye: "M2.500 10S5 5 10 5s7.500 5 7.500 5-2.500 5-7.500 5-7.500-5-7.500-5zM10 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  again: "M15.500 6.500A6.500 6.500 0 1 0 16.500 10M16 3v4h-4",
  play: "M6.500 4.500v11l9-5.500z",
  check: "M4.500 10.500l3.500 3.500 7.500-8",
  warn: "M10 3.500l7 12.500H3zM10 8.500v3.500M10 13.800v.400",
  none: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM6.500 10h7",
  scales: "M10 3v14M6 17h8M3 6h14M5 6l-2.300 5.500h4.600zM15 6l-2.300 5.500h4.600z",
  scope: "M3 4.500h14L11.500 11v5l-3 1.500V11z",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", "wj-icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

// Text in pieces of [text, weight]: 0 plain, 1 cited, 2 the words that answer.
export function pieces(list) {
  return list.map(([text, weight]) =>
    weight === 0 ? text : h(weight === 2 ? "mark.wj-focus" : "mark.wj-cited", {}, text));
}

let toastTimer = 0;

// A line at the foot of the page that goes by itself; read out by screen readers.
export function toast(text) {
  const place = document.getElementById("wj-toast");
  place.textContent = text;
  place.classList.add("is-on");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => place.classList.remove("is-on"), 5000);
}

export async function copyText(text, told = say("copied")) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea", { "aria-hidden": "true", class: "wj-aside" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) return toast(say("copy_failed"));
  }
  toast(told);
}

export function download(blob, name) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// A button with a list of choices beneath: [[label, action], …]. Arrow keys move, Esc closes.
export function menu(label, choices, { kind = "button.wj-tool", glyph = null } = {}) {
  const list = h("div.wj-menu", { role: "menu", hidden: true });
  const button = h(kind, { type: "button", "aria-haspopup": "menu", "aria-expanded": "false" },
    glyph && icon(glyph), h("span", {}, label), icon("down"));
  const close = (back) => {
    list.hidden = true;
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside);
    if (back) button.focus();
  };
  const outside = (event) => { if (!box.contains(event.target)) close(false); };
  for (const [text, action, current] of choices) {
    list.append(h("button", {
      type: "button", role: "menuitem", class: current ? "is-current" : "",
      onclick: () => { close(true); action(); },
    }, current ? icon("check") : null, h("span", {}, text)));
  }
  button.addEventListener("click", () => {
    if (!list.hidden) return close(false);
    list.hidden = false;
    button.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", outside);
    list.querySelector("button")?.focus();
  });
  list.addEventListener("keydown", (event) => {
    const items = [...list.querySelectorAll("button")];
    const at = items.indexOf(document.activeElement);
    if (event.key === "Escape") { event.stopPropagation(); close(true); }
    else if (event.key === "ArrowDown") items[(at + 1) % items.length].focus();
    else if (event.key === "ArrowUp") items[(at - 1 + items.length) % items.length].focus();
    else if (event.key === "Tab") close(false);
    else return;
    if (event.key !== "Tab") event.preventDefault();
  });
  const box = h("div.wj-menu-box", {}, button, list);
  return box;
}

// Asks before something is lost. Resolves to whether it was agreed to.
export function confirmed(question, yes) {
  return new Promise((resolve) => {
    const dialog = h("dialog.wj-dialog", { "aria-label": question },
      h("p", {}, question),
      h("div.wj-row", {},
        h("button.wj-button", { type: "button", onclick: () => dialog.close("no") }, say("cancel")),
        h("button.wj-button.is-danger", { type: "button", onclick: () => dialog.close("yes") }, yes)));
    dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue === "yes"); });
    document.getElementById("wenju").append(dialog);
    dialog.showModal();
  });
}

// Seconds as 03:07, or 1:02:03 from an hour on.
export function clock(seconds) {
  const whole = Math.floor(seconds);
  const two = (n) => String(n).padStart(2, "0");
  const rest = `${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${rest}` : rest;
}

// Where a citation stands: page or minute, then section.
export function placeOf(citation) {
  const parts = [];
  const pages = [...new Set(citation.spans.map((s) => s.page).filter((p) => p !== null && p !== undefined))];
  if (pages.length === 1) parts.push(say("page_n", { n: pages[0] }));
  else if (pages.length) parts.push(say("pages_n", { a: Math.min(...pages), b: Math.max(...pages) }));
  const starts = citation.spans.map((s) => s.time_start).filter((t) => t !== null && t !== undefined);
  if (starts.length) parts.push(clock(Math.min(...starts)));
  if (citation.section) parts.push(citation.section.split(" > ").slice(-2).join(" › "));
  return parts.join(" · ");
}

// The file without its folders.
export const baseName = (source) => source.split("/").pop();
