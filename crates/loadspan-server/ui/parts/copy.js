// A line to be copied. Without a secure origin there is no clipboard: then the text is selected, and Ctrl-C does the rest.

import { html, useRef, useState } from "../lib.js";

/** Puts text into the clipboard; whether that went well. */
export async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** A line of code with its button. */
export function Copy({ text, label = "Copy" }) {
  const code = useRef();
  const [said, setSaid] = useState("");
  const copy = async () => {
    const copied = await toClipboard(text);
    if (!copied) getSelection().selectAllChildren(code.current);
    setSaid(copied ? "Copied" : "Selected: press Ctrl-C");
    setTimeout(() => setSaid(""), 2000);
  };
  return html`
    <div class="copy">
      <pre tabindex="0"><code ref=${code}>${text}</code></pre>
      <button type="button" onClick=${copy}>${said || label}</button>
      <span class="unseen" role="status">${said}</span>
    </div>
  `;
}
