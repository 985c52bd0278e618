// How series are told apart: by colour and by stroke. No DOM.

/** The eight colours, in this order; then grey. */
export function seriesToken(place) {
  return place < 8 ? `series-${place + 1}` : "text-3";
}

/** Series differ by their stroke as well. */
export function dashOf(place) {
  return [[], [6, 3], [2, 2]][place % 3];
}
