// What is drawn on a canvas. This function runs in the page.

/**
 * How high the drawing of a time chart reaches, as a share of its height: `inside` of a part of its width (`from` to `until`, shares), and
 * `outside` of it. Lines across the chart, which are the same at all places, do not count.
 */
export function skyline(figure, { from, until }) {
  const canvas = figure.querySelector("canvas");
  const over = figure.querySelector(".u-over").getBoundingClientRect();
  const box = canvas.getBoundingClientRect();
  const ratio = canvas.width / box.width;
  const [left, top] = [Math.round((over.left - box.left) * ratio), Math.round((over.top - box.top) * ratio)];
  const [width, height] = [Math.round(over.width * ratio), Math.round(over.height * ratio)];
  const { data } = canvas.getContext("2d").getImageData(left, top, width, height);
  const at = (x, y) => data.slice((y * width + x) * 4, (y * width + x) * 4 + 4);
  const usual = [];
  // The colour that most of a line of pixels has: the ground, or a line across.
  for (let y = 0; y < height; y += 1) {
    const counts = new Map();
    for (let x = 0; x < width; x += 3) {
      const key = at(x, y).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    usual.push([...counts].sort((one, other) => other[1] - one[1])[0][0].split(",").map(Number));
  }
  const isDrawn = (x, y) => {
    const pixel = at(x, y);
    return usual[y].some((value, channel) => Math.abs(value - pixel[channel]) > 40);
  };
  const reach = (first, last) => {
    const tops = [];
    for (let x = Math.max(0, first); x <= Math.min(width - 1, last); x += 1) {
      let y = 0;
      while (y < height && !isDrawn(x, y)) y += 1;
      tops.push(1 - y / height);
    }
    return tops.sort((one, other) => one - other);
  };
  const [begin, end] = [Math.floor(from * width), Math.ceil(until * width)];
  const spare = Math.max(6, Math.round(width * 0.02));
  const beside = [...reach(0, begin - spare), ...reach(end + spare, width - 1)].sort((one, other) => one - other);
  return { inside: reach(begin - 2, end + 2).at(-1), outside: beside[Math.floor(beside.length * 0.5)] };
}

/** The ground of a time chart at some places of its width (shares): the colour that most pixels have there, near the top, where little is drawn. */
export function grounds(figure, places) {
  const canvas = figure.querySelector("canvas");
  const over = figure.querySelector(".u-over").getBoundingClientRect();
  const box = canvas.getBoundingClientRect();
  const ratio = canvas.width / box.width;
  return places.map((place) => {
    const left = Math.round((over.left - box.left + over.width * place) * ratio);
    const { data } = canvas.getContext("2d").getImageData(left, Math.round((over.top - box.top) * ratio), 1, Math.round((over.height * ratio) / 10));
    const counts = new Map();
    for (let at = 0; at < data.length; at += 4) {
      const key = data.slice(at, at + 4).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return [...counts].sort((one, other) => other[1] - one[1])[0][0];
  });
}
