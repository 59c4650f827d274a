// Switches for faults of Twilio, and how often those occurred.

import { attempt, byId, el, isOn, setSwitch } from "./element.js";
import { request } from "./simulator.js";

const SLOW_MS = 3000;
// name, title, what it does, whether it is on
const SWITCHES = [
  ["slow", "Slow", "Twilio takes 3 seconds to answer", (settings) => settings.latency_ms > 0],
  ["429", "429", "Too many requests; nothing is created", (settings) => settings.kinds?.includes("429")],
  ["reset_after", "Lost answers", "Created, then the connection breaks", (settings) => settings.kinds?.includes("reset_after")],
  ["callbacks", "Lost callbacks", "Statuses change, but the app gets no callback", (settings) => settings.callbacks === "lost"],
];
const KINDS = ["429", "reset_after"];

export class Faults {
  constructor(model) {
    this.model = model;
    this.switches = new Map(SWITCHES.map(([name, ...words]) => [name, this.make(name, words)]));
    byId("fault-switches").append(...[...this.switches.values()].map((button) => button.parentElement));
    byId("per-cent").addEventListener("change", () => this.change());
  }

  make(name, [title, words]) {
    const button = el("button.switch", { type: "button", role: "switch", "aria-describedby": `fault-${name}`, onclick: () => {
      setSwitch(button, !isOn(button));
      this.change();
    } }, title);
    el("div.fault-row", {}, button, el("span", { id: `fault-${name}` }, words));
    return button;
  }

  change() {
    const on = (name) => isOn(this.switches.get(name));
    const answer = request("PUT", "faults", {
      latency_ms: on("slow") ? SLOW_MS : 0,
      kinds: KINDS.filter(on),
      callbacks: on("callbacks") ? "lost" : null,
      per_cent: Number(byId("per-cent").value),
    });
    return attempt(byId("fault-problem"), answer);
  }

  draw() {
    const { faults: settings, struck } = this.model;
    for (const [name, , , isOnIn] of SWITCHES) setSwitch(this.switches.get(name), Boolean(isOnIn(settings)));
    const others = (settings.kinds ?? []).filter((kind) => !KINDS.includes(kind));
    const on = settings.latency_ms > 0 || settings.kinds?.length || settings.callbacks;
    const percent = byId("per-cent");
    if (on && [...percent.options].some((option) => option.value === String(settings.per_cent))) percent.value = String(settings.per_cent);
    const said = on
      ? `So far: ${struck.requests} requests failed, ${struck.callbacks} callbacks lost.${others.length ? ` Also on: ${others.join(", ")}.` : ""}`
      : "No faults.";
    if (byId("fault-effect").textContent !== said) byId("fault-effect").textContent = said;
    byId("fault-effect").classList.toggle("on", Boolean(on));
    byId("fault-chip").hidden = !on;
    byId("fault-chip").textContent = `faults on, ${struck.requests + struck.callbacks} so far`;
  }
}
