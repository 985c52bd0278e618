import assert from "node:assert/strict";
import test from "node:test";
import { sessionsOf } from "../ui/sessions/group.js";
import { MOST, boundsOf, layout, nearest, pointOf, valueAt } from "../ui/traces/points.js";
import { rangeOf, rowOf, searchOf, shortId, traceId } from "../ui/traces/search.js";
import { timeTicks } from "../ui/traces/time-ticks.js";

const search = (text, more) => searchOf(new URLSearchParams(text), more);

test("the URL is the API's filter", () => {
  assert.deepEqual(search(""), { filter: "", order: "timestamp DESC" });
  assert.deepEqual(search("status=error&svc=it's&dur=200ms-2s&sort=-duration&q=tags.a='b'"), {
    filter: "status = 'ERROR' AND service = 'it''s' AND execution_time >= 200 AND execution_time <= 2000 AND tags.a='b'",
    order: "execution_time DESC",
  });
  assert.equal(search("dur=200ms-").filter, "execution_time >= 200");
  assert.equal(search("time=1000-2000&status=x").filter, "timestamp >= 1000 AND timestamp <= 2000");
  assert.equal(search("", { run: "abc" }).filter, "run_id = 'abc'");
  assert.deepEqual(rangeOf("-5", Number), [null, 5]);
  assert.deepEqual(rangeOf("5", Number), [null, null]);
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

test("traces are grouped by session, the latest first", () => {
  const turn = (session, started, more) => ({ session, started, seconds: 1, state: "OK", inputTokens: 1, outputTokens: 2, cost: null, user: null, service: "s", asked: `at ${started}`, ...more });
  const sessions = sessionsOf([turn("b", 5000), turn("a", 3000, { state: "ERROR" }), turn("a", 1000, { cost: 0.5, user: "u" }), turn(null, 9000)]);
  assert.deepEqual(sessions.map(({ id }) => id), ["b", "a"]);
  const { turns, errors, tokens, cost, asked, user, first, last } = sessions[1];
  assert.deepEqual([turns, errors, tokens, cost, asked, user, first, last], [2, 1, 6, 0.5, "at 1000", "u", 1000, 4000]);
});
