// The pictures of a comparison: throughput against latency, percentile curves, and the runs over their seconds.

import { html, useMemo } from "../lib.js";
import { go, setQuery, useQuery } from "../router.js";
import { Cursor, CursorContext, CursorSaid, nearest, useCursorAt } from "../charts/cursor.js";
import { Pareto } from "../charts/pareto.js";
import { PercentileChart } from "../charts/percentiles.js";
import { isWide, tickText } from "../charts/scale.js";
import { StageContext } from "../charts/stages.js";
import { TimeChart } from "../charts/timechart.js";
import { middle } from "../parts/names.js";
import { number, plainLine } from "../format.js";
import { distributionOf, quantilesOf } from "../run/figures.js";
import { rangeOf, rangeText } from "../run/range.js";
import { stagesOf } from "../run/stages.js";
import { inMs, percentile, placeAt, rates } from "../run/windows.js";
import { COMPARED, measured, titleOf } from "./figures.js";
import { pointsOf, secondAt } from "./stages.js";

const ACROSS = ["output_token_throughput", "request_throughput", "output_token_throughput_per_user.p50", "goodput"];
const UP = ["time_to_first_token.p99", "time_to_first_token.p50", "inter_token_latency.p99", "inter_token_latency.p50", "request_latency.p99", "request_latency.p50"];

/** The label of a run in a chart, with the sign of what speaks against it. */
function markedLabel({ label, verdict }) {
  const sign = { invalid: "✕ ", failed: "✕ ", degraded: "▲ " }[verdict] ?? "";
  return sign + middle(label, 27);
}

function Choice({ label, name, value, options }) {
  return html`
    <select class="inline" aria-label=${label} value=${value} onChange=${(event) => setQuery({ [name]: event.target.value })}>
      ${options.map(([key, text]) => html`<option value=${key}>${text}</option>`)}
    </select>
  `;
}

function chosen(query, name, options) {
  return options.includes(query.get(name)) ? query.get(name) : options[0];
}

export function Trade({ runs: all }) {
  const query = useQuery();
  const runs = useMemo(() => pointsOf(all), [all]);
  const usual = useMemo(() => usualOf(runs), [runs]);
  const [x, y] = [chosen(query, "x", ACROSS), chosen(query, "y", [usual, ...UP])];
  const points = useMemo(() => runs.map((run) => pointOf(run, { x, y })), [runs, x, y]);
  const axes = { x: { name: titleOf(x).title, unit: titleOf(x).unit }, y: { name: titleOf(y).title, unit: titleOf(y).unit } };
  const choice = html`
    <${Choice} label="Latency" name="y" value=${y} options=${UP.map((name) => [name, titleOf(name).title])} />
    ${" over "}
    <${Choice} label="Throughput" name="x" value=${x} options=${ACROSS.map((name) => [name, `${titleOf(name).title}, ${titleOf(name).unit}`])} />
  `;
  const left = runs.filter((run) => figure(run, y).withheld ?? figure(run, x).withheld).length;
  const note = [points.some(({ group }) => group !== null) && (runs.length > all.length ? "a line joins the stages of a run" : "runs of a sweep are joined"), left > 0 && `${left} ${left === 1 ? "has" : "have"} too few requests for this percentile`].filter(Boolean).join(", ");
  return html`<${Pareto} title="Throughput and latency" choice=${choice} note=${note} name="throughput-latency" points=${points} axes=${axes} open=${({ url }) => go(url)} />`;
}

/** Without a choice: the latency that most of them have enough requests for. */
function usualOf(runs) {
  const known = (name) => runs.filter((run) => figure(run, name).value !== null).length;
  return UP.reduce((best, name) => (known(name) > known(best) ? name : best));
}

function figure(run, name) {
  return measured(run, COMPARED.find((one) => one.name === name) ?? { name });
}

function pointOf(run, { x, y }) {
  const [across, up] = [x, y].map((name) => figure(run, name));
  const spread = ({ value, spread: half }) => (half && value ? [value * (1 - half), value * (1 + half)] : null);
  const { concurrency, request_rate: rate } = run.params;
  return {
    id: run.id,
    url: run.url,
    name: plainLine(run.name),
    label: concurrency ? `c=${concurrency}` : rate ? `${rate}/s` : middle(run.label, 16),
    group: run.group,
    order: Number(concurrency ?? rate ?? Number.NaN),
    token: run.token,
    x: across.value,
    y: up.value,
    xSpread: spread(across),
    ySpread: spread(up),
    hollow: run.verdict === "invalid" || run.verdict === "failed",
  };
}

const CURVES = [
  ["time_to_first_byte", "Time to first chunk", "ttft"],
  ["request_latency", "Request latency", "duration"],
  ["inter_token_latency", "ITL", "chunk"],
];

export function Curves({ runs }) {
  const query = useQuery();
  const [figure, , list] = CURVES.find(([key]) => key === query.get("curve")) ?? CURVES[0];
  const curves = useMemo(() => runs.map((run) => curveOf(run, { figure, list })).filter(Boolean), [runs, figure]);
  const choice = html`<${Choice} label="Latency" name="curve" value=${figure} options=${CURVES} />`;
  return html`<${PercentileChart} title="Percentile curve" choice=${choice} note="ms" name=${`percentiles-${figure}`} curves=${curves} unit="ms" height=${272} />`;
}

function curveOf(run, { figure, list }) {
  const common = { name: markedLabel(run), token: run.token, stroke: run.stroke, hollow: run.verdict === "invalid" };
  const counted = run.distribution?.[list];
  if (counted?.n > 0) {
    const { q, value } = counted.quantiles;
    return { ...common, n: counted.n, points: q.map((one, at) => ({ q: one, value: value[at] * 1000 })) };
  }
  const spread = distributionOf(run, figure);
  return spread && { ...common, n: spread.count, points: quantilesOf(spread) };
}

const OVER = [
  ["rate", "req/s", ({ windows }) => rates(windows, "ended"), "req/s"],
  ["tokens", "output tok/s", ({ windows }) => rates(windows, "output_tokens"), "tok/s"],
  ["ttft", "first chunk p50", ({ windows }) => inMs(percentile(windows.columns.ttft, "p50", 0.5)), "ms"],
  ["ttft90", "first chunk p90", ({ windows }) => inMs(percentile(windows.columns.ttft, "p90", 0.9)), "ms"],
  ["chunk", "time per chunk p50", ({ windows }) => inMs(percentile(windows.columns.chunk, "p50", 0.5)), "ms"],
  ["latency", "latency p50", ({ windows }) => inMs(percentile(windows.columns.duration, "p50", 0.5)), "ms"],
  ["latency90", "latency p90", ({ windows }) => inMs(percentile(windows.columns.duration, "p90", 0.9)), "ms"],
  ["flight", "in flight", ({ windows }) => windows.columns.in_flight, "requests"],
];

const NONE = [];

/** The runs over the seconds since each began; of two of them, also what lies between them. */
export function Overlay({ runs, base, width, waiting }) {
  const query = useQuery();
  const cursor = useMemo(() => new Cursor(), []);
  const found = OVER.find(([key]) => key === query.get("over")) ?? OVER[0];
  const length = Math.max(0, ...runs.map(({ windows }) => windows.count));
  const whole = [0, (length * width) / 1000];
  const range = rangeOf(query.get("t"), { span: whole, windows: { count: length, width } });
  const stages = useMemo(() => new Map([base, ...runs].map((run) => [run.id, stagesOf(run)])), [runs, base]);
  const staged = runs.filter(({ id }) => stages.get(id).length > 0).length > 1 && stages.get(base.id).length > 0;
  const align = staged && query.get("align") === "stage" ? { base: stages.get(base.id), stages } : null;
  const chart = useMemo(() => overlayOf({ runs, width, found, length, range, align }), [runs, width, found, range[0], range[1], stages, align === null]);
  const between = useMemo(() => betweenOf(chart, base), [chart, base]);
  const brush = (picked) => setQuery({ t: picked && rangeText(picked, whole) });
  if (length === 0) return html`<p class="state overlay-none">${waiting > 0 ? "Reading the courses of these runs …" : "None of these runs has figures over time: they are of runs that loadspan profile has logged."}</p>`;
  const choice = html`<${Choice} label="Figure" name="over" value=${found[0]} options=${OVER} />${staged && html` by <${Choice} label="Aligned by" name="align" value=${align ? "stage" : "elapsed"} options=${[["elapsed", "elapsed time"], ["stage", "stage"]]} />`}`;
  return html`
    <${CursorContext.Provider} value=${cursor}><${StageContext.Provider} value=${align ? align.base : NONE}>
      <${TimeChart} chart=${{ ...chart, choice }} onBrush=${brush} onOpen=${() => {}} height=${220} />
      ${between && html`<${TimeChart} chart=${between} onBrush=${brush} onOpen=${() => {}} height=${110} />`}
      <${OverlayValues} chart=${chart} />
    <//><//>
  `;
}

function overlayOf({ runs, width, found: [key, label, values, unit], length, range, align }) {
  const x = Array.from({ length }, (_, at) => ((at + 0.5) * width) / 1000);
  const placed = ({ id, windows }, second) => placeAt(windows, align ? secondAt({ base: align.base, own: align.stages.get(id), second }) : second);
  const padded = (run) => {
    const list = values(run);
    return x.map((second) => {
      const at = placed(run, second);
      return at < run.windows.complete ? (list[at] ?? null) : null;
    });
  };
  // Beyond the colours names would lie on each other: the line below has them.
  const named = runs.length <= 8 ? runs : [];
  return {
    title: "Over the seconds of each run",
    name: `overlay-${key}`,
    note: `${unit}, ${tickText(width / 1000)} s windows, aligned by ${align ? "the stages of the baseline" : "elapsed time"}`,
    unit,
    x,
    range,
    log: unit === "ms" && isWide(runs.map((run) => values(run))),
    labels: 24 + 6.5 * Math.max(4, ...named.map((run) => markedLabel(run).length)),
    format: tickText,
    time: (value) => `${tickText(value)} s`,
    series: runs.map((run) => ({
      key: run.id,
      label: run.label,
      name: named.length > 0 ? markedLabel(run) : null,
      token: run.token,
      stroke: run.stroke,
      width: run.verdict === "invalid" ? 1 : 1.75,
      values: padded(run),
    })),
    sentence: `${label} of ${runs.length} runs over their seconds.`,
  };
}

/** How far one of two runs lies from the other, in percent of the baseline. */
function betweenOf(chart, base) {
  if (chart.series.length !== 2) return null;
  const own = chart.series.find(({ key }) => key === base.id);
  const other = chart.series.find(({ key }) => key !== base.id);
  if (!own) return null;
  const values = own.values.map((value, at) => (value > 0 && other.values[at] !== null ? (other.values[at] / value - 1) * 100 : null));
  return {
    ...chart,
    title: `${other.label} against ★ ${own.label}`,
    name: `${chart.name}-difference`,
    note: "% of the baseline, window by window",
    unit: "%",
    log: false,
    lines: [{ value: 0, label: "same" }],
    series: [{ ...other, name: "difference", label: "difference", values }],
    sentence: `The difference of ${other.label} from ${own.label} over their seconds.`,
  };
}

/** Runs whose figures are said below the chart. */
const SAID = 8;

function OverlayValues({ chart }) {
  const [second] = useCursorAt();
  const at = second === null ? null : nearest(chart.x, second);
  return html`
    <p class="values">
      <${CursorSaid} />
      ${at === null
        ? html`<span class="quiet">Point at the chart for figures; drag picks a part, a double click shows all.</span>`
        : html`<b>${tickText(chart.x[at])} s</b> ${chart.series.slice(0, SAID).map(({ label, values }) => html`<span>${middle(label, 24)} <b>${number(values[at] ?? undefined)}</b></span>`)}${chart.series.length > SAID && html`<span class="quiet">and ${chart.series.length - SAID} more</span>`}`}
    </p>
  `;
}
