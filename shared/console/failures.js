// What went wrong in the last hour, by code: what it means and what to do about it.

import { call } from "./api.js";
import { count, make } from "./dom.js";
import { Poll } from "./poll.js";
import { advice, capital } from "./words.js";

// Cards for failures that are counted already: [{code, count, message}]; where it is since a
// moment that they are counted, each leads to the entries.
export function failureCards(groups, since) {
  return groups.map(({ code, count: number, message }) => {
    const { means, do: what } = advice(code, message);
    return make("li", { class: "card failure" },
      make("h3", {}, make("span", { class: "code" }, code), " ", capital(means)),
      make("p", {}, make("strong", {}, "What to do: "), what),
      make("p", { class: "meta" }, count(number, "time", "times"),
        since && [" · ", make("a", { href: `#/find?error=${encodeURIComponent(code)}&since=${since}` }, "See them", make("span", { class: "unseen" }, ` (${code})`))]));
  });
}

export function failures(live) {
  const groups = make("ul", { class: "failures" });
  const said = make("p", { class: "scope" }, "Counting…");
  const element = make("div", {}, make("h1", {}, "Failures"), said, make("h2", { class: "unseen" }, "By code"), groups);
  let known = "";

  async function round() {
    const overview = await call("GET", "overview");
    const text = JSON.stringify(overview.failures);
    if (text === known) return false;
    known = text;
    const number = overview.failures.reduce((sum, each) => sum + each.count, 0);
    said.textContent = `${number ? count(number, "failure") : "No failures"} in ${overview.truncated ? "the newest" : "all"} ${count(overview.looked_at, "message and call", "messages and calls")} of the last hour.`;
    groups.replaceChildren(...failureCards(overview.failures, overview.complete_since));
    return true;
  }

  const poll = new Poll(round, live);
  return { element, stop: () => poll.stop(), poll };
}
