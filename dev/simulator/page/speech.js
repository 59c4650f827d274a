// Speaks what a caller would hear, with the browser's voice, if the switch is on.

import { OVER } from "./wording.js";

/** Speaks a text now. */
export function say(text, language) {
  const words = new SpeechSynthesisUtterance(text);
  if (language) words.lang = language;
  speechSynthesis.speak(words);
}

export class Speech {
  constructor(model) {
    this.on = false;
    model.addEventListener("heard", ({ detail }) => this.hear(detail));
    model.addEventListener("item", ({ detail }) => detail.type === "call" && OVER.has(detail.status) && this.quiet());
  }

  hear({ line }) {
    if (!this.on || line.event !== "say") return;
    say(line.text, line.language);
  }

  quiet() {
    if (this.on) speechSynthesis.cancel();
  }

  turn(on) {
    this.quiet();
    this.on = on;
  }
}
