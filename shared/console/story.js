// An entry's events in words that a person can read out on the phone.

import { clockTime } from "./times.js";
import { advice, capital, isFinal, problem, statusName, thing } from "./words.js";

const FROM = { http: "through the API", queue: "from the storage queue", batch: "as part of a batch" };
const LOST = { no_answer: "Twilio's answer was lost", unreadable: "Twilio's answer made no sense",
  worker_lost: "The worker stopped while it asked Twilio" };

const REPORTS = {
  queued: "Twilio has put it in its queue.",
  initiated: "Twilio has begun to dial.",
  ringing: "The phone rings.",
  "in-progress": "The call was answered and is going on.",
  completed: "The call took place and is over.",
  busy: "The line was busy.",
  "no-answer": "Nobody answered.",
  sending: "Twilio is sending it to the carrier.",
  sent: "The carrier has it.",
  delivered: "It was delivered to the phone.",
  read: "It was read.",
  canceled: "Twilio canceled it.",
  undelivered: "It did not arrive.",
  failed: "It failed.",
};

const number = (event) => event.event.split(".")[1];
const isOf = (name, n) => (event) => event.event === `${name}.${n}`;
const means = (code, message) => advice(code, message).means;
const lost = (code) => LOST[code] ?? `Twilio had an error (${code}: ${means(code)})`;

function answered(event, entry) {
  const what = thing(entry.kind);
  const doubt = entry.events.find(isOf("doubt", number(event)));
  const proof = entry.events.find((each) => each.event.startsWith("reported.") && each.sid === event.sid && each.at < event.at);
  switch (event.came_to) {
    case "sid":
      if (doubt && proof) return `Twilio's own report proved that it had the ${what}.`;
      if (doubt) return `We asked, and Twilio had the ${what}.`;
      return `Twilio took the ${what}.`;
    case "not_created":
      return `We asked, and Twilio did not have the ${what}: it is safe to send it again.`;
    case "retry":
      return `It was not sent: ${means(event.code, event.message)}. It is tried again${event.not_before ? ` from ${clockTime(event.not_before)} on` : ""}.`;
    default:
      return `${event.request_id || /^\d+$/.test(event.code) && event.code !== "21610" ? "Twilio refused it" : "We did not send it"}: ${means(event.code, event.message)}.`;
  }
}

function reported(event) {
  const { ErrorCode: code, CallbackSource: source } = event.fields ?? {};
  const words = REPORTS[event.status] ?? `Twilio says: ${statusName(event.status)}.`;
  const why = code ? ` The reason: ${means(code, event.fields.ErrorMessage)} (${code}).` : "";
  return (source === "asked" ? "We asked Twilio again. " : "") + words + why;
}

const TELL = {
  accepted: (event) =>
    `We accepted it ${FROM[event.source] ?? ""}${event.lane === "bulk" ? ", for the bulk lane" : ""}`
    + `${event.send_at ? `, to be sent at ${clockTime(event.send_at)}` : ""}.`,
  claim: (event, entry) =>
    event.by === "cancel"
      ? "Somebody canceled it before it was handed over."
      : number(event) === "1" ? `We asked Twilio to take the ${thing(entry.kind)}.` : `We tried again: attempt ${number(event)}.`,
  doubt: (event) =>
    event.came_to === "unknown"
      ? `${lost(event.code)}. Nothing is sent again until we know whether Twilio has it.`
      : "Others of the same job are unclear; this one is not.",
  answer: answered,
  reported,
  parked: (event) => `We gave up: ${means(event.code, event.message)}. It waits for a person to decide.`,
  retried: () => "Somebody asked for another try.",
};

// One event as a sentence.
export function sentence(event, entry) {
  const tell = TELL[event.event.split(".")[0]];
  return tell ? tell(event, entry) : event.event;
}

// How an event looks in the timeline.
export function toneOf(event) {
  const [name] = event.event.split(".");
  if (name === "doubt") return "doubt";
  if (name === "parked") return "warn";
  if (name === "reported") return event.fields?.ErrorCode || ["failed", "undelivered"].includes(event.status) ? "bad" : isFinal(event.status) ? "good" : "busy";
  if (name === "answer") return { sid: "good", refused: "bad", retry: "warn" }[event.came_to] ?? "busy";
  return "wait";
}

const NOW = {
  scheduled: (entry) => `It waits until ${clockTime(entry.events.find((event) => event.send_at)?.send_at ?? entry.accepted_at)}.`,
  accepted: (entry) => (entry.attempts ? "It waits in the queue for its next try." : "It waits in the queue."),
  delivering: () => "Twilio is being asked at this moment.",
  in_doubt: () => "It is not known yet whether Twilio has it; nothing is sent again before it is.",
  handed_over: (entry) => {
    const why = problem(entry);
    if (why) return `Twilio took it, but it did not arrive: ${means(why.code, why.message)}.`;
    return REPORTS[entry.twilio_status] ?? "Twilio has it.";
  },
  refused: (entry) => `It was refused: ${means(entry.error?.code, entry.error?.message)}.`,
  parked: (entry) => `It was given up: ${means(entry.error?.code, entry.error?.message)}. It waits for a person.`,
  canceled: () => "It was canceled before it was handed over.",
};

// The whole story in a sentence or two.
export function summary(entry) {
  const now = capital(NOW[entry.state]?.(entry) ?? entry.state);
  const doubt = entry.events.find((event) => event.event.startsWith("doubt.") && event.came_to === "unknown");
  if (!doubt) return now;
  const what = thing(entry.kind);
  const end = entry.events.find(isOf("answer", number(doubt)));
  const report = entry.events.find((event) => event.event.startsWith("reported.") && event.sid);
  if (end?.came_to === "not_created") return `${now} ${lost(doubt.code)}; we asked, and it did not have the ${what}, so it could be sent again.`;
  if (end && !(report && report.at < end.at)) return `${now} ${lost(doubt.code)}; we asked, and it had the ${what}. It was sent once.`;
  if (end || report) return `${now} ${lost(doubt.code)}; its own report proved that it had the ${what}. It was sent once.`;
  return now;
}
