// A row of the waterfall: the span's name in the tree, and its bar.

import { html } from "../lib.js";
import { count, duration, plainLine } from "../format.js";
import { KINDS, ODD } from "./tree.js";
import { linesOf } from "./segments.js";
import { PhaseBar } from "./phase-bar.js";

const INDENT = 12;
/** Deeper than this the indent stops, and the depth is said instead. */
const DEEPEST = 24;
const LEAST = 2;

/**
 * A row, drawn. It is no component: among keyed components this version of preact finds its way only one step ahead, and would move all
 * rows with every scroll.
 */
export function drawRow({ tree, row, place, scale, height, acts, family, parts, phases, color, isCollapsed, isSelected, isFocusable, isDim, isHit }) {
  const [position, among] = family(row);
  const hasChildren = tree.end[row] > row + 1;
  const classes = ["span-row", isSelected && "selected", isDim && "dim", isHit && "hit", tree.error[row] && "error"].filter(Boolean).join(" ");
  return html`
    <div
      key=${row}
      role="row"
      class=${classes}
      data-row=${row}
      tabindex=${isFocusable ? 0 : -1}
      aria-level=${tree.depth[row] + 1}
      aria-posinset=${position}
      aria-setsize=${among}
      aria-rowindex=${place + 2}
      aria-expanded=${hasChildren ? !isCollapsed : undefined}
      aria-selected=${isSelected}
      style=${{ top: `${place * height}px` }}
      onClick=${() => acts.select(row)}
    >
      <div role="gridcell" class="span-name" style=${{ paddingLeft: `min(${Math.min(tree.depth[row], DEEPEST) * INDENT + 4}px, var(--deepest))` }}>
        <${Toggle} tree=${tree} row=${row} hasChildren=${hasChildren} isCollapsed=${isCollapsed} toggle=${acts.toggle} />
        ${tree.depth[row] > DEEPEST && html`<small class="deep">${tree.depth[row]}</small>`}
        <span class="swatch ${colorOf(tree, row, color)}" aria-hidden="true"></span>
        <span class="text">${plainLine(tree.name[row]) || "no name"}</span>
        ${isCollapsed && hasChildren && html`<small class="quiet">(${count(tree.end[row] - row - 1)})</small>`}
        ${tree.error[row] === 1 && html`<span class="bad"><span aria-hidden="true">✕</span><span class="unseen">error</span></span>`}
        <${Badges} tree=${tree} row=${row} />
        <small class="service">${plainLine(tree.services[tree.service[row]])}</small>
      </div>
      <div role="gridcell" class="span-track"><${Bar} tree=${tree} row=${row} scale=${scale} parts=${parts} phases=${phases} color=${color} /></div>
    </div>
  `;
}

function Toggle({ tree, row, hasChildren, isCollapsed, toggle }) {
  if (!hasChildren) return html`<span class="toggle"></span>`;
  const click = (event) => {
    event.stopPropagation();
    toggle(row);
  };
  const label = `${isCollapsed ? "Expand" : "Collapse"} ${tree.end[row] - row - 1} spans`;
  return html`<button type="button" class="toggle" tabindex="-1" aria-label=${label} onClick=${click}>${isCollapsed ? "▸" : "▾"}</button>`;
}

function Badges({ tree, row }) {
  const odd = tree.odd[row];
  if (odd === 0) return null;
  const early = odd & ODD.early ? `clock ${duration((tree.start[row] - tree.start[tree.parent[row]]) / 1e9)}` : null;
  const said = [
    odd & ODD.orphan && "parent not received",
    odd & ODD.cycle && "is its own ancestor",
    odd & ODD.unended && "not ended",
    odd & ODD.backward && `ends ${duration((tree.backward.get(row) ?? 0) / 1e9)} before it starts`,
    early,
  ].filter(Boolean);
  return said.map((text) => html`<small class="badge">${text}</small>`);
}

/** The class of a span's colour: by what it does, or by its service in the order in which they appear. */
export function colorOf(tree, row, color) {
  if (color === "kind") return `kind-${KINDS[tree.kind[row]]}`;
  return tree.service[row] < 8 ? `series-${tree.service[row] + 1}` : "kind-other";
}

function Bar({ tree, row, scale, parts, phases, color }) {
  const left = scale.at(tree.start[row]);
  const right = scale.at(tree.start[row] + tree.duration[row]);
  if (scale.width === 0) return null;
  if (right < 0) return html`<span class="off left" aria-hidden="true">‹</span>`;
  if (left > scale.width) return html`<span class="off right" aria-hidden="true">›</span>`;
  const from = Math.max(-2, left);
  const wide = Math.max(LEAST, Math.min(scale.width + 2, right) - from);
  const said = tree.odd[row] & ODD.unended ? "not ended" : duration(tree.duration[row] / 1e9);
  return html`
    <div class="bar ${colorOf(tree, row, color)} ${phases?.phases.length ? "phased" : ""}" style=${{ left: `${from}px`, width: `${wide}px` }}>
      ${phases?.phases.length > 0 && html`<${PhaseBar} found=${phases} from=${left} width=${right - left} shift=${left - from} />`}
    </div>
    ${parts && linesOf(parts, scale).map(([start, width]) => html`<span class="critical" style=${{ left: `${start}px`, width: `${width}px` }}></span>`)}
    <span class="took ${sideOf(from, from + wide, scale.width)}" style=${placeOf(from, from + wide, scale.width)}>${said}</span>
  `;
}

/** The duration stands behind the bar, or before it, or where there is no room on its end. */
function sideOf(left, right, width) {
  if (width - right > 72) return "after";
  return left > 72 ? "before" : "within";
}

function placeOf(left, right, width) {
  const side = sideOf(left, right, width);
  if (side === "after") return { left: `${right + 6}px` };
  return { right: `${side === "before" ? width - left + 6 : Math.max(4, width - right + 4)}px` };
}
