// The page: which part of it a path shows.

import { html, render, useEffect, useErrorBoundary } from "./lib.js";
import { fromMlflowHash, replace, useLocation } from "./router.js";
import { PageHead, Shell } from "./shell.js";
import { Trouble } from "./parts/state.js";
import { applyTheme } from "./theme.js";
import { Compare } from "./pages/compare.js";
import { Ingest } from "./pages/ingest.js";
import { Run } from "./pages/run.js";
import { Runs } from "./pages/runs.js";
import { Session } from "./pages/session.js";
import { Sessions } from "./pages/sessions.js";
import { Start } from "./pages/start.js";
import { Trace } from "./pages/trace.js";
import { Traces } from "./pages/traces.js";

const PAGES = [
  [/^\/(?:runs)?$/, Runs],
  [/^\/runs\/(?<run>[^/]+)$/, Run],
  [/^\/compare$/, Compare],
  [/^\/traces$/, Traces],
  [/^\/traces\/(?<trace>[^/]+)$/, Trace],
  [/^\/sessions$/, Sessions],
  [/^\/sessions\/(?<session>[^/]+)$/, Session],
  [/^\/ingest$/, Ingest],
  [/^\/start$/, Start],
];

function App() {
  const { path } = useLocation();
  const [error, reset] = useErrorBoundary();
  useEffect(reset, [path]);
  const [page, parts] = find(path);
  return html`
    <${Shell}>
      ${error ? html`<${PageHead} title="Defect" /><${Trouble} error=${error} again=${reset} what="this page" />` : html`<${page} ...${parts} />`}
    <//>
  `;
}

function find(path) {
  for (const [pattern, page] of PAGES) {
    const found = pattern.exec(path);
    if (found) return [page, { ...found.groups }];
  }
  return [Missing, {}];
}

function Missing() {
  return html`<${PageHead} title="Nothing here" /><p class="state">There is no such page.</p>`;
}

/** A link of MLflow's client, also one that is pasted while the page is open. */
function followHash() {
  const to = fromMlflowHash(location.hash);
  if (to) replace(to);
}

addEventListener("hashchange", followHash);
followHash();
applyTheme();
render(html`<${App} />`, document.body);
