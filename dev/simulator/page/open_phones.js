// The phones that are open: as many as fit, and always those that ring.

import { goesOn, rings } from "./call.js";
import { Column } from "./column.js";
import { byId, onceAFrame } from "./element.js";

const WIDTH = 372;
const MAX_OPEN = 4;
const NARROW = matchMedia("(max-width: 760px)");

export class OpenPhones {
  constructor(model, redrawList) {
    this.model = model;
    this.redrawList = redrawList;
    this.columns = new Map(); // address -> column, the first is the leftmost
    this.row = byId("row");
    this.firstSteps = false; // whether they are shown although there are phones
    byId("first-steps").addEventListener("click", () => {
      this.firstSteps = true;
      this.settle();
      byId("first-text").focus();
    });
    new ResizeObserver(onceAFrame(() => this.fit())).observe(this.row.parentElement);
  }

  get capacity() {
    if (NARROW.matches) return 1;
    return Math.max(1, Math.min(MAX_OPEN, Math.floor(this.row.parentElement.clientWidth / WIDTH)));
  }

  has(address) {
    return this.columns.has(address);
  }

  /** Opens a phone; with `focus`, ready for use. */
  open(address, { focus = false } = {}) {
    this.firstSteps = false;
    if (!this.has(address)) this.add(address);
    byId("shell").classList.add("showing-phone");
    this.settle();
    if (focus) this.columns.get(address).node.querySelector(".call button, .composer input").focus();
  }

  add(address) {
    this.makeRoom();
    const phone = this.model.phone(address);
    const column = new Column(phone, this.model, () => this.close(address));
    this.columns.set(address, column);
    this.row.append(column.node);
    column.rebuild();
  }

  makeRoom() {
    const isFree = ([, column]) => !column.phone.items.some(goesOn);
    while (this.columns.size >= this.capacity) {
      const free = [...this.columns].find(isFree);
      if (!free) break;
      this.drop(free[0]);
    }
  }

  /** After a change of width: closes what no longer fits, or opens the latest. */
  fit() {
    const held = (column) => column.node.contains(document.activeElement) || column.phone.items.some(goesOn);
    for (const [address, column] of [...this.columns].reverse()) {
      if (this.columns.size > this.capacity && !held(column)) this.drop(address);
    }
    if (this.columns.size) for (const phone of this.model.latest()) if (phone.items.length) this.notice(phone);
    this.settle();
  }

  drop(address) {
    this.columns.get(address).remove();
    this.columns.delete(address);
  }

  close(address) {
    this.drop(address);
    byId("shell").classList.remove("showing-phone");
    this.settle();
    byId("phone-list").querySelector(`[data-number="${CSS.escape(address)}"]`)?.focus();
  }

  /** Opens a phone with something new if there is room, or if it is on a call. */
  notice(phone) {
    const ringing = phone.items.some(rings);
    const on = phone.items.some(goesOn);
    const room = this.columns.size < this.capacity && !NARROW.matches;
    if ((ringing && this.firstSteps) || (!this.has(phone.address) && (on || room))) this.open(phone.address);
  }

  settle() {
    const any = this.model.phones.size > 0;
    const welcome = !any || this.firstSteps;
    byId("welcome").hidden = !welcome;
    byId("first-steps").hidden = welcome;
    this.row.hidden = welcome;
    byId("choose").hidden = welcome || this.columns.size > 0;
    byId("shell").classList.toggle("nobody", welcome);
    this.redrawList();
  }
}
