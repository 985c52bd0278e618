// Figures as CSV: full precision, and no cell that a spreadsheet takes for a formula.

function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** `columns` are `{ name, values }`. */
export function toCsv(columns) {
  const rows = Math.max(0, ...columns.map(({ values }) => values.length));
  const lines = [columns.map(({ name }) => cell(name)).join(",")];
  for (let row = 0; row < rows; row += 1) lines.push(columns.map(({ values }) => cell(values[row])).join(","));
  return `${lines.join("\n")}\n`;
}

/** The rows of a CSV, with quotes as RFC 4180 has them; at most so many. */
export function parseCsv(text, most = Infinity) {
  const rows = [];
  let [row, value, quoted] = [[], "", false];
  const end = () => {
    row.push(value);
    value = "";
  };
  for (let at = 0; at < text.length && rows.length < most; at += 1) {
    const sign = text[at];
    if (quoted) {
      if (sign !== '"') value += sign;
      else if (text[at + 1] === '"') value += text[(at += 1)];
      else quoted = false;
    } else if (sign === '"' && value === "") quoted = true;
    else if (sign === ",") end();
    else if (sign === "\n") {
      end();
      rows.push(row);
      row = [];
    } else if (sign !== "\r") value += sign;
  }
  if ((value || row.length > 0) && rows.length < most) {
    end();
    rows.push(row);
  }
  return rows;
}
