// The server's interfaces, as its clients use them.

/** Requests that are on their way at the same time. */
const AT_ONCE = 8;

export class Api {
  constructor(base) {
    this.base = base;
  }

  async send(method, path, body, headers = {}) {
    const isJson = body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array);
    const answer = await fetch(this.base + path, {
      method,
      headers: isJson ? { "content-type": "application/json", ...headers } : headers,
      body: isJson ? JSON.stringify(body) : body,
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`);
    return text && (answer.headers.get("content-type") ?? "").includes("json") ? JSON.parse(text) : text;
  }

  get(path, query = {}) {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      for (const one of Array.isArray(value) ? value : [value]) search.append(name, one);
    }
    return this.send("GET", search.size > 0 ? `${path}?${search}` : path);
  }

  post(path, body) {
    return this.send("POST", path, body);
  }
}

/** Does something with each, some at a time. */
export async function each(items, work, atOnce = AT_ONCE) {
  const queue = items.entries();
  const worker = async () => {
    for (const [place, item] of queue) await work(item, place);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** The same numbers in each run. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
