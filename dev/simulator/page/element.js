// Builds elements. Text becomes text nodes only, so nothing that somebody sends is markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element of `tag` with attributes, `on…` listeners and children; null, undefined and false are left out. */
export function el(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const node = document.createElement(name);
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Builds one of the page's icons. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** Builds a button that shows only an icon. */
export const iconButton = (name, label, onclick, kind = "") =>
  el(`button.icon-button${kind && `.${kind}`}`, { type: "button", "aria-label": label, title: label, onclick }, icon(name));

export const byId = (id) => document.getElementById(id);

/** Returns a function that calls `draw` in the next frame, once however often it is called. */
export function onceAFrame(draw) {
  let isPending = false;
  return () => {
    if (isPending) return;
    isPending = true;
    requestAnimationFrame(() => {
      isPending = false;
      draw();
    });
  };
}

/** Awaits a request and shows its error. */
export async function attempt(problem, answer) {
  problem.textContent = "";
  try {
    await answer;
  } catch (error) {
    problem.textContent = `This did not work: ${error.message}`;
  }
}

/** Sets a switch, a button of role `switch`. */
export const setSwitch = (button, on) => button.setAttribute("aria-checked", String(on));
export const isOn = (button) => button.getAttribute("aria-checked") === "true";

/** Copies a text and says so on the button. */
export async function copy(button, text) {
  const before = button.dataset.words ??= button.textContent; // not "Copied" of a moment ago
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select it and copy";
  }
  setTimeout(() => { button.textContent = before; }, 3000);
}
