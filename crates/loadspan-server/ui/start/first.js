// Whether spans come in: a line that waits for the first one and then leads to it.

import { html, useEffect, useState } from "../lib.js";
import { Link } from "../router.js";
import { usePolling } from "../parts/polling.js";
import { ago, plainLine } from "../format.js";
import { loadExperiments, loadTraces } from "../traces/load.js";

const EVERY_MS = 1500;

/** The latest trace there is: `{ trace, error, known }`. It is asked for while the page is seen. */
function useLatest() {
  const [state, setState] = useState({ trace: null, error: null, known: false });
  usePolling({
    every: EVERY_MS,
    ask: latest,
    found: (trace) => setState({ trace, error: null, known: true }),
    failed: (error) => setState((before) => ({ ...before, error })),
  });
  return state;
}

async function latest(signal) {
  const experiments = await loadExperiments(signal);
  const ids = experiments.map(({ experiment_id: id }) => id);
  const { rows } = await loadTraces({ experiments: ids, filter: "", order: "timestamp DESC", count: 1, signal });
  return rows[0] ?? null;
}

/** `ports`: where spans may come, in words. */
export function First({ ports }) {
  const { trace, error, known } = useLatest();
  const [before, setBefore] = useState(undefined);
  useEffect(() => {
    if (known && before === undefined) setBefore(trace?.id ?? null);
  }, [known]);
  return html`<p class="first-span" role="status">${saidOf({ trace, error, known, before, ports })}</p>`;
}

function saidOf({ trace, error, known, before, ports }) {
  if (error) return html`<span class="verdict invalid">✕</span> ${error.message}`;
  if (!known) return "Looking for spans …";
  if (!trace) return html`<span class="verdict running" aria-hidden="true">◐</span> Waiting for the first span on ${ports} …`;
  const from = trace.service || trace.name || "a client";
  const link = html`<${Link} to=${`/traces/${encodeURIComponent(trace.id)}`}>Open trace<//>`;
  if (before === null) return html`<span class="verdict ok">●</span> First span received from <code>${plainLine(from)}</code>. ${link}`;
  if (trace.id !== before) return html`<span class="verdict ok">●</span> A span has just come from <code>${plainLine(from)}</code>. ${link}`;
  return html`<span class="verdict ok">●</span> Spans come in on ${ports}; the latest trace is from <code>${plainLine(from)}</code>, ${ago(trace.started)}. ${link}`;
}
