// Our states and Twilio's statuses: their labels, their colours, and the filters that find them.

import { own } from "./data.js";

const STATES = {
  scheduled: ["Scheduled", "wait"],
  accepted: ["Accepted", "wait"],
  delivering: ["In flight", "busy"],
  in_doubt: ["In doubt", "doubt"],
  handed_over: ["Handed over", "busy"],
  refused: ["Refused", "bad"],
  parked: ["Parked", "warn"],
  canceled: ["Canceled", "over"],
};

const STATUSES = {
  delivered: ["Delivered", "good"],
  read: ["Read", "good"],
  completed: ["Completed", "good"],
  undelivered: ["Not delivered", "bad"],
  failed: ["Failed", "bad"],
  busy: ["Busy", "warn"],
  "no-answer": ["No answer", "warn"],
  canceled: ["Canceled", "over"],
  "in-progress": ["In progress", "busy"],
  ringing: ["Ringing", "busy"],
};

export const ARRIVED = ["delivered", "read", "completed"];
export const FAILED = ["undelivered", "failed", "busy", "no-answer"];
export const FINAL = [...ARRIVED, ...FAILED, "canceled"];
export const PENDING = ["scheduled", "accepted", "delivering", "in_doubt"];
const ON_THE_WAY = ["accepted", "scheduled", "queued", "initiated", "sending", "ringing", "in-progress", "sent"];

// What a list can be narrowed to: value, label, and the API's filters (several: any of them).
export const FILTERS = [
  ["", "Any", [{}]],
  ["scheduled", "Scheduled", [{ state: "scheduled" }]],
  ["accepted", "Accepted, waiting to be sent", [{ state: "accepted" }]],
  ["in_flight", "In flight", [{ state: "delivering" }]],
  ["in_doubt", "In doubt", [{ state: "in_doubt" }]],
  ["handed_over", "Handed over, on the way", [{ state: "handed_over", twilio_status: ON_THE_WAY.join() }]],
  ["delivered", "Delivered or completed", [{ twilio_status: ARRIVED.join() }]],
  ["not_delivered", "Not delivered", [{ twilio_status: FAILED.join() }]],
  ["refused", "Refused", [{ state: "refused" }]],
  ["parked", "Parked", [{ state: "parked" }]],
  ["canceled", "Canceled", [{ state: "canceled" }, { twilio_status: "canceled" }]],
];

// A call that was answered and then stopped by an error is not a success.
const endedInError = (item) => item.kind === "call" && item.twilio_status === "completed" && Boolean(item.error);

// An entry's label and colour.
export function statusOf(item) {
  if (endedInError(item)) return ["Ended in an error", "bad"];
  return (item.state === "handed_over" && own(STATUSES, item.twilio_status)) || own(STATES, item.state, [item.state, "wait"]);
}

// Why it did not arrive, or not yet; an error that was overcome does not count.
export const problem = (item) =>
  (item.state === "handed_over" && !FAILED.includes(item.twilio_status) && !endedInError(item) ? null : item.error);

export const isFinal = (status) => FINAL.includes(status);

// Whether an entry can still change by itself.
export const isOpen = (item) =>
  PENDING.includes(item.state) || (item.state === "handed_over" && !isFinal(item.twilio_status));

export const stateName = (state) => own(STATES, state, [state])[0];

export const statusName = (status) => own(STATUSES, status, [status])[0];

const KINDS = { message: ["Text", "message"], call: ["Call", "call"], unreadable: ["Unreadable", "queue message"] };

// A kind as a heading, and as a word in a sentence.
export const kindName = (kind) => own(KINDS, kind, [kind])[0];
export const noun = (kind) => own(KINDS, kind, KINDS.message)[1];
