// What the server says of a filter: the words, and the place in it. No DOM.

/** `{ text, place }`; the place counts from 0, null if the server did not say. */
export function placeOf(message) {
  const found = /^(.*?)\.? ?\(at position (\d+) of the filter\)\.?$/s.exec(message);
  return found ? { text: found[1], place: Number(found[2]) - 1 } : { text: message.replace(/\.$/, ""), place: null };
}
