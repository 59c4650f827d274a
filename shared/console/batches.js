// The newest batches, and one with its progress.

import * as act from "./act.js";
import { call } from "./api.js";
import { button, count, draw, make, markOpen } from "./dom.js";
import { failureCards } from "./failures.js";
import { number } from "./mask.js";
import { Poll } from "./poll.js";
import { clockTime, duration, moment } from "./times.js";
import { FAILED, FINAL, KINDS, PENDING, stateName, statusName, sum, thing } from "./words.js";

export function batches(live) {
  const body = make("tbody", {});
  const empty = make("p", { class: "empty", hidden: true }, "No batch was accepted yet.");
  const element = make("div", {}, make("h1", {}, "Batches"),
    make("table", { class: "entries" }, make("caption", { class: "unseen" }, "The newest batches"),
      make("thead", {}, make("tr", {}, COLUMNS.map(([name, kind]) => make("th", { scope: "col", class: kind }, name)))), body), empty);
  const rows = new Map();

  async function round() {
    const { items } = await call("GET", "batches");
    empty.hidden = items.length > 0;
    const fresh = items.filter(({ id }) => !rows.has(id));
    for (const batch of fresh) rows.set(batch.id, row(batch));
    if (fresh.length) body.replaceChildren(...items.map(({ id }) => rows.get(id).element));
    markOpen(body);
    // Looking at a batch costs the app a look at its jobs: one at a time, and not once it is done.
    let changed = fresh.length > 0;
    for (const { id } of items) {
      if (poll.over) break;
      if (!rows.get(id).isOver) changed = show(await call("GET", `batches/${id}`)) || changed;
    }
    return changed;
  }

  function row(batch) {
    const cell = make("td", {}, "…");
    const element = make("tr", {},
      make("th", { scope: "row" }, make("a", { href: `#/batches/batch/${batch.id}` }, moment(batch.at)),
        make("span", { class: "narrow" }, `${count(batch.count, thing(batch.kind))}`)),
      make("td", { class: "wide" }, `${KINDS[batch.kind]}s`),
      make("td", { class: "wide" }, batch.count.toLocaleString()),
      cell,
      make("td", { class: "wide" }, leftOut(batch)),
      make("td", { class: "wide" }, batch.lane));
    return { element, cell, text: "" };
  }

  function show(batch) {
    const mine = rows.get(batch.id);
    const text = JSON.stringify([batch.states, batch.twilio_statuses]);
    if (!mine || mine.text === text) return false;
    Object.assign(mine, { text, isOver: pending(batch) + atTwilio(batch) === 0 });
    mine.cell.replaceChildren(progress(batch).join(", "), bar(batch));
    return true;
  }

  // What is open beside the list is looked at more often.
  const told = ({ detail }) => show(detail);
  addEventListener("progressed", told);
  const poll = new Poll(round, live);
  return { element, stop: () => { removeEventListener("progressed", told); poll.stop(); }, poll };
}

const COLUMNS = [["Accepted"], ["Kind", "wide"], ["Recipients", "wide"], ["Progress"], ["Left out", "wide"], ["Lane", "wide"]];

const leftOut = (batch) =>
  [[batch.duplicates, "twice"], [batch.skipped, "invalid"]].filter(([many]) => many).map(([many, why]) => `${many} ${why}`).join(", ") || "–";

const pending = ({ states }) => sum(states, PENDING);
const lost = (batch) => sum(batch.twilio_statuses, FAILED);
const atTwilio = (batch) => sum(batch.states, ["handed_over"]) - sum(batch.twilio_statuses, FINAL);

// How far it is, in words: `18 of 20 done`, `2 failed`.
function progress(batch) {
  const failed = sum(batch.states, ["refused", "parked"]) + lost(batch);
  const rest = pending(batch);
  const all = batch.count.toLocaleString();
  return [rest ? `${(batch.count - rest).toLocaleString()} of ${all} done` : `All ${all} done`,
    failed && `${failed.toLocaleString()} failed`].filter(Boolean);
}

// The same as a bar; who reads the words beside it needs no other name for it.
function bar(batch) {
  const parts = ORDER.map(([state, tone]) => [(batch.states[state] ?? 0) - (state === "handed_over" ? lost(batch) : 0), tone]);
  let x = 0;
  return draw("svg", { viewBox: "0 0 100 3", preserveAspectRatio: "none", class: "progress", "aria-hidden": "true" },
    [...parts, [lost(batch), "bad"]].filter(([many]) => many > 0).map(([many, tone]) => {
      const width = (100 * many) / batch.count;
      x += width;
      return draw("rect", { x: x - width, y: 0, width, height: 3, class: tone });
    }));
}

const ORDER = [["handed_over", "good"], ["delivering", "busy"], ["in_doubt", "doubt"], ["accepted", "wait"], ["scheduled", "wait"],
  ["refused", "bad"], ["parked", "warn"], ["canceled", "over"]];

// One batch in the panel; it asks again until nothing more is to come.
export function batchPanel(id) {
  const heading = make("h1", { tabindex: "-1" }, "Batch");
  const parts = make("div", {});
  const said = make("p", { class: "summary" }, "Asking…");
  const states = make("dl", { class: "facts" });
  const failed = make("div", {});
  const retry = button("Retry…", () => act.ofBatch(batch, "retry", () => poll.soon()), { class: "primary", hidden: true });
  const cancel = button("Cancel…", () => act.ofBatch(batch, "cancel", () => poll.soon()), { class: "danger", hidden: true });
  const element = make("div", {}, heading, said, parts, make("div", { class: "actions" }, retry, cancel), states, failed);
  let batch = null;
  let known = "";

  async function round() {
    batch = await call("GET", `batches/${id}`);
    const text = JSON.stringify({ ...batch, estimated_end: null });
    const changed = text !== known;
    known = text;
    show();
    dispatchEvent(new CustomEvent("progressed", { detail: batch }));
    return changed;
  }

  function show() {
    heading.textContent = `Batch of ${count(batch.count, thing(batch.kind))}`;
    said.textContent = [
      ...progress(batch).map((words) => `${words}.`),
      batch.rate ? `${batch.rate.toLocaleString()} a second.` : "",
      batch.estimated_end ? `Ends at about ${clockTime(batch.estimated_end)}, in ${duration(Math.max(0, (Date.parse(batch.estimated_end) - Date.now()) / 1000))}.` : "",
    ].filter(Boolean).join(" ");
    parts.replaceChildren(bar(batch));
    const fact = (name, value) => [make("dt", {}, name), make("dd", {}, value)];
    states.replaceChildren(
      ...ORDER.filter(([state]) => batch.states[state]).flatMap(([state, tone]) => fact(make("span", { class: `badge ${tone}` }, stateName(state)), batch.states[state].toLocaleString())),
      ...Object.entries(batch.twilio_statuses).flatMap(([status, many]) => fact(`Twilio: ${statusName(status).toLowerCase()}`, many.toLocaleString())),
      ...fact("Accepted", moment(batch.accepted_at)), ...fact("Id", make("code", {}, batch.id)));
    const has = (...names) => names.some((state) => batch.states[state]);
    retry.hidden = !has("parked", "refused");
    cancel.hidden = !has("scheduled", "accepted", "parked");
    showFailures();
  }

  let shownFailures = "";
  function showFailures() {
    const text = JSON.stringify(batch.failures);
    if (text === shownFailures) return;
    shownFailures = text;
    const codes = Map.groupBy(batch.failures, (each) => each.error?.code ?? "unknown");
    const groups = [...codes].map(([code, group]) => ({ code, count: group.length, message: group[0].error?.message }));
    const more = batch.failures.length >= 20 ? "The first 20 failures" : "Failures";
    failed.replaceChildren(...(groups.length ? [
      make("h2", {}, more),
      make("ul", { class: "failures" }, failureCards(groups)),
      make("ul", { class: "plain" }, batch.failures.map((each) => make("li", {}, number(each.to), " ",
        make("a", { href: `#/batches/${batch.kind}/${each.id}` }, stateName(each.state), make("span", { class: "unseen" }, `: the story of ${each.id}`))))),
    ] : []));
  }

  const poll = new Poll(round, ({ error }) => { if (error) said.textContent = error.words ?? String(error); });
  return { element, heading, stop: () => poll.stop() };
}
