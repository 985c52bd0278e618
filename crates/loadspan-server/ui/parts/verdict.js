// Whether a run can be trusted, and whether it met its SLO: two things, each with a sign, a word and a colour.

import { html } from "../lib.js";

const VERDICTS = {
  valid: { sign: "●", word: "valid", tone: "ok" },
  degraded: { sign: "▲", word: "degraded", tone: "degraded" },
  invalid: { sign: "✕", word: "invalid", tone: "invalid" },
  running: { sign: "◐", word: "running", tone: "running" },
  silent: { sign: "○", word: "no news", tone: "none" },
  stopped: { sign: "■", word: "stopped", tone: "invalid" },
  failed: { sign: "✕", word: "failed", tone: "invalid" },
  nothing: { sign: "○", word: "nothing measured", tone: "none" },
  none: { sign: "○", word: "not judged", tone: "none" },
};

/** The verdict of a run: its tag, or what its status says. Without a request there is nothing that could be valid. */
export function verdictOf({ status, verdict, requests }) {
  if (status === "RUNNING" || status === "SCHEDULED") return "running";
  if (verdict === "valid" && requests === 0) return "nothing";
  if (verdict in VERDICTS) return verdict;
  return { FAILED: "failed", KILLED: "stopped" }[status] ?? "none";
}

/** A verdict in words. */
export function verdictWord(of) {
  return (VERDICTS[of] ?? VERDICTS.none).word;
}

export function Verdict({ of }) {
  const { sign, word, tone } = VERDICTS[of] ?? VERDICTS.none;
  return html`<span class="verdict ${tone}"><span aria-hidden="true">${sign}</span> ${word}</span>`;
}
