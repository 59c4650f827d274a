// Phone numbers are masked until somebody asks: one by one, or all.

import { make } from "./dom.js";

let all = false;
const shown = new Set();
const texts = new WeakMap();

const NUMBER = /(\+|%2B)\d{7,15}/g;

// As shared/phone_number.py masks: of a short number nothing is left.
const masked = (number) => (number.length > 9 ? `${number.slice(0, 5)}•••${number.slice(-4)}` : "•••");

// A text with every number in it masked, unless all are to be seen.
export const maskText = (text) => (all ? text : String(text).replace(NUMBER, masked));

// A text with its numbers masked whatever is asked for: for names that are read out.
export const alwaysMasked = (text) => String(text ?? "nobody").replace(NUMBER, masked);

// A number with a button that shows or hides just this one.
export function number(text) {
  if (!text) return make("span", { class: "number none" }, "–");
  const said = make("span", { class: "digits" });
  const eye = make("button", { type: "button", class: "eye", click: (event) => {
    event.stopPropagation();
    if (!shown.delete(text)) shown.add(text);
    refresh();
  } });
  const element = make("span", { class: "number" }, said, eye);
  texts.set(element, text);
  show(element);
  return element;
}

function show(element) {
  const text = texts.get(element);
  if (text === undefined) return;
  const [said, eye] = element.children;
  const isShown = all || shown.has(text) || alwaysMasked(text) === text;
  said.textContent = isShown ? text : alwaysMasked(text);
  eye.hidden = all || alwaysMasked(text) === text;
  eye.textContent = isShown ? "hide" : "show";
  eye.setAttribute("aria-label", `${isShown ? "hide" : "show"} number ending ${text.slice(-4)}`);
}

function refresh() {
  for (const element of document.querySelectorAll(".number")) show(element);
}

// The switch for all of them.
export function maskSwitch() {
  const element = make("button", { type: "button", class: "quiet", "aria-pressed": "false", click: () => {
    all = !all;
    shown.clear();
    element.setAttribute("aria-pressed", String(all));
    refresh();
    dispatchEvent(new Event("masking"));
  } }, "Show numbers");
  return element;
}
