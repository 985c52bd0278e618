// What is copied. Without a secure origin there is no clipboard: then it is said where the text is, and Ctrl-C does the rest.

import { html, useEffect, useRef, useState } from "../lib.js";

/** Puts text into the clipboard; whether that went well. */
export async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** A word that is said, and gone after a moment: `[said, say]`. */
export function useSaid() {
  const [said, setSaid] = useState("");
  const timer = useRef();
  const say = (text) => {
    clearTimeout(timer.current);
    setSaid(text);
    timer.current = setTimeout(() => setSaid(""), 2500);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  return [said, say];
}

/** A line of code with its button. */
export function Copy({ text, label = "Copy" }) {
  const code = useRef();
  const [said, say] = useSaid();
  const copy = async () => {
    const copied = await toClipboard(text);
    if (!copied) getSelection().selectAllChildren(code.current);
    say(copied ? "Copied" : "Selected: press Ctrl-C");
  };
  return html`
    <div class="copy">
      <pre tabindex="0"><code ref=${code}>${text}</code></pre>
      <button type="button" onClick=${copy}>${said || label}</button>
      <span class="unseen" role="status">${said}</span>
    </div>
  `;
}

/** The link of what is shown now. */
export async function copyLink(say) {
  say((await toClipboard(location.href)) ? "Link copied" : "The address bar has the link");
}

export function CopyLink() {
  const [said, say] = useSaid();
  return html`<button type="button" onClick=${() => copyLink(say)}>${said || "Copy link"}</button><span class="unseen" role="status">${said}</span>`;
}
