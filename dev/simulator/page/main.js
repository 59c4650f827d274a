// Connects the page: events of the simulator change the model, and each frame draws what changed.

import { Speech } from "./speech.js";
import { announceRinging, rings } from "./call.js";
import * as curl from "./curl.js";
import { attempt, byId, copy, isOn, onceAFrame, setSwitch } from "./element.js";
import { Faults } from "./faults.js";
import { Model } from "./model.js";
import { PhoneList } from "./phone_list.js";
import { Follower, request } from "./simulator.js";
import { OpenPhones } from "./open_phones.js";
import { Traffic } from "./traffic.js";
import { spaced } from "./wording.js";

const SOMEBODY = "+14155552671";
const SETTINGS = "everybodys-phone";

const model = new Model();
const openPhones = new OpenPhones(model, () => list.draw());
const list = new PhoneList(model, openPhones);
const traffic = new Traffic(model);
const faults = new Faults(model);
const aloud = new Speech(model);
const follower = new Follower(model, showConnection);

const changed = new Map(); // phone -> its items that changed since the last frame
const ringing = new Set();

const draw = onceAFrame(() => {
  for (const [phone, items] of changed) {
    openPhones.notice(phone);
    openPhones.columns.get(phone.address)?.draw([...items]);
  }
  changed.clear();
  announceRinging(ringing);
  traffic.draw();
  faults.draw();
  openPhones.settle();
});

const touch = (phone, ...items) => {
  if (!changed.has(phone)) changed.set(phone, new Set());
  for (const item of items) changed.get(phone).add(item);
  draw();
};

model.addEventListener("item", ({ detail: item }) => {
  if (rings(item)) ringing.add(item);
  else ringing.delete(item);
  if (model.live) touch(item.phone, item);
});
model.addEventListener("phone", ({ detail: phone }) => model.live && touch(phone));
model.addEventListener("news", ({ detail: event }) => {
  if (["request", "webhook", "error"].includes(event.kind) || event.fault) traffic.add(event);
  if (event.kind === "message" && event.direction) announce(event);
  draw();
});
model.addEventListener("reset", () => {
  changed.clear();
  ringing.clear();
  for (const item of model.bySid.values()) if (rings(item)) ringing.add(item);
  for (const column of openPhones.columns.values()) column.rebuild();
  for (const phone of model.latest()) if (phone.items.length) openPhones.notice(phone);
  traffic.rebuild();
  showFirsts();
  draw();
});

function announce({ direction, sender, to, body }) {
  const who = direction === "inbound" ? `Sent from ${spaced(sender)}` : `Text to ${spaced(to)}`;
  byId("news").textContent = `${who}: ${body}`;
}

function showConnection(state) {
  const words = { live: "Live", away: "The simulator is away; connecting again…" };
  byId("connection").dataset.state = state;
  byId("connection-words").textContent = words[state];
}

function showFirsts() {
  byId("first-text").textContent = curl.ofApp(model, "messages", { to: SOMEBODY, body: "Hello from Switchboard" });
  byId("first-call").textContent = curl.ofApp(model, "calls", { to: SOMEBODY, say: "Hello from Switchboard" });
  byId("first-from").value ||= SOMEBODY;
}

/** Reads a typed address: without spaces; ten digits are a North American number. */
const address = (typed) => typed.replace(/[^\w+:]/g, "").replace(/^\d{10}$/, "+1$&");

function remember() {
  localStorage.setItem(SETTINGS, JSON.stringify({ answering: isOn(byId("answering")), aloud: isOn(byId("aloud")) }));
}

function onSwitch(id, turned) {
  byId(id).addEventListener("click", () => {
    setSwitch(byId(id), !isOn(byId(id)));
    turned(isOn(byId(id)));
    remember();
  });
}

function showDrawer(shown) {
  byId("drawer").hidden = !shown;
  byId("open-drawer").setAttribute("aria-expanded", String(shown));
  traffic.rebuild();
  (shown ? byId("drawer-title") : byId("open-drawer")).focus();
}

function setAnswering(on) {
  model.answering = follower.answering = on;
  follower.connect();
}

onSwitch("answering", setAnswering);
onSwitch("aloud", (on) => aloud.turn(on));
byId("open-drawer").addEventListener("click", () => showDrawer(byId("drawer").hidden));
byId("close-drawer").addEventListener("click", () => showDrawer(false));
byId("drawer").addEventListener("keydown", (event) => event.key === "Escape" && showDrawer(false));
for (const button of document.querySelectorAll("[data-copies]")) {
  button.addEventListener("click", () => copy(button, byId(button.dataset.copies).textContent));
}
byId("new-phone").addEventListener("submit", (event) => {
  event.preventDefault();
  const number = address(byId("new-number").value);
  if (!number) return;
  byId("new-number").value = "";
  model.phone(number).lastAt = Date.now() / 1000;
  openPhones.open(number, { focus: true });
});
byId("first-send").addEventListener("submit", (event) => {
  event.preventDefault();
  const from = address(byId("first-from").value);
  const answer = request("POST", "messages", { from, to: model.number, body: byId("first-body").value });
  attempt(byId("first-problem"), answer.then(() => openPhones.open(from, { focus: true })));
});

const settings = { answering: true, aloud: false, ...JSON.parse(localStorage.getItem(SETTINGS) ?? "{}") };
setSwitch(byId("answering"), settings.answering);
setSwitch(byId("aloud"), settings.aloud);
aloud.turn(settings.aloud);
setAnswering(settings.answering);
