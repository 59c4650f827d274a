// A first look at a phone number, before anybody is asked to confirm it. The app has the last word.

const E164 = /^\+[1-9]\d{6,14}$/;
// North America, where a missing or an extra digit is easily seen.
const NORTH_AMERICA = /^\+1(?![2-9]\d{2}[2-9]\d{6}$)/;

// A number as the app takes it, and what is wrong with it ("" when nothing is).
export function readNumber(text) {
  const [, channel = "", rest] = /^([a-z]+:)?(.*)$/is.exec(text.trim());
  const digits = rest.replace(/[\s().-]/g, "").replace(/^00/, "+");
  return { number: channel.toLowerCase() + digits, problem: problemWith(digits) };
}

function problemWith(digits) {
  if (!digits) return "is missing";
  if (/^\d+$/.test(digits)) return "needs its country code, e.g. +14155552671";
  if (!E164.test(digits)) return "is not a valid E.164 number, e.g. +14155552671";
  if (NORTH_AMERICA.test(digits)) return "is not a valid number in North America, e.g. +14155552671";
  return "";
}
