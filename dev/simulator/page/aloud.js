// Says what a caller would hear, with the browser's own voice, if somebody wants it.

import { OVER } from "./words.js";

export class Aloud {
  constructor(model) {
    this.on = false;
    model.addEventListener("heard", ({ detail }) => this.hear(detail));
    model.addEventListener("item", ({ detail }) => detail.type === "call" && OVER.has(detail.status) && this.quiet());
  }

  hear({ line }) {
    if (!this.on || line.event !== "say") return;
    const words = new SpeechSynthesisUtterance(line.text);
    if (line.language) words.lang = line.language;
    speechSynthesis.speak(words);
  }

  quiet() {
    if (this.on) speechSynthesis.cancel();
  }

  turn(on) {
    this.quiet();
    this.on = on;
  }
}
