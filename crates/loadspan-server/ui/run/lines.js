// Files of JSON lines that a run has left: read line by line as they come, so that a large one is never in memory as a whole.

import { ApiError, get } from "../api.js";
import { artifactUrl } from "./load.js";

/** The files of a run below `exports/`: their sizes in bytes by name. None for a run whose files are elsewhere. */
export async function exportsOf(run, signal) {
  if (!run.artifactRoot) return {};
  const { files = [] } = await get("/api/2.0/mlflow/artifacts/list", { query: { run_id: run.id, path: "exports" }, signal });
  return Object.fromEntries(files.filter((file) => !file.is_dir).map(({ path, file_size: size }) => [path.split("/").at(-1), Number(size)]));
}

/** Reads `exports/NAME` and gives each line to `take`. `onPart(bytes)` is told how far it is. A line that is torn is left out. */
export async function eachLine(run, name, { take, onPart, signal }) {
  const response = await fetch(artifactUrl(run, `exports/${name}`), { signal });
  if (!response.ok) throw new ApiError(`The server answers ${response.status}.`, { status: response.status });
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let read = 0;
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (done ? decoder.decode() : decoder.decode(value, { stream: true }))).split("\n");
    rest = done ? "" : lines.pop();
    for (const line of lines) takeLine(line, take);
    if (done) return;
    read += value.length;
    onPart?.(read);
  }
}

function takeLine(line, take) {
  if (line === "") return;
  try {
    take(JSON.parse(line));
  } catch {
    // A process that was killed leaves its last line torn.
  }
}

/** All lines of a small file. */
export async function readLines(run, name, signal) {
  const lines = [];
  await eachLine(run, name, { take: (line) => lines.push(line), signal });
  return lines;
}
