// One phone: who it is, the call that it is on, its thread, and the box to write in.

import { CallCard, goesOn } from "./call.js";
import { attempt, el, icon, iconButton, isOn, setSwitch } from "./element.js";
import { request } from "./simulator.js";
import { Thread } from "./thread.js";
import { spaced } from "./wording.js";

export const avatar = (address) => el("span.avatar", { "aria-hidden": "true" }, address.replace(/\D/g, "").slice(-2) || address.slice(-2));

export class Column {
  constructor(phone, model, close) {
    this.phone = phone;
    this.model = model;
    this.cards = new Map();
    this.thread = new Thread(phone, model);
    this.calls = el("div.calls");
    this.answers = el("button.switch", { type: "button", role: "switch", onclick: () => this.toggle() }, "I answer calls");
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
    const input = el("input", { id, autocomplete: "off", placeholder: "Text the app" });
    const send = (event) => {
      event.preventDefault();
      const body = input.value;
      if (!body.trim()) return;
      input.value = "";
      this.post("messages", { body });
    };
    return el("form.composer", { onsubmit: send },
      iconButton("call", "Call the app", () => this.post("calls", { held: true }), "accent"),
      el("label.visually-hidden", { for: id }, `Text the app from ${spaced(this.phone.address)}`), input,
      el("button.icon-button.filled", { type: "submit", "aria-label": "Send" }, icon("send")));
  }

  post(path, fields) {
    const answer = request("POST", path, { from: this.phone.address, to: this.model.number, ...fields });
    return attempt(this.problem, answer);
  }

  toggle() {
    const answers = isOn(this.answers);
    return attempt(this.problem, request("PUT", `phones/${encodeURIComponent(this.phone.address)}`, { answers }));
  }

  /** Draws what changed. */
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
      this.thread.toEnd(); // where the call now is
    }
  }

  addCard(call) {
    const card = new CallCard(call);
    this.cards.set(call.sid, card);
    this.calls.append(card.node);
  }

  /** Draws everything again; a half-written text stays. */
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
