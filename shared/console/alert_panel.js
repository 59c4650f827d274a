// One alert in the panel: where it stands, who was notified and what happened, and what can be done.

import { advice } from "./advice.js";
import { alertButtons } from "./alert_actions.js";
import { alertName, alertSentence, alertStatus, alertStory, alertSummary, alertTone, nextStep } from "./alert_words.js";
import { call, messageOf, pathOf } from "./api.js";
import { capital, count } from "./data.js";
import { announce, badge, make, present } from "./dom.js";
import { nameOf } from "./events.js";
import { alwaysMasked, maskText, number, secret } from "./mask.js";
import { Poll } from "./poll.js";
import { statusOf } from "./statuses.js";
import { during } from "./story.js";
import { clockTime, moment, wholeTime } from "./times.js";

const NOT_YET = ["Not yet", "wait"];

// The alert's text, where the app gives it.
export const alertText = ({ text }) => (text === null ? make("span", { class: "meta" }, "Texts are not shown.") : secret(text, "the text of the alert"));

// People with how they were notified, and what became of it; each leads to its message or call.
// In a card their times tell what came when; in a story the level has the time.
export const people = (notifications, hasTimes) => make("ul", { class: "people" }, notifications.map((each) => {
  const kind = each.by === "call" ? "call" : "message";
  const status = badge(...(each.state ? statusOf({ ...each, kind }) : NOT_YET));
  const results = (each.results ?? []).map((result) => during({ ...result, event: `noted.${result.verb}` }));
  const how = kind === "call" ? "Call" : "Text";
  const link = each.id && make("a", { href: `#/alerts/${kind}/${each.id}`, "aria-label": `${how} to ${alwaysMasked(each.to)}: its story` }, how);
  return make("li", {},
    make("span", {}, link || how, " to ", number(each.to)), status, hasTimes && each.at && make("time", { class: "meta", datetime: each.at }, clockTime(each.at)),
    each.error && make("span", { class: "meta" }, `${maskText(reason(each.error))}.`),
    results.length > 0 && make("span", { class: "meta" }, results.map(({ before, value, isSecret }) => `${before}${value ? ` ${isSecret ? "•••" : value}.` : ""}`).join(" ")));
}));

const reason = ({ code, message }) => (code === "not_accepted" ? message : advice(code, message).means);

export function alertPanel(id) {
  const heading = make("h1", { tabindex: "-1" }, "Alert");
  const content = make("div", {}, make("p", {}, "Asking…"));
  const upcoming = make("p", {});
  const buttons = alertButtons(id, () => poll.soon());
  const element = make("div", {}, heading, content);
  let alert = null;

  async function round() {
    const found = await call("GET", pathOf("alert", id));
    const isNew = JSON.stringify(found) !== JSON.stringify(alert);
    const before = alert;
    alert = found;
    if (isNew) show();
    upcoming.textContent = maskText(nextStep(alert)); // by the time that it is
    if (before && before.state !== alert.state) announce(alertSummary(alert));
    return isNew;
  }

  // What was open stays open, and the focus stays in the panel.
  function show() {
    const open = new Set([...content.querySelectorAll("details[open] > summary")].map((each) => each.textContent));
    const hadFocus = content.contains(document.activeElement);
    heading.textContent = `Alert ${alertName(alert)}`;
    buttons.show(alert);
    content.replaceChildren(...present([
      make("p", { class: "summary" }, badge(...alertStatus(alert.state)), " ", maskText(alertSummary(alert))),
      upcoming,
      buttons.element,
      alert.warnings.length > 0 && make("ul", { class: "help" }, alert.warnings.map((each) => make("li", {}, `${capital(maskText(each))}.`))),
      make("h2", {}, "What people read and hear"),
      make("p", { class: "text" }, alertText(alert)),
      make("h2", {}, "What happened"),
      make("ol", { class: "timeline" }, alertStory(alert).map((event) => step(event))),
      alert.payload !== null && make("details", {}, make("summary", {}, "What was sent to us"), make("pre", { tabindex: "0" }, maskText(alert.payload))),
      make("h2", {}, "Facts"),
      facts(),
    ]));
    for (const each of content.querySelectorAll("details")) each.open = open.has(each.firstElementChild.textContent);
    if (hadFocus) heading.focus();
  }

  function step(event) {
    const isLevel = nameOf(event)[0] === "level";
    return make("li", { class: alertTone(event) },
      moment(event.at), make("p", {}, maskText(alertSentence(event, alert))),
      isLevel && people(alert.notifications.filter(({ n }) => n === event.n)));
  }

  function facts() {
    const rows = [
      ["Id", make("code", {}, alert.id)],
      ["Raised", make("time", { datetime: alert.raised_at }, wholeTime(alert.raised_at))],
      ["Count", count(alert.count, "time", "times")],
      ["Key", alert.key ? maskText(alert.key) : "none"],
      ["From", alert.source === "api" ? "the API" : alert.source],
      ["Policy", alert.policy ?? "its own levels"],
      ["Until", alert.until],
      ["Quiet hours", alert.urgent ? "not kept: urgent" : "kept"],
      ...Object.entries(alert.metadata).map(([name, value]) => [name, maskText(value)]),
    ];
    return make("dl", { class: "facts" }, rows.map(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  }

  const remask = () => {
    if (!alert) return;
    show();
    upcoming.textContent = maskText(nextStep(alert));
  };
  addEventListener("masking", remask);
  const poll = new Poll(round, ({ error }) => {
    if (error) content.replaceChildren(make("p", { class: "problem" }, messageOf(error)));
    else if (alert && !alert.next) poll.wait = Math.max(poll.wait, 10_000);
  });
  return { element, heading, stop: () => { removeEventListener("masking", remask); poll.stop(); } };
}
