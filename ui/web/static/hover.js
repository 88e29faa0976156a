// A small card beside what it explains: on hover, on keyboard focus, never in the way of a tap.
import { h, fill } from "./dom.js";

let cardElement = null;
let timer = 0;

function place(target) {
  const box = target.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = cardElement;
  const left = Math.max(8, Math.min(box.left - 16, innerWidth - width - 8));
  const above = box.top - height - 8;
  cardElement.style.left = `${left}px`;
  cardElement.style.top = `${above > 8 ? above : box.bottom + 8}px`;
}

export function hideCard() {
  clearTimeout(timer);
  if (cardElement) cardElement.hidden = true;
}

function show(target, make) {
  if (!cardElement?.isConnected) {
    cardElement = h("div.wj-card", { role: "tooltip", id: "wj-card", hidden: true,
      onpointerenter: () => clearTimeout(timer), onpointerleave: hideCard });
    document.getElementById("wenju").append(cardElement);
  }
  fill(cardElement, make());
  cardElement.hidden = false;
  place(target);
}

export function hoverable(target, make) {
  target.setAttribute("aria-describedby", "wj-card");
  target.addEventListener("pointerenter", (event) => {
    if (event.pointerType === "touch") return;
    clearTimeout(timer);
    timer = setTimeout(() => show(target, make), 120);
  });
  target.addEventListener("pointerleave", () => {
    clearTimeout(timer);
    timer = setTimeout(hideCard, 220);
  });
  target.addEventListener("focus", () => { if (target.matches(":focus-visible")) show(target, make); });
  target.addEventListener("blur", hideCard);
  target.addEventListener("click", hideCard);
}

addEventListener("scroll", hideCard, true);
addEventListener("keydown", (event) => { if (event.key === "Escape") hideCard(); });
