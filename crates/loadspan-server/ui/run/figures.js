// The figures of a run: what they are called, what they mean, which direction is better. Names and meanings are those of summary.json.

import { withheld } from "../charts/scale.js";

/** Statistics of a distribution, in the order of tables; `q` is what has to be supported by enough values. */
export const STATISTICS = [
  { key: "mean", name: "mean" },
  { key: "p50", name: "p50", q: 0.5 },
  { key: "p90", name: "p90", q: 0.9 },
  { key: "p99", name: "p99", q: 0.99 },
  { key: "p99_9", name: "p99.9", q: 0.999 },
  { key: "max", name: "max" },
];

/** Percentiles that a summary has. */
const QUANTILES = [
  ["min", 0],
  ["p1", 0.01],
  ["p5", 0.05],
  ["p10", 0.1],
  ["p25", 0.25],
  ["p50", 0.5],
  ["p75", 0.75],
  ["p90", 0.9],
  ["p95", 0.95],
  ["p99", 0.99],
  ["p99_9", 0.999],
  ["max", 1],
];

const LOWER = "lower";
const HIGHER = "higher";

/** Figures with a value for each request. */
export const DISTRIBUTIONS = [
  { key: "time_to_first_token", name: "Time to first token", short: "TTFT", unit: "ms", better: LOWER, means: "From the request's first byte sent to the first non-empty output in any channel: answer, reasoning, tool call or refusal." },
  { key: "time_to_first_output_token", name: "Time to first output token", short: "TTFO", unit: "ms", better: LOWER, means: "From the request's first byte sent to the first non-empty output that is not reasoning." },
  { key: "time_to_second_token", name: "Time to second token", short: "TTST", unit: "ms", better: LOWER, means: "From the first chunk that carried output to the second." },
  { key: "inter_token_latency", name: "Inter-token latency", short: "ITL", unit: "ms", better: LOWER, means: "From the first token to the last, divided by the output tokens that came after the first chunk." },
  { key: "time_per_output_token", name: "Time per output token", short: "TPOT", unit: "ms", better: LOWER, means: "From the first token to the last, divided by the output tokens less one." },
  { key: "inter_chunk_latency", name: "Inter-chunk latency", short: "ICL", unit: "ms", better: LOWER, means: "The gap between two successive chunks that carried output; one value per gap, pooled over all requests." },
  { key: "request_latency", name: "Request latency", short: "Latency", unit: "ms", better: LOWER, means: "From the request's first byte sent to its last token, or to its last byte where the response is not a stream." },
  { key: "scheduled_latency", name: "Latency from schedule", short: "Scheduled", unit: "ms", better: LOWER, means: "From the moment the schedule wanted the request sent to its last token; open loads only. A stall of the server shows here even if the client could not send." },
  { key: "time_to_first_byte", name: "Time to first byte", short: "TTFB", unit: "ms", better: LOWER, means: "From the request's first byte sent to the first byte of the response body." },
  { key: "output_token_throughput_per_user", name: "Tokens/s per user", short: "tok/s/user", unit: "tok/s", better: HIGHER, means: "The inverse of the inter-token latency: how fast the tokens of one request came once they had begun to come." },
  { key: "output_sequence_length", name: "Output tokens", short: "Output", unit: "tokens", means: "Output tokens of a request: answer, reasoning and tool calls, over all choices." },
  { key: "input_sequence_length", name: "Input tokens", short: "Input", unit: "tokens", means: "Prompt tokens of a request, chat template included." },
  { key: "reasoning_token_count", name: "Reasoning tokens", short: "Reasoning", unit: "tokens", means: "Output tokens of a request that were reasoning, where the server says so." },
  { key: "cached_input_tokens", name: "Cached input tokens", short: "Cached", unit: "tokens", means: "Prompt tokens of a request that the server found in its prefix cache, where the server says so." },
  { key: "schedule_lag", name: "Schedule lag", short: "Lag", unit: "ms", better: LOWER, means: "From the moment the schedule wanted the request sent to its first byte sent, over every request sent, failed ones included." },
  { key: "connect_time", name: "Connect time", short: "Connect", unit: "ms", better: LOWER, means: "TCP connect and TLS handshake, over every request for which a connection was opened, failed ones included." },
];

/** Figures of the run as a whole. */
export const SINGLES = [
  { key: "request_throughput", name: "Requests", short: "req/s", unit: "req/s", better: HIGHER, means: "Completed requests divided by the benchmark duration." },
  { key: "output_token_throughput", name: "Output tokens", short: "tok/s", unit: "tok/s", better: HIGHER, means: "Output tokens of the completed requests divided by the benchmark duration." },
  { key: "input_token_throughput", name: "Input tokens", unit: "tok/s", better: HIGHER, means: "Input tokens of the completed requests divided by the benchmark duration." },
  { key: "total_token_throughput", name: "All tokens", unit: "tok/s", better: HIGHER, means: "Input and output tokens of the completed requests divided by the benchmark duration." },
  { key: "goodput", name: "Goodput", short: "good/s", unit: "req/s", better: HIGHER, means: "Completed requests that met every target of --goodput, divided by the benchmark duration." },
  { key: "good_request_fraction", name: "Good requests", unit: "ratio", better: HIGHER, means: "Completed requests that met every target of --goodput, divided by all requests that completed or failed." },
  { key: "request_error_rate", name: "Errors", unit: "%", better: LOWER, means: "Failed requests as a percentage of all requests that completed or failed." },
  { key: "in_flight_mean", name: "In flight, mean", unit: "requests", means: "Requests sent and not yet ended, averaged over the time of the benchmark duration." },
  { key: "in_flight_max", name: "In flight, most", unit: "requests", means: "The most requests that were sent and not yet ended at any one moment of the benchmark duration." },
  { key: "benchmark_duration", name: "Measured", unit: "s", means: "From the first measured request sent to the end of the last measured request that completed or failed." },
];

const BY_KEY = new Map([...DISTRIBUTIONS, ...SINGLES].map((figure) => [figure.key, figure]));

/** What is known of a figure; `time_to_first_token.p99` is one of `time_to_first_token`. */
export function figureOf(name) {
  const [key, statistic] = name.split(".");
  const figure = BY_KEY.get(key) ?? { key, name: key, unit: "" };
  return { ...figure, statistic };
}

/** A figure of a run from its summary, or from the metrics of MLflow, which are the same. */
export function valueOf({ summary, metrics }, name) {
  const [key, statistic] = name.split(".");
  const found = summary?.metrics?.[key];
  const value = statistic ? found?.[statistic] : found?.value;
  return value ?? metrics?.[name] ?? null;
}

/** Why a figure of a run is not shown though it is there: too few values for such a percentile; else null. */
export function withheldOf(name, count) {
  const q = QUANTILES.find(([key]) => key === name.split(".")[1])?.[1];
  return q > 0.5 - 1e-9 && q < 1 ? withheld(q, count) : null;
}

/** All statistics of a distribution, or null. */
export function distributionOf(run, key) {
  if (run.summary?.metrics?.[key]?.count !== undefined) return run.summary.metrics[key];
  const statistics = ["count", "std", ...QUANTILES.map(([name]) => name), "mean"];
  const found = statistics.map((statistic) => [statistic, run.metrics?.[`${key}.${statistic}`]]).filter(([, value]) => value !== undefined);
  return found.length > 0 && run.metrics[`${key}.count`] > 0 ? Object.fromEntries(found) : null;
}

/** A distribution as a line: `{ q, value }`. */
export function quantilesOf(distribution) {
  return QUANTILES.filter(([name]) => Number.isFinite(distribution?.[name])).map(([name, q]) => ({ q, value: distribution[name] }));
}
