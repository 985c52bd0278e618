// The state of a trace's page: what is selected, collapsed, zoomed and searched for. It lives in the URL; what changes with every move of
// the mouse is written there a moment later.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib.js";
import { setQuery, useQuery } from "../router.js";
import { WHOLE, viewOf, viewText } from "./scale.js";
import { withChildren } from "./rows.js";

/** A value that is written to the URL when it has rested. */
function useSlowQuery(name, read, write) {
  const query = useQuery();
  const text = query.get(name);
  const [value, setValue] = useState(() => read(text));
  const written = useRef(text);
  const timer = useRef();
  useEffect(() => {
    // Somebody went back, or followed a link.
    if (text === written.current) return;
    written.current = text;
    setValue(read(text));
  }, [text]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const change = (next) => {
    setValue(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      written.current = write(next) || null;
      setQuery({ [name]: written.current });
    }, 250);
  };
  return [value, change];
}

/** Most rows whose collapse is in the URL. */
const MOST = 50;

function collapsedOf(text, tree) {
  if (text === "all") return new Set(withChildren(tree));
  const rows = (text ?? "").split(",").filter(Boolean).map(Number);
  return new Set(rows.filter((row) => Number.isInteger(row) && row >= 0 && row < tree.size));
}

function collapsedText(collapsed, tree) {
  if (collapsed.size === 0) return null;
  if (collapsed.size > 1 && collapsed.size === withChildren(tree).length) return "all";
  return [...collapsed].sort((one, other) => one - other).slice(0, MOST).join(",");
}

/** All of it, and how to change it. */
export function useTraceState(tree) {
  const query = useQuery();
  const [view, setView] = useSlowQuery("v", viewOf, viewText);
  const [find, setFind] = useSlowQuery("find", (text) => text ?? "", (text) => text.trim());
  const [collapsed, setCollapsed] = useSlowQuery(
    "c",
    (text) => collapsedOf(text, tree),
    (rows) => collapsedText(rows, tree),
  );
  useCarried(tree, { view, setView, collapsed, setCollapsed });
  const span = query.get("span");
  const selected = useMemo(() => (span ? (tree.row.get(span) ?? -1) : -1), [span, tree]);
  const root = query.get("root");
  return {
    view,
    setView,
    find,
    setFind,
    collapsed,
    setCollapsed,
    selected,
    missing: span && selected === -1 ? span : null,
    root: root ? (tree.row.get(root) ?? -1) : -1,
    only: query.get("only") === "1",
    color: query.get("color") === "service" ? "service" : "kind",
    path: query.get("path") !== "0",
    compressed: query.get("gaps") === "0",
    aligned: query.get("clock") === "1",
    shown: ["stats", "logs"].includes(query.get("view")) ? query.get("view") : "waterfall",
    /** By mouse a step of its own for the way back; by keys one walks over many. */
    select: (row, { push = true } = {}) => setQuery({ span: row === -1 ? null : tree.id[row] }, { push }),
  };
}

/** When more spans have come, what is collapsed and looked at stays the same spans and the same time. */
function useCarried(tree, { view, setView, collapsed, setCollapsed }) {
  const before = useRef(tree);
  useLayoutEffect(() => {
    const old = before.current;
    before.current = tree;
    if (old === tree) return;
    const rows = [...collapsed].map((row) => tree.row.get(old.id[row])).filter((row) => row !== undefined);
    setCollapsed(new Set(rows));
    if (view.from <= 0 && view.to >= 1) return;
    const scale = old.total / tree.total;
    const to = Math.min(1, view.to * scale);
    setView(view.from * scale < to ? { from: view.from * scale, to } : WHOLE);
  }, [tree]);
}
