// The list of phones, the one with the latest item first.

import { avatar } from "./column.js";
import { byId, el } from "./element.js";
import { goesOn, rings } from "./call.js";
import { clock, ended, spaced } from "./wording.js";

const STEP = 60;

function preview(phone) {
  const item = phone.items.at(-1);
  if (!item) return "Nothing yet";
  if (item.type === "call") return rings(item) ? "Rings" : goesOn(item) ? "On a call" : `Call, ${ended(item)}`;
  return (item.inbound ? "You: " : "") + (item.body || "Picture");
}

export class PhoneList {
  constructor(model, openPhones) {
    this.model = model;
    this.openPhones = openPhones;
    this.shown = STEP;
    this.rows = new Map();
    byId("more-phones").addEventListener("click", () => {
      this.shown += STEP;
      this.draw();
    });
  }

  /** Draws the newest phones; rows are kept, so that the focus stays. */
  draw() {
    const phones = this.model.latest();
    const top = phones.slice(0, this.shown);
    byId("more-phones").hidden = phones.length <= this.shown;
    const list = byId("phone-list");
    const kept = new Set(top.map((phone) => phone.address));
    for (const [address, row] of this.rows) {
      if (kept.has(address)) continue;
      row.node.remove();
      this.rows.delete(address);
    }
    top.forEach((phone, place) => {
      const row = this.rows.get(phone.address) ?? this.add(phone);
      if (list.children[place] !== row.node) list.insertBefore(row.node, list.children[place] ?? null);
      this.fill(row, phone);
    });
  }

  add(phone) {
    const parts = { name: el("b", {}, spaced(phone.address)), preview: el("span.preview"), time: el("time"), badge: el("span.badge") };
    const button = el("button", { type: "button", "data-number": phone.address, onclick: () => this.openPhones.open(phone.address, { focus: true }) },
      avatar(phone.address), parts.name, parts.time, parts.preview, parts.badge);
    const row = { ...parts, button, node: el("li", {}, button) };
    this.rows.set(phone.address, row);
    return row;
  }

  fill(row, phone) {
    const open = this.openPhones.has(phone.address);
    const unread = open ? 0 : this.model.unread(phone);
    const write = (node, text) => node.textContent !== text && (node.textContent = text);
    write(row.preview, preview(phone));
    write(row.time, phone.lastAt ? clock(phone.lastAt) : "");
    write(row.badge, unread ? `${unread} new` : "");
    row.badge.hidden = !unread;
    row.button.setAttribute("aria-current", String(open));
    row.button.classList.toggle("rings", phone.items.slice(-1).some(rings));
  }
}
