// Steps as the TwiML that Twilio gets; nothing is sent.

import { call, messageOf } from "./api.js";
import { button, field, make, options } from "./dom.js";

const EXAMPLE = '[\n  {"say": "Welcome to Switchboard"},\n  {"gather": {"num_digits": 1, "steps": [{"say": "Press one"}]}},\n  {"hangup": {}}\n]';

export function stepsPreview() {
  const steps = make("textarea", { rows: 9, class: "mono", spellcheck: "false", value: EXAMPLE });
  const kind = make("select", {}, options([["call", "A call"], ["message", "An answer to a text"]], "call"));
  const twiml = make("pre", { class: "twiml", tabindex: "0", role: "region", "aria-label": "TwiML", hidden: true }, "");
  const message = make("p", { class: "message", role: "status" });

  async function show() {
    twiml.hidden = true;
    try {
      const answer = await call("POST", "twiml/preview", { body: { steps: JSON.parse(steps.value), kind: kind.value } });
      twiml.textContent = indent(answer.twiml);
      twiml.hidden = false;
      message.textContent = "This is what Twilio gets.";
    } catch (error) {
      message.textContent = error instanceof SyntaxError ? `The steps are not JSON: ${error.message}` : messageOf(error);
    }
  }

  return make("section", { class: "card", "aria-labelledby": "preview-heading" }, make("h2", { id: "preview-heading" }, "Steps as TwiML"),
    field("Steps, as JSON", steps, "Nothing is sent: this only shows the TwiML."), field("For", kind),
    button("Preview", show, { class: "primary" }), message, twiml);
}

// TwiML with a line for each element, indented.
function indent(text) {
  let depth = 0;
  return text.replace(/>\s*</g, ">\n<").split("\n").map((line) => {
    if (line.startsWith("</")) depth--;
    const indented = "  ".repeat(Math.max(0, depth)) + line;
    if (/^<[^/?!][^>]*[^/]>$/.test(line) || /^<[A-Za-z]>$/.test(line)) depth++;
    return indented;
  }).join("\n");
}
