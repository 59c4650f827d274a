// The state of the page: the simulator's events, folded into phones, messages, calls and traffic.

const MAX_TRAFFIC = 500;
const TRAFFIC_KINDS = new Set(["request", "webhook", "error", "fault"]);

/** Whether the app's answer to a text sends something back, or asks for another document. */
const isReply = (answer = "") => (answer.includes("<") ? /<(Message|Sms|Redirect)\b/.test(answer) : answer.trim() !== "");

export class Model extends EventTarget {
  constructor() {
    super();
    this.phones = new Map();
    this.seen = new Map(); // address -> how many items have been looked at
    this.empty();
  }

  empty() {
    for (const phone of this.phones.values()) {
      phone.items = [];
      phone.behaves = null;
    }
    this.bySid = new Map();
    this.traffic = [];
    this.faults = {};
    this.struck = { requests: 0, callbacks: 0 };
    this.live = false;
  }

  /** Start again from the simulator's overview; phones that somebody opened stay. */
  reset(overview) {
    const { events, ...about } = overview;
    this.empty();
    Object.assign(this, about);
    for (const event of events) this.fold(event);
    this.live = true;
    this.emit("reset");
  }

  /** Apply one event of the simulator. */
  fold(event) {
    if (TRAFFIC_KINDS.has(event.kind)) this.keepTraffic(event);
    this[`on_${event.kind}`]?.(event);
    if (this.live) this.emit("news", event);
  }

  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** Returns the phone of an address, and creates it when there is none. */
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
    this.emit("item", message);
  }

  on_call(event) {
    const call = this.bySid.get(event.sid) ?? this.begin("call", event);
    if (!call) return;
    call.status = event.status;
    call.duration = event.duration ?? call.duration;
    call.applicationError ||= Boolean(event.application_error);
    if (event.status === "in-progress") call.answeredAt ??= event.at;
    this.emit("item", call);
  }

  /** Adds a new message or call to the phone that it belongs to. */
  begin(type, event) {
    if (!event.direction) return null; // it began before this page was opened
    const inbound = event.direction === "inbound";
    const phone = this.phone(inbound ? event.sender : event.to);
    const item = {
      type, sid: event.sid, phone, inbound, at: event.at, direction: event.direction,
      other: (inbound ? event.to : event.sender) ?? this.number,
      body: event.body, media: event.media ?? [], parent: event.parent,
      transcript: event.transcript ? [...event.transcript] : [], outcomes: new Map(),
    };
    item.applicationError = item.transcript.some((line) => line.application_error);
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
    call.applicationError ||= Boolean(line.application_error);
    this.emit("item", call);
    this.emit("heard", { call, line });
  }

  on_webhook(event) {
    this.remember(event, event.status >= 200 && event.status < 300 ? "taken" : "failed");
  }

  on_fault(event) {
    if (event.settings) {
      this.faults = event.settings;
      this.struck = { requests: 0, callbacks: 0 };
      return;
    }
    this.struck.callbacks += 1;
    this.remember(event, "lost");
  }

  on_request(event) {
    if (event.fault) this.struck.requests += 1;
  }

  /** Notes whether the app took a webhook about a message, and whether it replied to a text. */
  remember({ parameters = {}, answer }, outcome) {
    const message = this.bySid.get(parameters.MessageSid);
    if (!message) return;
    message.outcomes.set(parameters.MessageStatus ?? "received", outcome);
    if (!parameters.MessageStatus) message.noReply = outcome === "taken" && !isReply(answer);
    this.emit("item", message);
  }

  on_phone({ number, behaves }) {
    if (!number) return;
    const phone = this.phone(number);
    phone.behaves = behaves ?? null;
    this.emit("phone", phone);
  }

  keepTraffic(event) {
    if (event.settings) return;
    this.traffic.push(event);
    if (this.traffic.length > MAX_TRAFFIC) this.traffic.shift();
  }

  unread(phone) {
    return phone.items.length - Math.min(this.seen.get(phone.address) ?? 0, phone.items.length);
  }

  see(phone) {
    this.seen.set(phone.address, phone.items.length);
  }

  /** Returns every phone, the one with the latest item first. */
  latest() {
    return [...this.phones.values()].sort((one, two) => two.lastAt - one.lastAt);
  }
}

