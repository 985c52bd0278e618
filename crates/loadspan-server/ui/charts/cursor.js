// One cursor for all time charts of a page: a place in their common axis. Whoever moves it, all show it.

import { createContext, useContext, useEffect, useState } from "../lib.js";

/** Which sample is looked at; `pinned` stays when the pointer leaves. */
export class Cursor {
  #listeners = new Set();
  at = null;
  pinned = false;

  /** Looks at a sample, or at none. */
  move(at, from) {
    if (this.pinned || at === this.at) return;
    this.at = at;
    this.#tell(from);
  }

  /** The pointer has left. */
  leave(from) {
    this.move(null, from);
  }

  /** Keeps the sample, or lets it go again. */
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
