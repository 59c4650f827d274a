// The overview, and what it says about the account: a badge that tells a simulator from real life.

import { call } from "./api.js";
import { badge, make } from "./dom.js";
import { number } from "./mask.js";

let pending = null;
let account = null;

// `GET /api/overview`; callers at the same time share one request.
export function overview() {
  pending ??= call("GET", "overview").then((answer) => {
    if (JSON.stringify(answer.account) !== JSON.stringify(account ?? undefined)) {
      account = answer.account ?? null;
      document.getElementById("account").replaceChildren(...contents());
    }
    return answer;
  }).finally(() => { pending = null; });
  return pending;
}

export const isSimulated = () => account?.simulator === true;

// What sending costs. It says so once the account is known; an account that nobody knows is real.
export function cost(real) {
  const tell = () => isSimulated() ? "In the simulator: nobody is reached, and nothing is charged" : real;
  const element = make("span", {}, account ? tell() : "Asking whether Twilio is the simulator…");
  if (!account) overview().catch(() => {}).finally(() => { element.textContent = tell(); });
  return element;
}

function contents() {
  if (!account) return [];
  if (isSimulated()) return [badge("Simulator", "doubt")];
  return [
    make("span", { title: `Account ${account.sid}` }, `${account.sid.slice(0, 2)}…${account.sid.slice(-4)}`),
    account.sender && make("span", {}, " · ", number(account.sender)),
  ].filter(Boolean);
}
