// Keys: what is pressed, what it does, and the list of all of it.

import { useEffect, useRef } from "./lib.js";

const bindings = new Set();
let prefix = null;

/** The bindings that are active now, for the list. */
export function active() {
  return [...bindings].flatMap((binding) => binding.current);
}

/**
 * Keys of a part of the page while it is shown: `{ keys: "g r", does: "Runs", run, when }`. Two keys are pressed one after the other.
 * Nothing happens while somebody types, nor if `when(event)` says no. What Enter does on a button or link is theirs.
 */
export function useKeys(list) {
  const binding = useRef(list);
  binding.current = list;
  useEffect(() => {
    bindings.add(binding);
    return () => bindings.delete(binding);
  }, []);
}

function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName));
}

/** Letters that pan and zoom go by their place on the keyboard, which differs from country to country. */
function named(event) {
  const place = /^Key([WASD])$/.exec(event.code);
  return [event.key, place && `@${place[1]}`];
}

/** What has keys of its own. */
function owns(target, key) {
  return (key === "Enter" || key === " ") && target instanceof Element && target.closest("a, button, summary, [role=tab]") !== null;
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.defaultPrevented || owns(event.target, event.key)) return;
  const [key, place] = named(event);
  const wanted = prefix ? [`${prefix} ${key}`] : [key, place];
  const found = active()
    .reverse()
    .find(({ keys, when }) => keys.split("|").some((one) => wanted.includes(one.trim())) && (!when || when(event)));
  const begins = !prefix && active().some(({ keys }) => keys.split("|").some((one) => one.trim().startsWith(`${key} `)));
  prefix = null;
  if (found) {
    event.preventDefault();
    found.run(event);
  } else if (begins) {
    prefix = key;
    setTimeout(() => (prefix = null), 1000);
  }
});
