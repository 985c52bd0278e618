// The files of a run: what they are called, how large they are, a look at them.

import { html } from "../lib.js";
import { get, useLoad } from "../api.js";
import { setQuery, useQuery } from "../router.js";
import { Loaded } from "../parts/state.js";
import { bytes, plainLine } from "../format.js";
import { artifactUrl } from "./load.js";
import { Preview, kindOf } from "./preview.js";

/** Folders that are looked into without being asked, and files that are shown. */
const MOST_FOLDERS = 40;
const MOST_FILES = 500;

export function Artifacts({ run }) {
  const load = useLoad(`artifacts ${run.id} ${run.status}`, (signal) => loadFiles(run, signal));
  const chosen = useQuery().get("file");
  return html`
    <${Loaded} load=${load} what="artifacts">
      ${({ files, more }) =>
        files.length === 0
          ? html`<div class="state empty"><p>No artifacts${run.live ? " yet: they are uploaded when the run is over" : ""}.</p></div>`
          : html`<${Files} run=${run} files=${files} more=${more} chosen=${chosen} />`}
    <//>
  `;
}

async function loadFiles(run, signal) {
  const files = [];
  const folders = [""];
  let read = 0;
  while (folders.length > 0 && read < MOST_FOLDERS && files.length < MOST_FILES) {
    const folder = folders.shift();
    read += 1;
    const { files: found = [] } = await get("/api/2.0/mlflow/artifacts/list", { query: { run_id: run.id, path: folder || null }, signal });
    for (const { path, is_dir: isFolder, file_size: size } of found) {
      if (isFolder) folders.push(path);
      else files.push({ path, size: Number(size) });
    }
  }
  return { files: files.slice(0, MOST_FILES), more: folders.length > 0 || files.length > MOST_FILES };
}

function Files({ run, files, more, chosen }) {
  const file = files.find(({ path }) => path === chosen);
  return html`
    <div class="artifacts ${file ? "with-preview" : ""}">
      <div class="wide" tabindex="0" role="region" aria-label="Files">
        <table class="plain-table files">
          <thead>
            <tr><th scope="col">Name</th><th scope="col">Size</th><th scope="col"></th></tr>
          </thead>
          <tbody>
            ${files.map((one) => html`<${FileRow} key=${one.path} run=${run} file=${one} chosen=${one === file} />`)}
          </tbody>
        </table>
        ${more && html`<p class="quiet">More files than are shown here: ask the API for the rest.</p>`}
      </div>
      ${chosen && !file && html`<p class="state">There is no file ${plainLine(chosen)} in this run.</p>`}
      ${file &&
      html`
        <section class="preview" aria-label="Preview">
          <div class="section-head">
            <h2>${plainLine(file.path)}</h2>
            <a href=${artifactUrl(run, file.path)} download=${file.path.split("/").at(-1)}>Download</a>
            <button type="button" onClick=${() => setQuery({ file: null })}>Close</button>
          </div>
          <${Preview} key=${file.path} file=${file} url=${artifactUrl(run, file.path)} />
        </section>
      `}
    </div>
  `;
}

function FileRow({ run, file, chosen }) {
  const name = plainLine(file.path);
  return html`
    <tr class=${chosen ? "chosen" : ""}>
      <th scope="row">
        ${kindOf(file.path)
          ? html`<button type="button" class="plain" aria-pressed=${chosen} onClick=${() => setQuery({ file: file.path }, { push: true })}>${name}</button>`
          : html`<span>${name}</span>`}
      </th>
      <td>${bytes(file.size)}</td>
      <td>${run.artifactRoot && html`<a href=${artifactUrl(run, file.path)} download=${name}>Download<span class="unseen"> ${name}</span></a>`}</td>
    </tr>
  `;
}
