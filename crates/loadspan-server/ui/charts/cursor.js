// One cursor for all time charts of a page: a second of their common axis. Whoever moves it, all show it, each at its own nearest sample.

import { createContext, html, useContext, useEffect, useState } from "../lib.js";

/** Which second is looked at; `pinned` stays when the pointer leaves. */
export class Cursor {
  #listeners = new Set();
  at = null;
  pinned = false;
  /** What the chart that has the focus says of a second. */
  speaker = null;

  /** Looks at a second, or at none. */
  move(at, from) {
    if (this.pinned || at === this.at) return;
    this.at = at;
    this.#tell(from);
  }

  /** Goes to a second by a key: what was pinned no longer is. */
  go(at) {
    this.pinned = false;
    this.move(at);
  }

  /** The pointer has left. */
  leave(from) {
    this.move(null, from);
  }

  /** Keeps the second, or lets it go again. */
  pin(at, from) {
    this.pinned = at !== null && !(this.pinned && this.at === at);
    this.at = at;
    this.#tell(from);
  }

  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(from) {
    for (const listener of this.#listeners) listener(this, from);
  }
}

export const CursorContext = createContext(null);

/** The place of the value next to `at` in a sorted list; -1 in an empty one. */
export function nearest(list, at) {
  let [low, high] = [0, list.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < at) low = middle + 1;
    else high = middle;
  }
  return high > 0 && at - list[high - 1] <= list[high] - at ? high - 1 : high;
}

/** Where the cursor is, for what is no canvas; at most once in a frame. */
export function useCursorAt() {
  const cursor = useContext(CursorContext);
  const [at, setAt] = useState(cursor.at);
  useEffect(() => {
    let frame = 0;
    const stop = cursor.listen(() => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        setAt(cursor.at);
      });
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [cursor]);
  return [at, cursor.pinned];
}

/** What a screen reader is told when the cursor has come to rest: by the chart that has the focus, or by `otherwise(at)`. */
export function CursorSaid({ otherwise }) {
  const cursor = useContext(CursorContext);
  const [at] = useCursorAt();
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSaid(at === null ? "" : (cursor.speaker?.(at) ?? otherwise?.(at) ?? "")), 300);
    return () => clearTimeout(timer);
  }, [at]);
  return html`<span class="unseen" role="status">${said}</span>`;
}
