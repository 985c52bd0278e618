// Asks the server what comes in, every two seconds while the page is seen.

import { useRef, useState } from "../lib.js";
import { get, getText } from "../api.js";
import { usePolling } from "../parts/polling.js";
import { ledger, samples } from "./exposition.js";
import { withReading } from "./rates.js";

const EVERY_MS = 2000;

/** `{ data: { found, all, history }, error, reload }`: what the endpoint says, the samples of `/metrics`, and the counters over time. */
export function useIngest() {
  const [state, setState] = useState({ data: undefined, error: undefined, waiting: false });
  const [round, setRound] = useState(0);
  const history = useRef([]);
  usePolling({
    every: EVERY_MS,
    key: round,
    ask: (signal) => Promise.all([get("/api/3.0/loadspan/ingest", { signal }), getText("/metrics", { signal })]),
    found: ([found, text]) => {
      const all = samples(text);
      history.current = withReading(history.current, { at: performance.now(), values: countersOf(found, all) });
      setState({ data: { found, all, history: history.current }, error: undefined, waiting: false });
    },
    failed: (error) => setState((before) => ({ ...before, error })),
  });
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
