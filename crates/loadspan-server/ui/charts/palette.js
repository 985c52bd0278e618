// Colours for canvases, from the tokens of the style sheet. Read once for each theme.

import { useEffect, useState } from "../lib.js";
import { token } from "../theme.js";

const cache = new Map();

/** A token's colour. */
export function colour(name) {
  if (!cache.has(name)) cache.set(name, token(name));
  return cache.get(name);
}

/** A colour that lets what is behind it be seen; the tokens are `#rrggbb`. */
export function faint(name, opacity) {
  const hex = Math.round(opacity * 255);
  return `${colour(name)}${hex.toString(16).padStart(2, "0")}`;
}

/** A font for canvases. */
export function font(size = 11, weight = 400) {
  return `${weight} ${size}px ${token("sans")}`;
}

const listeners = new Set();

function themeChanged() {
  cache.clear();
  for (const listener of listeners) listener();
}

addEventListener("themechange", themeChanged);

/** Another number whenever the theme has changed: what is drawn has to be drawn again. */
export function useTheme() {
  const [round, setRound] = useState(0);
  useEffect(() => {
    const listener = () => setRound((before) => before + 1);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, []);
  return round;
}
