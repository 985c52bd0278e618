// Where one came from: a chart whose mark led to this trace says so in the address. Only pages of this server are gone back to.

const PAGES = [
  [/^\/runs\/[^/]+$/, "the run"],
  [/^\/compare$/, "the comparison"],
  [/^\/traces$/, "the search"],
  [/^\/sessions\/[^/]+$/, "the session"],
];

/** `{ to, name }` of `from=…`, or null if it is no page of this server. */
export function wayBack(from, origin) {
  if (!from?.startsWith("/")) return null;
  let url;
  try {
    url = new URL(from, origin);
  } catch {
    return null;
  }
  const page = url.origin === origin && PAGES.find(([pattern]) => pattern.test(url.pathname));
  if (!page) return null;
  return { to: url.pathname + url.search, name: page[1] };
}
