// Retry and cancel: of one, of a selection, of a batch. What will happen is counted first.

import { call, newOnce, pathOf } from "./api.js";
import { confirm } from "./dialogs.js";
import { count } from "./dom.js";
import { isFinal, sum, thing } from "./words.js";

const AT_ONCE = 4;

const canRetry = (item) => ["parked", "refused"].includes(item.state) && item.kind !== "unreadable";

const isNotSent = (item) => ["scheduled", "accepted", "parked"].includes(item.state);
const isAtTwilio = (item) => item.state === "handed_over" && !isFinal(item.twilio_status) && item.twilio_status !== "sent";

export const offers = (item) => ({
  retry: canRetry(item),
  cancel: isNotSent(item) || isAtTwilio(item),
  cancelName: isAtTwilio(item) && item.kind === "call" ? "Hang up" : "Cancel",
});

const things = (items, number = items.length) => {
  const kinds = new Set(items.map((item) => item.kind));
  return count(number, kinds.size === 1 ? thing([...kinds][0]) : "entry", kinds.size === 1 ? undefined : "entries");
};

// Lines for the groups that have anybody in them: [items, words, tone].
const lines = (groups) =>
  groups.filter(([items]) => items.length).map(([items, words, tone]) => [`${things(items)}, ${words}`, tone]);

export function retry(items, after) {
  const fit = items.filter(canRetry);
  confirm({
    heading: fit.length ? `Send ${things(fit)} again?` : "Nothing of this can be sent again",
    effects: lines([
      [fit.filter((item) => item.state === "parked"), "given up before: tried again once it is certain that Twilio does not have it", "go"],
      [fit.filter((item) => item.state === "refused"), "refused before: Twilio is asked anew, and may refuse again", "go"],
      [items.filter((item) => item.kind === "unreadable"), "could not be read: nothing to send; put it on the queue anew", "stay"],
      [items.filter((item) => !canRetry(item) && item.kind !== "unreadable"), "left alone: only what was parked or refused can be sent again", "stay"],
    ]),
    label: `Send ${things(fit)} again`,
    act: fit.length && ((progress) => each(fit, progress, (item, once) =>
      call("POST", `${pathOf(item.kind, item.id)}/retry`, { once }), "on the way again")),
    after,
  });
}

export function cancel(items, after) {
  const unsent = items.filter(isNotSent);
  const atTwilio = items.filter(isAtTwilio);
  const fit = [...unsent, ...atTwilio];
  const busy = items.filter((item) => ["delivering", "in_doubt"].includes(item.state));
  confirm({
    heading: fit.length ? `Cancel ${things(fit)}?` : "Nothing of this can be canceled",
    effects: lines([
      [unsent, "not sent yet: will never be sent", "go"],
      [atTwilio.filter((item) => item.kind === "call"), "going on: Twilio is asked to hang up", "go"],
      [atTwilio.filter((item) => item.kind !== "call"), "at Twilio already: Twilio is asked to stop it, and may be too late", "go"],
      [busy, "left alone: being sent at this moment; ask again shortly", "stay"],
      [items.filter((item) => !fit.includes(item) && !busy.includes(item)), "left alone: it is over already", "stay"],
    ]),
    label: `Cancel ${things(fit)}`,
    danger: true,
    act: fit.length && ((progress) => each(fit, progress, (item) =>
      call("DELETE", pathOf(item.kind, item.id)), "canceled or stopped")),
    after,
  });
}

// Do it to each, a few at once; gives what came of it, in lines.
async function each(items, progress, step, done) {
  const failed = [];
  const once = newOnce();
  const waiting = [...items];
  async function worker() {
    for (let item = waiting.shift(); item; item = waiting.shift()) {
      try {
        await step(item, `${once}-${item.id}`);
      } catch (error) {
        failed.push([item, error]);
      }
      progress((items.length - waiting.length) / items.length);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const reasons = Map.groupBy(failed, ([, error]) => error.words ?? String(error));
  return [
    ...(failed.length < items.length ? [[`${things(items, items.length - failed.length)} ${done}`, "go"]] : []),
    ...[...reasons].map(([reason, group]) => [`${things(group.map(([item]) => item))} not: ${reason}`, "stay"]),
  ];
}

const BATCH_RETRIED = ["parked", "refused"];
const BATCH_CANCELED = ["scheduled", "accepted", "parked"];

// The same for a batch, by the states that it counts.
export function ofBatch(batch, name, after) {
  const isRetry = name === "retry";
  const fits = isRetry ? BATCH_RETRIED : BATCH_CANCELED;
  const fit = sum(batch.states, fits);
  const rest = batch.count - fit;
  const one = thing(batch.kind);
  const once = newOnce();
  const path = pathOf("batch", batch.id);
  confirm({
    heading: fit ? `${isRetry ? "Send" : "Cancel"} ${count(fit, one)} of this batch${isRetry ? " again" : ""}?` : `Nothing of this batch can be ${isRetry ? "sent again" : "canceled"}`,
    effects: [
      ...fits.filter((state) => batch.states[state]).map((state) => [`${count(batch.states[state], one)}, ${EFFECTS[name][state]}`, "go"]),
      ...(rest ? [[`${count(rest, one)} left alone`, "stay"]] : []),
    ],
    label: isRetry ? `Send ${count(fit, one)} again` : `Cancel ${count(fit, one)}`,
    danger: !isRetry,
    act: fit && (async () => {
      try {
        await call(isRetry ? "POST" : "DELETE", isRetry ? `${path}/retry` : path, { once: isRetry && once });
        return [[isRetry ? `${count(fit, one)} on the way again` : "What had not left is canceled", "go"]];
      } catch (error) {
        return [[error.words ?? String(error), "stay"]];
      }
    }),
    after,
  });
}

const EFFECTS = {
  retry: { parked: "given up before: tried again", refused: "refused before: Twilio is asked anew" },
  cancel: { scheduled: "scheduled: will never be sent", accepted: "waiting: will never be sent", parked: "parked: will never be sent" },
};
