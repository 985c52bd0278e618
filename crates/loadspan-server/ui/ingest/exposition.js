// The text that the server has for Prometheus, as samples. No DOM.

/** Samples: `{ name, labels, value }`. Comments, and what is no sample, are passed over. */
export function samples(text) {
  return text.split("\n").flatMap((line) => {
    const found = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (!found) return [];
    const [, name, labels = "", value] = found;
    return [{ name, labels: labelsOf(labels), value: Number(value) }];
  });
}

function labelsOf(text) {
  const labels = {};
  for (const [, name, value] of text.matchAll(/([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
    labels[name] = value.replace(/\\(.)/g, (_, sign) => (sign === "n" ? "\n" : sign));
  }
  return labels;
}

/** The value of a sample with these labels. `null`: there is none. */
export function valueOf(all, name, wanted = {}) {
  const found = all.find((sample) => {
    return sample.name === name && Object.entries(wanted).every(([label, value]) => sample.labels[label] === value);
  });
  return found ? found.value : null;
}

/** What became of what came, by signal: `{ signal, received, stored, rejected }`. */
export function ledger(all) {
  return ["traces", "metrics", "logs"].map((signal) => {
    const of = (kind) => valueOf(all, `loadspan_server_items_${kind}_total`, { signal }) ?? 0;
    return { signal, received: of("received"), stored: of("stored"), rejected: of("rejected") };
  });
}

/** Requests by route: `{ route, method, requests, failed, seconds }`, the most frequent first. Pages and their files are left out. */
export function routes(all) {
  const found = new Map();
  for (const { name, labels, value } of all) {
    const part = /^loadspan_server_request_duration_seconds_(sum|count)$/.exec(name)?.[1];
    if (!part || !/^\/(api|ajax-api|v1)\//.test(labels.route ?? "")) continue;
    const key = `${labels.method} ${labels.route}`;
    const route = found.get(key) ?? { id: key, route: labels.route, method: labels.method, requests: 0, failed: 0, seconds: 0 };
    if (part === "sum") route.seconds += value;
    else {
      route.requests += value;
      if (Number(labels.status) >= 400) route.failed += value;
    }
    found.set(key, route);
  }
  return [...found.values()].sort((a, b) => b.requests - a.requests);
}
