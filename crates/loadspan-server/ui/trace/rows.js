// Which rows of a tree are shown: what is collapsed hides what is below it, a filter hides what leads to no match.

/** Rows in their order. `collapsed` is a set of rows; `kept` has a 1 for each row that is to stay, or is null. */
export function visibleRows(tree, { root = -1, collapsed = new Set(), kept = null } = {}) {
  const first = root === -1 ? 0 : root;
  const behind = root === -1 ? tree.size : tree.end[root];
  const rows = new Uint32Array(behind - first);
  let count = 0;
  for (let row = first; row < behind; ) {
    if (kept && !kept[row]) {
      row++;
      continue;
    }
    rows[count++] = row;
    row = collapsed.has(row) ? tree.end[row] : row + 1;
  }
  return rows.subarray(0, count);
}

/** Matches and all that stands above them. */
export function withAncestors(tree, matches) {
  const kept = new Uint8Array(tree.size);
  for (const match of matches) {
    for (let row = match; row !== -1 && !kept[row]; row = tree.parent[row]) kept[row] = 1;
  }
  return kept;
}

/** `collapsed` without what hides a row. */
export function opened(tree, collapsed, row) {
  const next = new Set(collapsed);
  for (let above = tree.parent[row]; above !== -1; above = tree.parent[above]) next.delete(above);
  return next;
}

/** Rows that have something below them. */
export function withChildren(tree) {
  const rows = [];
  for (let row = 0; row < tree.size; row++) if (tree.end[row] > row + 1) rows.push(row);
  return rows;
}

/** One level less than is open now: what is deepest and open is collapsed. */
export function oneLevelLess(tree, collapsed) {
  let deepest = -1;
  for (const row of visibleRows(tree, { collapsed })) {
    if (tree.end[row] > row + 1 && !collapsed.has(row)) deepest = Math.max(deepest, tree.depth[row]);
  }
  const next = new Set(collapsed);
  for (const row of withChildren(tree)) if (tree.depth[row] === deepest) next.add(row);
  return next;
}

/** One level more than is open now: what is highest and collapsed is opened. */
export function oneLevelMore(tree, collapsed) {
  let highest = Infinity;
  for (const row of collapsed) highest = Math.min(highest, tree.depth[row]);
  return new Set([...collapsed].filter((row) => tree.depth[row] !== highest));
}

/** Where a row is among the visible ones, or -1: they are in ascending order. */
export function placeOf(rows, row) {
  let [low, high] = [0, rows.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (rows[middle] === row) return middle;
    if (rows[middle] < row) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** Where each row stands among its siblings: `[position from 1, how many]`. */
export function siblings(tree) {
  const position = new Uint32Array(tree.size);
  const count = new Uint32Array(tree.size + 1);
  for (let row = 0; row < tree.size; row++) position[row] = ++count[tree.parent[row] === -1 ? tree.size : tree.parent[row]];
  return (row) => [position[row], count[tree.parent[row] === -1 ? tree.size : tree.parent[row]]];
}
