// The frame of the page: links of other programs, what somebody looks for, the lines to begin with, rates of what comes in.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ratesOf, withReading } from "../ui/ingest/rates.js";
import { meaningOf } from "../ui/shell/meaning.js";
import { portOf, reach } from "../ui/start/reach.js";
import { ways } from "../ui/start/ways.js";

const ID = "4772ec6012024c87ab3fc7164b93c1ae";

test("an id is one in each of its forms, and anything else a part of a name", () => {
  for (const text of [ID, ` ${ID} `, `tr-${ID}`, ID.toUpperCase(), "4772ec60-1202-4c87-ab3f-c7164b93c1ae"]) assert.deepEqual(meaningOf(text), { id: ID, name: null });
  assert.deepEqual(meaningOf("fp8_kv 100%"), { id: null, name: "fp8\\_kv 100\\%" });
  assert.deepEqual(meaningOf(" "), { id: null, name: null });
});

test("ports are reached by the host that the page was loaded from", () => {
  const at = { protocol: "http:", hostname: "box", port: "5000", origin: "http://box:5000" };
  assert.equal(reach("0.0.0.0:4317", at), "http://box:4317");
  assert.equal(reach("127.0.0.1:5000", at), "http://box:5000");
  assert.equal(reach(null, at), null);
  assert.equal(portOf("[::1]:4318"), "4318");
});

test("each way to begin names this server, and gRPC only where it is served", () => {
  const all = ways({ web: "http://box:5000", grpc: "http://box:4317", http: "http://box:4318" });
  for (const { key, steps } of all) assert.ok(steps.some(({ text }) => text.includes("http://box:")), key);
  const text = (list) => JSON.stringify(list);
  assert.match(text(all), /PROTOCOL=grpc OTEL_EXPORTER_OTLP_ENDPOINT=http:\/\/box:4317/);
  assert.doesNotMatch(text(ways({ web: "http://box:5000", grpc: null, http: null })), /grpc|null/);
});

test("rates are of what was counted between readings; a counter that begins anew says nothing", () => {
  let history = [];
  for (const [at, spans] of [[0, 10], [2000, 30], [4000, 5], [5000, 6]]) history = withReading(history, { at, values: { spans } });
  assert.deepEqual(ratesOf(history, "spans"), [10, null, 1]);
  for (let at = 0; at < 200; at += 1) history = withReading(history, { at: 6000 + at, values: { spans: 6 } });
  assert.equal(ratesOf(history, "spans").length, 60);
});
