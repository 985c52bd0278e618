// Asks again and again while the page is seen, and at once when it is seen again.

import { useEffect } from "../lib.js";

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
