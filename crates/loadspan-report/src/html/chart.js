/* A chart: frames below each other, one for each panel */
class Plot {
  constructor(chart) {
    const figure = document.getElementById(chart.name);
    this.chart = chart;
    this.isTime = chart.panels[0].x.kind === "time";
    this.box = figure.querySelector(".plot");
    this.hidden = new Set();
    this.zooms = [];
    this.svg = shape("svg", { tabindex: 0, role: "group", "aria-roledescription": "chart", "aria-label": chart.title });
    this.tooltip = html("div", { className: "tooltip", hidden: true });
    this.live = html("div", { className: "live", ariaLive: "polite" });
    this.box.append(this.svg, this.tooltip, this.live);
    this.reset = html("button", { className: "reset", type: "button", onclick: () => this.zoomOut() }, "Reset zoom");
    figure.querySelector(".legend").append(...this.legend(), this.reset);
    this.listen();
  }

  /* A button for each name, where there are several. */
  legend() {
    const marks = this.chart.panels.flatMap((panel) => panel.marks).filter((mark) => mark.name);
    const named = [...new Map(marks.reverse().map((mark) => [mark.name, mark])).values()].reverse();
    return named.length < 2 ? [] : named.map((mark) => {
      const swatch = inked(html("i", { className: mark.dashed ? "line dashed" : mark.kind }), mark.ink);
      if (mark.kind === "band") swatch.style.opacity = mark.opacity + 0.15;
      const button = html("button", { type: "button", ariaPressed: "true" }, swatch, mark.name);
      button.onclick = () => {
        button.ariaPressed = String(this.hidden.delete(mark.name) || !this.hidden.add(mark.name));
        this.draw();
      };
      return button;
    });
  }

  view(index) {
    const { range } = this.chart.panels[index].x;
    if (!this.isTime) return this.zooms[index] || range;
    const both = timeView ? [Math.max(range[0], timeView[0]), Math.min(range[1], timeView[1])] : range;
    return both[0] < both[1] ? both : range;
  }

  isShown(mark) {
    return !this.hidden.has(mark.name);
  }

  /* What stands right of a panel: names of lines where there is room, and counts. */
  endText(mark) {
    if (mark.kind === "edge") return mark.text;
    return this.isTime && mark.kind === "line" && this.width >= 480 ? mark.name : "";
  }

  draw() {
    this.width = Math.floor(this.box.clientWidth);
    if (this.width < 1) return;
    this.layOut();
    const { width } = this;
    const height = this.frames[this.frames.length - 1].bottom + 36;
    Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` }).forEach((pair) => this.svg.setAttribute(...pair));
    this.overlay = shape("g");
    this.svg.replaceChildren(...this.frames.flatMap((frame) => this.drawFrame(frame)), this.overlay);
    this.reset.hidden = this.isTime ? !timeView : !this.zooms.some(Boolean);
    this.hideCursor();
  }

  layOut() {
    const { panels, shared } = this.chart;
    const sizes = panels.map(({ y, height }) => (panels.length === 1 && !y.rows ? 300 : clamp(height * 0.78, 84, 460)));
    const ticks = panels.map(({ y }, index) => ticksOf(y, y.range, Math.max(2, Math.floor(sizes[index] / (y.rows ? 12 : 32)))));
    const left = clamp(Math.max(...ticks.flat().map(({ label }) => widthOf(label))) + 10, 34, this.width * 0.4);
    const ends = panels.flatMap(({ marks }) => marks.filter((mark) => this.isShown(mark) && this.endText(mark)));
    const right = this.width - Math.max(22, ...ends.map((mark) => Math.min(widthOf(this.endText(mark)) + 10, 150)));
    let bottom = 0;
    this.frames = panels.map((panel, index) => {
      const top = bottom + 22;
      const hasLabel = !shared || index === panels.length - 1;
      const frame = { panel, index, left, right, top, hasLabel, bottom: top + sizes[index], ticks: ticks[index], view: this.view(index) };
      const { x, y } = panel;
      frame.x = scaleOf(x, frame.view, left, right);
      frame.y = y.rows ? scaleOf(y, y.range, top, frame.bottom) : scaleOf(y, y.range, frame.bottom, top);
      frame.say = (value) => (y.rows ? y.rows[value] : `${number(value)} ${unitOf(y.label)}`.trim());
      bottom = frame.bottom + (hasLabel ? 40 : 10);
      return frame;
    });
  }

  drawFrame(frame) {
    const { panel, left: x, top: y } = frame;
    const [width, height] = [Math.max(frame.right - x, 1), frame.bottom - y];
    /* Where no note may lie: on another one, or on what one is of. A width at a base line. */
    frame.notes = panel.marks.filter(({ kind }) => kind === "note").map((mark) => [frame.x(mark.x) - 5, frame.y(mark.y) + 4, 10]);
    const draw = (mark) => (drawers[mark.kind] ? drawers[mark.kind](mark, frame) : []).map((made) => inked(made, mark.ink));
    const drawn = (wanted) => panel.marks.filter((mark) => this.isShown(mark) && wanted(mark.kind)).flatMap(draw);
    /* An inner svg clips what it holds to itself. */
    const clipped = (shapes) => shape("svg", { x, y, width, height, viewBox: `${x} ${y} ${width} ${height}` }, ...shapes);
    const isText = (kind) => kind === "note" || kind === "rule";
    return [
      clipped(drawn((kind) => kind === "shade")),
      ...this.drawAxes(frame),
      clipped(drawn((kind) => kind !== "shade" && !isText(kind))),
      ...panel.marks.filter(({ kind }) => kind === "shade").flatMap((mark) => shadeName(mark, frame)),
      ...drawn(isText),
      ...this.drawEnds(frame),
      shape("rect", { class: "surface", x, y, width, height }),
    ];
  }

  drawAxes({ panel, left, right, top, bottom, view, hasLabel, ticks, x, y }) {
    const parts = [text("title", 0, top - 8, panel.y.label), line("axis", left, bottom, right, bottom)];
    for (const { value, label } of ticks) {
      if (!panel.y.rows) parts.push(line("gridline", left, y(value), right, y(value)));
      parts.push(text("end", left - 6, y(value) + 4, label));
    }
    for (const { value, label } of ticksOf(panel.x, view, Math.max(2, Math.floor((right - left) / 70)))) {
      parts.push(line("gridline", x(value), top, x(value), bottom));
      if (hasLabel) parts.push(text("middle", x(value), bottom + 15, label));
    }
    const label = this.isTime ? panel.x.label.replace(/\([^()]*\)$/, `(${timeUnit(view)[0]})`) : panel.x.label;
    if (hasLabel) parts.push(text("title middle", (left + right) / 2, bottom + 31, label));
    return parts;
  }

  drawEnds(frame) {
    const { panel, right, top, bottom } = frame;
    const ends = panel.marks.filter((mark) => this.isShown(mark) && this.endText(mark)).flatMap((mark) => {
      const found = mark.kind === "line" && nearest(mark, frame, 1e6, ([x]) => Math.abs(x - right));
      const height = mark.kind === "edge" ? frame.y(mark.y) : found && found.spot[1];
      return height ? [{ content: this.endText(mark), height: clamp(height, top, bottom) }] : [];
    });
    ends.sort((one, other) => other.height - one.height);
    /* From the lowest up, each clear of the one below it. */
    ends.forEach((end, index) => index > 0 && (end.height = Math.min(end.height, ends[index - 1].height - 12)));
    return ends.map(({ content, height }) => text("label", right + 6, height + 4, content));
  }

  /* The cursor: all charts over time have it at the same moment. */
  pointAt(point) {
    for (const plot of plots) {
      if (plot === this) plot.showCursor(point);
      else if (this.isTime && plot.isTime) plot.showCursor({ x: point.x });
    }
  }

  leave() {
    plots.forEach((plot) => plot.hideCursor());
  }

  hideCursor() {
    this.overlay.replaceChildren();
    this.tooltip.hidden = true;
    this.point = null;
  }

  /* A point without a panel is where another chart is pointed at. */
  showCursor(point) {
    const [parts, lines] = [[], []];
    this.hideCursor();
    for (const frame of this.frames) {
      const px = frame.x(point.x);
      const isPointed = frame.index === point.panel;
      if (px < frame.left - 1 || px > frame.right + 1 || (!this.chart.shared && !isPointed)) continue;
      parts.push(line("cursor", px, frame.top, px, frame.bottom));
      if ("panel" in point) lines.push(...this.read(frame, { x: point.x, px, py: isPointed ? point.py : -1e6 }, parts));
    }
    this.overlay.append(...parts);
    if (!("panel" in point)) return;
    this.point = point;
    if (lines.length) this.showTooltip(point, lines);
  }

  read(frame, point, parts) {
    const lines = [];
    const measured = frame.panel.y.label.replace(/ \([^()]*\)$/, "");
    for (const mark of frame.panel.marks) {
      const read = this.isShown(mark) && readers[mark.kind] && readers[mark.kind](mark, frame, point);
      const isShared = this.chart.panels.some(({ marks }, index) => index !== frame.index && marks.some(({ name }) => name && name === mark.name));
      const name = read && (read.name || (isShared ? `${mark.name}, ${measured}` : mark.name || measured));
      if (!read || lines.some((other) => other.name === name)) continue;
      lines.push({ name, ink: mark.ink, text: read.text, row: read.row });
      if (read.spot) parts.push(inked(shape("circle", { class: "spot", cx: read.spot[0], cy: read.spot[1], r: 4 }), mark.ink));
    }
    return lines;
  }

  showTooltip({ panel, x, px, py }, lines) {
    const frame = this.frames[panel];
    const axes = frame.panel;
    const [from, until] = frame.view;
    const place = this.isTime ? `${grouped(x, decimalsFor((until - from) / 500))} s` : `${number(x)} ${unitOf(axes.x.label)}`;
    const inRow = lines.find(({ row }) => row !== undefined);
    const head = inRow ? `${axes.y.rows[inRow.row]} · ${place}` : place;
    const said = lines.map(({ name, ink, text: value }) =>
      html("div", {}, inked(html("i"), ink), html("span", {}, name), html("span", {}, value)));
    this.tooltip.replaceChildren(html("b", {}, head), ...said);
    this.tooltip.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.tooltip;
    const left = px + 14 + width > this.width ? px - 14 - width : px + 14;
    this.tooltip.style.left = `${Math.max(0, left)}px`;
    this.tooltip.style.top = `${clamp(py - height / 2, 0, Math.max(0, this.box.clientHeight - height))}px`;
    clearTimeout(this.soon);
    this.soon = setTimeout(() => (this.live.textContent = [head, ...lines.map((said) => `${said.name} ${said.text}`)].join(", ")), 300);
  }

  /* Zooming: charts over time all together, others each panel by itself. */
  zoom(index, [from, until]) {
    const { range } = this.chart.panels[index].x;
    const view = [Math.max(from, range[0]), Math.min(until, range[1])];
    if (!(view[1] > view[0])) return;
    const wanted = view[0] <= range[0] && view[1] >= range[1] ? null : view;
    if (this.isTime) timeView = wanted;
    else this.zooms[index] = wanted;
    this.redraw();
  }

  zoomOut() {
    if (this.isTime) timeView = null;
    this.zooms = [];
    this.redraw();
  }

  redraw() {
    plots.filter((plot) => plot === this || (this.isTime && plot.isTime)).forEach((plot) => plot.draw());
  }

  /* Where an event is, or null when that is in no frame. A drag stays in the frame in which it began. */
  locate(event, began) {
    const box = this.svg.getBoundingClientRect();
    const [left, top] = [event.clientX - box.left, event.clientY - box.top];
    const frame = began ? this.frames[began.panel] : this.frames.find((frame) => top >= frame.top && top <= frame.bottom + 3);
    if (!frame || (!began && (left < frame.left - 4 || left > frame.right + 4))) return null;
    const px = clamp(left, frame.left, frame.right);
    return { panel: frame.index, px, py: clamp(top, frame.top, frame.bottom), x: frame.x.invert(px) };
  }

  listen() {
    let began = null;
    const on = (name, listener) => this.svg.addEventListener(name, listener);
    on("pointerdown", (event) => {
      began = event.button === 0 ? this.locate(event) : null;
      if (began) this.svg.setPointerCapture(event.pointerId);
    });
    on("pointermove", (event) => {
      const point = this.locate(event, began);
      if (!point) this.leave();
      else if (began && Math.abs(point.px - began.px) >= 6) this.showSelection(began, point);
      else this.pointAt(point);
    });
    on("pointerup", (event) => {
      const point = began && this.locate(event, began);
      if (point && Math.abs(point.px - began.px) >= 6) this.zoom(point.panel, [began.x, point.x].sort((one, other) => one - other));
      began = null;
    });
    on("pointercancel", () => (began = this.leave()));
    on("pointerleave", () => began || this.leave());
    on("blur", () => this.leave());
    on("dblclick", () => this.zoomOut());
    on("keydown", (event) => event.ctrlKey || event.metaKey || event.altKey || this.key(event));
  }

  showSelection(began, { px }) {
    const { top: y, bottom } = this.frames[began.panel];
    const [x, width] = [Math.min(px, began.px), Math.abs(px - began.px)];
    this.hideCursor();
    this.overlay.append(shape("rect", { class: "selection", x, y, width, height: bottom - y }));
  }

  key(event) {
    const frame = this.frames[this.point ? this.point.panel : 0];
    const { left, right, top, bottom } = frame;
    const { px, py } = this.point || { px: (left + right) / 2, py: (top + bottom) / 2 };
    const step = ((right - left) / 100) * (event.shiftKey ? 10 : 1);
    const row = frame.panel.y.rows ? rowHeight(frame) : 0;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -row], ArrowDown: [0, row] };
    const move = moves[event.key];
    const factor = { "+": 0.5, "=": 0.5, "-": 2 }[event.key];
    if (move && (move[0] || move[1])) {
      const moved = clamp(px + move[0], left, right);
      this.pointAt({ panel: frame.index, px: moved, py: clamp(py + move[1], top + 1, bottom - 1), x: frame.x.invert(moved) });
    } else if (factor) {
      this.zoom(frame.index, [left, right].map((end) => frame.x.invert(px + (end - px) * factor)));
    } else if (event.key === "0" || event.key === "Escape") {
      this.zoomOut();
    } else {
      return;
    }
    event.preventDefault();
  }
}
