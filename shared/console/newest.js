// Messages and calls are two lists of the API; here they become one, newest first.

import { call } from "./api.js";
import { timeOfId } from "./times.js";

const COLLECTIONS = { message: "messages", call: "calls" };

export class Newest {
  constructor(filters = {}, kinds = ["message", "call"], limit = 40) {
    this.filters = filters;
    this.limit = limit;
    this.lists = kinds.map((kind) => ({ path: COLLECTIONS[kind], items: [], next: "" }));
  }

  // The first pages again, merged.
  async first() {
    for (const list of this.lists) Object.assign(list, { items: [], next: "" });
    return this.older();
  }

  // One page further back, of each list that stands in the way.
  async older() {
    const reached = this.reached;
    await Promise.all(this.lists.map(async (list) => {
      if (list.next === null || (list.next && timeOfId(list.next) < reached)) return;
      const query = { ...this.filters, limit: this.limit, cursor: list.next };
      const page = await call("GET", list.path, { query });
      list.items.push(...page.items);
      list.next = page.next;
    }));
    return this.items;
  }

  // How far back both lists have been looked at, in milliseconds; 0 is to the end.
  get reached() {
    return Math.max(0, ...this.lists.map((list) => (list.next ? timeOfId(list.next) : 0)));
  }

  get hasMore() {
    return this.lists.some((list) => list.next !== null);
  }

  // What is known without a gap.
  get items() {
    return this.lists
      .flatMap((list) => list.items)
      .filter((item) => timeOfId(item.id) >= this.reached)
      .sort((one, other) => timeOfId(other.id) - timeOfId(one.id) || one.id.localeCompare(other.id, "en", { numeric: true }));
  }
}
