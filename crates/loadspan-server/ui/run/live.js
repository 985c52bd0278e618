// The windows of a run for its charts: read once when it is over, and as they come while it goes on.

import { useEffect, useMemo, useRef, useState } from "../lib.js";
import { get, path } from "../api.js";
import { loadInfo } from "./load.js";
import { Pace } from "./pace.js";
import { stagesOf } from "./stages.js";
import { RunStream } from "./stream.js";
import { NO_WINDOWS, withFrame } from "./windows.js";

const LOOPBACK = /^(localhost|127\.|\[::1\])/;

/** A browser on the machine that makes the load takes its CPU away: there once a second has to do, until somebody asks for more. */
export function usualRate() {
  return LOOPBACK.test(location.hostname) ? 1 : 10;
}

const BEGUN = { windows: NO_WINDOWS, lost: null, error: null, waiting: true, every: 1 };

/**
 * `{ windows, error, lost, retry, waiting, every }` of a run. While `paused`, what comes is kept and not shown. `lost` says since when the
 * stream is broken off; `every`, that only one of so many updates comes.
 */
export function useWindows({ run, width, rate, paused, onEnd }) {
  const [state, setState] = useState(BEGUN);
  const held = useRef(NO_WINDOWS);
  const stream = useRef(null);
  const latest = useRef();
  latest.current = { paused, onEnd };
  const show = (more = {}) => setState((before) => ({ ...before, windows: held.current, waiting: false, ...more }));
  useEffect(() => {
    // What was seen beside the requests is shown until the files of the run are read.
    held.current = { ...NO_WINDOWS, observed: held.current.observed };
    if (!run.live) return once({ run, width, held, show });
    const pace = new Pace();
    stream.current = new RunStream({
      pace,
      url: (after) => `/api/3.0/loadspan/events?${new URLSearchParams({ run: run.id, width_ms: width, rate, after })}`,
      onFrame: (frame) => {
        held.current = withFrame(held.current, frame);
        if (!latest.current.paused) show({ every: pace.every(rate), error: null });
      },
      onEnd: (frame) => {
        show({ lost: null });
        latest.current.onEnd(frame);
      },
      onTrouble: (message) => setState((before) => ({ ...before, waiting: false, error: new Error(message) })),
      onState: ({ lost, ...more }) => setState((before) => ({ ...before, lost: lost ? more : null })),
    });
    return () => stream.current.close();
  }, [run.id, run.live, width, rate]);
  useEffect(() => {
    if (!paused) show({ waiting: state.waiting && held.current.count === 0 });
  }, [paused]);
  return { ...state, retry: () => stream.current?.retry() };
}

/** The windows of a run that is over. */
function once({ run, width, held, show }) {
  const abort = new AbortController();
  get(path`/api/3.0/loadspan/runs/${run.id}/windows`, { query: { width_ms: width }, signal: abort.signal })
    .then((frame) => {
      held.current = withFrame(held.current, frame);
      show({ lost: null, error: null });
    })
    .catch((error) => error.name !== "AbortError" && show({ error }));
  return () => abort.abort();
}

/** A run as it is; one of several stages that goes on, with its tags as they are now: they say when stages began and ended. */
export function useTags(run) {
  const [tags, setTags] = useState(null);
  const watched = run.live && stagesOf(run).length > 0;
  useEffect(() => {
    if (!watched) return setTags(null);
    const abort = new AbortController();
    const look = () => document.hidden || loadInfo(run.id, abort.signal).then(take, () => {});
    const take = (now) => setTags((before) => (JSON.stringify(before) === JSON.stringify(now.tags) ? before : now.tags));
    const timer = setInterval(look, 2000);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [run.id, watched]);
  return useMemo(() => (watched && tags ? { ...run, tags } : run), [run, watched, tags]);
}
