// What models were told and said: every text of every convention is on the page.

import { spanIdOf, tracePath } from "./fixtures/spans.mjs";
import { must, settled } from "./harness.mjs";

export const checks = [{ name: "11 every text of conversations of OpenAI, Anthropic, new and old names of OpenTelemetry, tools, a picture, broken JSON is on the page", run: conversations }];

async function conversations(kit) {
  const page = await kit.open("/start");
  const wrong = [];
  let texts = 0;
  for (const { trace, texts: wanted } of kit.data.conversations) {
    await kit.visit(page, `${tracePath(trace)}?span=${spanIdOf(`${trace} chat`)}`);
    const detail = page.locator("aside").first();
    await detail.getByRole("tablist").waitFor();
    await openAll(detail);
    await settled(page);
    const text = await detail.innerText();
    for (const one of wanted) if (!text.includes(one)) wrong.push(`${trace}: ${one}`);
    texts += wanted.length;
  }
  must(wrong.length === 0, () => `not on the page:\n${wrong.join("\n")}`);
  return `${texts} texts of ${kit.data.conversations.length} conversations`;
}

/** Opens whatever is folded: earlier messages, reasoning, trees of JSON. */
export async function openAll(part) {
  for (let round = 0; round < 12; round += 1) {
    const opened = await part.evaluate((root) => {
      let count = 0;
      for (const details of root.querySelectorAll("details:not([open])")) {
        details.open = true;
        count += 1;
      }
      const folded = [...root.querySelectorAll("button[aria-expanded=false], [role=treeitem][aria-expanded=false], button.earlier, button.more")];
      for (const button of folded) button.click();
      return count + folded.length;
    });
    if (opened === 0) return;
    await part.page().waitForTimeout(60);
  }
}
