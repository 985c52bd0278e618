// How the ports of this server are reached from where the page was loaded. No DOM.

/** The port of an address: `127.0.0.1:4317`, `[::1]:4317`. */
export function portOf(address) {
  return /:(\d+)$/.exec(address ?? "")?.[1] ?? null;
}

/** A URL of a port: the host is that of the page, which is known to lead here. `at` is the page's own location. */
export function reach(address, at = location) {
  const port = portOf(address);
  if (port === null) return null;
  return port === (at.port || (at.protocol === "https:" ? "443" : "80")) ? at.origin : `${at.protocol}//${at.hostname}:${port}`;
}
