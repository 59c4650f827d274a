// What is said, pressed and done in a call, line by line as the TwiML is executed.

import { say } from "./aloud.js";
import { el } from "./element.js";
import { inWords } from "./words.js";

const MOST = 200;

function lineView(line) {
  const { text, spoken } = inWords(line);
  const wrong = line.event === "error" || line.event === "warning";
  const kind = spoken ? `said.${line.who}` : wrong ? "wrong" : "step";
  return el(`li.${kind}`, { "data-event": line.event, "data-who": line.who }, text, line.words && playing(line.words));
}

/** A button that plays a recording: what was typed, in the browser's own voice. */
const playing = (words) =>
  el("button.play", { type: "button", "aria-label": "Play the recording", onclick: () => { speechSynthesis.cancel(); say(words); } }, "Play");

/** The transcript of a call; `draw` adds what came since. */
export function transcript(call) {
  const list = el("ol");
  const node = el("div.transcript", { role: "log", "aria-label": "What is heard in this call", tabindex: "0" }, list);
  let drawn = Math.max(0, call.transcript.length - MOST);
  const draw = () => {
    if (drawn === call.transcript.length) return;
    list.append(...call.transcript.slice(drawn).map(lineView));
    drawn = call.transcript.length;
    while (list.childElementCount > MOST) list.firstElementChild.remove();
    node.scrollTop = node.scrollHeight;
  };
  draw();
  return { node, draw };
}
