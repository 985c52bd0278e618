// What one has chosen, and is asked only once: in this browser, and for all pages at once.

import { useEffect, useRef, useState } from "./lib.js";

/** What was chosen, outside of what is drawn. */
export function setting(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(`loadspan.${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** A setting, and how to change it. */
export function useSetting(name, otherwise) {
  const [, setRound] = useState(0);
  // What cannot be stored holds for this page.
  const unstored = useRef({});
  useEffect(() => {
    const changed = ({ detail }) => detail === name && setRound((round) => round + 1);
    addEventListener("settingchange", changed);
    return () => removeEventListener("settingchange", changed);
  }, [name]);
  const change = (next) => {
    try {
      localStorage.setItem(`loadspan.${name}`, JSON.stringify(next));
    } catch {
      unstored.current[name] = next;
    }
    dispatchEvent(new CustomEvent("settingchange", { detail: name }));
  };
  return [unstored.current[name] ?? setting(name, otherwise), change];
}

/** Whether times are shown in UTC. */
export function useUtc() {
  return useSetting("utc", false);
}
