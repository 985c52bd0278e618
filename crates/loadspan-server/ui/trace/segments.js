// Parts of the critical path by the row that they are drawn in.

/** `Map(row → [{ from, to }])` */
export function partsByRow(parts) {
  const found = new Map();
  for (const { row, from, to } of parts) {
    if (found.has(row)) found.get(row).push({ from, to });
    else found.set(row, [{ from, to }]);
  }
  return found;
}

/** Parts as lines on the screen: `[left, width]` in px. Those that would touch are one, and none outside is drawn. */
export function linesOf(parts, scale) {
  const lines = [];
  for (const { from, to } of parts) {
    const left = Math.max(0, scale.at(from));
    const right = Math.min(scale.width, scale.at(to));
    if (right <= 0 || left >= scale.width) continue;
    const last = lines[lines.length - 1];
    if (last && left - (last[0] + last[1]) < 1) last[1] = Math.max(last[1], right - last[0]);
    else lines.push([left, Math.max(1, right - left)]);
  }
  return lines;
}
