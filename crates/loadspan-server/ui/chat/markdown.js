// A small part of Markdown: headings, lists, code, bold, italics. No links, no pictures, no HTML: what looks like them stays text.

import { html } from "../lib.js";

/** Characters that are read as Markdown; the rest stays as it is. */
const MOST = 150_000;

export function Markdown({ text }) {
  const blocks = blocksOf(text.slice(0, MOST));
  return html`
    <div class="markdown">
      ${blocks.map((block) => html`<${Block} block=${block} />`)}
      ${text.length > MOST && html`<div class="pre">${text.slice(MOST)}</div>`}
    </div>
  `;
}

/** `[{ type: "code" | "heading" | "list" | "text", text, items, ordered, level }]` */
export function blocksOf(text) {
  const blocks = [];
  let code = null;
  for (const line of text.split("\n")) {
    const fence = /^\s*```/.test(line);
    if (code !== null) {
      if (fence) {
        blocks.push({ type: "code", text: code.join("\n") });
        code = null;
      } else code.push(line);
    } else if (fence) code = [];
    else addLine(blocks, line);
  }
  if (code !== null) blocks.push({ type: "code", text: code.join("\n") });
  return blocks.filter(({ type, text: said }) => type !== "text" || said.trim() !== "");
}

function addLine(blocks, line) {
  const last = blocks[blocks.length - 1];
  const heading = /^(#{1,6})\s+(.*)$/.exec(line);
  if (heading) return blocks.push({ type: "heading", level: heading[1].length, text: heading[2] });
  const item = /^\s*(?:([-*+])|(\d+)[.)])\s+(.*)$/.exec(line);
  if (item) {
    const ordered = item[2] !== undefined;
    if (last?.type === "list" && last.ordered === ordered) return last.items.push(item[3]);
    return blocks.push({ type: "list", ordered, items: [item[3]] });
  }
  if (line.trim() === "") return blocks.push({ type: "text", text: "" });
  // Single ends of lines stay: models mean them.
  if (last?.type === "text" && last.text !== "") last.text += `\n${line}`;
  else blocks.push({ type: "text", text: line });
  return undefined;
}

function Block({ block }) {
  if (block.type === "code") return html`<pre class="md-code">${block.text}</pre>`;
  if (block.type === "heading") return html`<p class="md-heading"><${Inline} text=${block.text} /></p>`;
  if (block.type === "list") {
    const items = block.items.map((text) => html`<li><${Inline} text=${text} /></li>`);
    return block.ordered ? html`<ol>${items}</ol>` : html`<ul>${items}</ul>`;
  }
  return html`<p class="pre"><${Inline} text=${block.text} /></p>`;
}

/** `[{ type: "text" | "code" | "strong" | "em", text }]` */
export function inlineOf(text) {
  return text
    .split(/(`[^`\n]+`|\*\*[^*\n]+\*\*|\*[^*\s][^*\n]*\*)/)
    .filter((part) => part !== "")
    .map((part) => {
      if (/^`[^`]+`$/.test(part)) return { type: "code", text: part.slice(1, -1) };
      if (/^\*\*[^*]+\*\*$/.test(part)) return { type: "strong", text: part.slice(2, -2) };
      if (/^\*[^*]+\*$/.test(part)) return { type: "em", text: part.slice(1, -1) };
      return { type: "text", text: part };
    });
}

function Inline({ text }) {
  return inlineOf(text).map(({ type, text: said }) => {
    if (type === "code") return html`<code>${said}</code>`;
    if (type === "strong") return html`<strong>${said}</strong>`;
    return type === "em" ? html`<em>${said}</em>` : said;
  });
}
