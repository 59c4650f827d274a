// How an action went, as a notice at the edge of the page: it stays until it is dismissed.

import { messageOf } from "./api.js";
import { announce, button, make } from "./dom.js";

// [content, tone] lines, of what will happen or of what did.
export const effects = (lines) =>
  make("ul", { class: "effects" }, lines.map(([content, tone]) => make("li", { class: tone }, content)));

// A notice; gives the function that fills it.
function notice() {
  const content = make("div", {});
  const element = make("div", { class: "notice" }, content, button("Dismiss", () => element.remove(), { class: "quiet" }));
  return (...nodes) => {
    content.replaceChildren(...nodes);
    announce(content.textContent);
    if (!element.isConnected) document.getElementById("notices").append(element);
  };
}

export const notify = (...lines) => notice()(effects(lines));

// Run `act(progress)`, which gives lines, and show how far it is and how it went.
export async function runWithNotice(label, act) {
  const meter = make("progress", { max: 1, value: 0, "aria-label": label });
  const show = notice();
  show(make("p", {}, `${label}…`), meter);
  let lines;
  try {
    lines = await act((part) => { meter.value = part; });
  } catch (error) {
    lines = [[messageOf(error), "stay"]];
  }
  show(effects(lines));
}
