// One message or call in the panel: where it is, its story, and what can be done.

import * as act from "./act.js";
import { call, pathOf } from "./api.js";
import { announce, button, make } from "./dom.js";
import { List } from "./list.js";
import { maskText, number } from "./mask.js";
import { Poll } from "./poll.js";
import { moment, wholeTime } from "./times.js";
import { sentence, summary, toneOf } from "./story.js";
import { KINDS, advice, capital, isOpen, problem, where } from "./words.js";

export function entryPanel(kind, id, view) {
  const heading = make("h1", { tabindex: "-1" }, "Details");
  const content = make("div", {}, make("p", {}, "Asking…"));
  const element = make("div", {}, heading, content);
  let known = "";

  async function round() {
    const entry = await call("GET", pathOf(kind, id));
    const text = JSON.stringify(entry);
    if (text === known) return false;
    const before = known;
    known = text;
    show(entry);
    if (before && !entry.deliveries) announce(summary(entry));
    return true;
  }

  function show(entry) {
    if (entry.deliveries) showJob(entry);
    else showOne(entry);
  }

  function showJob(entry) {
    heading.textContent = `${entry.count} recipients of one ${kind}`;
    const list = new List("The recipients", view, () => poll.soon());
    list.show(entry.deliveries);
    content.replaceChildren(list.element);
  }

  // What was open stays open, and the focus stays in the panel.
  function showOne(entry) {
    const open = [...content.querySelectorAll("details")].map((each) => each.open);
    const hadFocus = content.contains(document.activeElement);
    const [label, tone] = where(entry);
    heading.replaceChildren(`${KINDS[entry.kind]} to `, number(entry.to));
    content.replaceChildren(...[
      make("p", { class: "summary" }, make("span", { class: `badge ${tone}` }, label), " ", maskText(summary(entry))),
      actions(entry),
      problem(entry) && help(problem(entry)),
      make("h2", {}, "What happened"),
      make("ol", { class: "timeline" }, entry.events.map((event) => step(event, entry))),
      make("h2", {}, "Facts"),
      facts(entry),
      entry.raw !== undefined && make("details", {}, make("summary", {}, "What was on the queue"), make("pre", { tabindex: "0" }, maskText(entry.raw))),
    ].filter(Boolean));
    content.querySelectorAll("details").forEach((each, index) => { each.open = open[index] ?? false; });
    if (hadFocus) heading.focus();
  }

  function actions(entry) {
    const { retry, cancel, cancelName } = act.offers(entry);
    const again = () => poll.soon();
    return make("div", { class: "actions" },
      retry && button("Retry…", () => act.retry([entry], again), { class: "primary" }),
      cancel && button(`${cancelName}…`, () => act.cancel([entry], again), { class: "danger" }),
      button("Copy as text", (event) => copy(asText(entry), event.target)));
  }

  const remask = () => { if (known) show(JSON.parse(known)); };
  addEventListener("masking", remask);
  const poll = new Poll(round, ({ error }) => {
    if (error) content.replaceChildren(make("p", { class: "problem" }, error.words ?? String(error)));
    else if (known && !JSON.parse(known).deliveries && !isOpen(JSON.parse(known))) poll.wait = Math.max(poll.wait, 10_000);
  });
  return { element, heading, stop: () => { removeEventListener("masking", remask); poll.stop(); } };
}

function step(event, entry) {
  const fields = { ...event };
  for (const name of ["event", "at"]) delete fields[name];
  const detail = JSON.stringify(fields, null, 1).replace(/[{}"]/g, "").trim();
  return make("li", { class: toneOf(event) },
    moment(event.at), make("p", {}, maskText(sentence(event, entry))),
    make("details", {}, make("summary", {}, event.event), detail && make("pre", { tabindex: "0" }, maskText(detail))));
}

function help({ code, message }) {
  const { means, do: what } = advice(code, message);
  return make("div", { class: "help" }, make("p", {}, make("span", { class: "code" }, code), " ", `${capital(means)}.`),
    make("p", {}, make("strong", {}, "What to do: "), what));
}

function facts(entry) {
  const rows = [
    ["Id", make("code", {}, entry.id)],
    ["SID", entry.sid ? make("code", {}, entry.sid) : "none yet"],
    ["From", entry.from?.startsWith("+") ? number(entry.from) : entry.from ?? "–"],
    ["Accepted", make("time", { datetime: entry.accepted_at }, wholeTime(entry.accepted_at))],
    ["Attempts", entry.attempts],
    ...Object.entries(entry.metadata).map(([name, value]) => [name, maskText(value)]),
  ];
  return make("dl", { class: "facts" }, rows.map(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

// The story as a person would paste it into a ticket; numbers as they are shown.
const asText = (entry) => [
  maskText(`${KINDS[entry.kind]} to ${entry.to} · ${entry.id} · ${entry.sid ?? "no SID"}`),
  maskText(summary(entry)),
  ...entry.events.map((event) => `${event.at}  ${maskText(sentence(event, entry))}`),
].join("\n");

async function copy(text, element) {
  const before = element.dataset.words ??= element.textContent; // not "Copied" of a moment ago
  try {
    await navigator.clipboard.writeText(text);
    element.textContent = "Copied";
  } catch {
    element.textContent = "Could not copy";
  }
  announce(element.textContent);
  setTimeout(() => { element.textContent = before; }, 3_000);
}
