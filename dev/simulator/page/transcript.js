// What is said, pressed and done in a call, line by line as the TwiML runs.

import { say } from "./speech.js";
import { el } from "./element.js";
import { describeLine } from "./wording.js";

const MAX_LINES = 200;

function lineView(line) {
  const { text, spoken } = describeLine(line);
  const wrong = line.event === "error" || line.event === "warning";
  const kind = spoken ? `said.${line.who}` : wrong ? "wrong" : "step";
  return el(`li.${kind}`, { "data-event": line.event, "data-who": line.who }, text, line.words && playing(line.words));
}

/** A button that plays a recording: the typed text, in the browser's voice. */
const playing = (words) =>
  el("button.play", { type: "button", "aria-label": "Play the recording", onclick: () => { speechSynthesis.cancel(); say(words); } }, "Play");

/** The transcript of a call; `draw` adds new lines. The last one is in view. */
export function transcript(call) {
  const list = el("ol");
  const node = el("div.transcript", { role: "log", "aria-label": "What is heard in this call", tabindex: "0" }, list);
  let drawn = Math.max(0, call.transcript.length - MAX_LINES);
  const toEnd = () => { node.scrollTop = node.scrollHeight; };
  const draw = () => {
    if (drawn === call.transcript.length) return;
    list.append(...call.transcript.slice(drawn).map(lineView));
    drawn = call.transcript.length;
    while (list.childElementCount > MAX_LINES) list.firstElementChild.remove();
    toEnd();
  };
  draw();
  new ResizeObserver(toEnd).observe(node); // also when it is first shown
  return { node, draw };
}
