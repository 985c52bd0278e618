// What the page weighs, and that its own files make no markup of text.

import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { get } from "node:http";
import { must } from "./harness.mjs";

export const checks = [{ name: "33 at most 450 KiB of files, 150 kB compressed, 30 of them; own files have no way to make markup of text; files of others are as published", run: sizes }];

const MOST = { raw: 450 * 1024, compressed: 150_000, files: 30 };
const SINKS = ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "dangerouslySetInnerHTML", "eval(", "new Function", "srcdoc", "DOMParser", "createContextualFragment"];

async function sizes(kit) {
  const index = await (await fetch(`${kit.config.page}/runs`, { headers: { accept: "text/html" } })).text();
  const names = [...new Set([...index.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, name]) => name))];
  const total = { raw: Buffer.byteLength(index), compressed: 0, files: names.length };
  for (const name of names) {
    const { body, plain } = await compressed(kit.config.page + name);
    total.compressed += body.length;
    total.raw += plain.length;
  }
  must(names.length > 2, `the page names ${names.length} files`);
  for (const [what, most] of Object.entries(MOST)) must(total[what] <= most, `${what}: ${total[what]}, and at most ${most} are allowed`);
  const wrong = [];
  for (const { name, text } of await filesBelow(kit.config.source)) {
    if (name.startsWith("vendor/")) continue;
    for (const sink of SINKS) if (text.includes(sink)) wrong.push(`${name} has ${sink}`);
  }
  wrong.push(...(await changedVendors(join(kit.config.source, "vendor"))));
  must(wrong.length === 0, () => wrong.join("\n"));
  return `${(total.raw / 1024).toFixed(0)} KiB, ${(total.compressed / 1000).toFixed(0)} kB compressed, ${total.files} files`;
}

/** A file as it goes over the wire to a browser, and what is in it. */
function compressed(url) {
  return new Promise((resolve, reject) => {
    get(url, { headers: { "accept-encoding": "gzip, deflate, br" } }, (answer) => {
      const parts = [];
      const unpack = { br: brotliDecompressSync, gzip: gunzipSync }[answer.headers["content-encoding"]];
      const isKept = /immutable/.test(answer.headers["cache-control"] ?? "");
      if (!unpack || !isKept) return reject(new Error(`${url} is not ${unpack ? "kept by browsers" : "compressed"}`));
      const end = () => {
        const body = Buffer.concat(parts);
        resolve({ body, plain: unpack(body) });
      };
      return answer.on("data", (part) => parts.push(part)).on("end", end).on("error", reject);
    }).on("error", reject);
  });
}

async function filesBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  return Promise.all(files.map(async (file) => ({ name: relative(folder, file).replaceAll("\\", "/"), text: await readFile(file, "utf8") })));
}

/** Files of others whose digest is not the one that is written down beside them. */
async function changedVendors(folder) {
  const known = await readFile(join(folder, "README.md"), "utf8");
  const changed = [];
  for (const name of (await readdir(folder)).filter((one) => /\.(js|css)$/.test(one))) {
    const digest = createHash("sha256").update(await readFile(join(folder, name))).digest("hex");
    if (!known.includes(digest)) changed.push(`vendor/${name} has the digest ${digest}`);
  }
  return changed;
}
