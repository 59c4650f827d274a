// Requests to the simulator, and the stream of its events.

const KINDS = ["request", "message", "webhook", "error", "call", "heard", "phone", "fault", "reset"];
const MIN_WAIT_MS = 250;
const MAX_WAIT_MS = 4000;

/** Requests one of the simulator's own paths; throws its error message when it refuses. */
export async function request(method, path, body) {
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

export const act = (sid, action) => request("POST", `calls/${sid}`, action);

/** Follows events as long as the page is open; every connection starts with an overview. */
export class Follower {
  constructor(model, onState) {
    this.model = model;
    this.onState = onState;
    this.answering = true;
    this.wait = MIN_WAIT_MS;
    this.turn = 0;
  }

  /** Connects, or connects again. */
  async connect() {
    const turn = ++this.turn; // a late answer to an older attempt is ignored
    this.source?.close();
    clearTimeout(this.timer);
    try {
      const overview = await request("GET", "overview");
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
      this.wait = MIN_WAIT_MS;
      this.onState("live");
    };
    for (const kind of KINDS) source.addEventListener(kind, (event) => this.take(event, turn));
    source.addEventListener("error", (event) => event.data === undefined && this.later(turn));
  }

  take(event, turn) {
    if (event.data === undefined || turn !== this.turn) return;
    const item = JSON.parse(event.data);
    if (item.kind === "reset") this.connect();
    else this.model.fold(item);
  }

  later(turn) {
    if (turn !== this.turn) return;
    this.source?.close();
    this.onState("away");
    this.timer = setTimeout(() => this.connect(), this.wait);
    this.wait = Math.min(this.wait * 2, MAX_WAIT_MS);
  }
}
