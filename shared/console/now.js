// The first view: the last hour at a glance, and the newest messages and calls, live.

import { overview } from "./account.js";
import { advice } from "./advice.js";
import { capital, count, own, sum } from "./data.js";
import { badge, button, make } from "./dom.js";
import { List } from "./list.js";
import { Newest } from "./newest.js";
import { HandOver, Throughput } from "./plots.js";
import { Poll } from "./poll.js";
import { ARRIVED, FAILED, FINAL } from "./statuses.js";
import { clockTime, duration } from "./times.js";
import { isUnread } from "./unread.js";

const SHOWN = 40;

// The filter of `FILTERS` that it leads to, label, colour, and the number: together they are all entries of the hour.
const TILES = [
  ["scheduled", "Scheduled", "wait", (o) => o.states.scheduled],
  ["accepted", "Accepted", "wait", (o) => o.states.accepted],
  ["in_flight", "In flight", "busy", (o) => o.states.delivering],
  ["in_doubt", "In doubt", "doubt", (o) => o.states.in_doubt],
  ["handed_over", "Handed over", "busy", (o) => o.states.handed_over - sum(o.twilio_statuses, FINAL)],
  ["delivered", "Delivered", "good", (o) => sum(o.twilio_statuses, ARRIVED)],
  ["not_delivered", "Not delivered", "bad", (o) => sum(o.twilio_statuses, FAILED)],
  ["refused", "Refused", "bad", (o) => o.states.refused],
  ["parked", "Parked", "warn", (o) => o.states.parked],
  ["canceled", "Canceled", "over", (o) => o.states.canceled + sum(o.twilio_statuses, ["canceled"])],
];

export function now(live) {
  const newest = new Newest(undefined, undefined, SHOWN);
  const list = new List("The newest messages and calls", "now", () => poll.soon());
  const throughput = new Throughput();
  const handOver = new HandOver();
  const numbers = TILES.map(() => make("strong", {}, "–"));
  const scope = make("p", { class: "scope" }, "Counting…");
  const system = make("dl", { class: "system" });
  const arrived = button("", () => { held = null; list.selectAll(false); poll.soon(); }, { class: "arrived", hidden: true });
  const element = make("div", { class: "now" },
    make("h1", {}, "Now"),
    make("section", { "aria-label": "The last hour in numbers" },
      make("ul", { class: "tiles" }, TILES.map(([filter, label, tone], index) =>
        make("li", {}, make("a", { class: `tile ${tone}`, href: `#/find?status=${filter}` }, make("span", {}, label), numbers[index])))),
      scope),
    make("div", { class: "plots" }, throughput.plot.element, handOver.plot.element,
      make("section", { class: "card", "aria-labelledby": "system-heading" }, make("h2", { id: "system-heading" }, "Queues and Twilio"), system)),
    make("section", { "aria-labelledby": "newest-heading" },
      make("div", { class: "heading" }, make("h2", { id: "newest-heading" }, "Newest messages and calls"), arrived), list.element));

  let known = "";
  let held = null;

  function showOverview(hour) {
    TILES.forEach(([filter, , , number], index) => {
      numbers[index].textContent = number(hour).toLocaleString();
      const tile = numbers[index].parentElement;
      tile.href = `#/find?status=${filter}&since=${hour.complete_since}`;
      tile.classList.toggle("none", number(hour) === 0);
    });
    scope.textContent = hour.truncated
      ? `The newest ${hour.looked_at.toLocaleString()} of the last hour, back to ${clockTime(hour.complete_since)}.`
      : `${count(hour.looked_at, "message or call", "messages and calls")} in the last hour.`;
    throughput.show(hour);
    handOver.show(hour);
    system.replaceChildren(...twilio(hour.twilio), ...queues(hour.queues));
    const { until, ...rest } = hour;
    const text = JSON.stringify([rest.states, rest.twilio_statuses, rest.queues && Object.values(rest.queues).map((queue) => queue.length)]);
    const changed = text !== known;
    known = text;
    return changed;
  }

  // While rows are selected none move: what is new waits behind a button.
  function showItems(items) {
    const shown = items.slice(0, SHOWN);
    const keeps = list.selected.size > 0 && list.rows.size > 0;
    if (!keeps) held = null;
    else held ??= new Set(list.rows.keys());
    const fresh = held ? shown.filter((item) => !held.has(item.id)) : [];
    arrived.hidden = fresh.length === 0;
    arrived.textContent = `${fresh.length} new: show`;
    if (!held) return list.show(shown);
    const latest = new Map(items.map((item) => [item.id, item]));
    return list.show([...held].map((id) => latest.get(id) ?? list.rows.get(id)?.item).filter(Boolean));
  }

  async function round() {
    const [hour, items] = await Promise.all([overview(), newest.first()]);
    const changes = [showOverview(hour), showItems(items)];
    return changes.some(Boolean);
  }

  const poll = new Poll(round, live);
  return { element, stop: () => poll.stop(), poll };
}

const line = (name, [label, more], tone) => [make("dt", {}, name), make("dd", {}, badge(label, tone), more)];

function twilio({ answers, at, code, by }) {
  const when = by === "asking" ? `asked at ${clockTime(at)}` : `last request at ${clockTime(at)}`;
  const why = !answers && code ? `, ${advice(code).means}` : "";
  return line("Twilio", answers ? ["Answers", when] : ["Does not answer", when + why], answers ? "good" : "bad");
}

const QUEUES = { outbound: "Queue, now", "outbound-bulk": "Queue, bulk", inbound: "Queue, inbound" };

function queues(all) {
  if (!all) return line("Queues", ["Do not answer"], "bad");
  return Object.entries(all).flatMap(([name, state]) => {
    const { length, oldest_seconds: oldest } = state;
    const age = oldest === null ? (length ? "none due yet" : "") : `oldest ${duration(oldest)}`;
    const late = name === "inbound" ? isUnread(state) : oldest !== null && oldest > 60;
    const more = late && name === "inbound" ? [age, make("a", { href: "#/inbound" }, "Nobody reads it")] : age;
    return line(own(QUEUES, name, capital(name)), [length ? `${length.toLocaleString()} waiting` : "Empty", more], late ? "warn" : "good");
  });
}
