// How figures are written. One rule for the whole page: three significant digits in tables, four in headlines, a unit once per column,
// and a dash for what is not there, which is not the same as 0.

/** What stands where there is nothing. */
export const NOTHING = "–";

const THIN = "\u2009";
const MINUS = "−";

/** A number with so many significant digits, groups of three set apart, and a true minus. */
export function number(value, digits = 3) {
  if (typeof value !== "number" || Number.isNaN(value)) return NOTHING;
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6) {
    const [unit, scale] = size >= 1e12 ? ["T", 1e12] : size >= 1e9 ? ["G", 1e9] : ["M", 1e6];
    return `${plain(value / scale, digits)}${THIN}${unit}`;
  }
  return plain(value, digits);
}

/** A whole number in full up to 999 999. */
export function count(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return NOTHING;
  return Math.abs(value) < 1e6 ? grouped(String(Math.round(value))) : number(value);
}

function plain(value, digits) {
  // 9.996 is 10.0 as 10 is, and not 10.00: what counts is the size after rounding.
  const size = Number(Math.abs(value).toPrecision(digits));
  // Whole digits are never rounded away: 1234 stays 1234.
  const whole = size < 1 ? 1 : Math.floor(Math.log10(size)) + 1;
  const fraction = Math.max(0, digits - whole);
  const text = size < 0.001 ? Number(value.toPrecision(digits)).toString() : trimmed(value, size < 1 ? significant(size, digits) : fraction);
  return grouped(text.replace("-", MINUS));
}

function significant(size, digits) {
  return Math.min(20, digits - Math.floor(Math.log10(size)) - 1);
}

function trimmed(value, fraction) {
  return value.toFixed(fraction);
}

function grouped(text) {
  const [whole, fraction] = text.split(".");
  const spaced = whole.replace(/\d(?=(\d{3})+$)/g, `$&${THIN}`);
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}

/** Units of time, by the seconds they have. */
const UNITS = [
  { name: "s", seconds: 1 },
  { name: "ms", seconds: 1e-3 },
  { name: "µs", seconds: 1e-6 },
  { name: "ns", seconds: 1e-9 },
];

/** The unit in which a duration reads best. */
export function unitOf(seconds) {
  const size = Math.abs(seconds);
  return UNITS.find((unit) => size >= unit.seconds) ?? UNITS[size === 0 ? 0 : UNITS.length - 1];
}

/** A duration with its unit. From a minute on in minutes and seconds, from an hour on in hours and minutes. */
export function duration(seconds, digits = 3) {
  if (typeof seconds !== "number" || Number.isNaN(seconds)) return NOTHING;
  const size = Math.abs(seconds);
  const sign = seconds < 0 ? MINUS : "";
  // What would be rounded up to a minute is one.
  if (size >= 59.95) {
    const whole = Math.round(size);
    const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const padded = (part) => String(part).padStart(2, "0");
    return hours > 0 ? `${sign}${count(hours)} h ${padded(minutes)} m` : `${sign}${minutes} m ${padded(rest)} s`;
  }
  // So that 999.9 µs is not written as 1 000 µs.
  // 0.9995 is stored as a little less, and is rounded up all the same.
  const rounded = Number((size * (1 + 1e-12)).toPrecision(digits));
  const unit = unitOf(rounded);
  return `${sign}${number(rounded / unit.seconds, digits)} ${unit.name}`;
}

/** A share of 1 in percent; below a thousandth in counts, if these are known. */
export function share(value, { of } = {}) {
  if (typeof value !== "number" || Number.isNaN(value)) return NOTHING;
  if (value > 0 && value < 0.001 && of) return `${count(Math.round(value * of))} of ${count(of)}`;
  return `${(value * 100).toFixed(1).replace(/^-0\.0$/, "0.0").replace("-", MINUS)} %`;
}

/** How much larger than the baseline something is. */
export function delta(value, baseline) {
  if (![value, baseline].every(Number.isFinite) || baseline === 0) return NOTHING;
  const change = value / baseline - 1;
  if (change > 1) return `×${number(value / baseline, 2)}`;
  const percent = Math.abs(change * 100);
  const text = percent < 10 ? percent.toFixed(1) : String(Math.round(percent));
  return `${change < 0 && Number(text) > 0 ? MINUS : "+"}${text} %`;
}

/** Bytes, in powers of 1024. */
export function bytes(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return NOTHING;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, Math.abs(value))) / 10));
  return `${number(value / 1024 ** power)} ${units[power]}`;
}

/** A time with its zone, to the second or, inside a run or a trace, to the millisecond. */
export function time(ms, { utc = false, millis = false } = {}) {
  if (typeof ms !== "number" || !Number.isFinite(ms)) return NOTHING;
  const offset = utc ? 0 : -new Date(ms).getTimezoneOffset();
  const shifted = new Date(ms + offset * 60_000).toISOString();
  const text = `${shifted.slice(0, 10)} ${shifted.slice(11, millis ? 23 : 19)}`;
  return `${text} ${utc || offset === 0 ? "UTC" : zone(offset)}`;
}

function zone(minutes) {
  const size = Math.abs(minutes);
  const padded = (part) => String(part).padStart(2, "0");
  return `UTC${minutes < 0 ? MINUS : "+"}${padded(Math.floor(size / 60))}:${padded(size % 60)}`;
}

/** How long ago something was, for lists. */
export function ago(ms, now = Date.now()) {
  const seconds = (now - ms) / 1000;
  if (!Number.isFinite(seconds)) return NOTHING;
  if (seconds < 60) return "just now";
  const [amount, unit] =
    seconds < 3600 ? [seconds / 60, "min"] : seconds < 86_400 ? [seconds / 3600, "h"] : [seconds / 86_400, "d"];
  return `${Math.floor(amount)} ${unit} ago`;
}

/** Text of others in one line: what steers the direction of writing, or nothing to be seen, is spelt out. */
export function plainLine(text) {
  return String(text).replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (sign) => {
    return `\\u{${sign.codePointAt(0).toString(16)}}`;
  });
}
