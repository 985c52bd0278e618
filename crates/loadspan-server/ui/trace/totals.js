// What a trace came to, from what its spans say: tokens, cost, models. What the server says of the whole trace goes first, because it
// knows which of the spans repeat what others say.

/** `{ inputTokens, outputTokens, cost, models }`; null where nothing is known. */
export function totalsOf(tree, info) {
  const calls = callsOf(tree);
  const models = [...new Set(calls.map((row) => tree.model[row]).filter((model) => model !== -1))].map((model) => tree.models[model]);
  return {
    inputTokens: info.inputTokens ?? sum(calls, tree.inputTokens),
    outputTokens: info.outputTokens ?? sum(calls, tree.outputTokens),
    cost: info.cost ?? sum(calls, tree.cost),
    models,
  };
}

/** Spans that say something of a model, without those that only repeat what is below them. */
function callsOf(tree) {
  const says = (row) => tree.inputTokens[row] !== null || tree.outputTokens[row] !== null || tree.cost[row] !== null || tree.model[row] !== -1;
  const calls = [];
  let below = tree.size;
  for (let row = tree.size - 1; row >= 0; row--) {
    if (!says(row)) continue;
    if (below >= tree.end[row]) calls.push(row);
    below = row;
  }
  return calls.reverse();
}

function sum(rows, column) {
  const known = rows.map((row) => column[row]).filter((value) => value !== null);
  return known.length > 0 ? known.reduce((total, value) => total + value, 0) : null;
}
