// The course of a run as a line of a few pixels: requests per second, from its beginning to its end. Asked for when a row has been in
// view for a moment, a few at a time, and kept.

import { html, useEffect, useState } from "../lib.js";
import { get, path } from "../api.js";

const POINTS = 32;
/** Rows that are scrolled past ask for nothing. */
const REST_MS = 250;
const AT_ONCE = 2;
/** Courses that are kept. */
const MOST = 500;

const known = new Map();
const waiting = [];
let asking = 0;

function next() {
  while (asking < AT_ONCE && waiting.length > 0) {
    const { run, done } = waiting.pop();
    asking += 1;
    fetchCourse(run)
      .catch(() => [])
      .then((values) => {
        if (known.size >= MOST) known.delete(known.keys().next().value);
        known.set(run.id, values);
        done(values);
      })
      .finally(() => {
        asking -= 1;
        next();
      });
  }
}

async function fetchCourse({ id, took }) {
  const width = Math.min(3_600_000, Math.max(100, Math.ceil(took / POINTS)));
  const { windows } = await get(path`/api/3.0/loadspan/runs/${id}/windows`, { query: { width_ms: width } });
  return ratesOf(windows, width);
}

/** Requests per second of windows; the last one counts if it is no mere rest. */
function ratesOf({ ended, seconds }, width) {
  const rates = ended.map((count, at) => (seconds[at] > 0 ? count / seconds[at] : null));
  return seconds.at(-1) * 1000 < width / 2 ? rates.slice(0, -1) : rates;
}

/** The course of a run that is over. */
export function Course({ run }) {
  const [values, setValues] = useState(known.get(run.id));
  useEffect(() => {
    setValues(known.get(run.id));
    if (!run.hasCourse || run.live || !(run.took > 0) || known.has(run.id)) return undefined;
    const job = { run, done: setValues };
    const timer = setTimeout(() => {
      waiting.push(job);
      next();
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      const place = waiting.indexOf(job);
      if (place >= 0) waiting.splice(place, 1);
      job.done = () => {};
    };
  }, [run.id]);
  return values && html`<${Spark} values=${values} />`;
}

/** A line from 0 to its largest value, with gaps where there is none. */
export function Spark({ values, label = "requests per second", width = 96, height = 20 }) {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  const most = Math.max(...known) || 1;
  const x = (at) => (values.length > 1 ? (at / (values.length - 1)) * (width - 2) + 1 : width / 2);
  const y = (value) => height - 1.5 - (value / most) * (height - 3);
  let line = "";
  values.forEach((value, at) => {
    if (value !== null) line += `${at > 0 && values[at - 1] !== null ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
  });
  const said = `${label}: from ${Math.min(...known).toPrecision(3)} to ${most.toPrecision(3)}`;
  return html`
    <svg class="spark" viewBox=${`0 0 ${width} ${height}`} width=${width} height=${height} role="img" aria-label=${said}>
      <path d=${line} />
    </svg>
  `;
}
