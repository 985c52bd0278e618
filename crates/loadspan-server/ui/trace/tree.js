// The spans of a trace as a tree in columns: row `i` of every column is one span, parents stand before their children, and the rows of a
// subtree stand together. Tens of thousands of spans fit in a few typed arrays, and nothing here calls itself.

/** What may be odd about a span. */
export const ODD = { orphan: 1, cycle: 2, early: 4, unended: 8 };

/** Kinds of spans, as colours tell them apart. */
export const KINDS = ["llm", "agent", "tool", "retriever", "embedding", "other"];

const KIND_OF = {
  LLM: 0,
  CHAT_MODEL: 0,
  AGENT: 1,
  CHAIN: 1,
  WORKFLOW: 1,
  TASK: 1,
  TOOL: 2,
  RETRIEVER: 3,
  RERANKER: 3,
  EMBEDDING: 4,
};

const SECOND = 1_000_000_000;

/** Nanoseconds of a text since a second. Texts, because 64 bits are more than a number has. */
export function nanosSince(text, second) {
  return (Number(text.slice(0, -9)) - second) * SECOND + Number(text.slice(-9));
}

/**
 * The tree of spans in the form of the API's outline. `base` is the time of the first start, `total` the nanoseconds from there to the
 * last end; `start` and `duration` are nanoseconds from `base` on.
 */
export function treeOf(spans) {
  const size = spans.length;
  const indexes = new Map();
  for (let i = 0; i < size; i++) indexes.set(spans[i].id, i);
  const parents = new Int32Array(size);
  const odd = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    const { parent } = spans[i];
    const at = parent ? indexes.get(parent) : undefined;
    parents[i] = at ?? -1;
    if (parent && at === undefined) odd[i] |= ODD.orphan;
  }
  cutCycles(parents, odd);
  const order = preorder(parents);
  return columns({ spans, parents, odd, order });
}

/** A span that is an ancestor of itself has no place. The earliest of each circle becomes a root, and says so. */
function cutCycles(parents, odd) {
  const seen = new Int32Array(parents.length);
  for (let from = 0; from < parents.length; from++) {
    let at = from;
    while (at !== -1 && seen[at] === 0) {
      seen[at] = from + 1;
      at = parents[at];
    }
    if (at === -1 || seen[at] !== from + 1) continue;
    let first = at;
    for (let next = parents[at]; next !== at; next = parents[next]) first = Math.min(first, next);
    parents[first] = -1;
    odd[first] |= ODD.cycle;
  }
}

/** Indexes of spans, parents before children. Siblings stay in their order. */
function preorder(parents) {
  const size = parents.length;
  const firstChild = new Int32Array(size + 1).fill(-1);
  const next = new Int32Array(size).fill(-1);
  for (let i = size - 1; i >= 0; i--) {
    const parent = parents[i] === -1 ? size : parents[i];
    next[i] = firstChild[parent];
    firstChild[parent] = i;
  }
  const order = new Int32Array(size);
  let filled = 0;
  let at = firstChild[size];
  const back = [];
  while (at !== -1) {
    order[filled++] = at;
    if (next[at] !== -1) back.push(next[at]);
    at = firstChild[at] !== -1 ? firstChild[at] : (back.pop() ?? -1);
  }
  return order;
}

function columns({ spans, parents, odd, order }) {
  const size = spans.length;
  const tree = empty(size);
  const second = size > 0 ? Number(spans.reduce((least, { start_ns: ns }) => (later(ns, least) ? least : ns), spans[0].start_ns).slice(0, -9)) : 0;
  const rowOf = new Int32Array(size);
  let first = Infinity;
  let last = 0;
  for (let row = 0; row < size; row++) {
    const span = spans[order[row]];
    rowOf[order[row]] = row;
    const start = nanosSince(span.start_ns, second);
    const end = span.end_ns ? nanosSince(span.end_ns, second) : start;
    first = Math.min(first, start);
    last = Math.max(last, end);
    tree.start[row] = start;
    tree.duration[row] = Math.max(0, end - start);
    tree.odd[row] = odd[order[row]] | (span.end_ns ? 0 : ODD.unended);
    describe(tree, row, span);
    const parent = parents[order[row]];
    tree.parent[row] = parent === -1 ? -1 : rowOf[parent];
    tree.depth[row] = parent === -1 ? 0 : Math.min(65_535, tree.depth[tree.parent[row]] + 1);
  }
  if (size === 0) first = 0;
  tree.base = { second, nanos: first };
  for (let row = 0; row < size; row++) tree.start[row] -= first;
  tree.total = Math.max(1, last - first);
  finish(tree);
  return tree;
}

function later(one, other) {
  return one.length === other.length ? one > other : one.length > other.length;
}

function empty(size) {
  return {
    size,
    total: 1,
    base: { second: 0, nanos: 0 },
    start: new Float64Array(size),
    duration: new Float64Array(size),
    self: new Float64Array(size),
    parent: new Int32Array(size),
    /** The row behind the last one of the subtree. */
    end: new Int32Array(size),
    depth: new Uint16Array(size),
    kind: new Uint8Array(size),
    error: new Uint8Array(size),
    odd: new Uint8Array(size),
    name: new Array(size),
    type: new Array(size),
    service: new Uint16Array(size),
    services: [],
    tokens: new Array(size),
    id: new Array(size),
    row: new Map(),
    errors: 0,
  };
}

function describe(tree, row, span) {
  tree.id[row] = span.id;
  tree.row.set(span.id, row);
  tree.name[row] = span.name;
  tree.type[row] = span.type ?? "";
  tree.tokens[row] = span.tokens;
  tree.kind[row] = KIND_OF[span.type] ?? KINDS.length - 1;
  tree.error[row] = span.status === "ERROR" ? 1 : 0;
  tree.errors += tree.error[row];
  tree.service[row] = place(tree.services, span.service ?? "");
}

/** Places of services, in the order in which they first appear: two who look at one trace see the same colours. */
function place(services, name) {
  const at = services.indexOf(name);
  if (at !== -1) return at;
  if (services.length === 65_535) return 65_534;
  services.push(name);
  return services.length - 1;
}

/** What follows from the whole: where subtrees end, how long a span did something itself, who started too early. */
function finish(tree) {
  const { size, start, duration, parent, end, self, odd } = tree;
  const covered = new Float64Array(size);
  for (let row = 0; row < size; row++) {
    end[row] = row + 1;
    covered[row] = start[row];
    self[row] = duration[row];
  }
  for (let row = 0; row < size; row++) {
    const above = parent[row];
    if (above === -1) continue;
    if (start[row] < start[above]) odd[row] |= ODD.early;
    const from = Math.max(start[row], covered[above]);
    const to = Math.min(start[row] + duration[row], start[above] + duration[above]);
    if (to > from) {
      self[above] -= to - from;
      covered[above] = to;
    }
  }
  for (let row = size - 1; row >= 0; row--) {
    if (parent[row] !== -1) end[parent[row]] = Math.max(end[parent[row]], end[row]);
  }
}

/** The row that a trace is about: its longest root whose parent is not missing. */
export function rootOf(tree) {
  let best = 0;
  for (let row = 0; row < tree.size; row = tree.end[row]) {
    const rank = (at) => [tree.odd[at] & (ODD.orphan | ODD.cycle) ? 0 : 1, tree.duration[at]];
    const [one, other] = [rank(row), rank(best)];
    if (one[0] > other[0] || (one[0] === other[0] && one[1] > other[1])) best = row;
  }
  return best;
}

/** Milliseconds since 1970 of a time in the trace. */
export function clockMs(tree, nanos) {
  return tree.base.second * 1000 + (tree.base.nanos + nanos) / 1e6;
}
