// In what two runs were set up differently, and whether they can be compared at all. No DOM.

/** What differs between any two runs, and says nothing. */
const INCIDENTAL = new Set(["dataset.hash", "seed", "load.seed"]);

/** `{ differing: [{ name, values }], equal }`, in the order of their names; what always differs stands last. */
export function differingParams(runs) {
  const names = [...new Set(runs.flatMap(({ params }) => Object.keys(params)))].sort();
  const differing = names
    .map((name) => ({ name, values: runs.map(({ params }) => params[name] ?? null), incidental: INCIDENTAL.has(name) }))
    .filter(({ values }) => new Set(values).size > 1)
    .sort((a, b) => a.incidental - b.incidental);
  return { differing, equal: names.length - differing.length };
}

const LENGTHS = ["input_tokens.mean", "input_tokens.stddev", "output_tokens.mean", "output_tokens.stddev", "dataset.words", "prompts"];

/**
 * Whether two runs were asked the same: null, or `{ level, text }`. Synthetic prompts of other seeds are other prompts of the same lengths:
 * that is worth a note, and no more.
 */
export function promptsDiffer(base, other) {
  const [a, b] = [base.params, other.params];
  if (!a["dataset.hash"] || !b["dataset.hash"] || a["dataset.hash"] === b["dataset.hash"]) return null;
  const synthetic = [a, b].every((params) => params["dataset.kind"] === "synthetic");
  const lengths = LENGTHS.filter((name) => a[name] !== b[name]);
  if (synthetic && lengths.length === 0) return { level: "note", text: "other prompts of the same lengths (the seed differs)" };
  if (synthetic) return { level: "serious", text: `different prompts (${lengths.join(", ")} differ${lengths.length === 1 ? "s" : ""})` };
  return { level: "serious", text: "different prompts (dataset.hash differs)" };
}

/** Whether another load was asked for: then requests and tokens per second say first of all what was asked. */
function loadDiffers({ params: a }, { params: b }) {
  if (!a.load || !b.load || a.load === b.load) return null;
  return { level: "note", text: "another load was asked for: req/s and tok/s follow it" };
}

/** What speaks against comparing some runs with the baseline: `{ level, text, runs }`, the same said once, the serious first. */
export function warningsOf(base, others) {
  const found = new Map();
  for (const run of others) {
    for (const differs of [promptsDiffer(base, run), loadDiffers(base, run)]) {
      if (!differs) continue;
      const known = found.get(differs.text);
      if (known) known.runs.push(run);
      else found.set(differs.text, { ...differs, runs: [run] });
    }
  }
  return [...found.values()].sort((a, b) => (a.level === "note") - (b.level === "note"));
}

/** Parameters that all runs have with the same value. */
export function equalParams(runs) {
  const [first] = runs;
  return Object.keys(first.params)
    .filter((name) => runs.every(({ params }) => params[name] === first.params[name]))
    .sort()
    .map((name) => ({ name, values: runs.map(({ params }) => params[name]), same: true }));
}
