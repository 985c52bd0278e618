// Keys: what is pressed, what it does, and the list of all of it.

import { useEffect, useRef } from "./lib.js";
import { setting } from "./settings.js";

const bindings = new Set();
let prefix = null;

/** The bindings that are active now, for the list: those of the page before those of its frame. */
export function active() {
  return sorted().flatMap(({ current: { list, frame } }) => list.map((one) => ({ ...one, frame })));
}

/** What was mounted last counts first; the frame of the page counts last. */
function sorted() {
  return [...bindings].reverse().sort((a, b) => a.current.frame - b.current.frame);
}

/**
 * Keys of a part of the page while it is shown: `{ keys: "g r", does: "Runs", run, when }`. Two keys are pressed one after the other.
 * Nothing happens while somebody types (but for `Ctrl k` and the like), nor if `when(event)` says no. What Enter does on a button or
 * link is theirs. `frame`: keys of every page, for which a page may have another meaning.
 */
export function useKeys(list, { frame = false } = {}) {
  const binding = useRef();
  binding.current = { list, frame };
  useEffect(() => {
    bindings.add(binding);
    return () => bindings.delete(binding);
  }, []);
}

function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(textarea|select)$/i.test(target.tagName) || typed(target));
}

/** Fields that take letters; a box to be ticked takes none. */
function typed(target) {
  return target instanceof HTMLInputElement && !/^(checkbox|radio|button|range)$/.test(target.type);
}

/** Letters that pan and zoom go by their place on the keyboard, which differs from country to country. */
function named(event) {
  const place = /^Key([WASD])$/.exec(event.code);
  if (event.ctrlKey || event.metaKey) return [`Ctrl ${event.key.toLowerCase()}`, null];
  return [event.key, place && `@${place[1]}`];
}

/** What has keys of its own. */
function owns(target, key) {
  const own = key === "Enter" ? "a, button, summary, [role=tab]" : key === " " ? "a, button, summary, input, [role=tab]" : null;
  return own !== null && target instanceof Element && target.closest(own) !== null;
}

/** Keys without Ctrl can be turned off, for those who speak to their computer or hit keys by chance. */
function isOff(key) {
  return setting("keys", true) === false && key.length === 1 && key !== "?";
}

addEventListener("keydown", (event) => {
  if (event.altKey || event.defaultPrevented) return;
  const [key, place] = named(event);
  const held = key.startsWith("Ctrl ");
  if (!held && typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  // An open dialog has its own keys, and what is behind it has none.
  if (isOff(key) || owns(event.target, event.key) || document.querySelector("dialog[open]")) return;
  const wanted = prefix ? [`${prefix} ${key}`] : [key, place];
  const all = active();
  const found = all.find(({ keys, when }) => keys.split("|").some((one) => wanted.includes(one.trim())) && (!when || when(event)));
  const begins = !prefix && !held && all.some(({ keys }) => keys.split("|").some((one) => one.trim().startsWith(`${key} `)));
  prefix = null;
  if (found) {
    event.preventDefault();
    found.run(event);
  } else if (begins) {
    prefix = key;
    setTimeout(() => (prefix = null), 1000);
  }
});
