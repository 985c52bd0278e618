// What "find" finds: words and durations here at once, attributes by asking the server.

import { useMemo } from "../lib.js";
import { useLoad } from "../api.js";
import { findByAttributes } from "./load.js";
import { matches, termsOf } from "./find.js";

/** `{ rows, hit, fault, waiting }`: rows that match in order, and a 1 for each in `hit`; both null when nothing is searched for. */
export function useFind({ id, skeleton, tree, text }) {
  const terms = useMemo(() => termsOf(text), [text]);
  const asked = terms.attributes.length > 0 ? JSON.stringify([id, terms.attributes]) : null;
  const load = useLoad(asked, async (signal) => {
    const places = await findByAttributes(id, terms.attributes, signal);
    return { asked, ids: new Set(places.map((place) => skeleton.ids[place])) };
  });
  const isAnswered = asked === null || load.data?.asked === asked;
  const found = useMemo(() => {
    if (text.trim() === "" || terms.fault || !isAnswered) return { rows: null, hit: null };
    const rows = matches(tree, terms.tests, asked === null ? null : load.data.ids);
    const hit = new Uint8Array(tree.size);
    for (const row of rows) hit[row] = 1;
    return { rows, hit };
  }, [tree, terms, isAnswered, load.data]);
  const refused = asked !== null && load.error ? `Attributes could not be searched: ${load.error.message}` : null;
  return { ...found, fault: terms.fault ?? refused, waiting: !isAnswered && !refused };
}
