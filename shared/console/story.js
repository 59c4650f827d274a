// An entry's events as sentences that a person can read out on the phone.

import { advice } from "./advice.js";
import { capital, own } from "./data.js";
import { callResult, nameOf, resultOf } from "./events.js";
import { isFinal, noun, problem, statusName } from "./statuses.js";
import { clockTime } from "./times.js";

const FROM = { http: "through the API", queue: "from the storage queue", batch: "as part of a batch" };
const LOST = {
  no_answer: "Twilio's answer was lost",
  unreadable: "Twilio's answer could not be read",
  worker_lost: "The worker stopped while it asked Twilio",
};

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

const number = (event) => nameOf(event)[1];
const isOf = (name, n) => (event) => event.event === `${name}.${n}`;
const means = (code, message) => advice(code, message).means;
const lost = (code) => own(LOST, code) ?? `Twilio had an error (${code}: ${means(code)})`;

function tellAnswer(event, entry) {
  const what = noun(entry.kind);
  const doubt = entry.events.find(isOf("doubt", number(event)));
  const proof = entry.events.find((each) => each.event.startsWith("reported.") && each.sid === event.sid && each.at < event.at);
  switch (resultOf(event)) {
    case "sent":
      if (doubt && proof) return `Twilio's own report proved that it had the ${what}.`;
      if (doubt) return `We asked, and Twilio had the ${what}.`;
      return `Twilio took the ${what}.`;
    case "notCreated":
      return `We asked, and Twilio did not have the ${what}: it is safe to send it again.`;
    case "retryable":
      return `It was not sent: ${means(event.code, event.message)}. It is tried again${event.not_before ? ` from ${clockTime(event.not_before)} on` : ""}.`;
    default:
      return `${refusedByTwilio(event) ? "Twilio refused it" : "We did not send it"}: ${means(event.code, event.message)}.`;
  }
}

// A refusal of our own has no code of Twilio's, or is the opt-out that we remember.
const refusedByTwilio = ({ request_id: request, code }) => Boolean(request) || (/^\d+$/.test(code) && code !== "21610");

function tellReport(event) {
  const { ErrorCode: code, CallbackSource: source } = event.fields ?? {};
  const report = own(REPORTS, event.status) ?? `Twilio says: ${statusName(event.status)}.`;
  const why = code ? ` The reason: ${means(code, event.fields.ErrorMessage)} (${code}).` : "";
  return (source === "asked" ? "We asked Twilio again. " : "") + report + why;
}

const TELL = {
  accepted: (event) =>
    `We accepted it ${own(FROM, event.source, "")}${event.lane === "bulk" ? ", for the bulk lane" : ""}`
    + `${event.send_at ? `, to be sent at ${clockTime(event.send_at)}` : ""}.`,
  claim: (event, entry) =>
    event.by === "cancel"
      ? "Somebody canceled it before it was handed over."
      : number(event) === "1" ? `We asked Twilio to take the ${noun(entry.kind)}.` : `We tried again: attempt ${number(event)}.`,
  doubt: (event) =>
    resultOf(event) === "unknown"
      ? `${lost(event.code)}. Nothing is sent again until we know whether Twilio has it.`
      : "Others of the same job are unclear; this one is not.",
  answer: tellAnswer,
  reported: tellReport,
  parked: (event) => `We gave up: ${means(event.code, event.message)}. It waits for a person to decide.`,
  retried: () => "Somebody asked for another try.",
  noted: (event) => {
    const { before, value, isSecret } = during(event);
    return `${before} ${isSecret ? "•••" : value}`.trim();
  },
};

const MACHINES = { human: "A person answered.", fax: "A fax machine answered.", unknown: "It is not certain whether a person answered." };
const DIALS = { completed: "They were connected to another number.", answered: "They were connected to another number.",
  busy: "The other number was busy.", "no-answer": "The other number did not answer.", failed: "The other number could not be reached." };
const MAX_CHOICE_DIGITS = 2;
const HTTPS = /^https:\/\//;

// What happened during a call: {before, value, isSecret, href}; null for other events.
export function during(event) {
  if (nameOf(event)[0] !== "noted") return null;
  const { digits, speech, recording_url: recording, dial_status: dial, answered_by: by } = callResult(event);
  if (dial) return { before: own(DIALS, dial, `The other number: ${dial}.`) };
  if (recording) return { before: "They left a recording.", href: HTTPS.test(recording) && recording };
  if (digits) return { before: "They pressed", value: digits, isSecret: digits.length > MAX_CHOICE_DIGITS };
  if (speech) return { before: "They said", value: `“${speech}”`, isSecret: true };
  if (by) return { before: own(MACHINES, by, "A machine answered.") };
  return { before: "They pressed and said nothing." };
}

// One event as a sentence.
export function sentence(event, entry) {
  const tell = own(TELL, nameOf(event)[0]);
  return tell ? tell(event, entry) : event.event;
}

const RESULT_TONES = { sent: "good", rejected: "bad", retryable: "warn" };

// An event's colour in the timeline.
export function toneOf(event, entry) {
  const [name] = nameOf(event);
  if (name === "doubt") return "doubt";
  if (name === "parked") return "warn";
  if (name === "reported") {
    if (event.fields?.ErrorCode || ["failed", "undelivered"].includes(event.status)) return "bad";
    if (event.status === "completed" && problem(entry)) return "bad";
    return isFinal(event.status) ? "good" : "busy";
  }
  if (name === "answer") return own(RESULT_TONES, resultOf(event), "busy");
  return "wait";
}

const NOW = {
  scheduled: (entry) => `It waits until ${clockTime(entry.events.find((event) => event.send_at)?.send_at ?? entry.accepted_at)}.`,
  accepted: (entry) => (entry.attempts ? "It waits in the queue for its next try." : "It waits in the queue."),
  delivering: () => "Twilio is being asked at this moment.",
  in_doubt: () => "It is not known yet whether Twilio has it; nothing is sent again before it is.",
  handed_over: (entry) => {
    const why = problem(entry);
    if (why && entry.twilio_status === "completed") return `The call was answered, but ended in an error: ${means(why.code, why.message)}.`;
    if (why) return `Twilio took it, but it did not arrive: ${means(why.code, why.message)}.`;
    return own(REPORTS, entry.twilio_status, "Twilio has it.");
  },
  refused: (entry) => `It was refused: ${means(entry.error?.code, entry.error?.message)}.`,
  parked: (entry) => `It was given up: ${means(entry.error?.code, entry.error?.message)}. It waits for a person.`,
  canceled: () => "It was canceled before it was handed over.",
};

// The whole story in a sentence or two.
export function summary(entry) {
  const now = capital(own(NOW, entry.state)?.(entry) ?? entry.state);
  const doubt = entry.events.find((event) => event.event.startsWith("doubt.") && resultOf(event) === "unknown");
  if (!doubt) return now;
  const what = noun(entry.kind);
  const end = entry.events.find(isOf("answer", number(doubt)));
  const report = entry.events.find((event) => event.event.startsWith("reported.") && event.sid);
  if (end && resultOf(end) === "notCreated") return `${now} ${lost(doubt.code)}; we asked, and it did not have the ${what}, so it could be sent again.`;
  if (end && !(report && report.at < end.at)) return `${now} ${lost(doubt.code)}; we asked, and it had the ${what}. It was sent once.`;
  if (end || report) return `${now} ${lost(doubt.code)}; its own report proved that it had the ${what}. It was sent once.`;
  return now;
}
