// What people texted, called and recorded, newest first; amber where nobody reads queue `inbound`.

import { isSimulated, overview } from "./account.js";
import { call, messageOf, pathOf } from "./api.js";
import { count } from "./data.js";
import { announce, button, make, markOpen, openRow, options, present, unseen } from "./dom.js";
import { stepRow } from "./list.js";
import { alwaysMasked, maskText, number, secret } from "./mask.js";
import { Poll } from "./poll.js";
import { FILTERS, callOf, eventName, personOf, recordingLink, tell } from "./received.js";
import { duration, moment, timeOfId, wholeTime, zoneMark } from "./times.js";
import { isUnread } from "./unread.js";

const PAGE = 40;
const MAX_PAGES = 8;

const COLUMNS = [["When", "when", zoneMark], ["Kind", "kind"], ["From", "from"], ["What", "what"]];

export function inbound(live, query) {
  const filter = make("select", { "aria-label": "What to show", change: () => restart() }, options(FILTERS, query.get("event") ?? ""));
  const queue = make("p", { class: "scope" }, "Asking…");
  const warning = make("div", { class: "help warn", hidden: true });
  const body = make("tbody", { click: openRow, keydown: stepRow });
  const table = make("table", { class: "entries", hidden: true }, make("caption", { class: "unseen" }, "What people texted, called and recorded"),
    make("thead", {}, make("tr", {}, COLUMNS.map(([name, kind, mark]) => make("th", { scope: "col", class: kind }, name, mark?.())))), body);
  const empty = make("div", { class: "empty", hidden: true });
  const more = button("Look further back", () => older(), { hidden: true });
  const element = make("div", {},
    make("div", { class: "heading first" }, make("h1", {}, "Inbound"), filter),
    queue, warning,
    make("div", { class: "received" }, table, empty),
    make("p", { class: "more" }, more));
  const rows = new Map(); // by id: {item, element}
  let next = null;

  // The newest page joins what is known already, or takes its place where there is a gap between.
  async function round() {
    const event = filter.value;
    const [hour, page] = await Promise.all([overview(), call("GET", "inbound", { query: { event, limit: PAGE } })]);
    if (event !== filter.value) return true;
    showQueue(hour.queues?.inbound);
    if (page.next === null || !page.items.some(({ id }) => rows.has(id))) {
      keep(new Set(page.items.map(({ id }) => id)));
      next = page.next;
    }
    return show(page.items);
  }

  // A page can be empty and yet not the last.
  async function older() {
    const [event, before] = [filter.value, rows.size];
    more.disabled = true;
    try {
      for (let pages = 0; pages < MAX_PAGES && next && rows.size === before; pages++) {
        const page = await call("GET", "inbound", { query: { event, limit: PAGE, cursor: next } });
        if (event !== filter.value) return;
        next = page.next;
        show(page.items);
      }
      announce(`${count(rows.size - before, "more", "more")}.`);
    } catch (error) {
      announce(messageOf(error));
    } finally {
      more.disabled = false;
    }
  }

  function restart() {
    keep(new Set());
    next = null;
    empty.hidden = more.hidden = true;
    poll.soon();
  }

  function keep(ids) {
    for (const [id, { element: row }] of rows) {
      if (ids.has(id)) continue;
      row.remove();
      rows.delete(id);
    }
  }

  function show(items) {
    const fresh = items.filter(({ id }) => !rows.has(id));
    for (const item of fresh) rows.set(item.id, { item, element: makeRow(item) });
    const sorted = [...rows.values()].sort((one, other) => timeOfId(other.item.id) - timeOfId(one.item.id) || one.item.id.localeCompare(other.item.id));
    let place = body.firstElementChild;
    for (const { element: row } of sorted) {
      if (row === place) place = place.nextElementSibling;
      else body.insertBefore(row, place);
    }
    more.hidden = next === null;
    table.hidden = rows.size === 0;
    empty.hidden = rows.size > 0;
    if (rows.size === 0) empty.replaceChildren(...nothing(filter.value, next));
    markOpen(body);
    return fresh.length > 0;
  }

  function showQueue(state) {
    const late = Boolean(state) && isUnread(state);
    queue.textContent = queueLine(state);
    warning.hidden = !late;
    if (late) warning.replaceChildren(...unread(state));
  }

  const poll = new Poll(round, live);
  return { element, stop: () => poll.stop(), poll };
}

function queueLine(state) {
  if (!state) return "Queue inbound does not answer.";
  if (!state.length) return "Queue inbound is empty: a program has read all of it, or nothing came.";
  const age = state.oldest_seconds === null ? "none of them due" : `the oldest for ${duration(state.oldest_seconds)}`;
  return `${count(state.length, "event waits", "events wait")} in queue inbound, ${age}.`;
}

const unread = ({ oldest_seconds: oldest }) => [
  make("p", {}, make("strong", {}, "Nobody reads queue inbound. "), `Its oldest event has waited for ${duration(oldest)}: what is listed here was answered by the app's settings alone.`),
  make("p", {}, make("strong", {}, "What to do: "), "Start the program that reads queue ", make("code", {}, "inbound"),
    ", answers, and deletes what it has dealt with. docs/recipes.md has one to begin with: “Read what people text, and answer”."),
];

function nothing(event, next) {
  if (next !== null) return [make("p", {}, "Nothing so far.")];
  if (event) return [make("p", {}, "Nothing of this kind has reached the app.")];
  const webhooks = [["Messaging", "webhooks/messages"], ["Voice", "webhooks/calls"]];
  return present([
    make("p", {}, "Nobody has texted or called yet."),
    isSimulated()
      ? make("p", {}, "Open the phone page, whose address ", make("code", {}, "python3 dev run"), " shows, and text or call the app's number from it.")
      : [make("p", {}, "In Twilio's console, point your number at the app, under its ", make("code", {}, "PUBLIC_BASE_URL"), ":"),
        make("dl", { class: "facts" }, webhooks.map(([name, path]) => [make("dt", {}, name), make("dd", {}, make("code", {}, `/api/${path}`))])),
        make("p", {}, "Then text or call it.")],
  ]);
}

function makeRow({ id, event }) {
  const kind = eventName(event);
  const person = personOf(event);
  return make("tr", {},
    make("th", { scope: "row", class: "when" },
      make("a", { href: `#/inbound/event/${id}` }, moment(event.at), unseen(`, ${kind.toLowerCase()} from ${alwaysMasked(person)}`))),
    make("td", { class: "kind" }, kind),
    make("td", { class: "from" }, number(person)),
    make("td", { class: "what" }, tell(event)));
}

// One event in the panel: what it is, what belongs to it, and the whole record.
export function eventPanel(id) {
  const heading = make("h1", { tabindex: "-1" }, "Details");
  const content = make("div", {}, make("p", {}, "Asking…"));
  const element = make("div", {}, heading, content);
  let isOver = false;

  async function load() {
    try {
      const { event } = await call("GET", pathOf("event", id));
      if (isOver) return;
      const sameCall = make("div", {});
      heading.replaceChildren(`${eventName(event)} from `, number(personOf(event)));
      content.replaceChildren(...present([
        make("p", { class: "summary" }, tell(event)),
        recordingLink(event) && make("p", { class: "hint" }, "Twilio keeps the recording, and may ask for the account's SID and auth token, or for an API key."),
        links(event, id), sameCall, make("h2", {}, "The whole record"), facts(event),
      ]));
      if (callOf(event)) await showCall(event, sameCall);
    } catch (error) {
      if (!isOver) content.replaceChildren(make("p", { class: "problem" }, error.status === 404 ? "It is not there any more: it was erased, or is too old." : messageOf(error)));
    }
  }

  load();
  return { element, heading, stop: () => { isOver = true; } };
}

// What else happened in the same call, of which one person's events tell.
async function showCall(event, place) {
  const person = personOf(event);
  if (!isNumber(person)) return;
  const { inbound: events } = await call("POST", "recipients/find", { body: { number: person } });
  const others = events.filter((each) => callOf(each) === callOf(event) && !(each.sid === event.sid && each.event === event.event));
  if (!others.length) return;
  others.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  place.replaceChildren(make("h2", {}, "In the same call"),
    make("ol", { class: "timeline" }, others.map((each) => make("li", {}, moment(each.at), make("p", {}, tell(each))))));
}

const isNumber = (person) => /^([a-z]+:)?\+\d{7,15}$/.test(person ?? "");

// The person, and the entry of ours that it belongs to or replies to.
function links(event, id) {
  const found = present([
    isNumber(personOf(event)) && make("a", { href: `#/inbound/person/${id}` }, "Everything about this person"),
    event.id && make("a", { href: `#/inbound/call/${encodeURIComponent(event.id)}` }, "The call of ours in which it happened"),
    event.in_reply_to && make("a", { href: `#/inbound/message/${encodeURIComponent(event.in_reply_to)}` }, "The message that it replies to"),
  ]);
  return found.length > 0 && make("ul", { class: "plain" }, found.map((link) => make("li", {}, link)));
}

const CONTENT = new Set(["body", "text", "speech", "speech_result", "transcription_text", "digits"]);
const NUMBERS = new Set(["from", "to", "caller", "called"]);

// Every field, as it stood on the queue.
function facts(event) {
  const value = (name, field) => {
    if (name === "at") return make("time", { datetime: field }, wholeTime(field));
    if (NUMBERS.has(name)) return number(field);
    if (CONTENT.has(name) && field) return secret(String(field), name);
    return maskText(typeof field === "string" ? field : JSON.stringify(field)) || "–";
  };
  return make("dl", { class: "facts record" }, Object.entries(event).map(([name, field]) => [make("dt", {}, name), make("dd", {}, value(name, field))]));
}
