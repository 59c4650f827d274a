// The table of messages and calls: rows keep their place, focus and selection while they change.

import * as actions from "./actions.js";
import { advice } from "./advice.js";
import { count } from "./data.js";
import { badge, button, make, markOpen, openRow, unseen } from "./dom.js";
import { alwaysMasked, maskText, number } from "./mask.js";
import { kindName, noun, problem, statusName, statusOf } from "./statuses.js";
import { moment, zoneMark } from "./times.js";

// name, class, and what else stands in the heading
const COLUMNS = [["When", "when", zoneMark], ["Kind", "wide"], ["To", "to"], ["Status", "status"], ["Notes", "wide"]];

const STEPS = new Map([["ArrowDown", "nextElementSibling"], ["ArrowUp", "previousElementSibling"]]);

// An arrow key goes to the row above or below.
export function stepRow(event) {
  const next = event.target.closest("tr")?.[STEPS.get(event.key)];
  if (!next) return;
  next.querySelector("a").focus();
  event.preventDefault();
}

export class List {
  // `view` is the one that an entry is opened beside; `acted` is called after an action.
  constructor(caption, view, acted = () => {}) {
    this.view = view;
    this.acted = acted;
    this.rows = new Map();
    this.selected = new Set();
    this.all = make("input", { type: "checkbox", "aria-label": "Select all that are shown", change: () => this.selectAll(this.all.checked) });
    this.body = make("tbody", { keydown: (event) => this.onKey(event), click: openRow });
    this.chosen = make("span", {});
    this.retry = button("Retry…", () => actions.retry(this.selection, () => this.done()), { class: "writes" });
    this.tools = make("div", { class: "selection", role: "group", "aria-label": "Selection", hidden: true },
      this.chosen,
      this.retry,
      button("Cancel…", () => actions.cancel(this.selection, () => this.done()), { class: "writes" }),
      button("Clear", () => this.selectAll(false), { class: "quiet" }));
    this.empty = make("p", { class: "empty", hidden: true }, "Nothing here.");
    this.element = make("div", { class: "list" },
      this.tools,
      make("table", { class: "entries" },
        make("caption", { class: "unseen" }, caption),
        make("thead", {}, make("tr", {},
          make("th", { scope: "col", class: "tick" }, this.all),
          COLUMNS.map(([name, kind, mark]) => make("th", { scope: "col", class: kind }, name, mark?.())))),
        this.body),
      this.empty);
  }

  get selection() {
    return [...this.selected].map((id) => this.rows.get(id)?.item).filter(Boolean);
  }

  // Show these, in this order; gives whether anything is different from before.
  show(items) {
    let changed = items.length !== this.rows.size;
    const ids = new Set(items.map((item) => item.id));
    for (const [id, row] of this.rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.rows.delete(id);
      this.selected.delete(id);
    }
    let place = this.body.firstElementChild;
    for (const item of items) {
      let row = this.rows.get(item.id);
      const text = JSON.stringify(item);
      if (!row) {
        row = { element: make("tr", {}, this.tick(item), COLUMNS.map(([, kind], index) => make(index ? "td" : "th", { class: kind, scope: index ? null : "row" }))) };
        this.rows.set(item.id, row);
        changed = true;
      }
      if (row.text !== text) {
        changed = true;
        Object.assign(row, { item, text });
        this.fill(row);
      }
      if (row.element === place) place = place.nextElementSibling;
      else this.body.insertBefore(row.element, place);
    }
    this.empty.hidden = items.length > 0;
    this.count();
    markOpen(this.body);
    return changed;
  }

  tick(item) {
    return make("td", { class: "tick" }, make("input", {
      type: "checkbox", "aria-label": `Select the ${noun(item.kind)} to ${alwaysMasked(item.to)}`,
      change: (event) => this.select(item.id, event.target.checked),
    }));
  }

  fill({ element, item }) {
    const link = make("a", { href: `#/${this.view}/${item.kind === "call" ? "call" : "message"}/${item.id}` },
      moment(item.accepted_at), unseen(`, ${noun(item.kind)} to ${alwaysMasked(item.to)}`));
    const kind = kindName(item.kind);
    const contents = [
      [link, make("span", { class: "narrow", "aria-hidden": "true" }, kind)], [kind], [number(item.to)],
      [badge(...statusOf(item))], [notes(item)],
    ];
    contents.forEach((content, index) => {
      const cell = element.children[index + 1];
      // Where the focus is inside, only what changed may be replaced.
      if (cell.querySelector("a, button")) return;
      cell.replaceChildren(...content);
    });
  }

  select(id, chosen) {
    if (chosen) this.selected.add(id);
    else this.selected.delete(id);
    this.count();
  }

  selectAll(chosen) {
    for (const id of this.rows.keys()) {
      if (chosen) this.selected.add(id);
      else this.selected.delete(id);
    }
    this.count();
  }

  count() {
    const number = this.selected.size;
    for (const [id, { element }] of this.rows) {
      const chosen = this.selected.has(id);
      element.firstElementChild.firstElementChild.checked = chosen;
      element.classList.toggle("chosen", chosen);
    }
    this.all.disabled = this.rows.size === 0;
    this.all.checked = number > 0 && number === this.rows.size;
    this.all.indeterminate = number > 0 && number < this.rows.size;
    this.tools.hidden = number === 0;
    this.retry.hidden = !this.selection.some(actions.canRetry);
    this.chosen.textContent = `${count(number, "selected", "selected")}`;
  }

  done() {
    this.selectAll(false);
    this.acted();
  }

  // Arrow keys go from row to row, `x` selects the row, as in a mail program; `h` tells of them.
  onKey(event) {
    stepRow(event);
    if (event.key === "x" && event.target.tagName === "A") event.target.closest("tr").querySelector("input").click();
  }
}

function notes(item) {
  const { code, message } = problem(item) ?? {};
  const [label] = statusOf(item);
  return [
    code && `${code} · ${advice(code, message).means}`,
    !code && item.twilio_status && statusName(item.twilio_status) !== label && `Twilio: ${statusName(item.twilio_status).toLowerCase()}`,
    item.attempts > 1 && count(item.attempts, "attempt"),
    ...Object.entries(item.metadata).map(([name, value]) => `${name}: ${maskText(value)}`),
  ].filter(Boolean).join(" · ");
}
