// Looking for something: a number, an id, a SID, an error, a state, a time.

import { call, pathOf, messageOf } from "./api.js";
import { count } from "./data.js";
import { announce, button, field, make, options } from "./dom.js";
import { List } from "./list.js";
import { Newest } from "./newest.js";
import { readNumber } from "./phone_number.js";
import { FILTERS } from "./statuses.js";
import { clockTime, fieldTime, zoneMark } from "./times.js";

const MAX_PAGES = 8;
const PAGE = 40;

const ID = /^[0-9a-hjkmnp-tv-z]{22}(-\d{1,2})?$/;
const SID = /^(SM|MM|CA)[0-9a-f]{32}$/i;
const CODE = /^(\d{4,6}|[a-z]+_[a-z_]+)$/;

// A pasted text as filters; an {id} is not a filter but leads to its entry.
function filtersOf(text) {
  const word = text.trim();
  if (!word) return {};
  if (ID.test(word)) return { id: word };
  if (SID.test(word)) return { sid: word.slice(0, 2).toUpperCase() + word.slice(2).toLowerCase() };
  if (CODE.test(word)) return { error: word };
  const { number } = readNumber(word);
  return { to: /^\d/.test(number) ? `+${number}` : number };
}

export function find(live, query) {
  const text = make("input", { type: "search", name: "text", autocomplete: "off", spellcheck: "false", size: 34 });
  const kind = make("select", {}, options([["", "Texts and calls"], ["message", "Texts"], ["call", "Calls"]], query.get("kind") ?? ""));
  const status = make("select", {}, options(FILTERS, query.get("status") ?? ""));
  const since = make("input", { type: "datetime-local", step: 1 });
  const until = make("input", { type: "datetime-local", step: 1 });
  text.value = query.get("error") ?? "";
  since.value = fieldTime(query.get("since"));
  const list = new List("What was found", "find", () => search());
  const message = make("p", { class: "scope", "aria-live": "polite" });
  const more = button("Look further back", () => older(), { hidden: true });
  const element = make("div", {},
    make("h1", {}, "Find"),
    make("form", { class: "finder", role: "search", submit: (event) => { event.preventDefault(); search(); } },
      field("Number, id, SID or error code", text),
      field("Kind", kind), field("Status", status), field(["Accepted after", zoneMark()], since), field(["Accepted before", zoneMark()], until),
      make("button", { type: "submit", class: "primary" }, "Find")),
    message, list.element, make("p", {}, more));

  let newest = null;
  let opensSingle = false;
  let turn = 0;

  async function search() {
    const { id, ...wanted } = filtersOf(text.value);
    if (id) return open(id);
    const moment = (input) => input.value && new Date(input.value).toISOString();
    const times = { since: moment(since), until: moment(until) };
    const [, , alternatives] = FILTERS.find(([value]) => value === status.value);
    const sidKind = wanted.sid && (wanted.sid.startsWith("CA") ? "call" : "message");
    const chosen = sidKind ?? kind.value;
    opensSingle = Boolean(wanted.sid);
    newest = new Newest(alternatives.map((each) => ({ ...wanted, ...each, ...times })), chosen ? [chosen] : undefined, PAGE);
    list.selectAll(false);
    list.show([]);
    return older();
  }

  // One page after another until there is enough to see: a page can be empty and yet not the last.
  async function older() {
    const current = ++turn;
    const enough = newest.items.length + (newest.lists[0].next === "" ? 1 : PAGE);
    more.hidden = true;
    message.textContent = "Looking…";
    try {
      for (let pages = 0; pages < MAX_PAGES && newest.hasMore && newest.items.length < enough; pages++) {
        await newest.older();
        if (current !== turn) return;
        list.show(newest.items);
        message.textContent = `Looking… back to ${newest.reached ? clockTime(newest.reached) : "the beginning"}`;
      }
    } catch (error) {
      if (current === turn) message.textContent = messageOf(error);
      return;
    }
    more.hidden = !newest.hasMore;
    message.textContent = `${count(newest.items.length, "found", "found")}, looked ${newest.hasMore ? `back to ${clockTime(newest.reached)}` : "all the way back"}.`;
    const narrowed = text.value && (kind.value || status.value || since.value || until.value);
    list.empty.textContent = newest.hasMore ? "Nothing so far." : `Nothing fits.${narrowed ? " Kind, status and times narrow it as well." : ""}`;
    if (newest.items.length === 1 && opensSingle) show(newest.items[0].kind, newest.items[0].id);
  }

  // An id does not tell its kind, so each kind is tried. The rows of an earlier search go.
  async function open(id) {
    turn++;
    more.hidden = true;
    list.show([]);
    list.empty.hidden = true;
    message.textContent = "Looking…";
    for (const each of ["message", "call", "batch", "alert"]) {
      try {
        await call("GET", pathOf(each, id));
      } catch (error) {
        if (error.status === 404) continue;
        message.textContent = messageOf(error);
        return;
      }
      message.textContent = "Found.";
      show(each, id);
      return;
    }
    message.textContent = "There is nothing with this id.";
    announce(message.textContent);
  }

  const show = (each, id) => { location.hash = `#/find/${each}/${id}`; };

  live(null);
  search();
  return { element, stop: () => { turn++; }, ready: () => text.focus() };
}
