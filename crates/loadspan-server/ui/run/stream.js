// The events of a run: one stream for a tab that is seen, closed while it is hidden, taken up again when it breaks off.

/** Waits between attempts, in seconds. */
const WAITS = [1, 2, 4, 8, 10];

/** A stream that is not there for so long is said to be lost. */
const LOST_AFTER_MS = 1000;

/** One that is open and says nothing for so long, and for much longer than of late, is broken as well. */
const SILENT_MS = 5000;

/** The first frame of a long run takes the server a while. */
const FIRST_MS = 20_000;

/**
 * `onFrame(frame)`, `onEnd(frame)`, `onTrouble(message)`, `onState({ lost, since, retryAt, tries })`. `url(after)` is where to ask, from a
 * number on; `pace` is told when frames come.
 */
export class RunStream {
  #source = null;
  #timers = new Set();
  #silence = null;
  #tries = 0;
  #since = null;
  #closed = false;
  #after = 0;

  constructor(hooks) {
    this.hooks = hooks;
    this.visible = () => (document.hidden ? this.#stop() : this.#open());
    document.addEventListener("visibilitychange", this.visible);
    if (!document.hidden) this.#open();
  }

  /** Tries again now. */
  retry() {
    this.#stop();
    this.#open();
  }

  close() {
    this.#closed = true;
    this.#stop();
    document.removeEventListener("visibilitychange", this.visible);
  }

  #stop() {
    this.#source?.close();
    this.#source = null;
    this.hooks.pace.restart();
    this.#forget();
  }

  #forget() {
    clearTimeout(this.#silence);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #open() {
    if (this.#closed || this.#source) return;
    const source = new EventSource(new URL(this.hooks.url(this.#after), location.origin));
    this.#source = source;
    source.addEventListener("windows", ({ data }) => this.#frame(JSON.parse(data)));
    source.addEventListener("end", ({ data }) => {
      this.close();
      this.hooks.onEnd(JSON.parse(data));
    });
    // What the server cannot do now it may be able to do later: asked again, but nothing is lost.
    source.addEventListener("trouble", ({ data }) => {
      this.hooks.onTrouble(String(JSON.parse(data)));
      this.#stop();
      this.#later(() => this.#open(), WAITS.at(-1) * 1000);
    });
    this.#silence = setTimeout(() => this.#broke(), FIRST_MS);
    // The browser's own way of trying again has no end and says nothing: ours does both.
    source.onerror = () => this.#broke();
  }

  #frame(frame) {
    this.#after = frame.seq;
    this.#tries = 0;
    this.#forget();
    const { pace } = this.hooks;
    pace.note(performance.now());
    this.#silence = setTimeout(() => this.#broke(), Math.max(SILENT_MS, 4 * pace.longest));
    if (this.#since !== null) {
      this.#since = null;
      this.hooks.onState({ lost: false });
    }
    this.hooks.onFrame(frame);
  }

  #broke() {
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#silence);
    this.hooks.pace.restart();
    if (this.#closed) return;
    this.#since ??= Date.now();
    const wait = WAITS[Math.min(this.#tries, WAITS.length - 1)] * 1000;
    this.#tries += 1;
    const retryAt = Date.now() + wait;
    const since = this.#since;
    const left = Math.max(0, LOST_AFTER_MS - (Date.now() - since));
    const tries = this.#tries;
    this.#later(() => this.hooks.onState({ lost: true, since, retryAt, tries }), left);
    this.#later(() => this.#open(), wait);
  }

  #later(run, wait) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, wait);
    this.#timers.add(timer);
  }
}
