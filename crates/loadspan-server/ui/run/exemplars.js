// Traces of a run: asked for by what makes them worth a look, and as marks in charts.

/** Traces of a run in an order: `slowest`, `failed`, `newest`, `oldest`. */
export async function searchTraces(run, { order = "slowest", most = 100, token, signal }, post) {
  const filter = `run_id = '${run.id}'${order === "failed" ? " AND status = 'ERROR'" : ""}`;
  const by = { slowest: "execution_time DESC", failed: "timestamp DESC", newest: "timestamp DESC", oldest: "timestamp ASC" }[order];
  const body = {
    locations: [{ type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: run.experiment } }],
    filter,
    order_by: [by],
    max_results: most,
    page_token: token,
  };
  const { traces = [], next_page_token: next } = await post("/api/3.0/mlflow/traces/search", body, { signal });
  return { traces: traces.map((trace) => traceOf(trace, run)), next };
}

function traceOf(trace, run) {
  const seconds = Number.parseFloat(trace.execution_duration ?? "");
  const started = Date.parse(trace.request_time);
  const usage = parsed(trace.trace_metadata?.["mlflow.trace.tokenUsage"]);
  return {
    id: trace.trace_id,
    trace: trace.trace_id,
    name: trace.tags?.["mlflow.traceName"] ?? trace.trace_id,
    state: trace.state,
    started,
    seconds,
    /** When it ended, in seconds from the start of the run. */
    at: (started - run.start) / 1000 + seconds,
    input: usage.input_tokens,
    output: usage.output_tokens,
  };
}

function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

export async function slowestTraces(run, options, post) {
  const { traces } = await searchTraces(run, { order: "slowest", ...options }, post);
  return traces;
}

/** The slowest of each part of the run, so that marks do not lie on each other. */
export function exemplarsOf(traces, run) {
  const width = Math.max(0.001, (run.end - run.start) / 1000 / 24);
  const best = new Map();
  for (const trace of traces) {
    const part = Math.floor(trace.at / width);
    if (Number.isFinite(trace.seconds) && !best.has(part)) best.set(part, trace);
  }
  return [...best.values()].map((trace) => ({ x: trace.at, y: trace.seconds * 1000, trace: trace.id }));
}
