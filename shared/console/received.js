// What reached us, in words: events of queue `inbound`, their texts masked until they are asked for.

import { count, own } from "./data.js";
import { make, present } from "./dom.js";
import { secret } from "./mask.js";
import { statusName } from "./statuses.js";
import { during } from "./story.js";
import { duration } from "./times.js";

// What a list can be narrowed to: the API's kinds of events, and a label.
export const FILTERS = [
  ["", "Everything"],
  ["message,opt_out,opt_in", "Texts"],
  ["call,dial", "Calls"],
  ["gather", "Keys and speech"],
  ["voicemail,recording,transcription", "Recordings"],
];

const KINDS = { message: "Text", opt_out: "Stop", opt_in: "Start", call: "Call", dial: "Connection",
  voicemail: "Voicemail", recording: "Recording", transcription: "Transcription" };

export function eventName({ event, digits }) {
  if (event === "gather") return digits ? "Keys" : "Speech";
  return own(KINDS, event, event);
}

// Who it is about: what came of a call or message of ours names us first.
export const personOf = (event) => (event.id ? event.to : event.from);

// The call in which it happened, or which it is.
export const callOf = (event) => event.call_sid ?? (event.event === "call" ? event.sid : undefined);

const lasted = (seconds) => (seconds === undefined || seconds === "" ? "" : ` of ${duration(Number(seconds))}`);
const NOT_SHOWN = make("span", { class: "hint" }, "Not shown here (SHOW_CONTENT)");
const text = (value) => (value === undefined ? NOT_SHOWN.cloneNode(true) : value && secret(value, "the text"));

// A recording's address as a link, without a promise: Twilio may ask for the account's credentials.
// A program that calls through Twilio Client may add any field to a call, an address too.
export const recordingLink = ({ event, recording_url: url }) =>
  (event === "voicemail" || event === "recording") && url?.startsWith("https://") && make("a", { href: url, rel: "noreferrer", target: "_blank", class: "piece" }, "Open at Twilio");

function tellText({ body, media }) {
  const files = media?.length ? count(media.length, "attachment") : null;
  const parts = present([text(body) || null, files]);
  return parts.length ? parts : ["An empty text"];
}

function tellCall({ status, call_duration: seconds }) {
  const how = status && status !== "ringing" ? `: ${statusName(status).toLowerCase()}` : "";
  return [`They called${how}${seconds === undefined ? "" : `, ${duration(Number(seconds))}`}`];
}

const tellRecording = (event) => [`They left a recording${lasted(event.duration)}`, recordingLink(event)];

function tellFile(event) {
  if (event.status && event.status !== "completed") return [`There is no recording: ${event.status}`];
  return [`Twilio has the recording${lasted(event.duration)}`, recordingLink(event)];
}

const tellTranscription = ({ text: words, status }) =>
  (status === "failed" ? ["Twilio could not write down what was said"] : ["It says", text(words)]);

function tellDuring(event) {
  const { digits, speech, status: dial_status, event: verb } = event;
  if (verb === "gather" && !digits && speech === undefined) return ["They said", text(speech)];
  const { before, value, isSecret } = during({ event: "noted", verb, digits, speech, ...(verb === "dial" && { dial_status }) });
  const how = verb === "dial" && event.duration ? `, ${duration(Number(event.duration))}` : "";
  return [before.replace(/\.$/, "") + how, isSecret ? secret(value, "what it was") : value];
}

const TELL = { message: tellText, opt_out: tellText, opt_in: tellText, call: tellCall, dial: tellDuring, gather: tellDuring,
  voicemail: tellRecording, recording: tellFile, transcription: tellTranscription };

// What somebody did, as parts of a line.
export const tell = (event) => present(own(TELL, event.event, () => [])(event)).flatMap((part) => [part, " "]).slice(0, -1);
