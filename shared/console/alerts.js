// Alerts that somebody must answer: the open ones as cards, and below them those that are over.

import { alertButtons } from "./alert_actions.js";
import { alertText, people } from "./alert_panel.js";
import { CLOSED, alertName, alertStatus, alertSummary, nextStep } from "./alert_words.js";
import { call, messageOf, pathOf } from "./api.js";
import { capital, count } from "./data.js";
import { announce, badge, button, field, make, markOpen, openRow, options, unseen } from "./dom.js";
import { maskText } from "./mask.js";
import { Poll } from "./poll.js";
import { clockTime, moment, timeOfId, zoneMark } from "./times.js";

const MAX_OPEN = 50;
// The app looks at some hundred alerts for a page, so one that is open can stand behind an empty page.
const MAX_PAGES = 4;
// Looking at an alert costs the app a look at its messages and calls.
const MAX_STORIES = 10;
// So many notifications stand on a card, the newest; all are in the alert's story.
const MAX_NOTIFIED = 6;
const PAGE = 20;

export function alerts(live) {
  const cards = new Map();
  const list = make("ul", { class: "alerts" });
  const none = make("p", { class: "empty", hidden: true }, "No alert is open.");
  const scope = make("p", { class: "scope", hidden: true });
  const closed = new Closed(() => poll.soon());
  const element = make("div", {}, make("h1", {}, "Alerts"),
    make("section", { "aria-label": "Open alerts" }, none, list, scope), closed.element);

  async function round() {
    const [items, hasMore] = await openAlerts();
    const told = await Promise.all(items.slice(0, MAX_STORIES).map(({ id }) => call("GET", pathOf("alert", id))));
    const changes = [showOpen([...told.filter(({ state }) => state === "open"), ...items.slice(MAX_STORIES)]), await closed.refresh()];
    none.hidden = items.length > 0 || hasMore;
    scope.hidden = !hasMore;
    scope.textContent = `${count(items.length, "open alert")} among the newest; there may be more behind them.`;
    return changes.some(Boolean);
  }

  // The rows keep their place and focus; gives whether anything is different from before.
  function showOpen(items) {
    const ids = new Set(items.map(({ id }) => id));
    let changed = false;
    for (const [id, card] of cards) {
      if (ids.has(id)) continue;
      card.element.remove();
      cards.delete(id);
      changed = true;
    }
    items.forEach((item, index) => {
      const isNew = !cards.has(item.id);
      if (isNew) cards.set(item.id, makeCard(item.id, () => poll.soon()));
      const card = cards.get(item.id);
      changed = card.show(item) || changed;
      if (list.children[index] !== card.element) list.insertBefore(card.element, list.children[index] ?? null);
      if (isNew && poll.at) announce(`Open: ${alertName(item)}`);
    });
    markOpen(list);
    return changed;
  }

  const remask = () => { for (const card of cards.values()) card.fill(); closed.fill(true); };
  addEventListener("masking", remask);
  const poll = new Poll(round, live);
  return { element, stop: () => { removeEventListener("masking", remask); poll.stop(); }, poll };
}

// The alerts that are open, newest first, and whether there may be more.
async function openAlerts() {
  const items = [];
  let cursor = "";
  for (let pages = 0; pages < MAX_PAGES && cursor !== null && items.length < MAX_OPEN; pages++) {
    const page = await call("GET", "alerts", { query: { state: "open", limit: MAX_OPEN, cursor } });
    items.push(...page.items);
    cursor = page.next;
  }
  return [items, cursor !== null];
}

function makeCard(id, after) {
  const link = make("a", { href: `#/alerts/alert/${id}` });
  const text = make("p", { class: "text" });
  const now = make("p", {});
  const next = make("p", { class: "meta" });
  const repeats = make("p", { class: "meta" });
  const warnings = make("ul", { class: "warnings" });
  const before = make("p", { class: "meta" });
  const notified = make("div", {});
  const buttons = alertButtons(id, after);
  const element = make("li", { class: "card" },
    make("div", { class: "heading first" }, make("h2", {}, link), badge(...alertStatus("open"))),
    text, warnings, now, before, notified, next, repeats, buttons.element);
  let known = "";
  let alert = null;

  function show(latest) {
    const changed = JSON.stringify(latest) !== known;
    if (changed) {
      known = JSON.stringify(latest);
      alert = latest;
      fill();
    }
    next.textContent = maskText(nextStep(alert)); // by the time that it is
    return changed;
  }

  // The links or buttons of the notifications that are called as this one, however many others are
  // there: what was only meant to be sent has no link.
  const alike = (one) => [...notified.querySelectorAll("a, button")].filter((each) => nameOf(each) === nameOf(one));

  // What can have the focus is replaced only where it changed, and the focus stays.
  function fill() {
    link.textContent = alertName(alert);
    if (!text.firstChild) text.append(alertText(alert));
    now.textContent = maskText(alertSummary(alert));
    next.textContent = maskText(nextStep(alert));
    repeats.textContent = alert.count > 1 ? `Raised ${count(alert.count, "time", "times")}.` : "";
    warnings.replaceChildren(...alert.warnings.map((each) => make("li", {}, `${capital(maskText(each))}.`)));
    const focused = document.activeElement;
    const place = notified.contains(focused) ? alike(focused).indexOf(focused) : -1;
    // Without its story, an alert tells at least of the level that is under way.
    const all = alert.notifications ?? alert.levels[alert.run?.level]?.notify ?? [];
    const hidden = Math.max(0, all.length - MAX_NOTIFIED);
    before.textContent = hidden ? `${count(hidden, "notification")} before these.` : "";
    notified.replaceChildren(people(all.slice(hidden), true));
    if (place >= 0) alike(focused)[place]?.focus();
    buttons.show(alert);
  }

  return { element, show, fill };
}

const nameOf = (element) => element.getAttribute("aria-label") ?? element.textContent;

const COLUMNS = [["Raised", "when", zoneMark], ["Alert"], ["Status"], ["What became of it", "wide"], ["Times", "wide"]];

// The alerts that are over, newest first: the first page is kept up to date, older ones are looked for.
class Closed {
  constructor(search) {
    this.known = new Map();
    this.rows = new Map();
    this.status = make("select", { change: () => this.restart(search) }, options([["", "Any"], ...CLOSED.map((state) => [state, alertStatus(state)[0]])], ""));
    this.key = make("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    this.body = make("tbody", { click: openRow });
    this.empty = make("p", { class: "empty", hidden: true });
    this.more = button("Look further back", () => this.older(), { hidden: true });
    this.message = make("p", { class: "scope", "aria-live": "polite" });
    this.element = make("section", { "aria-labelledby": "closed-heading" },
      make("div", { class: "heading" }, make("h2", { id: "closed-heading" }, "Answered and closed")),
      make("form", { class: "finder short", role: "search", submit: (event) => { event.preventDefault(); this.restart(search); } },
        field("Key", this.key), field("Status", this.status), make("button", { type: "submit" }, "Find")),
      make("table", { class: "entries closed" }, make("caption", { class: "unseen" }, "Alerts that are answered or closed"),
        make("thead", {}, make("tr", {}, COLUMNS.map(([name, kind, mark]) => make("th", { scope: "col", class: kind }, name, mark?.())))), this.body),
      this.empty, this.message, make("p", {}, this.more));
  }

  get query() {
    return { state: this.status.value || CLOSED.join(), key: this.key.value, limit: PAGE };
  }

  restart(search) {
    this.known.clear();
    this.next = undefined;
    search();
  }

  async refresh() {
    const { items, next } = await call("GET", "alerts", { query: this.query });
    const last = next === null ? "~" : items.at(-1)?.id ?? "";
    const ids = new Set(items.map(({ id }) => id));
    for (const id of this.known.keys()) if (id <= last && !ids.has(id)) this.known.delete(id);
    for (const item of items) this.known.set(item.id, item);
    if (this.next === undefined) this.next = next;
    return this.fill();
  }

  async older() {
    try {
      const { items, next } = await call("GET", "alerts", { query: { ...this.query, cursor: this.next } });
      for (const item of items) this.known.set(item.id, item);
      this.next = next;
    } catch (error) {
      this.message.textContent = messageOf(error);
      return;
    }
    this.fill();
  }

  fill(always) {
    const items = [...this.known.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
    const text = JSON.stringify([items, this.next]);
    if (text === this.text && !always) return false;
    this.text = text;
    const focused = document.activeElement?.hash;
    this.body.replaceChildren(...items.map(closedRow));
    if (focused) [...this.body.querySelectorAll("a")].find(({ hash }) => hash === focused)?.focus();
    markOpen(this.body);
    this.empty.hidden = items.length > 0;
    this.empty.textContent = this.next ? "Nothing so far." : "Nothing here.";
    this.more.hidden = !this.next;
    this.message.textContent = this.next ? `Looked back to ${clockTime(timeOfId(this.next))}.` : "";
    return true;
  }
}

const closedRow = (alert) => make("tr", {},
  make("th", { scope: "row" }, make("a", { href: `#/alerts/alert/${alert.id}` }, moment(alert.raised_at), unseen(`, ${alertName(alert)}`))),
  make("td", { class: "key" }, alertName(alert), make("span", { class: "narrow" }, maskText(alertSummary(alert)))),
  make("td", {}, badge(...alertStatus(alert.state))),
  make("td", { class: "wide" }, maskText(alertSummary(alert))),
  make("td", { class: "wide" }, alert.count.toLocaleString()));
