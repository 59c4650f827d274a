// Talks to the simulator: what the person does, and the stream of what happens.

const KINDS = ["request", "message", "webhook", "error", "call", "heard", "phone", "fault", "reset"];
const SOONEST = 250;
const LATEST = 4000;

/** Asks one of the simulator's own paths; throws its words when it refuses. */
export async function ask(method, path, body) {
  const response = await fetch(`_simulator/${path}`, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (response.status === 204) return null;
  const text = await response.text();
  if (!response.ok) throw new Error(text.startsWith("{") ? JSON.parse(text).error : text);
  return JSON.parse(text);
}

export const act = (sid, action) => ask("POST", `calls/${sid}`, action);

/** Follows what happens for as long as the page is open; every connection begins with an overview. */
export class Follower {
  constructor(model, say) {
    this.model = model;
    this.say = say;
    this.answering = true;
    this.wait = SOONEST;
    this.turn = 0;
  }

  /** Connect, or connect again. */
  async connect() {
    const turn = ++this.turn; // an older attempt that comes back late is ignored
    this.source?.close();
    clearTimeout(this.timer);
    try {
      const overview = await ask("GET", "overview");
      if (turn !== this.turn) return;
      this.follow(overview.n);
      this.model.reset(overview);
    } catch {
      this.later(turn);
    }
  }

  follow(after) {
    const turn = this.turn;
    const source = new EventSource(`_simulator/events?after=${after}${this.answering ? "&answering" : ""}`);
    this.source = source;
    source.onopen = () => {
      this.wait = SOONEST;
      this.say("live");
    };
    for (const kind of KINDS) source.addEventListener(kind, (event) => this.take(event, turn));
    source.addEventListener("error", (event) => event.data === undefined && this.later(turn));
  }

  take(event, turn) {
    if (event.data === undefined || turn !== this.turn) return;
    const told = JSON.parse(event.data);
    if (told.kind === "reset") this.connect();
    else this.model.fold(told);
  }

  later(turn) {
    if (turn !== this.turn) return;
    this.source?.close();
    this.say("away");
    this.timer = setTimeout(() => this.connect(), this.wait);
    this.wait = Math.min(this.wait * 2, LATEST);
  }
}
