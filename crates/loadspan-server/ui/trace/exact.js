// JSON with whole numbers that a double cannot hold: they stay as they were written.

/** A number as it was written. */
export class ExactNumber {
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }

  toJSON() {
    return JSON.rawJSON ? JSON.rawJSON(this.text) : this.text;
  }
}

/** Whether anything in the text may need care: the reviver is slow. */
const LONG = /\d{16}/;

/** What a text of JSON says. Browsers that do not tell the source of a number round it. */
export function parseExact(text) {
  if (!LONG.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value, context) => {
    const rounded = typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
    return rounded && context?.source ? new ExactNumber(context.source) : value;
  });
}

/** What a text says if it is JSON of an object or a list, else null. */
export function parsedTree(text) {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    return parseExact(text);
  } catch {
    return null;
  }
}
