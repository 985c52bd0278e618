// A search that the server does not take: what is wrong with its filter, and what may stand there.

import { html } from "../lib.js";
import { Trouble } from "../parts/state.js";
import { placeOf } from "../runs/fault.js";

export function Refused({ error, again, what }) {
  if (error.code !== "INVALID_PARAMETER_VALUE") return html`<${Trouble} error=${error} again=${again} what=${what} />`;
  return html`
    <div class="state trouble" role="alert">
      <p><b>The filter is not understood: ${placeOf(error.message).text}.</b></p>
      <p>It compares what each trace has (name, status, service, execution_time in ms, total_tokens), a tag (<code>tags.</code> and its name), or what a span says (<code>span.attributes.</code>). Two examples: <code>status = 'ERROR' AND execution_time > 500</code> and <code>span.attributes.gen_ai.request.model = 'llama'</code></p>
    </div>
  `;
}
