// Where one is: a path for the page, a query for its state. Everything that matters is in the URL, so that a reload, a bookmark or a
// colleague sees the same.

import { html, useEffect, useState } from "./lib.js";

const listeners = new Set();

function tell() {
  for (const listener of listeners) listener();
}

addEventListener("popstate", tell);

/** Goes to another page, or to a state that the way back is to lead out of. */
export function go(url) {
  if (url === location.pathname + location.search) return;
  history.pushState(null, "", url);
  tell();
}

/** Goes to another page instead of this one. */
export function replace(url) {
  history.replaceState(null, "", url);
  tell();
}

/** Changes the state of this page; `null` takes a parameter away. Of no worth for the way back. */
export function setQuery(changes, { push = false } = {}) {
  const url = location.pathname + withQuery(location.search, changes);
  if (url === location.pathname + location.search) return;
  history[push ? "pushState" : "replaceState"](null, "", url);
  tell();
}

/** A query with some parameters changed. */
export function withQuery(search, changes) {
  const query = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  return text && `?${text}`;
}

/** The place, and again whenever it changes. */
export function useLocation() {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const listener = () => setPlace(here());
    listeners.add(listener);
    listener();
    return () => listeners.delete(listener);
  }, []);
  return place;
}

/** A part of a path as it was meant. */
export function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Parameters of the query, and again whenever they change. */
export function useQuery() {
  return new URLSearchParams(useLocation().search);
}

function here() {
  return { path: location.pathname, search: location.search };
}

/** A link within the page. Opening it in another tab is the browser's. */
export function Link({ to, children, ...rest }) {
  const follow = (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return html`<a href=${to} onClick=${follow} ...${rest}>${children}</a>`;
}

/** Links that MLflow's clients print: `#/experiments/1/runs/…`. */
export function fromMlflowHash(hash) {
  const run = /^#\/experiments\/[^/]+\/runs\/([0-9a-f]{32})/.exec(hash);
  if (run) return `/runs/${run[1]}`;
  const experiment = /^#\/experiments\/(\d+)/.exec(hash);
  return experiment ? `/runs?exp=${experiment[1]}` : null;
}
