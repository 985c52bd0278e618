// What is shown while there is nothing to show: waiting, empty, wrong.

import { html } from "../lib.js";
import { Copy } from "./copy.js";

/** What a load came to, or `children(data)` once it is there. */
export function Loaded({ load, children, what = "" }) {
  if (load.error && load.data === undefined) return html`<${Trouble} error=${load.error} again=${load.reload} what=${what} />`;
  if (load.data === undefined) return load.waiting ? html`<p class="state" role="status">Reading ${what} …</p>` : null;
  return html`${load.error && html`<${Trouble} error=${load.error} again=${load.reload} what=${what} />`}${children(load.data)}`;
}

/** An error: what happened, and what to do. */
export function Trouble({ error, again, what }) {
  return html`
    <div class="state trouble" role="alert">
      <p>${what && `Could not read ${what}: `}${error.message}</p>
      ${again && html`<button type="button" onClick=${again}>Try again</button>`}
    </div>
  `;
}

/** Nothing, and how to get something. */
export function Empty({ children, line }) {
  return html`
    <div class="state empty">
      <p>${children}</p>
      ${line && html`<${Copy} text=${line} />`}
    </div>
  `;
}
