// Keys of the waterfall. It is a tree: arrows walk over it, left and right close and open it.

import { useKeys } from "../keys.js";
import { setQuery } from "../router.js";
import { placeOf } from "./rows.js";
import { WHOLE, fitting, panned, zoomed } from "./scale.js";

export function useWaterfallKeys(model, { box, height }) {
  const { tree, rows, axis, state, select } = model;
  const { view, setView, selected, collapsed, setCollapsed } = state;
  const place = selected === -1 ? -1 : placeOf(rows, selected);
  const go = (to) => {
    if (rows.length === 0) return;
    const row = rows[Math.max(0, Math.min(rows.length - 1, to))];
    select(row, { push: false });
    focusSoon(box, row);
  };
  const middle = () => {
    if (place === -1) return (view.from + view.to) / 2;
    const at = axis.at(tree.start[selected] + tree.duration[selected] / 2);
    return at > view.from && at < view.to ? at : (view.from + view.to) / 2;
  };
  const zoom = (factor) => setView(zoomed(view, factor, middle(), tree.total));
  const toggle = (row) => {
    const next = new Set(collapsed);
    if (!next.delete(row)) next.add(row);
    setCollapsed(next);
  };
  const right = () => {
    if (place === -1 || tree.end[selected] === selected + 1) return;
    if (collapsed.has(selected)) toggle(selected);
    else go(place + 1);
  };
  const left = () => {
    if (place === -1) return;
    if (tree.end[selected] > selected + 1 && !collapsed.has(selected)) toggle(selected);
    else if (tree.parent[selected] !== -1) go(placeOf(rows, tree.parent[selected]));
  };
  const fit = () => {
    if (place === -1) return;
    const [from, to] = [axis.at(tree.start[selected]), axis.at(tree.start[selected] + tree.duration[selected])];
    setView(fitting(from, to, tree.total));
  };
  const page = () => Math.max(1, Math.floor(box.current.clientHeight / height) - 2);
  // The detail beside it scrolls with these keys itself.
  const when = (event) => !event.target.closest?.(".detail, .divider, dialog");
  const close = () => {
    if (selected === -1) return;
    setQuery({ span: null });
    focusSoon(box, selected);
  };
  useKeys([
    { keys: "j | ArrowDown", does: "Next span", run: () => go(place + 1), when },
    { keys: "k | ArrowUp", does: "Span before", run: () => go(Math.max(0, place - 1)), when },
    { keys: "ArrowRight", does: "Open, or first below", run: right, when },
    { keys: "ArrowLeft", does: "Close, or the one above", run: left, when },
    { keys: "PageDown", run: () => go(place + page()), when },
    { keys: "PageUp", run: () => go(place - page()), when },
    { keys: "Home", run: () => go(0), when },
    { keys: "End", run: () => go(rows.length - 1), when },
    { keys: "@W", does: "Zoom in", run: () => zoom(0.6) },
    { keys: "@S", does: "Zoom out", run: () => zoom(1 / 0.6) },
    { keys: "@A", does: "Pan left", run: () => setView(panned(view, -0.2)) },
    { keys: "@D", does: "Pan right", run: () => setView(panned(view, 0.2)) },
    { keys: "f", does: "Fit the span", run: fit },
    { keys: "0", does: "Show all of the time", run: () => setView(WHOLE) },
    { keys: "Enter", does: "To the detail", run: () => document.querySelector(".detail")?.focus(), when },
    { keys: "Escape", does: "Close the detail", run: close, when: () => selected !== -1 && !document.querySelector("dialog[open]") },
  ]);
}

/** The focus follows once the row is there. */
function focusSoon(box, row) {
  requestAnimationFrame(() => requestAnimationFrame(() => box.current?.querySelector(`[data-row="${row}"]`)?.focus({ preventScroll: true })));
}
