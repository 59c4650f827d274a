// The API's words for the result of an attempt: the field of an event, and its values.
const WORDS = { field: "result", sent: "sent", rejected: "rejected", retryable: "retryable", notCreated: "not_created", unknown: "unknown" };

const RESULTS = new Map(Object.entries(WORDS).slice(1).map(([name, word]) => [word, name]));

// The result of an event: `sent`, `rejected`, `retryable`, `notCreated`, `unknown`, or nothing.
export const resultOf = (event) => RESULTS.get(event[WORDS.field]);

// An event's name and what follows it: `answer.2` is ["answer", "2"].
export const nameOf = (event) => event.event.split(".");

// What happened during a call, in the form of an entry's `results`: from a result or from a `noted` event.
export function callResult(event) {
  if (event.verb) return event;
  const { Digits, SpeechResult, RecordingUrl, DialCallStatus, AnsweredBy } = event.fields ?? {};
  return { verb: nameOf(event)[1], digits: Digits, speech: SpeechResult, recording_url: RecordingUrl,
    dial_status: DialCallStatus, answered_by: AnsweredBy, at: event.at };
}

// An entry's events with the results of a call among them, each once.
export function storyOf({ events, results }) {
  if (!results?.length) return events;
  const others = events.filter((event) => nameOf(event)[0] !== "noted");
  const added = results.map((result) => ({ ...result, event: `noted.${result.verb}` }));
  return [...others, ...added].sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
}
