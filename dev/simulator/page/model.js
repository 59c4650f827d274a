// What the page knows: the simulator's events folded into phones, messages, calls and the wire.

const MOST_WIRE = 500;
const WIRE = new Set(["request", "webhook", "error", "fault"]);

export class Model extends EventTarget {
  constructor() {
    super();
    this.phones = new Map();
    this.seen = new Map(); // address -> how many things somebody has looked at
    this.empty();
  }

  empty() {
    for (const phone of this.phones.values()) {
      phone.items = [];
      phone.behaves = null;
    }
    this.bySid = new Map();
    this.wire = [];
    this.order = {};
    this.struck = { requests: 0, callbacks: 0 };
    this.live = false;
  }

  /** Begin again from the simulator's overview; phones that somebody opened stay. */
  reset(overview) {
    const { events, ...about } = overview;
    this.empty();
    Object.assign(this, about);
    for (const event of events) this.fold(event);
    this.live = true;
    this.tell("reset");
  }

  /** Take in one event of the simulator's. */
  fold(event) {
    if (WIRE.has(event.kind)) this.keepWire(event);
    this[`on_${event.kind}`]?.(event);
    if (this.live) this.tell("news", event);
  }

  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** The phone of an address; it is there from its first mention on. */
  phone(address) {
    if (!this.phones.has(address)) {
      this.phones.set(address, { address, items: [], behaves: null, lastAt: 0 });
    }
    return this.phones.get(address);
  }

  on_message(event) {
    const message = this.bySid.get(event.sid) ?? this.begin("message", event);
    if (!message) return;
    message.status = event.status;
    message.code = event.error_code ?? message.code;
    this.tell("item", message);
  }

  on_call(event) {
    const call = this.bySid.get(event.sid) ?? this.begin("call", event);
    if (!call) return;
    call.status = event.status;
    call.duration = event.duration ?? call.duration;
    if (event.status === "in-progress") call.answeredAt ??= event.at;
    this.tell("item", call);
  }

  /** A new message or call, on the phone outside that it belongs to. */
  begin(type, event) {
    if (!event.direction) return null; // the end of something that began before we looked
    const inbound = event.direction === "inbound";
    const phone = this.phone(inbound ? event.sender : event.to);
    const item = {
      type, sid: event.sid, phone, inbound, at: event.at, direction: event.direction,
      other: (inbound ? event.to : event.sender) ?? this.number,
      body: event.body, media: event.media ?? [], parent: event.parent,
      transcript: event.transcript ? [...event.transcript] : [], told: new Map(),
    };
    item.answeredAt = item.transcript.find((line) => line.event === "answer")?.at;
    phone.items.push(item);
    phone.lastAt = Math.max(phone.lastAt, event.at);
    if (!this.live || inbound) this.seen.set(phone.address, phone.items.length);
    this.bySid.set(event.sid, item);
    return item;
  }

  on_heard({ sid, line }) {
    const call = this.bySid.get(sid);
    if (!call) return;
    call.transcript.push(line);
    this.tell("item", call);
    this.tell("heard", { call, line });
  }

  on_webhook(event) {
    this.remember(event, event.status >= 200 && event.status < 300 ? "told" : "failed");
  }

  on_fault(event) {
    if (event.settings) {
      this.order = event.settings;
      this.struck = { requests: 0, callbacks: 0 };
      return;
    }
    this.struck.callbacks += 1;
    this.remember(event, "lost");
  }

  on_request(event) {
    if (event.fault) this.struck.requests += 1;
  }

  /** Whether the app got to know a message's status. */
  remember({ parameters = {} }, outcome) {
    const message = this.bySid.get(parameters.MessageSid);
    if (!message) return;
    message.told.set(parameters.MessageStatus ?? "received", outcome);
    this.tell("item", message);
  }

  on_phone({ number, behaves }) {
    if (!number) return;
    const phone = this.phone(number);
    phone.behaves = behaves ?? null;
    this.tell("phone", phone);
  }

  keepWire(event) {
    if (event.settings) return;
    this.wire.push(event);
    if (this.wire.length > MOST_WIRE) this.wire.shift();
  }

  unread(phone) {
    return phone.items.length - Math.min(this.seen.get(phone.address) ?? 0, phone.items.length);
  }

  see(phone) {
    this.seen.set(phone.address, phone.items.length);
  }

  /** Phones with something on them or that were opened, the latest first. */
  latest() {
    return [...this.phones.values()].sort((one, two) => two.lastAt - one.lastAt);
  }
}

