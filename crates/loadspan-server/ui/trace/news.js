// A trace that goes on: what has come since is said, and shown when one wants it. The page never moves by itself.

import { html, useEffect, useState } from "../lib.js";
import { loadInfo } from "./load.js";
import { count } from "../format.js";

const EVERY_MS = 4000;

export function News({ id, info, tree, reload }) {
  const [now, setNow] = useState(null);
  useEffect(() => {
    if (info.state !== "IN_PROGRESS") return undefined;
    const abort = new AbortController();
    const look = () => {
      if (document.hidden) return;
      loadInfo(id, abort.signal).then(setNow, () => {});
    };
    const timer = setInterval(look, EVERY_MS);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [id, info]);
  const more = now ? (now.spans ?? tree.size) - tree.size : 0;
  const ended = now !== null && now.state !== "IN_PROGRESS";
  if (more <= 0 && !ended) return null;
  const text = more > 0 ? `${count(more)} new ${more === 1 ? "span" : "spans"}` : "The trace has ended";
  return html`<button type="button" class="primary" onClick=${reload}>${text}: show</button><span class="unseen" role="status">${text}</span>`;
}
