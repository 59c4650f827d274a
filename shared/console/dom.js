// Elements from code: every text is a text node, so nothing that we show can become markup.

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
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Say something to people who do not see the page; the same words twice are said twice.
export function announce(words) {
  const announcer = document.getElementById("announcer");
  announcer.textContent = announcer.textContent === words ? `${words}\u00a0` : words;
}

export const unseen = (text) => make("span", { class: "unseen" }, text);

export const button = (label, click, attributes) =>
  make("button", { type: "button", click, ...attributes }, label);

// Of a list's links, the one to what is open beside it says so.
export function markOpen(list) {
  for (const link of list.querySelectorAll("tbody a")) {
    if (link.hash === location.hash) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

let fields = 0;

// A label with its field, and what there is to say about it.
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

export const count = (number, one, many = `${one}s`) =>
  `${number.toLocaleString()} ${number === 1 ? one : many}`;
