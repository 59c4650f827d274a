// Asking again and again: often while things change, seldom while they do not, never while hidden.

const SOONEST = 2_000;
const RAREST = 15_000;
const RAREST_AFTER_ERROR = 60_000;

export class Poll {
  // `step` does one round and gives whether anything changed; `told` hears how it went.
  constructor(step, told = () => {}) {
    this.step = step;
    this.told = told;
    this.wait = SOONEST;
    this.paused = false;
    this.over = false;
    this.seen = () => (document.hidden ? this.tell() : this.soon());
    document.addEventListener("visibilitychange", this.seen);
    this.soon();
  }

  get rests() {
    return this.paused || document.hidden;
  }

  // Ask at once, and often again for a while.
  soon() {
    this.wait = SOONEST;
    this.schedule(0);
  }

  pause(paused) {
    this.paused = paused;
    if (paused) this.tell();
    else this.soon();
  }

  stop() {
    this.over = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.seen);
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
      this.wait = changed ? SOONEST : Math.min(this.wait * 1.5, RAREST);
    } catch (error) {
      this.error = error;
      this.wait = Math.min(this.wait * 2, RAREST_AFTER_ERROR);
    }
    this.running = false;
    if (this.over) return;
    this.tell();
    // A slow answer is a loaded app: leave it at least three times as long alone.
    this.schedule(Math.max(this.wait, 3 * (performance.now() - began)));
  }

  tell() {
    if (!this.over) this.told(this);
  }
}
