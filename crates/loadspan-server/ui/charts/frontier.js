// Which runs no other beats: more throughput and less latency at the same time. No DOM.

/** The points that no other one beats, from the least throughput to the most. Points that cannot be trusted are never among them. */
export function frontier(points) {
  const sorted = points.filter(({ hollow, x, y }) => !hollow && Number.isFinite(x) && Number.isFinite(y)).sort((a, b) => b.x - a.x || a.y - b.y);
  const kept = [];
  let least = Infinity;
  for (const point of sorted) {
    if (point.y < least) {
      kept.push(point);
      least = point.y;
    }
  }
  return kept.reverse();
}
