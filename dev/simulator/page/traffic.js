// The requests between Twilio and the app, the newest first.

import * as curl from "./curl.js";
import { byId, copy, el } from "./element.js";

const STEP = 60;
const FILTERS = {
  Everything: () => true,
  "App to Twilio": (event) => event.kind === "request",
  "Twilio to app": (event) => event.kind === "webhook",
  Trouble: (event) => isTrouble(event),
};

const isTrouble = (event) => event.kind === "error" || event.kind === "fault" || Boolean(event.fault || event.error) || event.status >= 400;

const TIME = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });

function path(url) {
  try {
    const { pathname, search } = new URL(url, location.origin);
    return pathname + search;
  } catch {
    return url;
  }
}

const short = (text) => text.replace(/^\/2010-04-01\/Accounts\/[^/]+/, "…");

/** One line about an event: from whom to whom, what, and the outcome. */
function headline(event) {
  if (event.kind === "request") return ["App → Twilio", `${event.method} ${short(event.path)}`, event.fault ?? event.status];
  const about = event.parameters?.MessageStatus ?? event.parameters?.CallStatus;
  const line = `${event.method ?? "POST"} ${path(event.url ?? "")}${about ? ` · ${about}` : ""}`;
  if (event.kind === "webhook") return ["Twilio → app", line, event.status ?? "no answer"];
  if (event.kind === "fault") return ["Twilio → app", line, "lost"];
  return ["Error", event.text, event.code];
}

function pretty(text) {
  if (text.startsWith("{")) {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  }
  return text.replace(/></g, ">\n<");
}

const parametersOf = (event) => (event.form ? Object.fromEntries(new URLSearchParams(event.form)) : event.parameters ?? {});

function block(title, text) {
  return text ? [el("h4", {}, title), el("pre", { tabindex: "0", "aria-label": title }, text)] : [];
}

function table(event) {
  const rows = Object.entries(parametersOf(event)).filter(([, value]) => value !== "");
  if (!rows.length) return [];
  return [el("h4", {}, "Parameters"), el("dl", { tabindex: "0" }, rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, pretty(value)))))];
}

function command(event, model) {
  if (event.kind === "request") return curl.ofRequest(event, model.account);
  return event.kind === "webhook" ? curl.ofWebhook(event) : "";
}

function body(event, model) {
  const text = command(event, model);
  const button = el("button.button", { type: "button", onclick: () => copy(button, text) }, "Copy as curl");
  return el("div.traffic-body", {},
    block("Address", event.url ?? event.path), table(event), block("Signature", event.signature),
    block(event.fault ? "Answer that was held back" : "Answer", event.answer && pretty(event.answer)),
    block("What went wrong", event.error ?? (event.kind === "error" ? event.text : "")),
    event.took_ms === undefined ? null : el("p.took", {}, `Answered in ${event.took_ms} ms`),
    text ? button : null);
}

function entry(event, model) {
  const [who, what, outcome] = headline(event);
  const details = el(`details.${event.kind}${isTrouble(event) ? ".trouble" : ""}`, {},
    el("summary", {}, el("span.who", {}, who), el("time", {}, TIME.format(event.at * 1000)),
      el("span.what", {}, what), el("span.outcome", {}, String(outcome ?? ""))));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(body(event, model));
  });
  return el("li", { "data-kind": event.kind }, details);
}

export class Traffic {
  constructor(model) {
    this.model = model;
    this.list = byId("traffic-list");
    this.chosen = "Everything";
    this.fresh = [];
    byId("filters").append(...Object.keys(FILTERS).map((name) => this.filter(name)));
    byId("more-traffic").addEventListener("click", () => {
      this.most += STEP;
      this.rebuild(this.most);
    });
  }

  filter(name) {
    const choose = () => {
      this.chosen = name;
      for (const button of byId("filters").children) button.setAttribute("aria-pressed", String(button === made));
      this.rebuild();
    };
    const made = el("button.filter", { type: "button", "aria-pressed": String(name === this.chosen), onclick: choose }, name);
    return made;
  }

  get isShown() {
    return !byId("drawer").hidden;
  }

  /** Adds an event, which is drawn with the next frame if the drawer is open. */
  add(event) {
    if (this.isShown && FILTERS[this.chosen](event)) this.fresh.push(event);
  }

  /** Draws the newest events again; none while the drawer is closed. */
  rebuild(most = STEP) {
    this.most = most;
    const fitting = this.isShown ? this.model.traffic.filter(FILTERS[this.chosen]) : [];
    this.fresh = [];
    this.list.replaceChildren(...fitting.slice(-most).reverse().map((event) => entry(event, this.model)));
    byId("more-traffic").hidden = fitting.length <= most;
  }

  draw() {
    if (!this.fresh.length) return;
    const newest = this.fresh.splice(0).slice(-this.most).reverse();
    this.list.prepend(...newest.map((event) => entry(event, this.model)));
    // An event that somebody opened stays, however many arrive.
    const spare = [...this.list.children].slice(this.most).filter((item) => !item.firstElementChild.open);
    for (const item of spare) item.remove();
    if (spare.length) byId("more-traffic").hidden = false;
  }
}
