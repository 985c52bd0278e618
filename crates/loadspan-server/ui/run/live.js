// The windows of a run for its charts: read once when it is over, and as they come while it goes on.

import { useEffect, useRef, useState } from "../lib.js";
import { get, path } from "../api.js";
import { RunStream } from "./stream.js";
import { NO_WINDOWS, withFrame } from "./windows.js";

const LOOPBACK = /^(localhost|127\.|\[::1\])/;

/** A browser on the machine that makes the load takes its CPU away: there once a second has to do, until somebody asks for more. */
export function usualRate() {
  return LOOPBACK.test(location.hostname) ? 1 : 10;
}

/** `{ windows, error, lost, retry, waiting }` of a run. While `paused`, what comes is kept and not shown. */
export function useWindows({ run, width, rate, paused, onEnd }) {
  const [state, setState] = useState({ windows: NO_WINDOWS, lost: null, error: null, waiting: true });
  const held = useRef(NO_WINDOWS);
  const stream = useRef(null);
  const latest = useRef();
  latest.current = { paused, onEnd };
  const show = (more = {}) => setState((before) => ({ ...before, windows: held.current, waiting: false, ...more }));
  useEffect(() => {
    held.current = NO_WINDOWS;
    if (!run.live) return once({ run, width, held, show });
    const url = (after) => `/api/3.0/loadspan/events?${new URLSearchParams({ run: run.id, width_ms: width, rate, after })}`;
    stream.current = new RunStream({
      url,
      onFrame: (frame) => {
        held.current = withFrame(held.current, frame);
        if (!latest.current.paused) show();
      },
      onEnd: (frame) => {
        show();
        latest.current.onEnd(frame);
      },
      onState: (lost) => setState((before) => ({ ...before, lost: lost.lost ? lost : null })),
    });
    return () => stream.current.close();
  }, [run.id, run.live, width, rate]);
  useEffect(() => {
    if (!paused) show();
  }, [paused]);
  return { ...state, retry: () => stream.current?.retry() };
}

/** The windows of a run that is over. */
function once({ run, width, held, show }) {
  const abort = new AbortController();
  get(path`/api/3.0/loadspan/runs/${run.id}/windows`, { query: { width_ms: width }, signal: abort.signal })
    .then((frame) => {
      held.current = withFrame(NO_WINDOWS, frame);
      show({ lost: null });
    })
    .catch((error) => error.name !== "AbortError" && show({ error }));
  return () => abort.abort();
}
