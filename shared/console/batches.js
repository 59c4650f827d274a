// The newest batches, and one with its progress.

import * as act from "./act.js";
import { call } from "./api.js";
import { button, count, draw, make } from "./dom.js";
import { failureCards } from "./failures.js";
import { number } from "./mask.js";
import { Poll } from "./poll.js";
import { clockTime, duration, moment } from "./times.js";
import { KINDS, stateName, statusName, thing } from "./words.js";

export function batches(live) {
  const body = make("tbody", {});
  const empty = make("p", { class: "empty", hidden: true }, "No batch was accepted yet.");
  const element = make("div", {}, make("h1", {}, "Batches"),
    make("table", { class: "entries" }, make("caption", { class: "unseen" }, "The newest batches"),
      make("thead", {}, make("tr", {}, ["Accepted", "Kind", "Recipients", "Left out", "Lane"].map((name) => make("th", { scope: "col" }, name)))), body), empty);
  let known = "";

  async function round() {
    const { items } = await call("GET", "batches");
    const text = JSON.stringify(items);
    if (text === known) return false;
    known = text;
    empty.hidden = items.length > 0;
    body.replaceChildren(...items.map((batch) => make("tr", {},
      make("th", { scope: "row" }, make("a", { href: `#/batches/batch/${batch.id}` }, moment(batch.accepted_at ?? batch.at))),
      make("td", {}, `${KINDS[batch.kind] ?? batch.kind}s`),
      make("td", {}, batch.count.toLocaleString()),
      make("td", {}, leftOut(batch)),
      make("td", {}, batch.lane))));
    return true;
  }

  const poll = new Poll(round, live);
  return { element, stop: () => poll.stop(), poll };
}

const size = (many) => (Array.isArray(many) ? many.length : many ?? 0);
const leftOut = (batch) =>
  [[size(batch.duplicates), "twice"], [size(batch.skipped), "invalid"]].filter(([many]) => many).map(([many, why]) => `${many} ${why}`).join(", ") || "–";

const ORDER = [["handed_over", "good"], ["delivering", "busy"], ["in_doubt", "doubt"], ["accepted", "wait"], ["scheduled", "wait"],
  ["refused", "bad"], ["parked", "warn"], ["canceled", "over"]];

// One batch in the panel; it asks again until nothing more is to come.
export function batchPanel(id) {
  const heading = make("h1", { tabindex: "-1" }, "Batch");
  const bar = draw("svg", { viewBox: "0 0 100 3", preserveAspectRatio: "none", class: "progress", role: "img" });
  const said = make("p", { class: "summary" }, "Asking…");
  const states = make("dl", { class: "facts" });
  const failed = make("div", {});
  const retry = button("Retry…", () => act.ofBatch(batch, "retry", () => poll.soon()), { class: "primary", hidden: true });
  const cancel = button("Cancel…", () => act.ofBatch(batch, "cancel", () => poll.soon()), { class: "danger", hidden: true });
  const element = make("div", {}, heading, said, bar, make("div", { class: "actions" }, retry, cancel), states, failed);
  let batch = null;
  let known = "";

  async function round() {
    batch = await call("GET", `batches/${id}`);
    const text = JSON.stringify({ ...batch, estimated_end: null });
    const changed = text !== known;
    known = text;
    show();
    return changed;
  }

  function show() {
    const pending = ["scheduled", "accepted", "delivering", "in_doubt"].reduce((sum, state) => sum + (batch.states[state] ?? 0), 0);
    heading.textContent = `Batch of ${count(batch.count, thing(batch.kind))}`;
    said.textContent = [
      pending ? `${(batch.count - pending).toLocaleString()} of ${batch.count.toLocaleString()} done.` : `All ${batch.count.toLocaleString()} done.`,
      batch.rate ? `${batch.rate.toLocaleString()} a second.` : "",
      batch.estimated_end ? `Ends at about ${clockTime(batch.estimated_end)}, in ${duration(Math.max(0, (Date.parse(batch.estimated_end) - Date.now()) / 1000))}.` : "",
    ].filter(Boolean).join(" ");
    let x = 0;
    bar.replaceChildren(draw("title", {}, said.textContent), ...ORDER.filter(([state]) => batch.states[state]).map(([state, tone]) => {
      const width = (100 * batch.states[state]) / batch.count;
      x += width;
      return draw("rect", { x: x - width, y: 0, width, height: 3, class: tone });
    }));
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
      make("ul", { class: "failures" }, failureCards(groups, false)),
      make("ul", { class: "plain" }, batch.failures.map((each) => make("li", {}, number(each.to), " ",
        make("a", { href: `#/batches/${batch.kind}/${each.id}` }, stateName(each.state), make("span", { class: "unseen" }, `: the story of ${each.id}`))))),
    ] : []));
  }

  const poll = new Poll(round, ({ error }) => { if (error) said.textContent = error.words ?? String(error); });
  return { element, heading, stop: () => poll.stop() };
}
