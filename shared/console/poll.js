// Polling: often while things change, seldom while they do not, never while the page is hidden.

const MIN_WAIT_MS = 2_000;
const MAX_WAIT_MS = 15_000;
const MAX_WAIT_AFTER_ERROR_MS = 60_000;

export class Poll {
  // `step` does one round and gives whether anything changed; `report` is called with this poll afterwards.
  constructor(step, report = () => {}) {
    this.step = step;
    this.report = report;
    this.wait = MIN_WAIT_MS;
    this.paused = false;
    this.over = false;
    this.onVisibility = () => (document.hidden ? this.notify() : this.soon());
    document.addEventListener("visibilitychange", this.onVisibility);
    this.soon();
  }

  get rests() {
    return this.paused || document.hidden;
  }

  // Ask at once, and often again for a while.
  soon() {
    this.wait = MIN_WAIT_MS;
    this.schedule(0);
  }

  pause(paused) {
    this.paused = paused;
    if (paused) this.notify();
    else this.soon();
  }

  stop() {
    this.over = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.onVisibility);
  }

  schedule(wait) {
    clearTimeout(this.timer);
    if (!this.over) this.timer = setTimeout(() => this.round(), wait);
  }

  async round() {
    if (this.rests || this.running) return;
    this.running = true;
    const began = performance.now();
    try {
      const changed = await this.step();
      this.error = null;
      this.at = new Date();
      this.wait = changed ? MIN_WAIT_MS : Math.min(this.wait * 1.5, MAX_WAIT_MS);
    } catch (error) {
      this.error = error;
      this.wait = Math.min(this.wait * 2, MAX_WAIT_AFTER_ERROR_MS);
    }
    this.running = false;
    if (this.over) return;
    this.notify();
    // A slow answer is a loaded app: leave it at least three times as long alone.
    this.schedule(Math.max(this.wait, 3 * (performance.now() - began)));
  }

  notify() {
    if (!this.over) this.report(this);
  }
}
