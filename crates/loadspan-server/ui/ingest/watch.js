// Asks the server what comes in, every two seconds while the page is seen.

import { useEffect, useRef, useState } from "../lib.js";
import { get, getText } from "../api.js";
import { ledger, samples } from "./exposition.js";
import { withReading } from "./rates.js";

const EVERY_MS = 2000;

/** `{ data: { found, all, history }, error, reload }`: what the endpoint says, the samples of `/metrics`, and the counters over time. */
export function useIngest() {
  const [state, setState] = useState({ data: undefined, error: undefined, waiting: false });
  const [round, setRound] = useState(0);
  const history = useRef([]);
  useEffect(() => {
    const abort = new AbortController();
    const ask = async () => {
      if (document.hidden) return;
      try {
        const [found, text] = await Promise.all([get("/api/3.0/loadspan/ingest", { signal: abort.signal }), getText("/metrics", { signal: abort.signal })]);
        const all = samples(text);
        history.current = withReading(history.current, { at: performance.now(), values: countersOf(found, all) });
        setState({ data: { found, all, history: history.current }, error: undefined, waiting: false });
      } catch (error) {
        if (error.name !== "AbortError") setState((before) => ({ ...before, error }));
      }
    };
    ask();
    const timer = setInterval(ask, EVERY_MS);
    document.addEventListener("visibilitychange", ask);
    return () => {
      abort.abort();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", ask);
    };
  }, [round]);
  return { ...state, reload: () => setRound((before) => before + 1) };
}

function countersOf({ receivers }, all) {
  const values = {};
  for (const { name, accepted, bytes } of receivers) {
    values[name] = accepted;
    values[`${name} bytes`] = bytes;
  }
  for (const { signal, received } of ledger(all)) values[signal] = received;
  return values;
}
