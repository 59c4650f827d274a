// One phone: who it is, the call that it is on, its thread, and the box to write in.

import { CallCard, goesOn } from "./call.js";
import { attempt, el, icon, iconButton, isOn, setSwitch } from "./element.js";
import { ask } from "./simulator.js";
import { Thread } from "./thread.js";
import { spaced } from "./words.js";

export const avatar = (address) => el("span.avatar", { "aria-hidden": "true" }, address.replace(/\D/g, "").slice(-2) || address.slice(-2));

export class Column {
  constructor(phone, model, close) {
    this.phone = phone;
    this.model = model;
    this.cards = new Map();
    this.thread = new Thread(phone, model);
    this.calls = el("div.calls");
    this.answers = el("button.switch", { type: "button", role: "switch", onclick: () => this.toggle() }, "I answer myself");
    this.problem = el("p.problem", { role: "alert" });
    this.node = el("section.phone", { "aria-label": `Phone ${spaced(phone.address)}`, "data-number": phone.address },
      el("header.phone-head", {},
        iconButton("back", "All phones", close, "back"), avatar(phone.address),
        el("div.who", {}, el("h2", {}, spaced(phone.address)), this.answers),
        iconButton("close", `Put ${spaced(phone.address)} away`, close, "put-away")),
      this.calls, this.thread.node, this.problem, this.composer());
    this.draw();
  }

  composer() {
    const id = `text-${this.phone.address}`;
    const words = el("input", { id, autocomplete: "off", placeholder: "Text the app" });
    const send = (event) => {
      event.preventDefault();
      const body = words.value;
      if (!body.trim()) return;
      words.value = "";
      this.ask("messages", { body });
    };
    return el("form.composer", { onsubmit: send },
      iconButton("call", "Call the app", () => this.ask("calls", { held: true }), "accent"),
      el("label.visually-hidden", { for: id }, `Text the app from ${spaced(this.phone.address)}`), words,
      el("button.icon-button.filled", { type: "submit", "aria-label": "Send" }, icon("send")));
  }

  ask(path, fields) {
    const asked = ask("POST", path, { from: this.phone.address, to: this.model.number, ...fields });
    return attempt(this.problem, asked);
  }

  toggle() {
    const answers = isOn(this.answers);
    return attempt(this.problem, ask("PUT", `phones/${encodeURIComponent(this.phone.address)}`, { answers }));
  }

  /** Draw anew what changed. */
  draw(changed = []) {
    const { behaves } = this.phone;
    setSwitch(this.answers, behaves ? !behaves.answers : this.model.answering);
    this.thread.draw(changed);
    for (const call of changed.filter((item) => item.type === "call")) this.drawCall(call);
    this.node.classList.toggle("in-call", this.cards.size > 0);
    this.model.see(this.phone);
  }

  drawCall(call) {
    const card = this.cards.get(call.sid);
    if (goesOn(call)) {
      if (card) card.draw();
      else this.addCard(call);
    } else if (card) {
      card.remove();
      this.cards.delete(call.sid);
    }
  }

  addCard(call) {
    const card = new CallCard(call);
    this.cards.set(call.sid, card);
    this.calls.append(card.node);
    card.heard.node.scrollTop = card.heard.node.scrollHeight;
  }

  /** Begin again, after the model did; what somebody is writing stays. */
  rebuild() {
    for (const card of this.cards.values()) card.remove();
    this.cards.clear();
    this.thread.rebuild();
    this.draw(this.phone.items.filter(goesOn));
  }

  remove() {
    for (const card of this.cards.values()) card.remove();
    this.node.remove();
  }
}
