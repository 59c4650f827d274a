// The newest batches, and one with its progress.

import * as actions from "./actions.js";
import { isFutile } from "./advice.js";
import { call, pathOf, messageOf } from "./api.js";
import { count, own, sum } from "./data.js";
import { badge, button, draw, make, markOpen, openRow, unseen } from "./dom.js";
import { failureCards } from "./failures.js";
import { number } from "./mask.js";
import { Poll } from "./poll.js";
import { FAILED, FINAL, PENDING, kindName, noun, stateName, statusName } from "./statuses.js";
import { clockTime, duration, moment, zoneMark } from "./times.js";

const MAX_FAILURES = 20;

export function batches(live) {
  const body = make("tbody", { click: openRow });
  const empty = make("p", { class: "empty", hidden: true }, "No batch was accepted yet.");
  const element = make("div", {}, make("h1", {}, "Batches"),
    make("table", { class: "entries" }, make("caption", { class: "unseen" }, "The newest batches"),
      make("thead", {}, make("tr", {}, COLUMNS.map(([name, kind, mark]) => make("th", { scope: "col", class: kind }, name, mark?.())))), body), empty);
  const rows = new Map();

  async function round() {
    const { items } = await call("GET", "batches");
    empty.hidden = items.length > 0;
    const fresh = items.filter(({ id }) => !rows.has(id));
    for (const batch of fresh) rows.set(batch.id, makeRow(batch));
    if (fresh.length) body.replaceChildren(...items.map(({ id }) => rows.get(id).element));
    markOpen(body);
    // Looking at a batch costs the app a look at its jobs: one at a time, and not once it is done.
    let changed = fresh.length > 0;
    for (const { id } of items) {
      if (poll.over) break;
      if (!rows.get(id).isOver) changed = show(await call("GET", pathOf("batch", id))) || changed;
    }
    return changed;
  }

  function makeRow(batch) {
    const cell = make("td", {}, "…");
    const element = make("tr", {},
      make("th", { scope: "row" }, make("a", { href: `#/batches/batch/${batch.id}` }, moment(batch.at)),
        batch.name && make("span", { class: "name" }, batch.name),
        make("span", { class: "narrow" }, count(batch.count, noun(batch.kind)))),
      make("td", { class: "wide" }, `${kindName(batch.kind)}s`),
      make("td", { class: "wide" }, batch.count.toLocaleString()),
      cell,
      make("td", { class: "wide" }, leftOut(batch)),
      make("td", { class: "wide" }, batch.lane));
    return { element, cell, text: "" };
  }

  function show(batch) {
    const row = rows.get(batch.id);
    const text = JSON.stringify([batch.states, batch.twilio_statuses]);
    if (!row || row.text === text) return false;
    Object.assign(row, { text, isOver: pending(batch) + atTwilio(batch) === 0 });
    row.cell.replaceChildren(progress(batch).join(", "), bar(batch));
    return true;
  }

  // What is open beside the list is looked at more often.
  const onProgress = ({ detail }) => show(detail);
  addEventListener("progressed", onProgress);
  const poll = new Poll(round, live);
  return { element, stop: () => { removeEventListener("progressed", onProgress); poll.stop(); }, poll };
}

const COLUMNS = [["Accepted", "when", zoneMark], ["Kind", "wide"], ["Recipients", "wide"], ["Progress"], ["Left out", "wide"], ["Lane", "wide"]];

const leftOut = ({ duplicates, skipped }) =>
  [[duplicates, "twice"], [skipped, "invalid"]].filter(([many]) => many).map(([many, why]) => `${many} ${why}`).join(", ") || "–";

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

// The same as a bar; the words beside it are its name.
function bar(batch) {
  const widths = ORDER.map(([state, tone]) => [sum(batch.states, [state]) - (state === "handed_over" ? lost(batch) : 0), tone]);
  let x = 0;
  return draw("svg", { viewBox: "0 0 100 3", preserveAspectRatio: "none", class: "progress", "aria-hidden": "true" },
    [...widths, [lost(batch), "bad"]].filter(([many]) => many > 0).map(([many, tone]) => {
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
  const progressBar = make("div", {});
  const message = make("p", { class: "summary" }, "Asking…");
  const states = make("dl", { class: "facts" });
  const failed = make("div", {});
  const retry = button("Retry…", () => actions.ofBatch(batch, "retry", () => poll.soon()), { hidden: true });
  const cancel = button("Cancel…", () => actions.ofBatch(batch, "cancel", () => poll.soon()), { class: "danger writes", hidden: true });
  const element = make("div", {}, heading, message, progressBar, make("div", { class: "actions" }, retry, cancel), states, failed);
  let batch = null;
  let known = "";

  async function round() {
    batch = await call("GET", pathOf("batch", id));
    const text = JSON.stringify({ ...batch, estimated_end: null });
    const changed = text !== known;
    known = text;
    show();
    dispatchEvent(new CustomEvent("progressed", { detail: batch }));
    return changed;
  }

  function show() {
    heading.textContent = `${batch.name ? `${batch.name}: batch` : "Batch"} of ${count(batch.count, noun(batch.kind))}`;
    message.textContent = [
      ...progress(batch).map((part) => `${part}.`),
      batch.rate ? `${batch.rate.toLocaleString()} a second.` : "",
      batch.estimated_end ? `Ends at about ${clockTime(batch.estimated_end)}, in ${duration(Math.max(0, (Date.parse(batch.estimated_end) - Date.now()) / 1000))}.` : "",
    ].filter(Boolean).join(" ");
    progressBar.replaceChildren(bar(batch));
    const fact = (name, value) => [make("dt", {}, name), make("dd", {}, value)];
    states.replaceChildren(
      ...ORDER.filter(([state]) => own(batch.states, state)).flatMap(([state, tone]) => fact(badge(stateName(state), tone), batch.states[state].toLocaleString())),
      ...Object.entries(batch.twilio_statuses).flatMap(([status, many]) => fact(`Twilio: ${statusName(status).toLowerCase()}`, many.toLocaleString())),
      ...fact("Accepted", moment(batch.accepted_at)), ...fact("Id", make("code", {}, batch.id)));
    retry.hidden = !actions.fitsBatch(batch, "retry");
    // Retry does not stand out where it would only fail again.
    retry.className = `writes ${batch.failures.length && batch.failures.every(({ error }) => isFutile(error)) ? "quiet" : "primary"}`;
    cancel.hidden = !actions.fitsBatch(batch, "cancel");
    showFailures();
  }

  let shownFailures = "";
  function showFailures() {
    const text = JSON.stringify(batch.failures);
    if (text === shownFailures) return;
    shownFailures = text;
    const codes = Map.groupBy(batch.failures, (each) => each.error?.code ?? "unknown");
    const groups = [...codes].map(([code, group]) => ({ code, count: group.length, message: group[0].error?.message }));
    const title = batch.failures.length >= MAX_FAILURES ? `The first ${MAX_FAILURES} failures` : "Failures";
    failed.replaceChildren(...(groups.length ? [
      make("h2", {}, title),
      make("ul", { class: "failures" }, failureCards(groups)),
      make("ul", { class: "plain" }, batch.failures.map((each) => make("li", {}, number(each.to), " ",
        make("a", { href: `#/batches/${batch.kind}/${each.id}` }, stateName(each.state), unseen(`: the story of ${each.id}`))))),
    ] : []));
  }

  const poll = new Poll(round, ({ error }) => { if (error) message.textContent = messageOf(error); });
  return { element, heading, stop: () => poll.stop() };
}
