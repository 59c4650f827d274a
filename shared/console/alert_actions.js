// Acknowledge, escalate, resolve, cancel: the dialog says first who is stopped and who is notified.

import { alertSummary, levelName, whoIsNotified } from "./alert_words.js";
import { call, messageOf, pathOf } from "./api.js";
import { capital, count } from "./data.js";
import { confirm } from "./dialogs.js";
import { button, field, make } from "./dom.js";
import { maskText } from "./mask.js";
import { notify } from "./notices.js";

const NAME = "switchboard-name";
const THIS_PAGE = "the console";
const MAX_NAME = 64;
const RINGS = [null, undefined, "queued", "initiated", "ringing"];
const UNSENT = ["scheduled", "accepted", "parked"];

const callsIn = (statuses) => ({ by, state, twilio_status: status }) => by === "call" && state === "handed_over" && statuses.includes(status);

// What an answer stops, as [what, tone] lines; a line that is not there is false.
function stops({ notifications, next }) {
  const ringing = notifications.filter(callsIn(RINGS)).length;
  const unsent = notifications.filter(({ state }) => UNSENT.includes(state)).length;
  const talking = notifications.filter(callsIn(["in-progress"])).length;
  return [
    next && ["Nobody else is notified", "go"],
    ringing && [`${count(ringing, "call that rings is", "calls that ring are")} hung up`, "go"],
    unsent && [`${count(unsent, "message or call", "messages and calls")}, not sent yet: will never be sent`, "go"],
    talking && [`${count(talking, "conversation is", "conversations are")} going on, and not cut off`, "stay"],
  ];
}

const ends = (alert) => [...stops(alert), alert.key && ["The next alert with its key begins with the first level again", "stay"]];

function begins({ notifications, levels, next, ...alert }) {
  const going = notifications.filter(callsIn([...RINGS, "in-progress"])).length;
  return [
    [`${capital(levelName(next, { levels, ...alert }))} begins now: ${whoIsNotified(levels[next.level].notify)}`, "go"],
    going && [`${count(going, "call that rings or is", "calls that ring or are")} going on: left alone`, "stay"],
  ];
}

// In the order of their buttons; `fits` also for an alert without its story.
const ACTS = {
  acknowledge: { label: "Acknowledge", tone: "primary", lines: stops, fits: ({ state }) => ["open", "exhausted"].includes(state) },
  escalate: { label: "Escalate", lines: begins, fits: ({ run, next }) => Boolean(run && next) && next.level !== null,
    request: (path, by, { run }) => call("POST", `${path}/escalate`, { body: { by, run: run.n } }) },
  resolve: { label: "Resolve", lines: ends, fits: ({ state }) => !["resolved", "canceled"].includes(state) },
  cancel: { label: "Cancel", tone: "danger", lines: ends, fits: ({ state }) => ["open", "acknowledged"].includes(state),
    request: (path) => call("DELETE", path) },
};

// A button for each act; `show(alert)` leaves those that fit it.
export function alertButtons(id, after) {
  const buttons = Object.entries(ACTS).map(([name, { label, tone, fits }]) =>
    [button(`${label}…`, () => ask(name, id, after), { class: `writes ${tone ?? ""}` }), fits]);
  const element = make("div", { class: "actions acts" }, buttons.map(([each]) => each));
  const show = (alert) => {
    for (const [each, fits] of buttons) each.hidden = !fits(alert);
    element.hidden = buttons.every(([each]) => each.hidden);
  };
  return { element, show };
}

// Ask by what the alert is at this moment, which may be more than the page shows.
async function ask(name, id, after) {
  const { label, tone, lines, fits, request = (path, by) => call("POST", `${path}/${name}`, { body: { by } }) } = ACTS[name];
  const path = pathOf("alert", id);
  let alert;
  try {
    alert = await call("GET", pathOf("alert", id));
  } catch (error) {
    notify([messageOf(error), "stay"]);
    return;
  }
  const isPossible = fits(alert);
  const who = make("input", { value: sessionStorage.getItem(NAME) ?? "", maxlength: MAX_NAME, autocomplete: "name" });
  const said = isPossible ? lines(alert).filter(Boolean) : [[alertSummary(alert), "stay"]];
  confirm({
    heading: isPossible ? `${label} alert A ${alert.number}?` : `Alert A ${alert.number} has moved on`,
    lines: (said.length ? said : [["It is noted; nobody is being notified", "go"]]).map(([what, effect]) => [maskText(what), effect]),
    more: isPossible && name !== "cancel" && field("Your name", who, `What others read and hear. Left empty: ${THIS_PAGE}.`),
    label: `${label} A ${alert.number}`,
    danger: tone === "danger",
    act: isPossible && (async () => {
      sessionStorage.setItem(NAME, who.value.trim());
      const by = who.value.trim() || THIS_PAGE;
      const done = await request(path, by, alert);
      return [[maskText(`Alert A ${alert.number}: ${name === "escalate" ? "the next level begins." : alertSummary(done)}`), "go"]];
    }),
    after,
  });
}
