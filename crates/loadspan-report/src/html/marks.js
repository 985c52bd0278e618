/* How each kind of mark is drawn in a frame */

const at = (pixel) => pixel.toFixed(1);
const isGap = (mark, index) => mark.x[index] === null || (mark.y || mark.high)[index] === null;
const rowHeight = ({ y }) => Math.abs(y(1) - y(0));

/* The indexes of a line between its gaps. */
function runsOf(mark) {
  const runs = [[]];
  mark.x.forEach((_, index) => (isGap(mark, index) ? runs.push([]) : runs[runs.length - 1].push(index)));
  return runs.filter((run) => run.length > 0);
}

function through(run, xs, ys, { x, y }) {
  return run.map((index) => `${at(x(xs[index]))} ${at(y(ys[index]))}`).join("L");
}

function boxes(mark, { x }, edges) {
  const box = (from, index) => {
    const [left, [top, bottom]] = [x(from), edges(index)];
    return `M${at(left)} ${at(top)}H${at(Math.max(x(mark.to[index]), left + 0.7))}V${at(bottom)}H${at(left)}Z`;
  };
  return mark.from.map(box).join("");
}

const drawers = {
  line(mark, frame) {
    /* A run of one point is too short to see but for its round ends. */
    const d = runsOf(mark).map((run) => `M${through(run, mark.x, mark.y, frame)}h.01`);
    return [path(mark.dashed ? "line dashed" : "line", d.join(""))];
  },
  band(mark, frame) {
    const sides = (run) => [through(run, mark.x, mark.low, frame), through([...run].reverse(), mark.x, mark.high, frame)];
    const d = runsOf(mark).map((run) => `M${sides(run).join("L")}Z`);
    return [path("band", d.join(""), { opacity: mark.opacity })];
  },
  /* In layers, so that it is darker where dots lie on each other. */
  dots(mark, { x, y }) {
    const layers = Array.from({ length: mark.x.length > 40 ? 6 : 1 }, () => []);
    mark.x.forEach((value, index) => layers[index % layers.length].push(`M${at(x(value))} ${at(y(mark.y[index]))}h0`));
    const isSparse = mark.x.length < 60;
    const look = { "stroke-width": 2 * Math.max(mark.radius, isSparse ? 3 : 0), opacity: isSparse ? 1 : mark.opacity };
    const hole = mark.hollow ? [path("dots hole", layers.flat().join(""), { "stroke-width": look["stroke-width"] - 4 })] : [];
    return [...layers.map((layer) => path("dots", layer.join(""), look)), ...hole];
  },
  bars: (mark, frame) => [path("bars", boxes(mark, frame, (index) => [frame.y(mark.y[index]), frame.bottom]))],
  spans(mark, frame) {
    const half = Math.max(rowHeight(frame) * 0.36, 1);
    return [path("spans", boxes(mark, frame, (index) => [-half, half].map((edge) => frame.y(mark.row[index]) + edge)))];
  },
  strokes(mark, frame) {
    const half = Math.max(rowHeight(frame) * 0.4, 2);
    const stroke = (value, index) => `M${at(frame.x(value))} ${at(frame.y(mark.y[index]) - half)}v${at(half * 2)}`;
    return [path("strokes", mark.x.map(stroke).join(""))];
  },
  whisker: (mark, frame) => [path("strokes", `M${through([0, 1], mark.x, mark.y, frame)}`)],
  shade: ({ from, to }, { x, top, bottom }) => [path("shade", `M${at(x(from))} ${top}H${at(x(to))}V${bottom}H${at(x(from))}Z`)],
  rule({ y, text: content }, frame) {
    const height = frame.y(y);
    const below = height < frame.top + 15 ? 13 : -5;
    return [line("rule", frame.left, height, frame.right, height), text("label end", frame.right - 4, height + below, content)];
  },
  note({ x, y, text: content }, frame) {
    const [left, height] = [frame.x(x), frame.y(y)];
    if (left < frame.left || left > frame.right || frame.right - frame.left < 360) return [];
    const said = cut(content, 260);
    const width = widthOf(said);
    /* Right of its point, else left of it, below, above: the first place where no other note is. */
    const places = [[8, 4], [-8 - width, 4], [8, 18], [-8 - width, 18], [8, -10], [-8 - width, -10]];
    const boxes = places.map(([across, down]) => [left + across, Math.max(height + down, frame.top + 14), width]);
    const isFree = ([start, base]) => start >= frame.left && start + width <= frame.right && base <= frame.bottom
      && frame.notes.every(([other, level, length]) => start > other + length || other > start + width || Math.abs(level - base) >= 14);
    const box = boxes.find(isFree);
    if (!box) return [];
    frame.notes.push(box);
    return [text("label", box[0], box[1], said)];
  },
};

/* As much of the beginning and the end of a text as fits. */
function cut(content, width) {
  if (widthOf(content) <= width) return content;
  let kept = Math.floor(content.length / 2);
  const short = () => `${content.slice(0, kept).trimEnd()}…${content.slice(content.length - kept).trimStart()}`;
  while (kept > 0 && widthOf(short()) > width) kept -= 1;
  return short();
}

/* What a stretch is, as far as there is room for it. */
function shadeName({ from, to, text: whole, short }, { x, top, left, right }) {
  const [start, end] = [Math.max(x(from), left), Math.min(x(to), right)];
  const room = end - start - 8;
  const fits = [whole, short].find((content) => content && widthOf(content) <= room) || (room >= 60 && short && cut(short, room));
  return fits ? [text("label", start + 4, top + 12, fits)] : [];
}

/* What is said beside a point, which is its name. */
function nameAt(mark, index, { panel }) {
  const isHere = (other) => other.kind === "note" && other.x === mark.x[index] && other.y === mark.y[index];
  const note = mark.x.length < 60 && panel.marks.find(isHere);
  return note ? `${note.text}: ` : "";
}

/* What each kind of mark says at a point, which has its place in pixels and its x in units of the axis */

function nearest(mark, frame, reach, distance) {
  let best = null;
  mark.x.forEach((value, index) => {
    if (isGap(mark, index)) return;
    const spot = [frame.x(value), frame.y(mark.y[index])];
    const far = distance(spot);
    if (far <= reach && (!best || far < best.far)) best = { far, spot, text: nameAt(mark, index, frame) + frame.say(mark.y[index]) };
  });
  return best;
}

const near = (mark, frame, { px, py }) => nearest(mark, frame, 14, ([x, y]) => Math.hypot(x - px, y - py));

const readers = {
  /* A distribution has a value everywhere, a line over time only near its points. */
  line: (mark, frame, { px }) => nearest(mark, frame, frame.panel.x.kind === "time" ? 40 : 1e6, ([x]) => Math.abs(x - px)),
  dots: near,
  strokes: near,
  bars(mark, frame, { x }) {
    const index = mark.from.findIndex((from, place) => x >= from && x < mark.to[place]);
    return index >= 0 && { name: `${number(mark.from[index])} to ${number(mark.to[index])}`, text: frame.say(mark.y[index]) };
  },
  spans(mark, frame, { py }) {
    const index = mark.row.indexOf(Math.round(frame.y.invert(py)));
    return index >= 0 && { row: mark.row[index], text: `${number((mark.to[index] - mark.from[index]) * 1e3)} ms` };
  },
};
