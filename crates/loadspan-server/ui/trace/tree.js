// The spans of a trace as a tree in columns: row `i` of every column is one span, parents stand before their children, and the rows of a
// subtree stand together. Tens of thousands of spans fit in a few typed arrays, and nothing here calls itself.

/** What may be odd about a span. */
export const ODD = { orphan: 1, cycle: 2, early: 4, unended: 8, backward: 16 };

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
 * The tree of a skeleton, as the API has it: columns of spans in the order of their starts. `base` is the time of the first start, `total`
 * the nanoseconds from there to the last end; `start` and `duration` are nanoseconds from `base` on. `shifts` are nanoseconds by which
 * the spans of each service are moved, see clock.js.
 */
export function treeOf(skeleton, shifts = null) {
  const size = skeleton.ids.length;
  const parents = Int32Array.from(skeleton.parents);
  const odd = new Uint8Array(size);
  for (const place of Object.keys(skeleton.missing_parents ?? {})) odd[place] |= ODD.orphan;
  cutCycles(parents, odd);
  const starts = Float64Array.from(skeleton.starts);
  if (shifts) for (let i = 0; i < size; i++) starts[i] += shifts[skeleton.service[i]] ?? 0;
  const order = preorder(parents, shifts && byStart(starts));
  return columns({ skeleton, starts, parents, odd, order, shifts });
}

function byStart(starts) {
  return Int32Array.from(starts.keys()).sort((one, other) => starts[one] - starts[other] || one - other);
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

/** Indexes of spans, parents before children. Siblings are in the order that is given, or in their own. */
function preorder(parents, sorted) {
  const size = parents.length;
  const firstChild = new Int32Array(size + 1).fill(-1);
  const next = new Int32Array(size).fill(-1);
  for (let place = size - 1; place >= 0; place--) {
    const i = sorted ? sorted[place] : place;
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

function columns({ skeleton, starts, parents, odd, order, shifts }) {
  const size = order.length;
  const tree = empty(size);
  // Spans without a service are together behind all others.
  Object.assign(tree, { services: [...skeleton.services, ""], models: skeleton.models ?? [], shifts });
  const rowOf = new Int32Array(size);
  const kinds = skeleton.types.map((type) => KIND_OF[type] ?? KINDS.length - 1);
  let [first, last] = [Infinity, 0];
  for (let row = 0; row < size; row++) {
    const i = order[row];
    rowOf[i] = row;
    tree.start[row] = starts[i];
    describe(tree, row, { skeleton, i, odd: odd[i], kinds });
    first = Math.min(first, starts[i]);
    last = Math.max(last, starts[i] + tree.duration[row]);
    const parent = parents[i];
    tree.parent[row] = parent === -1 ? -1 : rowOf[parent];
    tree.depth[row] = parent === -1 ? 0 : Math.min(65_535, tree.depth[tree.parent[row]] + 1);
  }
  if (size === 0) first = 0;
  tree.base = baseOf(skeleton.base_ns ?? "0", first);
  for (let row = 0; row < size; row++) tree.start[row] -= first;
  tree.total = Math.max(1, last - first);
  finish(tree);
  return tree;
}

/** Seconds since 1970, and nanoseconds from there on: together more digits than a double has. */
function baseOf(text, offset) {
  const second = Number(text.slice(0, -9));
  return { second, nanos: Number(text.slice(-9)) + offset };
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
    models: [],
    /** Which of them, -1 for none. */
    model: new Int32Array(size),
    /** What a span says; null where it says nothing. */
    inputTokens: new Array(size),
    outputTokens: new Array(size),
    cost: new Array(size),
    /** Nanoseconds that each service's spans were moved by, or null. */
    shifts: null,
    id: new Array(size),
    row: new Map(),
    /** By how much a span ends before it starts. */
    backward: new Map(),
    errors: 0,
  };
}

function describe(tree, row, { skeleton, i, odd, kinds }) {
  const length = skeleton.durations[i];
  const isOpen = length === null;
  tree.id[row] = skeleton.ids[i];
  tree.row.set(skeleton.ids[i], row);
  tree.name[row] = skeleton.names[skeleton.name[i]] ?? "";
  tree.type[row] = skeleton.types[skeleton.type[i]] ?? "";
  tree.kind[row] = kinds[skeleton.type[i]] ?? KINDS.length - 1;
  tree.service[row] = skeleton.service[i] === -1 ? skeleton.services.length : skeleton.service[i];
  tree.duration[row] = Math.max(0, length);
  tree.odd[row] = odd | (isOpen ? ODD.unended : 0) | (length < 0 ? ODD.backward : 0);
  if (length < 0) tree.backward.set(row, -length);
  tree.error[row] = skeleton.status[i] === 2 ? 1 : 0;
  tree.errors += tree.error[row];
  tree.model[row] = skeleton.model?.[i] ?? -1;
  tree.inputTokens[row] = skeleton.input_tokens?.[i] ?? null;
  tree.outputTokens[row] = skeleton.output_tokens?.[i] ?? null;
  tree.cost[row] = skeleton.cost?.[i] ?? null;
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
