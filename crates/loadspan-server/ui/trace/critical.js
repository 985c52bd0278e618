// The critical path: what the end of the trace waited for. From the root, the child that ends last, then the last one that ended before
// that began, and so on; what is between them is the span's own. It goes by timing only: waits between siblings are not known.

import { ODD } from "./tree.js";

/** `{ parts: [{ row, from, to }], fault }`, parts in the order of time; `fault` says why there is none. */
export function criticalPath(tree, root) {
  const fault = faultOf(tree, root);
  if (fault) return { parts: [], fault };
  const children = childrenOf(tree, root);
  const parts = [];
  const waiting = [{ row: root, to: tree.start[root] + tree.duration[root], from: tree.start[root] }];
  while (waiting.length > 0) {
    const { row, from, to } = waiting.pop();
    let until = to;
    for (const child of endingLast(tree, children(row), to)) {
      const end = Math.min(tree.start[child] + tree.duration[child], to);
      const start = Math.max(tree.start[child], from);
      if (end > until || end <= start) continue;
      if (end < until) parts.push({ row, from: end, to: until });
      waiting.push({ row: child, from: start, to: end });
      until = start;
    }
    if (until > from) parts.push({ row, from, to: until });
  }
  parts.sort((one, other) => one.from - other.from);
  return { parts, fault: null };
}

function faultOf(tree, root) {
  if (tree.size === 0) return "there are no spans";
  const short = tree.id[root].slice(0, 8);
  if (tree.odd[root] & ODD.unended) return `span ${short} has not ended`;
  return tree.duration[root] > 0 ? null : `span ${short} takes no time`;
}

/** Rows below each row of a subtree, side by side in one column. */
function childrenOf(tree, root) {
  const size = tree.end[root] - root;
  const first = new Int32Array(size + 1);
  for (let row = root + 1; row < tree.end[root]; row++) first[tree.parent[row] - root + 1]++;
  for (let i = 0; i < size; i++) first[i + 1] += first[i];
  const filled = first.slice();
  const column = new Int32Array(size);
  for (let row = root + 1; row < tree.end[root]; row++) column[filled[tree.parent[row] - root]++] = row;
  return (row) => column.subarray(first[row - root], first[row - root + 1]);
}

function endingLast(tree, rows, limit) {
  const end = (row) => Math.min(tree.start[row] + tree.duration[row], limit);
  return rows.length < 2 ? rows : rows.sort((one, other) => end(other) - end(one) || tree.start[other] - tree.start[one]);
}
