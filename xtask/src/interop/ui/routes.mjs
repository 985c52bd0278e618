// The addresses of all pages, and the states that an address may hold.

import { spanIdOf, tracePath } from "./fixtures/spans.mjs";

/** Every page: `[what it is, its address]`. */
export function pagesOf({ profiled, judged, alike, many, large, small, session, conversations, sized }) {
  const { healthy, again, failing, staged } = profiled;
  return [
    ["runs", "/runs"],
    ["runs of an experiment", `/runs?exp=${many.experiment}`],
    ["a run", `/runs/${healthy}`],
    ["its parameters", `/runs/${healthy}?tab=params`],
    ["its artifacts", `/runs/${healthy}?tab=artifacts`],
    ["its traces", `/runs/${healthy}?tab=traces`],
    ["its log", `/runs/${healthy}?tab=log`],
    ["a run of which requests failed", `/runs/${failing}`],
    ["a run of another client that failed", `/runs/${judged.failed}`],
    ["a run of two stages", `/runs/${staged}`],
    ["a run without requests", `/runs/${sized[0].id}`],
    ["an invalid run", `/runs/${judged.invalid}`],
    ["nothing to compare", "/compare"],
    ["a comparison", `/compare?runs=${healthy},${again},${failing}`],
    ["a comparison of runs that are alike", `/compare?runs=${alike.slice(0, 4)}`],
    ["traces", "/traces"],
    ["traces of a service", `/traces?svc=${small.service}`],
    ["no traces", "/traces?q=name%20%3D%20%27nothing%27"],
    ["a trace", tracePath("small 3")],
    ["a large trace", tracePath(large.trace)],
    ["a conversation", `${tracePath(conversations[0].trace)}?span=${spanIdOf(`${conversations[0].trace} chat`)}`],
    ["sessions", "/sessions"],
    ["a session", `/sessions/${session.id}`],
    ["ingest", "/ingest"],
    ["start", "/start"],
  ];
}

/** Addresses with a state, and the same without it: both name what is to look different. */
export function statesOf({ profiled, judged, alike, many, medium, small, session, conversations }) {
  const { healthy, again, staged } = profiled;
  const run = `/runs/${healthy}`;
  const pair = `/compare?runs=${healthy},${again}`;
  const trace = tracePath(medium.trace);
  const chat = `${tracePath(conversations[0].trace)}?span=${spanIdOf(`${conversations[0].trace} chat`)}`;
  return [
    [`/runs?exp=${many.experiment}&q=params.half%20%3D%20%27a%27`, `/runs?exp=${many.experiment}`],
    [`/runs?exp=${many.experiment}&sort=name`, `/runs?exp=${many.experiment}`],
    [`/runs?exp=${many.experiment}&cols=params.model,metrics.request_throughput`, `/runs?exp=${many.experiment}`],
    [`/runs?sel=${judged.valid},${judged.degraded}`, "/runs"],
    [`/runs?base=${judged.valid}`, "/runs"],
    [`${run}?tab=params`, run],
    [`${run}?tab=artifacts`, run],
    [`${run}?tab=traces`, run],
    [`${run}?tab=log`, run],
    [`${run}?t=2-5`, run],
    [`/runs/${staged}?stage=1`, `/runs/${staged}`],
    [`${run}?scale=log`, `${run}?scale=lin`],
    [`${pair}&base=${again}`, pair],
    [`${pair}&x=request_throughput&y=request_latency.p99`, pair],
    [`${pair}&hide=${again}`, pair],
    [`/compare?runs=${alike.slice(0, 3)}`, pair],
    [`/traces?svc=${small.service}&status=error`, `/traces?svc=${small.service}`],
    [`/traces?svc=${small.service}&dur=2s-`, `/traces?svc=${small.service}`],
    [`/traces?svc=${small.service}&sort=-duration`, `/traces?svc=${small.service}`],
    [`/traces?run=${healthy}`, "/traces"],
    [`${trace}?span=${medium.some}`, trace],
    [`${trace}?root=${medium.step}`, trace],
    [`${trace}?v=0.2-0.4`, trace],
    [`${trace}?c=1,11`, trace],
    [`${trace}?find=step%203`, trace],
    [`${trace}?find=step%203&only=1`, trace],
    [`${trace}?color=service`, trace],
    [`${trace}?view=stats`, trace],
    [`${chat}&d=attrs`, chat],
    [`${chat}&d=events`, chat],
    [`${chat}&d=raw`, chat],
    ["/sessions?q=support-2", "/sessions"],
    [`/sessions/${session.id}?turn=2`, null],
    ["/ingest", null],
    ["/start", null],
  ];
}
