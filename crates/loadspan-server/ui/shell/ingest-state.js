// Whether clients make mistakes now: the sign on the rail, so that nobody wonders why nothing arrives.

import { useEffect, useState } from "../lib.js";
import { get } from "../api.js";

const EVERY_MS = 30_000;
/** What is older is history. */
const LATELY_MS = 600_000;

/** The number of kinds of mistakes that were made lately. */
export function useMistakes() {
  const [count, setCount] = useState(0);
  useEffect(() => {
    const ask = async () => {
      if (document.hidden) return;
      try {
        const { rejects } = await get("/api/3.0/loadspan/ingest");
        setCount(rejects.filter(({ last_ms: last }) => Date.now() - last < LATELY_MS).length);
      } catch {
        // The page that is shown says that the server does not answer.
      }
    };
    ask();
    const timer = setInterval(ask, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return count;
}
