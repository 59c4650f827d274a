// The first view: the last hour at a glance, and the newest messages and calls, live.

import { call } from "./api.js";
import { button, count, make } from "./dom.js";
import { List } from "./list.js";
import { Newest } from "./newest.js";
import { HandOver, Throughput } from "./plots.js";
import { Poll } from "./poll.js";
import { clockTime, duration } from "./times.js";
import { ARRIVED, FAILED, FINAL, advice, capital, sum } from "./words.js";

const SHOWN = 40;

// place in `PLACES`, label, tone, how many
const TILES = [
  ["accepted", "Accepted", "wait", (o) => o.states.accepted + o.states.scheduled],
  ["in_flight", "In flight", "busy", (o) => o.states.delivering],
  ["in_doubt", "In doubt", "doubt", (o) => o.states.in_doubt],
  ["handed_over", "Handed over", "busy", (o) => Math.max(0, o.states.handed_over - sum(o.twilio_statuses, FINAL))],
  ["delivered", "Delivered", "good", (o) => sum(o.twilio_statuses, ARRIVED)],
  ["not_delivered", "Not delivered", "bad", (o) => sum(o.twilio_statuses, FAILED)],
  ["refused", "Refused", "bad", (o) => o.states.refused],
  ["parked", "Parked", "warn", (o) => o.states.parked],
];

export function now(live) {
  const newest = new Newest({}, undefined, SHOWN);
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
      make("ul", { class: "tiles" }, TILES.map(([place, label, tone], index) =>
        make("li", {}, make("a", { class: `tile ${tone}`, href: `#/find?where=${place}` }, make("span", {}, label), numbers[index])))),
      scope),
    make("div", { class: "plots" }, throughput.plot.element, handOver.plot.element,
      make("section", { class: "card", "aria-labelledby": "system-heading" }, make("h2", { id: "system-heading" }, "Queues and Twilio"), system)),
    make("section", { "aria-labelledby": "newest-heading" },
      make("div", { class: "heading" }, make("h2", { id: "newest-heading" }, "Newest messages and calls"), arrived), list.element));

  let known = "";
  let held = null;

  function overviewed(overview) {
    TILES.forEach(([place, , , number], index) => {
      numbers[index].textContent = number(overview).toLocaleString();
      const tile = numbers[index].parentElement;
      tile.href = `#/find?where=${place}&since=${overview.complete_since}`;
      tile.classList.toggle("none", number(overview) === 0);
    });
    scope.textContent = overview.truncated
      ? `The newest ${overview.looked_at.toLocaleString()} of the last hour, back to ${clockTime(overview.complete_since)}.`
      : `${count(overview.looked_at, "message or call", "messages and calls")} in the last hour.`;
    throughput.show(overview);
    handOver.show(overview);
    system.replaceChildren(...twilio(overview.twilio), ...queues(overview.queues));
    const { until, ...rest } = overview;
    const text = JSON.stringify([rest.states, rest.twilio_statuses, rest.queues && Object.values(rest.queues).map((queue) => queue.length)]);
    const changed = text !== known;
    known = text;
    return changed;
  }

  // While rows are selected none move: what is new waits behind a button.
  function listed(items) {
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
    const [overview, items] = await Promise.all([call("GET", "overview"), newest.first()]);
    const changes = [overviewed(overview), listed(items)];
    return changes.some(Boolean);
  }

  const poll = new Poll(round, live);
  return { element, stop: () => poll.stop(), poll };
}

const line = (name, words, tone) => [make("dt", {}, name), make("dd", {}, make("span", { class: `badge ${tone}` }, words[0]), ...words.slice(1))];

function twilio({ answers, at, code, by }) {
  const when = by === "asking" ? `asked at ${clockTime(at)}` : `last request at ${clockTime(at)}`;
  const why = !answers && code ? `, ${advice(code).means}` : "";
  return line("Twilio", answers ? ["Answers", when] : ["Does not answer", when + why], answers ? "good" : "bad");
}

const QUEUES = { outbound: "Queue, now", "outbound-bulk": "Queue, bulk", inbound: "Queue, inbound" };

function queues(known) {
  if (!known) return line("Queues", ["Do not answer"], "bad");
  return Object.entries(known).flatMap(([name, { length, oldest_seconds: oldest }]) => {
    const age = oldest === null ? (length ? "none due yet" : "") : `oldest ${duration(oldest)}`;
    const late = oldest !== null && oldest > 60 && name !== "inbound";
    return line(QUEUES[name] ?? capital(name), [length ? `${length.toLocaleString()} waiting` : "Empty", age], late ? "warn" : "good");
  });
}
