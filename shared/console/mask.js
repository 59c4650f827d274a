// Phone numbers and texts are masked until somebody asks to see them: one by one, or all numbers.

import { count } from "./data.js";
import { make } from "./dom.js";

let all = false;
const shown = new Set();
const masks = new WeakMap();

const NUMBER = /(\+|%2B)\d{7,15}/g;

// As shared/phone_number.py masks: of a short number nothing is left.
const masked = (number) => (number.length > 9 ? `${number.slice(0, 5)}•••${number.slice(-4)}` : "•••");

// A text with every number in it masked, unless all are to be seen.
export const maskText = (text) => (all ? String(text) : String(text).replace(NUMBER, masked));

// A text with its numbers masked whatever is asked for: for names that are read out.
export const alwaysMasked = (text) => String(text ?? "nobody").replace(NUMBER, masked);

// A number, or another sender, with a button that shows or hides just this one.
export function number(text) {
  if (!text) return make("span", { class: "number none" }, "–");
  const hidden = alwaysMasked(text);
  return withButton({ text, hidden, name: `number ending ${text.slice(-4)}`, isNumber: true }, "number");
}

// What somebody wrote, said or pressed: its length, with a button that shows it.
export const secret = (text, name) =>
  withButton({ text, hidden: `••• ${count(text.length, "character")}`, name, isNumber: false }, "secret");

function withButton(mask, className) {
  const eye = make("button", { type: "button", class: "eye", click: (event) => {
    event.stopPropagation();
    if (!shown.delete(mask.text)) shown.add(mask.text);
    refresh();
  } });
  const element = make("span", { class: `masked ${className}` }, make("span", { class: "digits" }), eye);
  masks.set(element, mask);
  show(element);
  return element;
}

function show(element) {
  const mask = masks.get(element);
  if (!mask) return;
  const { text, hidden, name, isNumber } = mask;
  const [value, eye] = element.children;
  const byAll = all && isNumber;
  const isShown = byAll || shown.has(text) || hidden === text;
  const visible = !isShown ? hidden : isNumber ? text : maskText(text);
  // A line may end behind the channel (`whatsapp:`), never inside the number.
  const channel = isNumber ? /^[a-z]+:/.exec(visible)?.[0] ?? "" : "";
  value.replaceChildren(channel, channel && make("wbr"), make("span", { class: "piece" }, visible.slice(channel.length)));
  eye.hidden = byAll || hidden === text;
  eye.textContent = isShown ? "hide" : "show";
  eye.setAttribute("aria-label", `${isShown ? "hide" : "show"} ${name}`);
}

function refresh() {
  for (const element of document.querySelectorAll(".masked")) show(element);
}

// The switch for all numbers.
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
