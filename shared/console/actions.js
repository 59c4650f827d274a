// Retry and cancel: of one entry, of a selection, of a batch. The dialog counts first what will happen.

import { isFutile } from "./advice.js";
import { call, pathOf, post, messageOf } from "./api.js";
import { count, own, sum } from "./data.js";
import { confirm } from "./dialogs.js";
import { isFinal, noun } from "./statuses.js";

const MAX_CONCURRENT_REQUESTS = 4;
const RETRIED = ["parked", "refused"];
const UNSENT = ["scheduled", "accepted", "parked"];

export const canRetry = (item) => RETRIED.includes(item.state) && item.kind !== "unreadable";
const isUnsent = (item) => UNSENT.includes(item.state);
const isAtTwilio = (item) => item.state === "handed_over" && !isFinal(item.twilio_status) && item.twilio_status !== "sent";

export const offers = (item) => ({
  retry: canRetry(item),
  cancel: isUnsent(item) || isAtTwilio(item),
  cancelName: isAtTwilio(item) && item.kind === "call" ? "Hang up" : "Cancel",
});

const nouns = (items, number = items.length) => {
  const kinds = new Set(items.map((item) => item.kind));
  return kinds.size === 1 ? count(number, noun([...kinds][0])) : count(number, "entry", "entries");
};

// A line for each group that is not empty: [effect, colour class, test]; an item is in the first that fits it.
function linesOf(items, groups) {
  const groupOf = (item) => groups.find(([, , fits]) => fits(item));
  return groups.map((group) => [items.filter((item) => groupOf(item) === group), ...group])
    .filter(([members]) => members.length)
    .map(([members, effect, tone]) => [`${nouns(members)}, ${effect}`, tone]);
}

const RETRY_GROUPS = [
  ["could not be read: nothing to send; put it on the queue again", "stay", (item) => item.kind === "unreadable"],
  ["given up before: tried again once it is certain that Twilio does not have it", "go", (item) => item.state === "parked"],
  ["refused because of the recipient or the text: will most likely be refused again", "go", (item) => item.state === "refused" && isFutile(item.error)],
  ["refused before: Twilio is asked again, and may refuse again", "go", (item) => item.state === "refused"],
  ["left alone: only what was parked or refused can be sent again", "stay", () => true],
];

const CANCEL_GROUPS = [
  ["not sent yet: will never be sent", "go", isUnsent],
  ["going on: Twilio is asked to hang up", "go", (item) => isAtTwilio(item) && item.kind === "call"],
  ["at Twilio already: Twilio is asked to stop it, and may be too late", "go", isAtTwilio],
  ["left alone: being sent at this moment; ask again shortly", "stay", (item) => ["delivering", "in_doubt"].includes(item.state)],
  ["left alone: it is over already", "stay", () => true],
];

export function retry(items, after) {
  const fit = items.filter(canRetry);
  confirm({
    heading: `Send ${nouns(fit)} again?`,
    lines: linesOf(items, RETRY_GROUPS),
    label: `Send ${nouns(fit)} again`,
    act: (progress) => doEach(fit, progress, "on the way again",
      (item) => post(`${pathOf(item.kind, item.id)}/retry`)),
    after,
  });
}

export function cancel(items, after) {
  const fit = items.filter((item) => offers(item).cancel);
  confirm({
    heading: fit.length ? `Cancel ${nouns(fit)}?` : "Nothing of this can be canceled",
    lines: linesOf(items, CANCEL_GROUPS),
    label: `Cancel ${nouns(fit)}`,
    danger: true,
    act: fit.length && ((progress) => doEach(fit, progress, "canceled or stopped",
      (item) => call("DELETE", pathOf(item.kind, item.id)))),
    after,
  });
}

// Do `step` for each item, a few at a time; gives the lines that say how it went.
async function doEach(items, progress, done, step) {
  const failed = [];
  const waiting = [...items];
  async function work() {
    for (let item = waiting.shift(); item; item = waiting.shift()) {
      try {
        await step(item);
      } catch (error) {
        failed.push([item, error]);
      }
      progress((items.length - waiting.length) / items.length);
    }
  }
  await Promise.all(Array.from({ length: MAX_CONCURRENT_REQUESTS }, work));
  const reasons = Map.groupBy(failed, ([, error]) => messageOf(error));
  return [
    ...(failed.length < items.length ? [[`${nouns(items, items.length - failed.length)} ${done}`, "go"]] : []),
    ...[...reasons].map(([reason, group]) => [`${nouns(group.map(([item]) => item))} not: ${reason}`, "stay"]),
  ];
}

const OF_BATCH = {
  retry: {
    states: { parked: "given up before: tried again", refused: "refused before: Twilio is asked again" },
    label: (many) => `Send ${many} again`, question: (many) => `Send ${many} of this batch again?`,
    done: (many) => `${many} on the way again`,
    act: (path) => post(`${path}/retry`),
  },
  cancel: {
    states: { scheduled: "scheduled: will never be sent", accepted: "waiting: will never be sent", parked: "parked: will never be sent" },
    label: (many) => `Cancel ${many}`, question: (many) => `Cancel ${many} of this batch?`,
    done: () => "What had not left is canceled", danger: true,
    act: (path) => call("DELETE", path),
  },
};

export const fitsBatch = (batch, name) => sum(batch.states, Object.keys(OF_BATCH[name].states)) > 0;

// The same for a batch, by the states that it counts.
export function ofBatch(batch, name, after) {
  const { states, label, question, done, danger, act } = OF_BATCH[name];
  const fit = sum(batch.states, Object.keys(states));
  const rest = batch.count - fit;
  const many = count(fit, noun(batch.kind));
  confirm({
    heading: question(many),
    lines: [
      ...Object.entries(states).filter(([state]) => own(batch.states, state))
        .map(([state, effect]) => [`${count(batch.states[state], noun(batch.kind))}, ${effect}`, "go"]),
      ...(rest ? [[`${count(rest, noun(batch.kind))} left alone`, "stay"]] : []),
    ],
    label: label(many),
    danger,
    act: async () => {
      await act(pathOf("batch", batch.id));
      return [[done(many), "go"]];
    },
    after,
  });
}
