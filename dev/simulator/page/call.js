// A call that is going on: it rings, is answered or declined, takes keys and speech, and ends.

import { attempt, byId, el, icon } from "./element.js";
import { act } from "./simulator.js";
import { transcript } from "./transcript.js";
import { length, spaced } from "./wording.js";

const KEYS = [..."123456789*0#"];
const LETTERS = { 2: "ABC", 3: "DEF", 4: "GHI", 5: "JKL", 6: "MNO", 7: "PQRS", 8: "TUV", 9: "WXYZ" };
const NAMES = { "*": "Star", "#": "Hash" };
const LISTENS = new Set(["gather", "record", "pay"]); // what waits for the person

const SHOWN = new Set(["ringing", "in-progress"]);
/** Whether an item is a call that has something to show or do at this moment. */
export const goesOn = (item) => item.type === "call" && SHOWN.has(item.status);
export const rings = (item) => item.type === "call" && item.status === "ringing" && !item.inbound;

/** Whether the app waits for keys or speech: it asked, and there is no answer that it reacted to. */
function listens(transcript) {
  const start = transcript.findLastIndex((line) => LISTENS.has(line.event));
  if (start < 0) return false;
  const answer = transcript.findIndex((line, place) => place > start && line.who === "caller");
  return answer < 0 || !transcript.slice(answer).some((line) => line.who === "switchboard");
}

export class CallCard {
  constructor(call) {
    this.call = call;
    this.title = el("h3");
    this.time = el("p.call-time");
    this.heard = transcript(call);
    this.problem = el("p.problem", { role: "alert" });
    this.actions = el("div.actions");
    this.node = el("section.call", { "aria-label": `Call with ${spaced(call.other)}`, "data-sid": call.sid },
      el("div.call-head", {}, el("span.ring-icon", {}, icon("call")), el("div", {}, this.title, this.time)),
      this.heard.node, this.problem, this.actions);
    this.node.addEventListener("keydown", (event) => this.typed(event));
    this.timer = setInterval(() => this.tick(), 1000);
    this.draw();
  }

  draw() {
    const { call } = this;
    this.heard.draw();
    if (this.status !== call.status) {
      const held = this.node.contains(document.activeElement);
      this.status = call.status;
      this.node.dataset.status = rings(call) ? "rings" : call.status;
      this.title.textContent = spaced(call.other);
      this.actions.replaceChildren(...(rings(call) ? this.ringing() : this.talking()));
      if (held) this.actions.querySelector("button, input")?.focus();
    }
    this.node.classList.toggle("listening", listens(call.transcript));
    this.tick();
  }

  tick() {
    const { call } = this;
    const words = { ringing: call.inbound ? "Calling the app…" : "is calling" };
    this.time.textContent = words[call.status] ?? length(Math.max(0, Date.now() / 1000 - (call.answeredAt ?? call.at)));
  }

  ringing() {
    const button = (kind, words, action) =>
      el(`button.button.${kind}`, { type: "button", onclick: () => this.do(action) }, icon("call"), words);
    return [el("div.pair", {}, button("danger", "Decline", "decline"), button("primary", "Answer", "answer"))];
  }

  talking() {
    const hangUp = el("button.button.danger", { type: "button", onclick: () => this.do("hangup") }, icon("call"), "Hang up");
    if (this.call.status === "ringing") return [hangUp];
    const words = el("input", { id: `say-${this.call.sid}`, autocomplete: "off", placeholder: "Say something…" });
    const form = el("form.say", { onsubmit: (event) => {
      event.preventDefault();
      if (words.value.trim()) this.do({ speech: words.value.trim() });
      words.value = "";
    } }, el("label.visually-hidden", { for: words.id }, "Say something"), words, el("button.button", { type: "submit" }, "Say"));
    const pad = el("div.keypad", { role: "group", "aria-label": "Keypad" }, KEYS.map((key) => this.key(key)));
    return [pad, form, hangUp];
  }

  key(key) {
    return el("button.key", { type: "button", "aria-label": NAMES[key], onclick: () => this.do({ digits: key }) },
      el("b", {}, key), el("small", { "aria-hidden": "true" }, LETTERS[key] ?? ""));
  }

  typed(event) {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (plain && KEYS.includes(event.key) && this.status === "in-progress" && event.target.tagName !== "INPUT") {
      this.do({ digits: event.key });
    }
  }

  do(action) {
    return attempt(this.problem, act(this.call.sid, action));
  }

  /** Removes the card; a focus in it moves to the text box. */
  remove() {
    clearInterval(this.timer);
    const held = this.node.contains(document.activeElement);
    const phone = this.node.closest(".phone");
    this.node.remove();
    (held && phone ? phone.querySelector(".composer input") : null)?.focus();
  }
}

/** Says in the title and to screen readers that a phone rings. */
export function announceRinging(calls) {
  const [first] = calls;
  document.title = first ? `${spaced(first.phone.address)} rings` : "Everybody's phone";
  const words = first ? `${spaced(first.phone.address)} rings: a call from ${spaced(first.other)}` : "";
  if (byId("alarm").textContent !== words) byId("alarm").textContent = words;
}
