import assert from "node:assert/strict";
import { test } from "node:test";
import { ledger, routes, samples, valueOf } from "../ui/ingest/exposition.js";

const TEXT = `# HELP loadspan_server_items_received_total Items that came.
# TYPE loadspan_server_items_received_total counter
loadspan_server_items_received_total{signal="traces"} 12
loadspan_server_items_stored_total{signal="traces"} 9
loadspan_server_items_rejected_total{signal="traces"} 2
loadspan_server_connections 3
loadspan_server_request_duration_seconds_sum{method="POST",route="/v1/traces",status="200"} 0.5
loadspan_server_request_duration_seconds_count{method="POST",route="/v1/traces",status="200"} 4
loadspan_server_request_duration_seconds_count{method="POST",route="/v1/traces",status="429"} 1
loadspan_server_request_duration_seconds_count{method="GET",route="/runs",status="200"} 9
odd{label="a \\"quote\\" and \\\\"} 1`;

test("what came is added up by signal", () => {
  const [traces, metrics] = ledger(samples(TEXT));
  assert.deepEqual(traces, { signal: "traces", received: 12, stored: 9, rejected: 2 });
  assert.deepEqual(metrics, { signal: "metrics", received: 0, stored: 0, rejected: 0 });
});

test("requests are counted by route, and pages are none", () => {
  assert.deepEqual(routes(samples(TEXT)), [
    { id: "POST /v1/traces", route: "/v1/traces", method: "POST", requests: 5, failed: 1, seconds: 0.5 },
  ]);
});

test("values are found by their labels, which may have quotes", () => {
  const all = samples(TEXT);
  assert.equal(valueOf(all, "loadspan_server_connections"), 3);
  assert.equal(valueOf(all, "odd", { label: 'a "quote" and \\' }), 1);
  assert.equal(valueOf(all, "nothing"), null);
});
