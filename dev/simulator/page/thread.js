// The texts and calls of one phone, oldest first. Only a window of them is in the document.

import { el, icon } from "./element.js";
import { OVER, clock, ended, spaced } from "./wording.js";
import { media } from "./media.js";
import { transcript } from "./transcript.js";

const WINDOW = 40;
const NEAR = 60; // pixels from the end that still count as being there

const STATUS = {
  accepted: ["clock", "Accepted"], scheduled: ["clock", "Scheduled"], queued: ["clock", "Queued"],
  sending: ["clock", "Sending"], sent: ["tick", "Sent"], delivered: ["ticks", "Delivered"],
  read: ["ticks", "Read"], undelivered: ["alert", "Not delivered"], failed: ["alert", "Failed"],
  canceled: ["alert", "Canceled"],
};
const OWN = { taken: ["ticks", "The app took it"], failed: ["alert", "The app did not take it"] };
const CALLBACK = { lost: "its callback was lost", failed: "the app did not take its callback" };

function ticks(message) {
  const outcome = message.outcomes.get(message.inbound ? "received" : message.status);
  const [name, words] = message.inbound
    ? OWN[outcome] ?? ["tick", "Sent"]
    : STATUS[message.status] ?? ["clock", message.status];
  const more = [words, message.code && `error ${message.code}`, !message.inbound && CALLBACK[outcome]];
  const bad = name === "alert" || outcome === "lost" || outcome === "failed";
  const kind = bad ? ".bad" : outcome === "taken" ? ".taken" : "";
  return el(`span.ticks${kind}`, { "data-status": message.status }, icon(name), more.filter(Boolean).join(", "));
}

const NO_REPLY = "The app sent no reply: set INBOUND_MESSAGE to answer texts.";

function messageView(message, home) {
  const hint = el("p.hint", {}, NO_REPLY);
  const foot = el("div.foot");
  const other = message.other === home ? null : el("div.other", {}, spaced(message.other));
  const body = message.body ? el("div.body", {}, message.body) : null;
  const node = el(`li.message${message.inbound ? ".mine" : ""}`, { "data-sid": message.sid },
    el("div.bubble", {}, other, message.media.map(media), body), foot);
  return {
    node,
    update: () => {
      foot.replaceChildren(el("time", {}, clock(message.at)), ticks(message));
      if (message.noReply) node.append(hint);
      else hint.remove();
    },
  };
}

const WAY = { inbound: "You called", "outbound-dial": "Call put through from" };

function callView(call) {
  const words = el("span");
  const details = el("details", {}, el("summary", {}, icon("call"), words));
  let heard = null;
  details.addEventListener("toggle", () => {
    if (!details.open || heard) return;
    heard = transcript(call);
    details.append(heard.node);
  });
  const node = el("li.past-call", { "data-sid": call.sid }, details);
  return {
    node,
    update: () => {
      const over = OVER.has(call.status);
      details.hidden = !over;
      node.hidden = !over;
      const missed = over && (call.status !== "completed" || call.applicationError);
      node.classList.toggle("missed", missed);
      heard?.draw();
      words.textContent = `${WAY[call.direction] ?? "Call from"} ${spaced(call.other)} · ${ended(call)} · ${clock(call.at)}`;
    },
  };
}

/** The timeline of a phone. */
export class Thread {
  constructor(phone, model) {
    this.phone = phone;
    this.model = model;
    this.views = new Map();
    this.from = 0;
    this.earlier = el("button.button.quiet", { type: "button", onclick: () => this.showEarlier() }, "Show earlier");
    this.list = el("ol");
    this.node = el("div.thread", { tabindex: "0", role: "group", "aria-label": "Texts and calls" }, this.earlier, this.list);
    this.atEnd = true;
    this.node.addEventListener("scroll", () => { this.atEnd = this.isAtEnd(); });
    const observer = new ResizeObserver(() => this.atEnd && this.toEnd());
    observer.observe(this.node); // the room for the thread
    observer.observe(this.list); // what is in it: a status can add a line
    this.rebuild();
  }

  /** Draws the newest window again. */
  rebuild() {
    this.views.clear();
    this.list.replaceChildren();
    this.from = Math.max(0, this.phone.items.length - WINDOW);
    this.next = this.from;
    this.draw();
    this.toEnd();
  }

  isAtEnd() {
    return this.node.scrollHeight - this.node.scrollTop - this.node.clientHeight < NEAR;
  }

  toEnd() {
    this.atEnd = true;
    this.node.scrollTop = this.node.scrollHeight;
  }

  /** Draws what is new and what changed. */
  draw(changed = []) {
    const { items } = this.phone;
    const { atEnd } = this;
    // Far more at once than fits: only the newest window is worth building.
    if (atEnd && items.length - this.next > WINDOW) {
      this.rebuild();
      return;
    }
    const fresh = document.createDocumentFragment();
    while (this.next < items.length) fresh.append(this.build(items[this.next++]));
    this.list.append(fresh);
    for (const item of changed) this.views.get(item.sid)?.update();
    if (atEnd) this.trim();
    this.earlier.hidden = this.from === 0;
    if (atEnd) this.toEnd();
  }

  build(item) {
    const view = item.type === "call" ? callView(item) : messageView(item, this.model.number);
    view.update();
    this.views.set(item.sid, view);
    return view.node;
  }

  /** Keeps one window of items while the end is in view; earlier items stay while somebody reads them. */
  trim() {
    while (this.next - this.from > WINDOW) {
      const { sid } = this.phone.items[this.from++];
      this.views.get(sid)?.node.remove();
      this.views.delete(sid);
    }
  }

  showEarlier() {
    const height = this.node.scrollHeight;
    const from = Math.max(0, this.from - WINDOW);
    const older = this.phone.items.slice(from, this.from).map((item) => this.build(item));
    this.from = from;
    this.list.prepend(...older);
    this.earlier.hidden = from === 0;
    this.node.scrollTop += this.node.scrollHeight - height;
    if (this.earlier.hidden) this.node.focus();
  }
}
