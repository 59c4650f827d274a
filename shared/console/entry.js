// One message or call in the panel: its status, its story, and what can be done.

import * as actions from "./actions.js";
import { advice, isFutile } from "./advice.js";
import { call, pathOf, messageOf } from "./api.js";
import { capital } from "./data.js";
import { announce, badge, button, make, present } from "./dom.js";
import { storyOf } from "./events.js";
import { List } from "./list.js";
import { maskText, number, secret } from "./mask.js";
import { Poll } from "./poll.js";
import { isOpen, kindName, problem, statusOf } from "./statuses.js";
import { during, sentence, summary, toneOf } from "./story.js";
import { moment, wholeTime } from "./times.js";

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
    heading.replaceChildren(`${kindName(entry.kind)} to `, number(entry.to));
    content.replaceChildren(...present([
      make("p", { class: "summary" }, badge(...statusOf(entry)), " ", maskText(summary(entry))),
      buttons(entry),
      problem(entry) && help(problem(entry)),
      texts(entry),
      make("h2", {}, "What happened"),
      make("ol", { class: "timeline" }, storyOf(entry).map((event) => step(event, entry))),
      make("h2", {}, "Facts"),
      facts(entry),
      entry.raw !== undefined && make("details", {}, make("summary", {}, "What was on the queue"), make("pre", { tabindex: "0" }, maskText(entry.raw))),
    ]));
    content.querySelectorAll("details").forEach((each, index) => { each.open = open[index] ?? false; });
    if (hadFocus) heading.focus();
  }

  // Retry does not stand out where it would only fail again.
  function buttons(entry) {
    const { retry, cancel, cancelName } = actions.offers(entry);
    const again = () => poll.soon();
    return make("div", { class: "actions" },
      retry && button("Retry…", () => actions.retry([entry], again), { class: `writes ${isFutile(entry.error) ? "quiet" : "primary"}` }),
      cancel && button(`${cancelName}…`, () => actions.cancel([entry], again), { class: "writes danger" }),
      button("Copy as text", (event) => copy(asText(entry), event.target)));
  }

  const remask = () => { if (known) show(JSON.parse(known)); };
  addEventListener("masking", remask);
  const poll = new Poll(round, ({ error }) => {
    if (error) content.replaceChildren(make("p", { class: "problem" }, messageOf(error)));
    else if (known && !JSON.parse(known).deliveries && !isOpen(JSON.parse(known))) poll.wait = Math.max(poll.wait, 10_000);
  });
  return { element, heading, stop: () => { removeEventListener("masking", remask); poll.stop(); } };
}

function step(event, entry) {
  const { event: name, at, ...fields } = event;
  const detail = JSON.stringify(fields, null, 1).replace(/[{}"]/g, "").trim();
  return make("li", { class: toneOf(event, entry) },
    moment(at), make("p", {}, callStep(event) ?? maskText(sentence(event, entry))),
    make("details", {}, make("summary", {}, name), detail && make("pre", { tabindex: "0" }, maskText(detail))));
}

// What somebody did during the call; more than a choice in a menu is masked.
function callStep(event) {
  const result = during(event);
  if (!result) return null;
  const { before, value, isSecret, href } = result;
  return [before, value && [" ", isSecret ? secret(value, "what it was") : value], href && [" ", make("a", { href, rel: "noreferrer", target: "_blank" }, "Listen")]];
}

const ID = /^[0-9a-z]{22}$/;
const TEXTS = [["body", "What it says"], ["say", "What is said"], ["steps", "What is said, as steps"]];

// The text as asked for, where the app gives it.
const texts = (entry) => TEXTS.filter(([name]) => entry[name]).map(([name, title]) => [
  make("h2", {}, title),
  make("p", { class: "text" }, secret(typeof entry[name] === "string" ? entry[name] : JSON.stringify(entry[name], null, 1), "the text")),
]);

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
    ...Object.entries(entry.metadata).map(([name, value]) =>
      [name, name === "alert" && ID.test(value) ? make("a", { href: `#/alerts/alert/${value}` }, value) : maskText(value)]),
  ];
  return make("dl", { class: "facts" }, rows.map(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

// The story as a person would paste it into a ticket; numbers as they are shown, texts never.
const asText = (entry) => [
  maskText(`${kindName(entry.kind)} to ${entry.to} · ${entry.id} · ${entry.sid ?? "no SID"}`),
  maskText(summary(entry)),
  ...storyOf(entry).map((event) => `${event.at}  ${maskText(sentence(event, entry))}`),
].join("\n");

async function copy(text, element) {
  const before = element.dataset.label ??= element.textContent; // not "Copied" of a moment ago
  try {
    await navigator.clipboard.writeText(text);
    element.textContent = "Copied";
  } catch {
    element.textContent = "Could not copy";
  }
  announce(element.textContent);
  setTimeout(() => { element.textContent = before; }, 3_000);
}
