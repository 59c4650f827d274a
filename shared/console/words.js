// Our states and Twilio's statuses in words, and how each looks: as data.

import { codes } from "./codes.js";
import { maskText } from "./mask.js";

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

// What a person can look for, as the filters of a list.
export const PLACES = [
  ["", "Anywhere", {}],
  ["accepted", "Accepted, waiting to be sent", { state: "scheduled,accepted" }],
  ["in_flight", "In flight", { state: "delivering" }],
  ["in_doubt", "In doubt", { state: "in_doubt" }],
  ["handed_over", "Handed over", { state: "handed_over" }],
  ["delivered", "Delivered or completed", { twilio_status: ARRIVED.join() }],
  ["not_delivered", "Not delivered", { twilio_status: FAILED.join() }],
  ["refused", "Refused", { state: "refused" }],
  ["parked", "Parked", { state: "parked" }],
  ["canceled", "Canceled", { state: "canceled" }],
];

// Where an entry is, in one or two words, and the tone that goes with them.
export const where = (item) =>
  (item.state === "handed_over" && STATUSES[item.twilio_status]) || STATES[item.state] || [item.state, "wait"];

// Why it did not arrive, or not yet; what was overcome since is no problem any more.
export const problem = (item) =>
  (item.state === "handed_over" && !FAILED.includes(item.twilio_status) ? null : item.error);

export const isFinal = (status) => FINAL.includes(status);

// Whether more can still become of an entry by itself.
export const isOpen = (item) =>
  PENDING.includes(item.state) || (item.state === "handed_over" && !isFinal(item.twilio_status));

export const stateName = (state) => STATES[state]?.[0] ?? state;

export const statusName = (status) => STATUSES[status]?.[0] ?? status;

export const KINDS = { message: "Text", call: "Call", unreadable: "Unreadable" };

export const thing = (kind) => ({ call: "call", unreadable: "queue message" })[kind] ?? "message";

// What a code means and what to do, also where the table does not know it.
export const advice = (code, message) =>
  codes[code] ?? { means: maskText(message || "a code that this console does not know"), do: "Look it up at twilio.com/docs/api/errors." };

// How many of a count by name have one of these names.
export const sum = (counts, names) => names.reduce((total, name) => total + (counts[name] ?? 0), 0);

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
