// The keys that the console knows, shown by `h`.

import { button, make } from "./dom.js";
import { dialog } from "./dialogs.js";

const KEYS = [
  [["h"], "Show these keys"],
  [["↓", "↑"], "Go to the next or the previous row of a list"],
  [["x"], "Select the row, or take it out of the selection"],
  [["Enter"], "Open the row"],
  [["Escape"], "Close what is open, and go back to its row"],
];

export function showHelp() {
  const element = dialog("Keys",
    make("dl", { class: "facts keys" }, KEYS.map(([keys, what]) => [make("dt", {}, keys.map((key) => [make("kbd", {}, key), " "])), make("dd", {}, what)])),
    make("p", { class: "hint" }, "In a list, move to a row with Tab first."),
    make("div", { class: "actions" }, button("Close", () => element.close())));
  element.querySelector("button").focus();
}

addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input:not([type=checkbox]), textarea, select, dialog");
  if (event.key !== "h" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog")) return;
  event.preventDefault();
  showHelp();
});
