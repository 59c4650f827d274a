// What went wrong in the last hour, by code: what it means and what to do about it.

import { overview } from "./account.js";
import { advice } from "./advice.js";
import { messageOf } from "./api.js";
import { save, spreadsheet } from "./csv.js";
import { capital, count } from "./data.js";
import { button, make, unseen } from "./dom.js";
import { Newest } from "./newest.js";
import { notify } from "./notices.js";
import { Poll } from "./poll.js";
import { FAILED, statusOf } from "./statuses.js";

const MAX_EXPORTED = 10_000;
const PAGE = 100;

// Cards for failures that are counted already: [{code, count, message}]. With `since`, each leads
// to the entries from then on.
export function failureCards(groups, since) {
  return groups.map(({ code, count: number, message }) => {
    const { means, do: what } = advice(code, message);
    return make("li", { class: "card failure" },
      make("h3", {}, make("span", { class: "code" }, code), " ", capital(means)),
      make("p", {}, make("strong", {}, "What to do: "), what),
      make("p", { class: "meta" }, count(number, "time", "times"),
        since && [" · ", make("a", { href: `#/find?error=${encodeURIComponent(code)}&since=${since}` }, "See them", unseen(` (${code})`))]));
  });
}

export function failures(live) {
  const groups = make("ul", { class: "failures" });
  const scope = make("p", { class: "scope" }, "Counting…");
  const exporter = button("Export as CSV", () => exportSince(since, exporter), { hidden: true });
  const element = make("div", {},
    make("div", { class: "heading first" }, make("h1", {}, "Failures"), exporter), scope, make("h2", { class: "unseen" }, "By code"), groups);
  let known = "";
  let since = null;

  async function round() {
    const hour = await overview();
    const text = JSON.stringify(hour.failures);
    if (text === known) return false;
    known = text;
    since = hour.complete_since;
    const total = hour.failures.reduce((sum, each) => sum + each.count, 0);
    scope.textContent = `${total ? count(total, "failure") : "No failures"} in ${hour.truncated ? "the newest" : "all"} ${count(hour.looked_at, "message and call", "messages and calls")} of the last hour.`;
    exporter.hidden = total === 0;
    groups.replaceChildren(...failureCards(hour.failures, since));
    return true;
  }

  const poll = new Poll(round, live);
  return { element, stop: () => poll.stop(), poll };
}

const COLUMNS = [
  ["to", (item) => item.to],
  ["kind", (item) => item.kind],
  ["status", (item) => statusOf(item)[0]],
  ["code", (item) => item.error?.code],
  ["meaning", (item) => item.error && advice(item.error.code, item.error.message).means],
  ["what to do", (item) => item.error && advice(item.error.code, item.error.message).do],
  ["accepted at", (item) => item.accepted_at],
  ["attempts", (item) => item.attempts],
  ["id", (item) => item.id],
  ["sid", (item) => item.sid],
  ["metadata", (item) => JSON.stringify(item.metadata)],
];

// Everything that failed since a moment, as a file; the numbers in it are whole.
async function exportSince(since, control) {
  control.disabled = true;
  try {
    const newest = new Newest([{ state: "refused,parked", since }, { twilio_status: FAILED.join(), since }], undefined, PAGE);
    while (newest.hasMore && newest.items.length < MAX_EXPORTED) await newest.older();
    const { items } = newest;
    save(`failures-${since.slice(0, 16).replace(":", "")}.csv`, spreadsheet([
      COLUMNS.map(([name]) => name), ...items.map((item) => COLUMNS.map(([, value]) => value(item)))]));
    notify([`${count(items.length, "failure")} exported, with whole numbers${newest.hasMore ? "; there are more" : ""}`, "go"]);
  } catch (error) {
    notify([messageOf(error), "stay"]);
  } finally {
    control.disabled = false;
  }
}
