// What is done again and again: asking while the page is seen, and at once when it is seen again; and a clock.

import { useEffect, useState } from "../lib.js";

/** `ask(signal)` gives what `found` is told of; `failed` is told of errors. Begins anew when `key` changes. */
export function usePolling({ every, ask, found, failed, key }) {
  useEffect(() => {
    const abort = new AbortController();
    const round = async () => {
      if (document.hidden) return;
      try {
        found(await ask(abort.signal));
      } catch (error) {
        if (error.name !== "AbortError") failed(error);
      }
    };
    round();
    const timer = setInterval(round, every);
    document.addEventListener("visibilitychange", round);
    return () => {
      abort.abort();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", round);
    };
  }, [key]);
}

/** The time, each second while `ticking`. */
export function useNow(ticking = true) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!ticking) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [ticking]);
  return now;
}
