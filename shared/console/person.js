// Everything that is stored about the person of an inbound event. The number stays out of the address.

import { call, messageOf, pathOf } from "./api.js";
import { button, make } from "./dom.js";
import { List } from "./list.js";
import { number } from "./mask.js";
import { personOf, tell } from "./received.js";
import { moment } from "./times.js";

export function personPanel(id, view) {
  const heading = make("h1", { tabindex: "-1" }, "Everything about this person");
  const message = make("p", { class: "summary" }, "Asking…");
  const stops = make("ul", { class: "plain" });
  const list = new List("Messages and calls to them", view, () => restart());
  const said = make("ol", { class: "timeline" });
  const more = button("Look further back", () => load(), { hidden: true });
  const content = make("div", { hidden: true }, stops,
    make("h2", {}, "What they texted and said"), said, make("h2", {}, "Messages and calls to them"), list.element, make("p", { class: "more" }, more));
  const element = make("div", {}, heading, message, content);
  let person = null;
  let items = [];
  let next = null;
  let isOver = false;

  function restart() {
    items = [];
    next = null;
    said.replaceChildren();
    load();
  }

  async function load() {
    more.disabled = true;
    try {
      person ??= personOf((await call("GET", pathOf("event", id))).event);
      const page = await call("POST", "recipients/find", { body: { number: person, ...(next && { cursor: next }) } });
      if (isOver) return;
      heading.replaceChildren("Everything about ", number(person));
      show(page);
    } catch (error) {
      message.hidden = false;
      message.textContent = messageOf(error);
    } finally {
      more.disabled = false;
    }
  }

  function show(page) {
    items = [...items, ...page.items];
    next = page.next;
    message.hidden = true;
    content.hidden = false;
    stops.append(...page.opt_outs.map(({ sender, says, at }) =>
      make("li", {}, says === "stop" ? "They stopped texts from " : "They allowed texts from ", number(sender), " ", moment(at))));
    said.append(...page.inbound.map((event) => make("li", {}, moment(event.at), make("p", {}, tell(event)))));
    list.show(items);
    more.hidden = next === null;
    said.previousElementSibling.hidden = said.children.length === 0;
  }

  load();
  return { element, heading, stop: () => { isOver = true; } };
}
