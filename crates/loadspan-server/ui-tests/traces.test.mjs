import assert from "node:assert/strict";
import test from "node:test";
import { filterOf, sessionRow } from "../ui/sessions/search.js";
import { binsOf, slowestFrom, widthOf, widthText } from "../ui/traces/bins.js";
import { adding, clauseOf } from "../ui/traces/clauses.js";
import { durationAxis, durationTick } from "../ui/traces/duration-axis.js";
import { latestOf } from "../ui/traces/latest.js";
import { MOST, boundsOf, layout, nearest, pointOf, valueAt } from "../ui/traces/points.js";
import { besides, clausesOf, isSelected, rangeOf, rowOf, searchOf, shortId, traceId } from "../ui/traces/search.js";
import { timeTicks } from "../ui/traces/time-ticks.js";

const search = (text) => searchOf(new URLSearchParams(text));

test("the URL is the API's filter, and what was typed stands first in it", () => {
  assert.deepEqual(search(""), { base: "", selection: null, filter: "", order: "timestamp DESC" });
  assert.deepEqual(search("status=error&svc=it's&dur=200ms-2s&sort=-duration&q=tags.a='b'"), {
    base: "tags.a='b' AND service = 'it''s'",
    selection: { time: [null, null], duration: [200, 2000], state: "ERROR" },
    filter: "tags.a='b' AND service = 'it''s' AND status = 'ERROR' AND execution_time >= 200 AND execution_time <= 2000",
    order: "execution_time DESC",
  });
  assert.equal(search("dur=200ms-").filter, "execution_time >= 200");
  assert.equal(search("time=1000-2000&status=x").filter, "timestamp >= 1000 AND timestamp <= 2000");
  assert.equal(search("run=abc").filter, "run_id = 'abc'");
  assert.equal(search("dur=soon&time=").selection, null);
  assert.deepEqual(rangeOf("-5", Number), [null, 5]);
  assert.deepEqual(rangeOf("5", Number), [null, null]);
});

const point = (started, seconds, state = "OK") => ({ id: `${started}`, started, seconds, state });

test("each point is selected, or in exactly one of the parts beside the selection", () => {
  // As the filter language would say it of a trace that has ended.
  const holds = (filter, { started, seconds, state }) =>
    filter.split(" AND ").every((clause) => {
      const [name, op, value] = clause.split(" ");
      const one = { timestamp: started, execution_time: Math.round(seconds * 1000), status: `'${state}'` }[name];
      const other = name === "status" ? value : Number(value);
      return { "<": one < other, ">": one > other, "<=": one <= other, ">=": one >= other, "=": one === other, "!=": one !== other }[op];
    });
  const points = [1, 5, 9].flatMap((started) => [0.001, 0.005, 0.009].flatMap((seconds) => ["OK", "ERROR"].map((state) => point(started, seconds, state))));
  for (const text of ["time=3-7", "dur=4-6", "dur=6-", "status=error", "time=3-7&dur=-6&status=error", "time=5-5&dur=5-5"]) {
    const { selection, filter } = search(text);
    for (const one of points) {
      const parts = [filter, ...besides(selection)].filter((part) => holds(part, one));
      assert.equal(parts.length, 1, `${text} ${JSON.stringify(one)}`);
      assert.equal(isSelected(one, selection), parts[0] === filter);
    }
  }
  assert.equal(isSelected(point(5, null), search("dur=1-").selection), false);
  assert.deepEqual(clausesOf(search("status=ok").selection), ["status = 'OK'"]);
});

test("bins are round times, and a percentile of few is not said", () => {
  const { seconds, bins } = binsOf([point(10_100, 1), point(10_900, 3, "ERROR"), point(13_000, null)], 10);
  assert.equal(seconds, 0.5);
  assert.deepEqual([bins.length, bins[0].from, bins.at(-1).to], [7, 10_000, 13_500]);
  assert.deepEqual(bins.map(({ traces, errors, longest }) => [traces, errors, longest]), [[1, 0, 1], [1, 1, 3], [0, 0, null], [0, 0, null], [0, 0, null], [0, 0, null], [1, 0, null]]);
  const [many] = binsOf(Array.from({ length: 20 }, (_, i) => point(1000, i + 1)), 10).bins;
  assert.deepEqual([many.p50, many.p95, many.longest], [10, 19, 20]);
  assert.equal(binsOf([], 10), null);
  assert.deepEqual([widthOf(0, 3_600_000, 61), widthOf(5, 5, 10)], [60, 0.1]);
  assert.deepEqual([0.1, 2, 120, 7200, 172_800].map(widthText), ["100 ms", "2 s", "2 min", "2 h", "2 d"]);
});

test("the slowest are those that take as long as all but a few", () => {
  assert.equal(slowestFrom(Array.from({ length: 100 }, (_, i) => point(i, (i + 1) / 1000)), 0.05), 95);
  assert.equal(slowestFrom([point(1, 1)], 0.05), null);
});

test("a value is included or excluded in the filter language, once", () => {
  const tag = (key) => ({ kind: "tag", key });
  assert.equal(clauseOf({ kind: "service", key: "" }, "it's", true), "service = 'it''s'");
  assert.equal(clauseOf(tag("env"), "a", false), "tags.env != 'a'");
  assert.equal(clauseOf(tag("two words"), "a", true), "tags.`two words` = 'a'");
  assert.equal(clauseOf(tag("a`b"), "a", true), "tags.\"a`b\" = 'a'");
  assert.equal(clauseOf(tag("a`\"b"), "a", true), null);
  assert.equal(clauseOf({ kind: "tokens", key: "" }, "1000", false), "total_tokens <= 1000");
  const query = new URLSearchParams("q=a = 'b'");
  assert.deepEqual(adding(query, "c = 'd'"), { q: "a = 'b' AND c = 'd'" });
  assert.deepEqual(adding(query, "a = 'b'"), {});
});

test("a trace of the API is a row", () => {
  const row = rowOf({
    trace_id: "tr-1",
    request_time: "2026-11-22T02:13:55.844Z",
    execution_duration: "0.361s",
    state: "OK",
    trace_metadata: { "mlflow.trace.tokenUsage": '{"input_tokens":5}', "mlflow.trace.sizeStats": "broken" },
    tags: { "mlflow.traceName": "chat" },
  });
  assert.deepEqual([row.name, row.seconds, row.inputTokens, row.outputTokens, row.spans, row.session], ["chat", 0.361, 5, null, null, null]);
  assert.equal(rowOf({ trace_id: "x", request_time: "" }).seconds, null);
  const exact = { trace_id: "x", request_time: "", execution_duration: "0.361s" };
  assert.deepEqual(["361234567", 361_234_567].map((nanos) => rowOf({ ...exact, execution_duration_ns: nanos }).seconds), [0.361234567, 0.361234567]);
  assert.deepEqual([traceId("a".repeat(32)), traceId("tr-x"), shortId("tr-4f2a91c0dd")], [`tr-${"a".repeat(32)}`, "tr-x", "4f2a91c0"]);
});

test("points have places, and places values", () => {
  const rows = [
    { started: 0, seconds: 0.01, state: "OK" },
    { started: 100_000, seconds: 3, state: "ERROR" },
    { started: 5, seconds: null },
  ];
  const bounds = boundsOf(rows);
  assert.deepEqual([bounds.low, bounds.high], [-2, 1]);
  const box = { width: 300, height: 100 };
  const place = pointOf(rows[1], bounds, box);
  const back = valueAt(place, bounds, box);
  assert.ok(Math.abs(back.started - 100_000) < 1e-6 && Math.abs(back.seconds - 3) < 1e-9);
  const { points } = layout(rows, bounds, box);
  assert.equal(points.length, 2);
  assert.equal(nearest(points, { x: place.x + 3, y: place.y }).row, rows[1]);
  assert.equal(nearest(points, { x: place.x + 40, y: place.y }), null);
  assert.equal(boundsOf([]), null);
  const one = boundsOf([{ started: 5, seconds: 0 }]);
  assert.ok(one.last > one.first && one.high > one.low);
});

test("an axis of durations has whole decades where these are far apart, and else what they fill", () => {
  const { low, high, ticks } = durationAxis(0.01, 3);
  assert.deepEqual([low, high, ticks.map(durationTick)], [-2, 1, ["10 ms", "100 ms", "1 s", "10 s"]]);
  const close = durationAxis(0.361, 0.372);
  assert.ok(10 ** close.low > 0.2 && 10 ** close.low < 0.361 && 10 ** close.high > 0.372 && 10 ** close.high < 0.6);
  assert.ok(close.ticks.length >= 2 && close.ticks.length <= 5);
  assert.ok(durationAxis(0, 0).high > durationAxis(0, 0).low);
  assert.equal(durationAxis(1e-6, 4000).ticks.length, 4);
  assert.deepEqual([0.25, 1.5, 100].map(durationTick), ["250 ms", "1.5 s", "1 m 40 s"].with(2, "100 s"));
});

test("behind a long time of nothing the latest traces are looked at by themselves", () => {
  const at = (...minutes) => minutes.map((minute) => ({ started: minute * 60_000 }));
  assert.deepEqual(latestOf(at(0, 1, 2, 62, 63)), { since: 62 * 60_000, before: 3, gap: 60 * 60_000 });
  assert.deepEqual(latestOf(at(0, 50, 51, 80, 81)), { since: 80 * 60_000, before: 3, gap: 29 * 60_000 });
  assert.equal(latestOf(at(0, 1, 62)), null);
  assert.equal(latestOf(at(...Array.from({ length: 48 }, (_, i) => i * 30))), null);
  assert.equal(latestOf(at(0, 10, 20, 30)), null);
  assert.equal(latestOf(at(0, 0.5)), null);
  assert.equal(latestOf([]), null);
});

test("above thousands of points there are cells, and the slowest stay points", () => {
  const rows = Array.from({ length: MOST + 1000 }, (_, i) => ({ started: i, seconds: (i % 100) / 100 + 0.01 }));
  const { points, cells, most } = layout(rows, boundsOf(rows), { width: 600, height: 100 });
  assert.equal(points.length, 200);
  assert.ok(points.every(({ row }) => row.seconds > 0.9));
  assert.equal(cells.reduce((sum, { count }) => sum + count, 0), rows.length);
  assert.ok(most > 1);
});

test("ticks of time are round", () => {
  assert.deepEqual(timeTicks(0, 600_000, 3), [0, 300_000, 600_000]);
});

test("sessions are searched by words, parts of names, or the filter language", () => {
  const filter = (text) => filterOf(new URLSearchParams(text));
  assert.equal(filter(""), "");
  assert.equal(filter("q=100%25 it's"), "trace.text ILIKE '%100\\% it''s%'");
  assert.equal(filter("q=chat&by=session"), "session_id ILIKE '%chat%'");
  assert.equal(filter("q=status = 'ERROR'&by=filter"), "status = 'ERROR'");
});

test("a session of the API is a row, and what is not known stays unknown", () => {
  const row = sessionRow({ session_id: "s", end_ms: 9, traces: 2, errors: 0, duration_ms: 1500, input_tokens: null, output_tokens: 3, cost: null, preview: null });
  assert.deepEqual([row.id, row.tokens, row.cost, row.seconds, row.asked, row.models], ["s", 3, null, 1.5, "", []]);
  assert.equal(sessionRow({ input_tokens: null, output_tokens: null }).tokens, null);
});
