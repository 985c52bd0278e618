// The charts of a run beside those of its windows, on the same axis: the server, GPUs, errors by class, the client. They come from what
// it logs while it goes on, and from the files that it has left when it is over.

import { html, useEffect, useMemo, useState } from "../lib.js";
import { get, path, useLoad } from "../api.js";
import { TimeChart } from "../charts/timechart.js";
import { bytes } from "../format.js";
import { commonOf } from "./charts.js";
import { clientCharts } from "./client-charts.js";
import { eachLine, exportsOf, readLines } from "./lines.js";
import { Records } from "./records.js";
import { gpuCharts, serverCharts } from "./scrape-charts.js";
import { SystemCharts } from "./system.js";

/** More is read when somebody asks for it. */
const MOST_BYTES = 32 * 2 ** 20;
const SCRAPES = { server: "server_metrics.jsonl", gpus: "gpu_metrics.jsonl" };

export function ExtraCharts({ run, windows, range, stages, brush, steady }) {
  const found = useLoad(run.live ? null : `exports ${run.id}`, (signal) => exportsOf(run, signal).catch(none)).data;
  const files = found ?? {};
  const scrapes = useLoad(found ? `scrapes ${run.id}` : null, (signal) => readScrapes(run, files, signal));
  const large = files["records.jsonl"] > MOST_BYTES;
  const [wanted, setWanted] = useState(false);
  const records = useRecords(run, files["records.jsonl"] > 0 && (!large || wanted));
  const charts = useMemo(() => {
    const { server, gpus } = scrapes.data ?? windows.observed;
    const about = { run, range, steady };
    return [
      ...serverCharts({ ...about, lines: server }),
      ...gpuCharts({ ...about, lines: gpus }),
      ...clientCharts({ ...about, records: records.data, windows, common: commonOf({ run, windows, range, stages }) }),
    ];
  }, [run, windows, records.data, scrapes.data, range[0], range[1], stages]);
  return html`
    ${charts.map((chart) => html`<${TimeChart} key=${chart.key} chart=${chart} onBrush=${brush} onOpen=${() => {}} />`)}
    <${SystemCharts} run=${run} range=${range} brush=${brush} />
    ${large && !records.data && html`<${Offer} size=${files["records.jsonl"]} records=${records} wanted=${wanted} read=${() => setWanted(true)} />`}
    ${records.error && html`<p class="chart-offer">The records of the run cannot be read: ${records.error.message}</p>`}
  `;
}

function Offer({ size, records, wanted, read }) {
  return html`
    <p class="chart-offer">
      ${wanted
        ? html`<span role="status">Reading the records, ${bytes(records.read)} of ${bytes(size)}.</span>`
        : html`Lateness of the client and errors by class are in the records of the run, ${bytes(size)}. <button type="button" onClick=${read}>Read them</button>`}
    </p>
  `;
}

function none(error) {
  if (error.name === "AbortError") throw error;
  return {};
}

/** `{ server, gpus }`: the lines of the files. A run that has left none may have logged some of it. */
async function readScrapes(run, files, signal) {
  if (Object.values(SCRAPES).some((name) => files[name] > 0)) {
    const read = (name) => (files[name] > 0 && files[name] <= MOST_BYTES ? readLines(run, name, signal).catch(() => []) : []);
    const [server, gpus] = await Promise.all([read(SCRAPES.server), read(SCRAPES.gpus)]);
    return { server, gpus };
  }
  return get(path`/api/3.0/loadspan/runs/${run.id}/observed`, { signal });
}

/** `{ data, read, error }`: the records, and how many bytes of them have been read. */
function useRecords(run, wanted) {
  const [state, setState] = useState({ data: null, read: 0, error: null });
  useEffect(() => {
    if (!wanted) return undefined;
    const abort = new AbortController();
    const found = new Records();
    let told = 0;
    const onPart = (read) => {
      if (read - told < 2 ** 20) return;
      told = read;
      setState((before) => ({ ...before, read }));
    };
    eachLine(run, "records.jsonl", { take: (line) => found.add(line), onPart, signal: abort.signal })
      .then(() => setState({ data: found, read: told, error: null }))
      .catch((error) => error.name !== "AbortError" && setState({ data: null, read: told, error }));
    return () => abort.abort();
  }, [run.id, wanted]);
  return state;
}
