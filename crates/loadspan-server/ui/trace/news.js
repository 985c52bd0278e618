// A trace that goes on: what has come since is said, and shown when one wants it. The page never moves by itself.

import { html, useState } from "../lib.js";
import { usePolling } from "../parts/polling.js";
import { loadInfo } from "./load.js";
import { count } from "../format.js";

const EVERY_MS = 4000;

export function News({ id, info, tree, reload }) {
  const [now, setNow] = useState(null);
  usePolling({ every: EVERY_MS, key: info, ask: async (signal) => (info.state === "IN_PROGRESS" ? loadInfo(id, signal) : null), found: setNow, failed: () => {} });
  const more = now ? (now.spans ?? tree.size) - tree.size : 0;
  const ended = now !== null && now.state !== "IN_PROGRESS";
  if (more <= 0 && !ended) return null;
  const text = more > 0 ? `${count(more)} new ${more === 1 ? "span" : "spans"}` : "The trace has ended";
  return html`<button type="button" class="primary" onClick=${reload}>${text}: show</button><span class="unseen" role="status">${text}</span>`;
}
