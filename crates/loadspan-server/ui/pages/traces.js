// Traces of all experiments: searched for, seen along time, and listed.

import { html } from "../lib.js";
import { TraceSearch } from "../traces/trace-search.js";
import { PageHead } from "../shell.js";

export function Traces() {
  return html`<${PageHead} title="Traces" /><${TraceSearch} />`;
}
