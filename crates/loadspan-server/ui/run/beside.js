// What stands beside the figures of a run: errors by class, the load, the load generator, tokens, and what server and GPUs said.

import { html } from "../lib.js";
import { NOTHING, bytes, count, number, plainLine, share } from "../format.js";

/** Errors, the load generator, the server's own figures, notices. */
export function Beside({ run }) {
  const { summary } = run;
  if (!summary) return null;
  return html`
    <div class="beside">
      <${Errors} counts=${summary.counts} />
      <${Block} title="Load" rows=${loadRows(summary)} />
      <${Block} title="Load generator" rows=${clientRows(summary)} />
      <${Block} title="Tokens" rows=${tokenRows(summary)} />
      ${(summary.server ?? []).map((server, place) => html`<${Block} title=${`Server ${place + 1}`} rows=${serverRows(server)} />`)}
      ${(summary.gpus?.gpus ?? []).map((gpu, place) => html`<${Block} title=${`GPU ${gpu.index ?? place}`} rows=${gpuRows(gpu)} />`)}
    </div>
  `;
}

export function Block({ title, rows }) {
  const known = rows.filter(([, value]) => value !== null && value !== undefined && value !== NOTHING);
  if (known.length === 0) return null;
  return html`
    <section>
      <h2>${title}</h2>
      <dl class="pairs">${known.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    </section>
  `;
}

function Errors({ counts }) {
  const classes = Object.entries(counts.by_error).sort((a, b) => b[1] - a[1]);
  if (classes.length === 0) return null;
  return html`
    <section>
      <h2>Errors</h2>
      <dl class="pairs">
        ${classes.map(
          ([name, amount]) => html`
            <div>
              <dt><span class="verdict invalid" aria-hidden="true">✕</span> ${plainLine(name)}</dt>
              <dd>${count(amount)}</dd>
              ${counts.error_examples[name] && html`<dd class="quiet example">${plainLine(counts.error_examples[name])}</dd>`}
            </div>
          `,
        )}
      </dl>
    </section>
  `;
}

const ms = (value) => (Number.isFinite(value) ? `${number(value)} ms` : null);

function loadRows({ load, counts }) {
  return [
    ["Asked for", plainLine(load.description)],
    ["Rate wanted, sent", load.scheduled_rate && `${number(load.scheduled_rate)}, ${number(load.achieved_rate)} req/s`],
    ["In flight, mean and most", load.in_flight && `${number(load.in_flight.mean)}, ${number(load.in_flight.max)}`],
    ["Sent late, p99", ms(load.dispatch_delay?.p99)],
    ["Held back", load.held_back > 0 ? count(load.held_back) : null],
    ["Completed, failed, cancelled", `${count(counts.completed)}, ${count(counts.failed)}, ${count(counts.cancelled)}`],
    ["Warm-up", counts.warmup > 0 ? count(counts.warmup) : null],
    ["Due and never sent", counts.unsent > 0 ? count(counts.unsent) : null],
  ];
}

function clientRows({ client, connections }) {
  if (!client) return [];
  return [
    ["CPUs used", number(client.cpu_seconds / client.wall_seconds)],
    ["Busiest worker", share(Math.max(...client.workers.map((worker) => worker.busy_share)))],
    ["Timers late, p99", ms(Math.max(...client.workers.map((worker) => worker.loop_lag_p99_ms)))],
    ["Memory at most", client.peak_rss_bytes > 0 ? bytes(client.peak_rss_bytes) : null],
    ["Records lost", count(client.records_lost)],
    ...connectionRows(connections),
  ];
}

/** In the words of the console: those opened ahead of the load are none of those that requests waited for. */
function connectionRows(connections) {
  if (!connections) return [];
  const { opened, reused, connect, preopened = [] } = connections;
  const ahead = preopened.reduce((sum, one) => sum + one.opened, 0);
  const slowest = Math.max(...preopened.map((one) => one.connect_max_ms));
  return [
    ["Connections opened ahead", ahead > 0 ? `${count(ahead)}, in ${number(slowest)} ms at most` : null],
    ["Connections opened by requests", connect ? `${count(opened)}, connect p50 ${number(connect.p50)} ms` : count(opened)],
    ["Requests on one that was open", count(reused)],
  ];
}

function tokenRows({ tokens, finish_reasons: reasons }) {
  return [
    ["Input, output", `${count(tokens.input_total)}, ${count(tokens.output_total)}`],
    ["Cached input", tokens.cached_input_share > 0 ? share(tokens.cached_input_share) : null],
    ["Counted by", Object.keys(tokens.source_share).map((source) => source.replaceAll("_", " ")).join(", ")],
    ["Not counted", tokens.uncounted > 0 ? count(tokens.uncounted) : null],
    ["Ended with", Object.entries(reasons ?? {}).map(([reason, amount]) => `${plainLine(reason)} ${count(amount)}`).join(", ") || null],
  ];
}

function serverRows(server) {
  const gauge = (name, write = number) => server.gauges?.[name] && `${write(server.gauges[name].mean)}, ${write(server.gauges[name].max)}`;
  return [
    ["Running, mean and most", gauge("requests_running")],
    ["Waiting, mean and most", gauge("requests_waiting")],
    ["KV cache, mean and most", gauge("kv_cache_usage", share)],
    ["Prefix cache hits", Number.isFinite(server.prefix_cache_hit_rate) ? share(server.prefix_cache_hit_rate) : null],
    ...Object.entries(server.histograms ?? {}).map(([name, { p50, p99 }]) => [name.replaceAll("_", " "), `p50 ${number(p50)}, p99 ${number(p99)}`]),
    ...Object.entries(server.totals ?? {}).map(([name, value]) => [name.replaceAll("_", " "), number(value)]),
  ];
}

function gpuRows(gpu) {
  const mean = (gauge, write) => (gauge ? `${write(gauge.mean)}, ${write(gauge.max)}` : null);
  return [
    ["Busy, mean and most", mean(gpu.utilization, share)],
    ["Memory, mean and most", mean(gpu.memory_used_bytes, bytes)],
    ["Power, mean and most", mean(gpu.power_watts, (value) => `${number(value)} W`)],
    ["Temperature, mean and most", mean(gpu.temperature_celsius, (value) => `${number(value)} °C`)],
    ["Energy", Number.isFinite(gpu.energy_joules) ? `${number(gpu.energy_joules)} J` : null],
  ];
}
