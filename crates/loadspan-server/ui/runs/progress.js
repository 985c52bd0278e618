// How far a run is, of what was planned. No DOM.

import { count } from "../format.js";

/** What was asked for: seconds, requests, or nothing that is known. */
export function planOf({ seconds, requests }) {
  const number = (text) => (Number(text) > 0 ? Number(text) : null);
  return { seconds: number(seconds), requests: number(requests) };
}

/** A clock that goes on: `02:14`, `1:02:14`. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const padded = (part) => String(part).padStart(2, "0");
  return hours > 0 ? `${hours}:${padded(minutes)}:${padded(rest)}` : `${padded(minutes)}:${padded(rest)}`;
}

/** `{ text, part }`: in words, and as a share if the end is known. Requests are what ends a run sooner, if both are given. */
export function progressOf({ plan, elapsed, ended }) {
  const time = plan.seconds ? `${clock(elapsed)} of ${clock(plan.seconds)}` : clock(elapsed);
  const done = plan.requests && ended !== null ? ` · ${count(ended)} of ${count(plan.requests)} requests` : "";
  const parts = [plan.seconds && elapsed / plan.seconds, plan.requests && ended !== null && ended / plan.requests].filter(Boolean);
  return { text: time + done, part: parts.length > 0 ? Math.min(1, Math.max(...parts)) : null };
}

/** Seconds for which nothing has been heard; a client sends once a second or so. */
export function silence({ elapsed, lastHeard }) {
  const quiet = elapsed - (lastHeard ?? 0);
  return quiet > 30 ? quiet : null;
}
