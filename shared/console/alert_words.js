// What is known of an alert, in words: its status, where it stands, what comes next, and its events.

import { capital, count, own } from "./data.js";
import { nameOf } from "./events.js";
import { maskText } from "./mask.js";
import { clockTime } from "./times.js";

const STATES = {
  open: ["Open", "warn"],
  acknowledged: ["Acknowledged", "good"],
  answered: ["Answered", "good"],
  delivered: ["Delivered", "good"],
  resolved: ["Resolved", "over"],
  canceled: ["Canceled", "over"],
  exhausted: ["Nobody answered", "bad"],
};

export const CLOSED = Object.keys(STATES).filter((state) => state !== "open");

// A state's label and colour.
export const alertStatus = (state) => own(STATES, state, [state, "wait"]);

const MAX_KEY = 40;
const shorten = (text) => (text.length > MAX_KEY ? `${text.slice(0, MAX_KEY - 1)}…` : text);

// What people call it by, with the beginning of its key; numbers masked.
export const alertName = ({ number, key }) => `A ${number}${key ? ` · ${shorten(maskText(key))}` : ""}`;

// `level 2 of 3`, with the time and the round after the first ones.
export function levelName({ level, round, time }, { levels, most }) {
  const { times = 1 } = levels[level];
  return [
    `level ${level + 1} of ${levels.length}`,
    time > 1 && `time ${time} of ${times}`,
    round > 1 && `round ${round} of ${most}`,
  ].filter(Boolean).join(", ");
}

export const whoIsNotified = (notify) => notify.map(({ to, by }) => `${by} to ${to}`).join(", ");

const by = ({ by: who, at }) => `by ${who} at ${clockTime(at)}`;

const NOW = {
  open: ({ run, ...alert }) => run ? `${capital(levelName(run, alert))} began at ${clockTime(run.began_at)}.` : "Nobody was notified yet.",
  acknowledged: ({ answered }) => `Acknowledged ${by(answered)}.`,
  answered: ({ answered }) => `Answered ${by(answered)}.`,
  delivered: ({ answered }) => `Delivered to ${answered.by} at ${clockTime(answered.at)}.`,
  resolved: ({ resolved }) => `Resolved ${by(resolved)}.`,
  canceled: ({ canceled }) => `Canceled ${by(canceled)}.`,
  exhausted: ({ levels }) => levels.length ? "Everybody was notified, and nobody answered." : "Nobody was notified: no policy says whom.",
};

// Where it stands, as a sentence.
export const alertSummary = (alert) => own(NOW, alert.state, () => alert.state)(alert);

// What happens next if nobody answers, as a sentence; nothing where nothing does.
export function nextStep(alert) {
  const { next } = alert;
  if (!next) return "";
  const when = Date.parse(next.at) <= Date.now() ? "in a moment" : `at ${clockTime(next.at)}`;
  if (next.level === null) return `If nobody answers, nobody is left to notify ${when}.`;
  return `If nobody answers, ${levelName(next, alert)} begins ${when}: ${whoIsNotified(alert.levels[next.level].notify)}.`;
}

const VIA = { key: ", with a key in the call", reply: ", with a reply", intake: ", which sends such alerts" };
const via = (event) => `${event.by}${own(VIA, event.via, "")}`;
const ANSWERS = {
  acknowledged: (event) => `Acknowledged by ${via(event)}.`,
  answered: (event) => `${event.by} picked up.`,
  delivered: (event) => `The text or call reached ${event.by}.`,
};

const TELL = {
  raised: (event, { source }) => (source === "api" ? "It was raised through the API." : `It was raised by ${source}.`),
  joined: ({ many }) => `It was raised again${many > 1 ? ` ${count(many, "time")}` : ""}: nobody is notified twice.`,
  level: (event, alert) => `${capital(levelName(event, alert))} began.`,
  escalated: (event) => `${via(event)} asked for the next level.`,
  machine: () => "Every call reached an answering machine: the next level begins at once.",
  answered: (event) => own(ANSWERS, event.how, ANSWERS.acknowledged)(event),
  resolved: (event) => `Resolved by ${via(event)}.`,
  canceled: (event) => `Canceled by ${event.by}.`,
  exhausted: (event, alert) => NOW.exhausted(alert),
};

const TONES = { level: "busy", escalated: "warn", machine: "warn", answered: "good", resolved: "good", exhausted: "bad" };

// One event as a sentence, and its colour in the timeline.
export const alertSentence = (event, alert) => own(TELL, nameOf(event)[0], () => event.event)(event, alert);
export const alertTone = (event) => own(TONES, nameOf(event)[0], "wait");

// The events of a timeline: who was notified stands with the level, and repeats stand together.
export function alertStory({ events }) {
  const story = [];
  for (const event of events) {
    const last = story.at(-1);
    if (nameOf(event)[0] === "notified") continue;
    if (event.event === "joined" && last?.event === "joined") last.many += 1;
    else story.push(event.event === "joined" ? { ...event, many: 1 } : event);
  }
  return story;
}
