// What the server says of a filter: the words, and the place in it. No DOM.

/** `{ text, place }`; the place counts from 0, null if the server did not say. Which names it would take is said by the page, in words. */
export function placeOf(message) {
  const found = /^(.*?) ?\(at position (\d+) of the filter\)\.?$/s.exec(message);
  const [said] = (found?.[1] ?? message).split(/ Valid (?:keys|values) are /);
  const unknown = /^Invalid (?:attribute key|entity type) ('.*?')/s.exec(said);
  return { text: unknown ? `${unknown[1]} is no name that a filter knows` : said.replace(/\.$/, ""), place: found ? Number(found[2]) - 1 : null };
}
