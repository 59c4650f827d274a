// Looking for something: a number, an id, a SID, an error, a state, a time.

import { ApiError, call, pathOf } from "./api.js";
import { announce, button, count, field, make, options } from "./dom.js";
import { List } from "./list.js";
import { Newest } from "./newest.js";
import { clockTime, fieldTime } from "./times.js";
import { PLACES } from "./words.js";

const MOST_PAGES = 8;
const ENOUGH = 40;

const ID = /^[0-9a-hjkmnp-tv-z]{22}(-\d{1,2})?$/;
const SID = /^(SM|MM|CA)[0-9a-f]{32}$/i;
const CODE = /^(\d{4,6}|[a-z]+_[a-z_]+)$/;

// What a text that somebody pasted means, as filters; {id} is no filter but a place to go.
export function meaning(text) {
  const word = text.trim();
  if (!word) return {};
  if (ID.test(word)) return { id: word };
  if (SID.test(word)) return { sid: word.slice(0, 2).toUpperCase() + word.slice(2).toLowerCase() };
  if (CODE.test(word)) return { error: word };
  const [, channel, rest] = /^([a-z]+:)?(.*)$/i.exec(word);
  const digits = rest.replace(/[\s().-]/g, "").replace(/^00/, "+");
  return { to: (channel ?? "") + (/^\d/.test(digits) ? `+${digits}` : digits) };
}

export function find(live, query) {
  const text = make("input", { type: "search", name: "text", autocomplete: "off", spellcheck: "false", size: 34 });
  const kind = make("select", {}, options([["", "Texts and calls"], ["message", "Texts"], ["call", "Calls"]], query.get("kind") ?? ""));
  const place = make("select", {}, options(PLACES.map(([value, label]) => [value, label]), query.get("where") ?? ""));
  const since = make("input", { type: "datetime-local", step: 1 });
  const until = make("input", { type: "datetime-local", step: 1 });
  text.value = query.get("error") ?? "";
  since.value = fieldTime(query.get("since"));
  const list = new List("What was found", "find", () => search());
  const said = make("p", { class: "scope", "aria-live": "polite" });
  const more = button("Look further back", () => older(), { hidden: true });
  const element = make("div", {},
    make("h1", {}, "Find"),
    make("form", { class: "finder", role: "search", submit: (event) => { event.preventDefault(); search(); } },
      field("Number, id, SID or error code", text),
      field("Kind", kind), field("Where it is", place), field("Accepted after", since), field("Accepted before", until),
      make("button", { type: "submit", class: "primary" }, "Find")),
    said, list.element, make("p", {}, more));

  let newest = null;
  let turn = 0;

  async function search() {
    const { id, ...wanted } = meaning(text.value);
    if (id) return open(id);
    const moment = (input) => input.value && new Date(input.value).toISOString();
    const filters = { ...wanted, ...PLACES.find(([value]) => value === place.value)[2], since: moment(since), until: moment(until) };
    const sidKind = wanted.sid && (wanted.sid.startsWith("CA") ? "call" : "message");
    const chosen = sidKind ?? kind.value;
    newest = new Newest(filters, chosen ? [chosen] : undefined, ENOUGH);
    list.selectAll(false);
    list.show([]);
    return older();
  }

  // One page after another until there is enough to see: a page can be empty and yet not the last.
  async function older() {
    const mine = ++turn;
    const enough = newest.items.length + (newest.lists[0].next === "" ? 1 : ENOUGH);
    more.hidden = true;
    said.textContent = "Looking…";
    try {
      for (let pages = 0; pages < MOST_PAGES && newest.hasMore && newest.items.length < enough; pages++) {
        await newest.older();
        if (mine !== turn) return;
        list.show(newest.items);
        said.textContent = `Looking… back to ${newest.reached ? clockTime(newest.reached) : "the beginning"}`;
      }
    } catch (error) {
      if (mine === turn) said.textContent = error instanceof ApiError ? error.words : String(error);
      return;
    }
    more.hidden = !newest.hasMore;
    said.textContent = `${count(newest.items.length, "found", "found")}, looked ${newest.hasMore ? `back to ${clockTime(newest.reached)}` : "all the way back"}.`;
    const narrowed = text.value && (kind.value || place.value || since.value || until.value);
    list.empty.textContent = newest.hasMore ? "Nothing so far." : `Nothing fits.${narrowed ? " Kind, place and times narrow it as well." : ""}`;
    if (newest.items.length === 1 && newest.filters.sid) show(newest.items[0].kind, newest.items[0].id);
  }

  // An id says nothing of its kind: each is asked for.
  async function open(id) {
    said.textContent = "Looking…";
    for (const each of ["message", "call", "batch"]) {
      try {
        await call("GET", pathOf(each, id));
      } catch (error) {
        if (error.status === 404) continue;
        said.textContent = error.words;
        return;
      }
      said.textContent = "Found.";
      show(each, id);
      return;
    }
    list.show([]);
    said.textContent = "There is nothing with this id.";
    announce(said.textContent);
  }

  const show = (each, id) => { location.hash = `#/find/${each}/${id}`; };

  live(null);
  search();
  return { element, stop: () => { turn++; }, ready: () => text.focus() };
}
