// Dialogs: one question at a time, which says first what will happen.

import { button, make, present } from "./dom.js";
import { effects, runWithNotice } from "./notices.js";

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

// Ask whether to do something. `lines` say what will happen, `act(progress)` does it and gives the
// lines of the notice that follows; without `act` there is nothing that could be done. `more` is a field.
export function confirm({ heading, lines, more, label, danger, act, after = () => {} }) {
  const go = act && button(label, async () => {
    element.close();
    await runWithNotice(label, act);
    after();
  }, { class: danger ? "danger" : "primary" });
  const close = button(act ? "Leave it" : "Close", () => element.close());
  const element = dialog(heading, effects(lines), ...present([more]), make("div", { class: "actions" }, go, close));
  close.focus();
}
