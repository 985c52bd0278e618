// What one has chosen, and is asked only once: in this browser, and for all pages at once.

import { useEffect, useState } from "./lib.js";

function read(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(`loadspan.${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** A setting, and how to change it. */
export function useSetting(name, otherwise) {
  const [value, setValue] = useState(() => read(name, otherwise));
  useEffect(() => {
    const changed = (event) => event.detail === name && setValue(read(name, otherwise));
    addEventListener("settingchange", changed);
    return () => removeEventListener("settingchange", changed);
  }, [name]);
  const change = (next) => {
    try {
      localStorage.setItem(`loadspan.${name}`, JSON.stringify(next));
    } catch {
      // It holds for this page then.
    }
    setValue(next);
    dispatchEvent(new CustomEvent("settingchange", { detail: name }));
  };
  return [value, change];
}

/** Whether times are shown in UTC. */
export function useUtc() {
  return useSetting("utc", false);
}
