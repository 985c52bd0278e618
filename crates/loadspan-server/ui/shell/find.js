// The dialog in which runs, traces and sessions are found by name or id, from every page.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../lib.js";
import { go } from "../router.js";
import { ago, plainLine } from "../format.js";
import { look } from "./look.js";

const PAUSE_MS = 120;

export function Find({ close }) {
  const dialog = useRef();
  const [text, setText] = useState("");
  const { found, of, error } = useFound(text.trim());
  const [at, setAt] = useState(0);
  // At once, and not after the next picture: what is typed right after Ctrl K is for the field, and not keys of the page.
  useLayoutEffect(() => {
    dialog.current.showModal();
    dialog.current.querySelector("input").focus();
  }, []);
  useEffect(() => setAt(0), [found]);
  const open = (hit) => {
    dialog.current.close();
    go(hit.to);
  };
  const onKey = (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) {
      event.preventDefault();
      setAt((before) => Math.max(0, Math.min(found.length - 1, before + by)));
    } else if (event.key === "Enter" && found[at]) {
      event.preventDefault();
      open(found[at]);
    }
  };
  const pending = text.trim() !== "" && of !== text.trim();
  return html`
    <dialog ref=${dialog} class="find-all" onClose=${close} aria-label="Go to a run, trace or session">
      <input
        type="search"
        role="combobox"
        aria-expanded=${found.length > 0}
        aria-controls="found"
        aria-activedescendant=${found[at] ? `found-${at}` : undefined}
        aria-label="Name of a run, or id of a run, trace or session"
        placeholder="Name of a run, or id of a run, trace or session"
        value=${text}
        onInput=${(event) => setText(event.target.value)}
        onKeyDown=${onKey}
        spellcheck="false"
        autocomplete="off"
      />
      <ul id="found" role="listbox" aria-label="Found">
        ${found.map(
          (hit, place) => html`
            <li id=${`found-${place}`} key=${hit.to} role="option" aria-selected=${place === at} class=${place === at ? "at" : ""} onClick=${() => open(hit)} onPointerMove=${() => setAt(place)}>
              <span class="badge">${hit.kind}</span> <span class="name">${plainLine(hit.name)}</span> <span class="quiet">${hit.start ? ago(hit.start) : ""}</span>
            </li>
          `,
        )}
      </ul>
      <p class="quiet" role="status">${statusOf({ text: text.trim(), found, pending, error })}</p>
    </dialog>
  `;
}

function statusOf({ text, found, pending, error }) {
  if (error) return error;
  if (!text) return "Runs are found by a part of the name; runs, traces and sessions by their id.";
  if (pending) return "Looking …";
  return found.length > 0 ? "↑ ↓ choose, Enter opens" : "Nothing has this name or id.";
}

function useFound(text) {
  const [state, setState] = useState({ found: [], of: "", error: null });
  useEffect(() => {
    if (!text) {
      setState({ found: [], of: "", error: null });
      return undefined;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      look(text, abort.signal)
        .then((found) => setState({ found, of: text, error: null }))
        .catch((error) => error.name !== "AbortError" && setState({ found: [], of: text, error: error.message }));
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);
  return state;
}
