// The wording of numbers, times and the lines of a call.

const NORTH_AMERICA = /^\+1(\d{3})(\d{3})(\d{4})$/;

/** A phone number with spaces, as people write it. */
export function spaced(address) {
  const [, channel, number] = /^(?:(\w+):)?(.*)$/.exec(address);
  const parts = NORTH_AMERICA.exec(number);
  const shown = parts
    ? `+1 ${parts[1]} ${parts[2]} ${parts[3]}`
    : number.replace(/^(\+\d{2})(\d+)$/, (_, code, rest) => `${code} ${rest.match(/\d{1,3}/g).join(" ")}`);
  return channel ? `${shown} · ${channel}` : shown;
}

const CLOCK = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
export const clock = (at) => CLOCK.format(at * 1000);

/** Seconds as 1:05. */
export const length = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

const TAIL = {
  completed: "", "no-answer": "not answered", busy: "declined", failed: "failed", canceled: "canceled",
};

/** How a call ended: its length, or why there was none. */
export const ended = (call) => (call.applicationError ? "application error" : outcome(call));
const outcome = (call) => TAIL[call.status] || (TAIL[call.status] === "" ? length(Number(call.duration ?? 0)) : call.status);

export const OVER = new Set(Object.keys(TAIL));

const plural = (n, one) => `${n} ${one}${Number(n) === 1 ? "" : "s"}`;

function listening({ text = "", numDigits, finishOnKey }) {
  const kinds = text.split(" ");
  const keys = numDigits ? plural(numDigits, "key") : `keys, then ${finishOnKey || "#"}`;
  return `Listens for ${[kinds.includes("digits") && keys, kinds.includes("speech") && "words"].filter(Boolean).join(" or ")}`;
}

// event -> words; a function gets the whole line. What is not here is shown as it is called.
const SWITCHBOARD = {
  ring: "Rings",
  answer: "The app picks up",
  say: (line) => line.text,
  play: (line) => (line.tones ? `Plays the tones ${line.text}` : `Plays ${line.text}`),
  pause: (line) => `Silence, ${line.text} s`,
  gather: listening,
  beep: "Beep",
  record: "Records what you say",
  recorded: (line) => `Recorded, ${length(Number(line.text))}`,
  dial: (line) => `Calls ${line.text}`,
  "dial ended": (line) => `The other call: ${line.text}`,
  bridged: (line) => `Connected with ${line.text}`,
  whisper: "Only you hear this:",
  "not accepted": "Not accepted",
  conference: (line) => `Joins the conference ${line.text}${line.muted ? ", muted" : ""}`,
  "conference begins": (line) => `The conference ${line.text} begins`,
  enqueue: (line) => `Waits in the queue ${line.text}`,
  "queue left": (line) => `Leaves the queue: ${line.text}`,
  wait: (line) => `On hold: ${line.text}`,
  redirect: (line) => `Goes on at ${line.text}`,
  reject: (line) => `The app does not take the call: ${line.text}`,
  detected: (line) => `Answered by: ${line.text.replaceAll("_", " ")}`,
  sms: (line) => `Sends a text to ${line.to}`,
  digits: (line) => `Presses ${line.text}`,
  connect: (line) => `Connects to ${line.text}`,
  echo: (line) => (line.text ? `Echo: ${line.text}` : "Echoes what you say"),
  pay: (line) => `Asks for a payment ${line.text}`,
  hangup: "The app hangs up",
  completed: "The app ends the call",
  "no-answer": "Nobody answered",
  "time limit": "Time is up",
};

const CALLER = {
  call: (line) => `You call ${line.text}`,
  answer: "You answer",
  digits: (line) => `You press ${line.text}`,
  speech: (line) => line.text,
  record: (line) => line.text,
  silence: "You stay silent",
  hangup: "You hang up",
  busy: "You decline",
  canceled: "You hang up",
  "no-answer": "You do not answer",
};

const OTHER = {
  speech: (line) => line.text,
  say: (line) => line.text,
  digits: (line) => `The other one presses ${line.text}`,
  joined: (line) => `${line.text} joins`,
  left: (line) => `${line.text} leaves`,
};

const TABLES = { switchboard: SWITCHBOARD, caller: CALLER, other: OTHER };
const SPOKEN = { switchboard: new Set(["say"]), caller: new Set(["speech", "record"]), other: new Set(["speech", "say"]) };

/** A line of a transcript in words: its text, and whether somebody said it aloud. */
export function describeLine(line) {
  const known = TABLES[line.who]?.[line.event] ?? SWITCHBOARD[line.event]; // an app may call an app
  const text = typeof known === "function" ? known(line) : known ?? [line.event, line.text].filter(Boolean).join(": ");
  return { text, spoken: SPOKEN[line.who]?.has(line.event) ?? false };
}
