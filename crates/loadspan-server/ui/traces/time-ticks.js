// Round times of the day, for axes.

import { time } from "../format.js";

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];

/** Up to so many round times between two, in ms. */
export function timeTicks(first, last, most) {
  const step = (STEPS.find((seconds) => (last - first) / (seconds * 1000) <= most) ?? STEPS[STEPS.length - 1]) * 1000;
  const found = [];
  for (let at = Math.ceil(first / step) * step; at <= last; at += step) found.push(at);
  return found.slice(0, 50);
}

/** What of a time tells ticks apart: the day if there are several, seconds if they are close. The zone stands with each. */
export function clock(ms, { first, last }, utc) {
  const [day, hours, ...zone] = time(ms, { utc }).split(" ");
  const length = last - first;
  if (length > 2 * 86_400_000) return day.slice(5);
  const text = length < 300_000 ? hours : hours.slice(0, 5);
  return length > 86_400_000 ? `${day.slice(5)} ${text}` : `${text} ${zone.join(" ")}`;
}
