// What differs in a selection of traces: which of the values that traces say something by are more frequent in it, or rarer, than in the
// rest. Few traces differ by chance; what is listed differs by more than that.

/** Differences in units of their standard error from which on one is worth a line: many are looked at, so chance has many tries. */
const CLEAR = 3.5;
/** Longer values are texts and not categories. */
const LONGEST = 120;

/** What the server keeps for itself, or says elsewhere. */
const OWN = /^mlflow\.(traceName|artifactLocation|traceInputs|traceOutputs|sourceRun|trace\.(spansLocation|sizeStats|tokenUsage|cost|session)|trace_schema\.version)$|^service\.name$/;

/** What a trace of the API says: `{ id, said: [[field, value]], tokens }`; a field is `{ kind, key }`. */
export function saidBy(trace) {
  const { tags = {}, trace_metadata: metadata = {} } = trace;
  const said = [
    [field("name"), tags["mlflow.traceName"]],
    [field("service"), tags["service.name"]],
    [field("status"), trace.state],
    ...entries("tag", tags),
    ...entries("metadata", metadata),
  ];
  return { id: trace.trace_id, said: said.filter(([, value]) => typeof value === "string" && value !== "" && value.length <= LONGEST), tokens: tokensOf(metadata) };
}

/** What is said by the models that a trace called. */
export function saidByModels(models) {
  return { said: [...new Set(models)].map((model) => [field("model"), model]), tokens: null };
}

function field(kind, key = "") {
  return { kind, key };
}

function entries(kind, values) {
  return Object.entries(values)
    .filter(([key]) => !OWN.test(key))
    .map(([key, value]) => [field(kind, key), value]);
}

function tokensOf(metadata) {
  try {
    return JSON.parse(metadata["mlflow.trace.tokenUsage"] ?? "{}").total_tokens ?? null;
  } catch {
    return null;
  }
}

/**
 * `[{ field, value, inside, outside }]`, shares of 1, what differs most first. `selected` is a list of what `saidBy` found; `strata` are
 * `{ traces, weight }`: samples of the rest, each with how many of the rest it stands for.
 */
export function differences(selected, strata) {
  const rest = strata.filter(({ traces }) => traces.length > 0);
  const others = rest.reduce((sum, { traces }) => sum + traces.length, 0);
  if (selected.length === 0 || others === 0) return [];
  const limit = middle([...selected, ...rest.flatMap(({ traces }) => traces)]);
  const inside = shares([{ traces: selected, weight: 1 }], limit);
  const outside = shares(rest, limit);
  const found = [];
  for (const key of new Set([...inside.keys(), ...outside.keys()])) {
    const { field: name, value } = (inside.get(key) ?? outside.get(key)).of;
    const [one, other] = [inside.get(key)?.share ?? 0, outside.get(key)?.share ?? 0];
    if (isClear({ one, other, many: selected.length, others })) found.push({ field: name, value, inside: one, outside: other });
  }
  return ranked(found);
}

/** Whether a difference only repeats what was selected: that errors are errors, and that others are none. */
export function isTrivial({ field: { kind, key } }, { state }) {
  return state !== null && (kind === "status" || /^(mlflow\.trace\.)?(status|state|status_code|otel\.status_code)$/.test(key));
}

/** What differs most first, and of two that differ as much what is more frequent in the selection. */
export function ranked(found) {
  // Shares are sums of small parts: what differs by less than these make is the same.
  const by = ({ inside, outside }) => Math.round(Math.abs(inside - outside) * 1e6);
  return [...found].sort((one, other) => by(other) - by(one) || other.inside - one.inside);
}

/** Half of all traces used as many tokens, or fewer. */
function middle(all) {
  const known = all.map(({ tokens }) => tokens).filter((tokens) => tokens !== null).sort((one, other) => one - other);
  return known.length === 0 || known[0] === known.at(-1) ? null : known[Math.ceil(known.length / 2) - 1];
}

function shares(strata, limit) {
  const total = strata.reduce((sum, { weight }) => sum + weight, 0);
  const found = new Map();
  for (const { traces, weight } of strata) {
    const step = weight / total / traces.length;
    for (const trace of traces) {
      for (const [name, value] of withTokens(trace, limit)) {
        const key = JSON.stringify([name.kind, name.key, value]);
        const known = found.get(key);
        if (known) known.share += step;
        else found.set(key, { of: { field: name, value }, share: step });
      }
    }
  }
  return found;
}

function withTokens({ said, tokens }, limit) {
  return limit !== null && tokens > limit ? [...said, [field("tokens"), String(limit)]] : said;
}

function isClear({ one, other, many, others }) {
  const pooled = (one * many + other * others) / (many + others);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / many + 1 / others));
  return error > 0 && Math.abs(one - other) / error >= CLEAR;
}
