// A test text or call, a batch from a file, and steps as TwiML before anybody hears them.

import { cost } from "./account.js";
import { collectionOf, post } from "./api.js";
import { confirm } from "./dialogs.js";
import { field, make } from "./dom.js";
import { alwaysMasked } from "./mask.js";
import { readNumber } from "./phone_number.js";
import { stepsPreview } from "./preview.js";
import { uploadForm } from "./upload.js";

export function send(live) {
  live(null);
  const element = make("div", { class: "send" }, make("h1", {}, "Send a test"),
    make("div", { class: "forms" }, testForm("message"), testForm("call"), stepsPreview()),
    make("h1", { class: "second" }, "Send a batch"), uploadForm());
  return { element, stop: () => {} };
}

const TESTS = {
  message: { name: "text", field: "body", label: "What it says", text: "A test from Switchboard", verb: "Send", question: "Send this text?", reads: "reads" },
  call: { name: "call", field: "say", label: "What is said", text: "This is a test from Switchboard.", verb: "Call", question: "Place this call?", reads: "says" },
};

function testForm(kind) {
  const test = TESTS[kind];
  const to = make("input", { type: "tel", autocomplete: "off", required: true, placeholder: "+14155552671", input: () => complain("") });
  const text = make("textarea", { rows: 3, required: true, value: test.text });
  const problem = make("p", { class: "problem", role: "alert" });

  function complain(message) {
    problem.textContent = message;
    to.setAttribute("aria-invalid", String(message !== ""));
  }

  function ask() {
    const { number, problem: wrong } = readNumber(to.value);
    complain(wrong && `The number ${wrong}.`);
    if (wrong) {
      to.focus();
      return;
    }
    confirm({
      heading: test.question,
      lines: [
        [`One ${test.name} to ${alwaysMasked(number)}, from the app's default sender`, "go"],
        [`It ${test.reads}: “${text.value}”`, "go"],
        [cost("It is a real one, and is charged"), "stay"],
      ],
      label: test.verb,
      act: async () => {
        const { id } = await post(collectionOf(kind), { body: { to: number, [test.field]: text.value, metadata: { from: "console" } } });
        return [[["Accepted. It is on its way: ", make("a", { href: `#/send/${kind}/${id}` }, "follow it")], "go"]];
      },
    });
  }

  return make("form", { class: "card", novalidate: true, "aria-label": `Test ${test.name}`, submit: (event) => {
    event.preventDefault();
    ask();
  } },
  make("h2", {}, `Test ${test.name}`),
  field("To", to, "With country code."), problem,
  field(test.label, text), make("button", { type: "submit", class: "primary writes" }, `${test.verb}…`));
}
