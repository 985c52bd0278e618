// What somebody may mean by what is typed or pasted: an id in one of its forms, or a part of a name. No DOM.

/** `{ id, name }`: 32 hexadecimal digits, if that is what it is (with `tr-`, dashes or capitals too), and the text as a part of a name. */
export function meaningOf(text) {
  const plain = text.trim();
  const hex = plain.replace(/^tr-/i, "").replaceAll("-", "").toLowerCase();
  const id = /^[0-9a-f]{32}$/.test(hex) ? hex : null;
  return { id, name: id || plain === "" ? null : escaped(plain) };
}

/** `%` and `_` are what they are. */
function escaped(text) {
  return text.replace(/[\\%_]/g, "\\$&");
}
