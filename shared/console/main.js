// Who may see the console, which view is shown, and which panel beside it.

import { key } from "./api.js";
import { batchPanel, batches } from "./batches.js";
import { announce, button, field, make, markOpen } from "./dom.js";
import { entryPanel } from "./entry.js";
import { failures } from "./failures.js";
import { find } from "./find.js";
import { maskSwitch } from "./mask.js";
import { now } from "./now.js";
import { send } from "./send.js";
import { clockTime } from "./times.js";

const VIEWS = {
  now: ["Now", now],
  find: ["Find", find],
  batches: ["Batches", batches],
  failures: ["Failures", failures],
  send: ["Send", send],
};

const part = (id) => document.getElementById(id);
const bar = part("bar");
const view = part("view");
const panel = part("panel");
const banner = part("banner");

let shown = { place: null, view: null, panel: null, at: "" };
let paused = false;

// --- the key ------------------------------------------------------------------------------

function lock(words = "") {
  leave();
  bar.hidden = true;
  banner.hidden = true;
  document.title = "Switchboard console";
  const input = make("input", { type: "password", autocomplete: "off", required: true, spellcheck: "false" });
  const form = make("form", { class: "card door", submit: (event) => {
    event.preventDefault();
    key.set(input.value.trim());
    unlock();
  } },
    bar.querySelector("svg").cloneNode(true),
    make("h1", {}, "Switchboard console"),
    make("p", {}, "For the person on duty: what was accepted, where it is, and what to do."),
    field("Function key", input, "Kept in this tab only, and forgotten when you close it."),
    make("button", { type: "submit", class: "primary" }, "Open"), make("p", { class: "problem", role: "alert" }, words));
  view.replaceChildren(form);
  input.focus();
}

function unlock() {
  bar.hidden = false;
  go();
}

addEventListener("locked", () => {
  key.forget();
  lock("The app does not accept this key.");
});

// --- what is live -------------------------------------------------------------------------

const state = make("span", { class: "live" });
const pause = button("Pause", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  shown.view?.poll?.pause(paused);
  announce(paused ? "Paused." : "Live again.");
}, { class: "quiet", "aria-pressed": "false" });

// How the asking goes: `poll` is null for a view that does not ask by itself.
function live(poll) {
  pause.hidden = state.hidden = poll === null;
  if (poll === null) {
    banner.hidden = true;
    return;
  }
  const words = poll.paused ? "Paused" : document.hidden ? "Resting" : poll.error ? "No answer" : "Live";
  state.textContent = poll.at ? `${words} · ${clockTime(poll.at)}` : words;
  state.className = `live ${poll.error ? "bad" : poll.rests ? "over" : "good"}`;
  const trouble = poll.error && `${poll.error.words ?? poll.error.message} Asking again by itself.`;
  banner.hidden = !trouble;
  if (trouble && banner.textContent !== trouble) banner.textContent = trouble;
}

// --- where we are -------------------------------------------------------------------------

function leave() {
  shown.view?.stop();
  shown.panel?.stop();
  shown = { place: null, view: null, panel: null, at: "" };
  panel.hidden = true;
  part("columns").classList.remove("split");
}

// `#/view?query` and, for the panel beside it, `#/view/kind/id`.
function go() {
  if (!key.get()) {
    lock();
    return;
  }
  const [path, query = ""] = location.hash.slice(2).split("?");
  const [name, kind, id] = path.split("/");
  const known = VIEWS[name] ? name : "now";
  const at = `${kind ?? ""}/${id ?? ""}`;
  const place = `${known}?${query}`;
  const isSame = shown.place?.split("?")[0] === known && (id || shown.place === place || (!query && shown.at !== "/"));
  if (!isSame) open(known, place, query);
  if (at !== shown.at) show(known, kind, id, at);
}

function open(name, place, query) {
  shown.view?.stop();
  const [title, build] = VIEWS[name];
  document.title = `${title} · Switchboard console`;
  shown.place = place;
  shown.view = build(live, new URLSearchParams(query));
  shown.view.poll?.pause(paused);
  view.replaceChildren(shown.view.element);
  for (const link of part("nav").children) {
    if (link.dataset.view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (shown.view.ready) shown.view.ready();
  else view.focus({ preventScroll: true });
}

function show(name, kind, id, at) {
  shown.panel?.stop();
  const before = shown.at;
  Object.assign(shown, { panel: null, at });
  panel.hidden = !id;
  part("columns").classList.toggle("split", Boolean(id));
  panel.replaceChildren();
  markOpen(view);
  if (id) {
    shown.panel = kind === "batch" ? batchPanel(id) : entryPanel(kind, id, name);
    panel.append(make("a", { class: "close", href: `#/${name}` }, "Close"), shown.panel.element);
    shown.panel.heading.focus();
  } else if (before.length > 1) {
    const row = [...view.querySelectorAll("a")].find((link) => link.hash === `#/${name}/${before}`);
    (row ?? view).focus();
  }
}

// Escape closes the panel, unless a dialog is open that closes itself.
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || panel.hidden || document.querySelector("dialog")) return;
  location.hash = `#/${location.hash.slice(2).split("/")[0].split("?")[0]}`;
});

// A fragment is a place in the console, so the skip link moves the focus itself.
part("skip").addEventListener("click", (event) => {
  event.preventDefault();
  view.focus();
});

part("nav").append(...Object.entries(VIEWS).map(([name, [title]]) => make("a", { href: `#/${name}`, "data-view": name }, title)));
part("tools").append(state, pause, maskSwitch(), button("Forget key", () => {
  key.forget();
  lock("The key is forgotten.");
}, { class: "quiet" }));
addEventListener("hashchange", go);
if (key.get()) unlock();
else lock();
