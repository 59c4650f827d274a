// Times, in the reader's own zone and habits.

import { make } from "./dom.js";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const minute = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const zones = new Intl.DateTimeFormat(undefined, { timeZoneName: "short" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

const date = (at) => (at.getFullYear() === new Date().getFullYear() ? day : dayOfYear).format(at);

const isToday = (at) => new Date(at).toDateString() === new Date().toDateString();

export const clockTime = (at) => (isToday(at) ? "" : `${date(new Date(at))}, `) + clock.format(new Date(at));

// The reader's zone, e.g. `GMT+1`; all times of the console are in it.
const zone = () => zones.formatToParts(new Date()).find(({ type }) => type === "timeZoneName").value;

export const zoneMark = () => make("span", { class: "zone" }, ` ${zone()}`);

export const minuteTime = (at) => minute.format(new Date(at));

export const wholeTime = (at) => whole.format(new Date(at));

// A moment as an element: day and time, which stay right on a page that is open overnight.
export const moment = (at) => make("time", { datetime: at, title: wholeTime(at) },
  make("span", { class: "day piece" }, date(new Date(at))), " ", make("span", { class: "piece" }, clock.format(new Date(at))));

// A moment as a field for a time holds it: to the second, in the reader's zone; or nothing.
export function fieldTime(at) {
  const moment = new Date(at ?? NaN);
  return Number.isNaN(moment.getTime()) ? "" : new Date(moment - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

const UNITS = [[86_400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

// Seconds as a person says them: `0.42 s`, `42 s`, `3 min`, `2 h 5 min`.
export function duration(seconds) {
  if (seconds < 10) return `${Number(seconds.toFixed(seconds < 1 ? 2 : 1))} s`;
  let rest = Math.round(seconds);
  const parts = [];
  for (const [size, unit] of UNITS) {
    const number = Math.floor(rest / size);
    if (number && parts.length < 2) parts.push(`${number} ${unit}`);
    rest %= size;
  }
  return parts.join(" ");
}

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const number = (text) => [...text].reduce((sum, digit) => sum * 32 + ALPHABET.indexOf(digit), 0);

// When an id was made, in milliseconds: the ids count days and milliseconds down.
export const timeOfId = (id) =>
  (32 ** 4 - 1 - number(id.slice(0, 4))) * 86_400_000 + 86_399_999 - number(id.slice(5, 11));
