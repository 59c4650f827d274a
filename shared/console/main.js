// The lock, the bar, and the place in the fragment: which view is shown, and which panel beside it.

import { overview } from "./account.js";
import { alertPanel } from "./alert_panel.js";
import { alerts } from "./alerts.js";
import { key, messageOf } from "./api.js";
import { batchPanel, batches } from "./batches.js";
import { announce, button, field, make, markOpen } from "./dom.js";
import { entryPanel } from "./entry.js";
import { failures } from "./failures.js";
import { find } from "./find.js";
import { showHelp } from "./help.js";
import { eventPanel, inbound } from "./inbound.js";
import { maskSwitch } from "./mask.js";
import { now } from "./now.js";
import { personPanel } from "./person.js";
import { send } from "./send.js";
import { clockTime } from "./times.js";

const VIEWS = new Map([
  ["now", ["Now", now]],
  ["alerts", ["Alerts", alerts]],
  ["find", ["Find", find]],
  ["batches", ["Batches", batches]],
  ["inbound", ["Inbound", inbound]],
  ["failures", ["Failures", failures]],
  ["send", ["Send", send]],
]);

// What is opened beside a view, where it is not an entry.
const PANELS = new Map([
  ["batch", batchPanel],
  ["alert", alertPanel],
  ["event", eventPanel],
  ["person", personPanel],
]);

const byId = (id) => document.getElementById(id);
const bar = byId("bar");
const view = byId("view");
const panel = byId("panel");
const banner = byId("banner");

// `place` is the view with its query, `at` is the panel's kind and id.
const NOTHING = { place: null, view: null, panel: null, at: "" };
let current = { ...NOTHING };
let paused = false;

// --- the key ------------------------------------------------------------------------------

function lock(problem = "") {
  leave();
  bar.hidden = true;
  banner.hidden = true;
  document.title = "Switchboard console";
  const input = make("input", { type: "password", autocomplete: "off", required: true, spellcheck: "false" });
  view.replaceChildren(make("form", { class: "card door", submit: (event) => {
    event.preventDefault();
    key.set(input.value.trim());
    unlock();
  } },
  bar.querySelector("svg").cloneNode(true),
  make("h1", {}, "Switchboard console"),
  make("p", {}, "For the person on duty: every message and call, its status, and what to do."),
  field("Function key", input, "Kept in this tab only, and forgotten when you close it."),
  make("button", { type: "submit", class: "primary" }, "Open"), make("p", { class: "problem", role: "alert" }, problem)));
  input.focus();
}

function unlock() {
  bar.hidden = false;
  showRights();
  overview().catch(() => {}); // for the badge; a view that polls says what is wrong
  go();
}

// With a key that may only read, everything that writes is hidden, and a notice says so.
function showRights() {
  document.body.classList.toggle("read-only", key.isReadOnly());
  byId("read-only").hidden = !key.isReadOnly();
}

addEventListener("readonly", showRights);

// Several requests can be refused at once: the first one shows the form, the others leave it alone.
addEventListener("locked", () => {
  if (view.querySelector(".door")) return;
  key.forget();
  lock("The app does not accept this key. Use a function key, or one of CONSOLE_KEYS.");
});

// --- the state of polling -----------------------------------------------------------------

const state = make("span", { class: "live" });
const pause = button("Pause", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  current.view?.poll?.pause(paused);
  announce(paused ? "Paused." : "Live again.");
}, { class: "quiet", "aria-pressed": "false" });

// Called by a view after each round; `poll` is null for a view that does not poll.
function live(poll) {
  pause.hidden = state.hidden = poll === null;
  if (poll === null) {
    banner.hidden = true;
    return;
  }
  const label = poll.paused ? "Paused" : document.hidden ? "Resting" : poll.error ? "No answer" : "Live";
  state.textContent = poll.at ? `${label} · ${clockTime(poll.at)}` : label;
  state.className = `live ${poll.error ? "bad" : poll.rests ? "over" : "good"}`;
  const problem = poll.error && `${messageOf(poll.error)} Asking again by itself.`;
  banner.hidden = !problem;
  if (problem && banner.textContent !== problem) banner.textContent = problem;
}

// --- the place ----------------------------------------------------------------------------

function leave() {
  current.view?.stop();
  current.panel?.stop();
  current = { ...NOTHING };
  panel.hidden = true;
  byId("columns").classList.remove("split");
}

// `#/view?query` and, for the panel beside it, `#/view/kind/id`.
function go() {
  if (!key.get()) {
    lock();
    return;
  }
  const [path, query = ""] = location.hash.slice(2).split("?");
  const [name, kind, id] = path.split("/");
  const known = VIEWS.has(name) ? name : "now";
  const at = `${kind ?? ""}/${id ?? ""}`;
  const place = `${known}?${query}`;
  const isSame = current.place?.split("?")[0] === known && (id || current.place === place || (!query && current.at !== "/"));
  if (!isSame) open(known, place, query);
  if (at !== current.at) showPanel(known, kind, id, at);
}

function open(name, place, query) {
  current.view?.stop();
  const [title, build] = VIEWS.get(name);
  document.title = `${title} · Switchboard console`;
  current.place = place;
  current.view = build(live, new URLSearchParams(query));
  current.view.poll?.pause(paused);
  view.replaceChildren(current.view.element);
  for (const link of byId("nav").children) {
    if (link.dataset.view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (current.view.ready) current.view.ready();
  else view.focus({ preventScroll: true });
}

function showPanel(name, kind, id, at) {
  current.panel?.stop();
  const before = current.at;
  Object.assign(current, { panel: null, at });
  panel.hidden = !id;
  byId("columns").classList.toggle("split", Boolean(id));
  panel.replaceChildren();
  markOpen(view);
  if (id) {
    current.panel = PANELS.get(kind)?.(id, name) ?? entryPanel(kind, id, name);
    panel.append(make("a", { class: "close", href: `#/${name}` }, "Close"), current.panel.element);
    current.panel.heading.focus();
  } else if (before.length > 1) {
    const row = [...view.querySelectorAll("a")].find((link) => link.hash === `#/${name}/${before}`);
    (row ?? view).focus();
  }
}

// Escape closes the panel, unless a dialog is open that closes itself.
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || panel.hidden || document.querySelector("dialog")) return;
  location.hash = panel.querySelector(".close").hash;
});

// A fragment is a place in the console, so the skip link moves the focus itself.
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  view.focus();
});

byId("nav").append(...[...VIEWS].map(([name, [title]]) => make("a", { href: `#/${name}`, "data-view": name }, title)));
byId("tools").append(state, pause, maskSwitch(), button("?", showHelp, { class: "quiet", "aria-label": "Keys", title: "Keys (h)" }),
  button("Forget key", () => {
    key.forget();
    lock("The key is forgotten.");
  }, { class: "quiet" }));
addEventListener("hashchange", go);
if (key.get()) unlock();
else lock();
