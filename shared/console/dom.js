// Elements from code: every text is a text node, so nothing that is shown can become markup.

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "indeterminate", "open", "selected"]);
const SVG = "http://www.w3.org/2000/svg";

export const make = (name, attributes, ...children) =>
  dress(document.createElement(name), attributes, children);

export const draw = (name, attributes, ...children) =>
  dress(document.createElementNS(SVG, name), attributes, children);

function dress(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...present(children));
  return element;
}

// The children that are there; null, undefined and false stand for none.
export const present = (children) =>
  children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);

// Say something to people who do not see the page; the same message twice is said twice.
export function announce(message) {
  const announcer = document.getElementById("announcer");
  announcer.textContent = announcer.textContent === message ? `${message}\u00a0` : message;
}

export const unseen = (text) => make("span", { class: "unseen" }, text);

export const badge = (label, tone) => make("span", { class: `badge ${tone}` }, label);

export const button = (label, click, attributes) =>
  make("button", { type: "button", click, ...attributes }, label);

// Mark the link of a list that leads to what is open beside it.
export function markOpen(list) {
  for (const link of list.querySelectorAll("tbody a")) {
    if (link.hash === location.hash) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

// A click anywhere on a row opens it, unless it was meant for something on it or marked a text.
export function openRow(event) {
  if (event.target.closest("a, button, input, label") || String(getSelection())) return;
  event.target.closest("tr")?.querySelector("a")?.click();
}

let fields = 0;

// A label with its field, and a hint or an explanation.
export function field(label, control, hint) {
  control.id ||= `field-${++fields}`;
  if (hint) control.setAttribute("aria-describedby", `${control.id}-hint`);
  return make("div", { class: "field" },
    make("label", { for: control.id }, label),
    control,
    hint && make("p", { class: "hint", id: `${control.id}-hint` }, hint));
}

export const options = (pairs, chosen) =>
  pairs.map(([value, label]) => make("option", { value, selected: value === chosen }, label));
