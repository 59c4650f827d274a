// Messages and calls are two lists of the API; here they become one, newest first.

import { call, collectionOf } from "./api.js";
import { timeOfId } from "./times.js";

export class Newest {
  // `filters` are alternatives: what fits any of them is listed.
  constructor(filters = [{}], kinds = ["message", "call"], limit = 40) {
    this.limit = limit;
    this.lists = kinds.flatMap((kind) => filters.map((query) => ({ path: collectionOf(kind), query, items: [], next: "" })));
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
      const query = { ...list.query, limit: this.limit, cursor: list.next };
      const page = await call("GET", list.path, { query });
      list.items.push(...page.items);
      list.next = page.next;
    }));
    return this.items;
  }

  // How far back all lists have been looked at, in milliseconds; 0 is to the end.
  get reached() {
    return Math.max(0, ...this.lists.map((list) => (list.next ? timeOfId(list.next) : 0)));
  }

  get hasMore() {
    return this.lists.some((list) => list.next !== null);
  }

  // What is known without a gap.
  get items() {
    const byId = new Map(this.lists.flatMap((list) => list.items).map((item) => [item.id, item]));
    return [...byId.values()]
      .filter((item) => timeOfId(item.id) >= this.reached)
      .sort((one, other) => timeOfId(other.id) - timeOfId(one.id) || one.id.localeCompare(other.id, "en", { numeric: true }));
  }
}
