// Skeletons as the API has them, from a few words a span: `[id, parent, start, end, { name, type, status, service, model, … }]`, nanoseconds.
// No end: it has not ended.

const SECOND = 1_795_313_635;

export function skeletonOf(...list) {
  const sorted = list.map(([id, parent, start, end, more]) => ({ id, parent, start, end, name: id, ...more })).sort((one, other) => one.start - other.start);
  const base = sorted[0]?.start ?? 0;
  const places = new Map(sorted.map(({ id }, place) => [id, place]));
  const column = (value) => sorted.map(value);
  const table = (key, name) => {
    const words = [...new Set(column((span) => span[key]).filter((word) => word !== undefined))];
    return { [name]: words, [key]: column((span) => words.indexOf(span[key])) };
  };
  const missing = column(({ parent }, place) => [place, parent]).filter(([, parent]) => parent && !places.has(parent));
  return {
    trace_id: "tr-1",
    base_ns: `${SECOND}${String(base).padStart(9, "0")}`,
    spans: sorted.length,
    ids: column(({ id }) => id),
    parents: column(({ parent }) => places.get(parent) ?? -1),
    missing_parents: Object.fromEntries(missing),
    starts: column(({ start }) => start - base),
    durations: column(({ start, end }) => (end === undefined ? null : end - start)),
    status: column(({ status }) => ({ OK: 1, ERROR: 2 })[status] ?? 0),
    input_tokens: column(({ input }) => input ?? null),
    output_tokens: column(({ output }) => output ?? null),
    cost: column(({ cost }) => cost ?? null),
    links: column(() => 0),
    events: column(() => 0),
    ...table("name", "names"),
    ...table("service", "services"),
    ...table("type", "types"),
    ...table("kind", "kinds"),
    ...table("model", "models"),
  };
}
