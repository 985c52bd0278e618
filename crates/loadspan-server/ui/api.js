// Asks the server. Every answer is data; what it says is shown as text and never as markup.

import { useEffect, useRef, useState } from "./lib.js";

/** What the server, or the way to it, said no to. */
export class ApiError extends Error {
  constructor(message, { status = 0, code = "" } = {}) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

async function ask(path, options) {
  let response;
  try {
    // The address of the page may have a password in it, which fetch refuses; the browser sends it all the same.
    response = await fetch(new URL(path, location.origin), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The server does not answer. Is loadspan still running?");
  }
  if (response.ok) return response;
  let said = {};
  try {
    said = await response.json();
  } catch {
    // The status has to do.
  }
  throw new ApiError(said.message ?? `The server answers ${response.status}.`, {
    status: response.status,
    code: said.error_code,
  });
}

/** `GET`s JSON. `parse` reads its text another way. */
export async function get(path, { query = {}, signal, parse } = {}) {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== null && value !== undefined));
  const text = search.toString();
  const response = await ask(text ? `${path}?${text}` : path, { signal, headers: { accept: "application/json" } });
  return parse ? parse(await response.text()) : response.json();
}

/** `GET`s text. */
export async function getText(path, { signal } = {}) {
  const response = await ask(path, { signal, headers: { accept: "text/plain" } });
  return response.text();
}

/** `POST`s JSON. */
export async function post(path, body, { signal } = {}) {
  const headers = { accept: "application/json", "content-type": "application/json" };
  const response = await ask(path, { method: "POST", headers, body: JSON.stringify(body), signal });
  return response.json();
}

/** A path with parts of others in it. */
export function path(strings, ...parts) {
  return strings.reduce((whole, string, place) => whole + encodeURIComponent(parts[place - 1]) + string);
}

/**
 * Loads something when `key` changes: `{ data, error, waiting, reload }`. The data of before stay until others are there; `waiting` is
 * true only after a moment, so that nothing flickers.
 */
export function useLoad(key, load) {
  const [state, setState] = useState({ data: undefined, error: undefined, waiting: false });
  const [round, setRound] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (key === null) return undefined;
    const abort = new AbortController();
    const slow = setTimeout(() => setState((before) => ({ ...before, waiting: true })), 150);
    latest
      .current(abort.signal)
      .then((data) => setState({ data, error: undefined, waiting: false }))
      .catch((error) => {
        if (error.name !== "AbortError") setState((before) => ({ ...before, error, waiting: false }));
      })
      .finally(() => clearTimeout(slow));
    return () => {
      abort.abort();
      clearTimeout(slow);
    };
  }, [key, round]);
  return { ...state, reload: () => setRound((before) => before + 1) };
}
