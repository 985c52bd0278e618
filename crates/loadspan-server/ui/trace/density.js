// What the map above the waterfall shows: for each column of pixels how many spans are open. No rectangle per span: short ones would lie.

/** `{ open, llm, most, errors }`: counts for each of `width` columns. `at` takes a time to a fraction. */
export function densityOf(tree, width, at) {
  const open = new Float64Array(width + 1);
  const llm = new Float64Array(width + 1);
  const errors = new Uint8Array(width);
  const column = (nanos) => Math.min(width - 1, Math.max(0, Math.floor(at(nanos) * width)));
  for (let row = 0; row < tree.size; row++) {
    const first = column(tree.start[row]);
    const last = column(tree.start[row] + tree.duration[row]);
    open[first]++;
    open[last + 1]--;
    if (tree.kind[row] === 0) {
      llm[first]++;
      llm[last + 1]--;
    }
    if (tree.error[row]) errors[last] = 1;
  }
  let most = 1;
  for (let x = 1; x < width; x++) {
    open[x] += open[x - 1];
    llm[x] += llm[x - 1];
  }
  for (let x = 0; x < width; x++) most = Math.max(most, open[x]);
  return { open: open.subarray(0, width), llm: llm.subarray(0, width), most, errors };
}
