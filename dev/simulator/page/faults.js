// Switches that make Twilio behave badly, and what they have done so far.

import { attempt, byId, el, isOn, setSwitch } from "./element.js";
import { ask } from "./simulator.js";

const SLOW_MS = 3000;
// name, title, what it does, whether an order holds it
const SWITCHES = [
  ["slow", "Slow", "Twilio takes 3 seconds to answer", (order) => order.latency_ms > 0],
  ["429", "429", "Too many requests; nothing is created", (order) => order.kinds?.includes("429")],
  ["reset_after", "Lost answers", "Created, then the connection breaks", (order) => order.kinds?.includes("reset_after")],
  ["callbacks", "Lost callbacks", "Statuses change, the app is not told", (order) => order.callbacks === "lost"],
];
const KINDS = ["429", "reset_after"];

export class Faults {
  constructor(model) {
    this.model = model;
    this.switches = new Map(SWITCHES.map(([name, ...words]) => [name, this.make(name, words)]));
    byId("fault-switches").append(...[...this.switches.values()].map((button) => button.parentElement));
    byId("per-cent").addEventListener("change", () => this.order());
  }

  make(name, [title, words]) {
    const button = el("button.switch", { type: "button", role: "switch", "aria-describedby": `fault-${name}`, onclick: () => {
      setSwitch(button, !isOn(button));
      this.order();
    } }, title);
    el("div.fault-row", {}, button, el("span", { id: `fault-${name}` }, words));
    return button;
  }

  order() {
    const on = (name) => isOn(this.switches.get(name));
    const asked = ask("PUT", "faults", {
      latency_ms: on("slow") ? SLOW_MS : 0,
      kinds: KINDS.filter(on),
      callbacks: on("callbacks") ? "lost" : null,
      per_cent: Number(byId("per-cent").value),
    });
    return attempt(byId("fault-problem"), asked);
  }

  draw() {
    const { order, struck } = this.model;
    for (const [name, , , holds] of SWITCHES) setSwitch(this.switches.get(name), Boolean(holds(order)));
    const others = (order.kinds ?? []).filter((kind) => !KINDS.includes(kind));
    const on = order.latency_ms > 0 || order.kinds?.length || order.callbacks;
    const percent = byId("per-cent");
    if (on && [...percent.options].some((option) => option.value === String(order.per_cent))) percent.value = String(order.per_cent);
    const said = on
      ? `Since then: requests struck: ${struck.requests}, callbacks lost: ${struck.callbacks}.${others.length ? ` Also ordered: ${others.join(", ")}.` : ""}`
      : "All is well.";
    if (byId("fault-effect").textContent !== said) byId("fault-effect").textContent = said;
    byId("fault-effect").classList.toggle("on", Boolean(on));
    byId("fault-chip").hidden = !on;
    byId("fault-chip").textContent = `faults on, ${struck.requests + struck.callbacks} struck`;
  }
}
