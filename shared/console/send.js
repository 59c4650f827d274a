// A test text or call, and steps looked at as TwiML before anybody hears them.

import { call, newOnce } from "./api.js";
import { confirm } from "./dialogs.js";
import { button, field, make, options } from "./dom.js";
import { alwaysMasked } from "./mask.js";

const EXAMPLE = '[\n  {"say": "Welcome to Switchboard"},\n  {"gather": {"num_digits": 1, "steps": [{"say": "Press one"}]}},\n  {"hangup": {}}\n]';

export function send(live) {
  live(null);
  const element = make("div", { class: "send" }, make("h1", {}, "Send a test"),
    make("div", { class: "forms" }, form("message"), form("call"), preview()));
  return { element, stop: () => {} };
}

const WAYS = { message: { name: "Text", content: "body", label: "What it says", words: "A test from Switchboard" },
  call: { name: "Call", content: "say", label: "What is said", words: "This is a test from Switchboard." } };

function form(kind) {
  const { name, content, label, words } = WAYS[kind];
  const to = make("input", { type: "tel", autocomplete: "off", required: true, placeholder: "+14155552671" });
  const text = make("textarea", { rows: 3, required: true, value: words });
  const said = make("p", { class: "said", role: "status" });
  const element = make("form", { class: "card", "aria-label": `Test ${name.toLowerCase()}`, submit: (event) => {
    event.preventDefault();
    ask();
  } },
    make("h2", {}, `Test ${name.toLowerCase()}`),
    field("To", to, "With country code. A real person is reached, and it costs what Twilio charges."),
    field(label, text), make("button", { type: "submit", class: "primary" }, kind === "call" ? "Call…" : "Send…"), said);

  function ask() {
    const number = to.value.replace(/[\s().-]/g, "");
    const once = newOnce();
    const collection = kind === "call" ? "calls" : "messages";
    confirm({
      heading: kind === "call" ? "Place this call?" : "Send this text?",
      effects: [
        [`One ${kind === "call" ? "call to" : "text to"} ${alwaysMasked(number)}, from the app's default sender`, "go"],
        [`It ${content === "say" ? "says" : "reads"}: “${text.value}”`, "go"],
        ["It is a real one, and is charged", "stay"],
      ],
      label: kind === "call" ? "Call" : "Send",
      act: async () => {
        try {
          const receipt = await call("POST", collection, { once, body: { to: number, [content]: text.value, metadata: { from: "console" } } });
          said.replaceChildren("Accepted: ", make("a", { href: `#/send/${kind}/${receipt.id}` }, "follow it"));
          return [["Accepted. It is on its way.", "go"]];
        } catch (error) {
          said.textContent = error.words ?? String(error);
          return [[said.textContent, "stay"]];
        }
      },
    });
  }
  return element;
}

function preview() {
  const steps = make("textarea", { rows: 9, class: "mono", spellcheck: "false", value: EXAMPLE });
  const kind = make("select", {}, options([["call", "A call"], ["message", "An answer to a text"]], "call"));
  const twiml = make("pre", { class: "twiml", tabindex: "0", role: "region", "aria-label": "TwiML" }, "");
  const said = make("p", { class: "said", role: "status" });
  twiml.hidden = true;

  async function show() {
    twiml.hidden = true;
    try {
      const answer = await call("POST", "twiml/preview", { body: { steps: JSON.parse(steps.value), kind: kind.value } });
      twiml.textContent = laidOut(answer.twiml);
      twiml.hidden = false;
      said.textContent = "This is what Twilio is told.";
    } catch (error) {
      said.textContent = error instanceof SyntaxError ? `The steps are no JSON: ${error.message}` : error.words ?? String(error);
    }
  }

  return make("section", { class: "card", "aria-labelledby": "preview-heading" }, make("h2", { id: "preview-heading" }, "Steps as TwiML"),
    field("Steps, as JSON", steps, "Nothing is sent: this only shows the TwiML."), field("For", kind),
    button("Preview", show, { class: "primary" }), said, twiml);
}

// TwiML with a line for each element, indented.
function laidOut(text) {
  let depth = 0;
  return text.replace(/>\s*</g, ">\n<").split("\n").map((line) => {
    if (line.startsWith("</")) depth--;
    const laid = "  ".repeat(Math.max(0, depth)) + line;
    if (/^<[^/?!][^>]*[^/]>$/.test(line) || /^<[A-Za-z]>$/.test(line)) depth++;
    return laid;
  }).join("\n");
}
