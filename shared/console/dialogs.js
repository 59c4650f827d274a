// Asking before doing: what will happen is said first, how it went afterwards.

import { announce, button, make } from "./dom.js";

let names = 0;

// A modal dialog with a heading; closed, it is gone, and the focus is where it was.
export function dialog(heading, ...content) {
  const before = document.activeElement;
  const id = `dialog-${++names}`;
  const element = make("dialog", { "aria-labelledby": id }, make("h2", { id }, heading), ...content);
  element.addEventListener("close", () => {
    element.remove();
    if (before?.isConnected) before.focus();
  });
  document.body.append(element);
  element.showModal();
  return element;
}

// Ask whether to do something. `effects` are [words, tone] lines, `act(progress)` does it and gives
// the lines of what came of it; without `act` there is nothing that could be done.
export function confirm({ heading, effects, label, danger, act, after = () => {} }) {
  const list = make("ul", { class: "effects" }, effects.map(([words, tone]) => make("li", { class: tone }, words)));
  const go = act && button(label, run, { class: danger ? "danger" : "primary" });
  const close = button(act ? "Leave it" : "Close", () => element.close());
  const element = dialog(heading, list, make("div", { class: "actions" }, go, close));
  (act ? close : element.querySelector("button")).focus();

  async function run() {
    go.disabled = true;
    element.setAttribute("aria-busy", "true");
    const meter = make("progress", { max: 1, value: 0, "aria-label": "Progress" });
    list.replaceWith(meter);
    const lines = await act((part) => { meter.value = part; });
    meter.replaceWith(make("ul", { class: "effects" }, lines.map(([words, tone]) => make("li", { class: tone }, words))));
    announce(lines.map(([words]) => words).join(" "));
    element.removeAttribute("aria-busy");
    go.remove();
    close.textContent = "Close";
    close.focus();
    after();
  }
}
