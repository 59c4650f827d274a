// What an error code means and what to do about it, from the table that the app serves.

import { codes, futile } from "./codes.js";
import { own } from "./data.js";
import { maskText } from "./mask.js";

const FUTILE = new Set(futile);

// Also for a code that the table does not have.
export const advice = (code, message) => own(codes, code,
  { means: maskText(message || "a code that this console does not know"), do: "Look it up at twilio.com/docs/api/errors." });

// Whether the same request would only fail again.
export const isFutile = (error) => FUTILE.has(error?.code);
