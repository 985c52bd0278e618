import assert from "node:assert/strict";
import test from "node:test";
import { differences, saidBy, saidByModels, isTrivial } from "../ui/traces/differences.js";

const trace = (tags, tokens) => saidBy({ state: "OK", tags, trace_metadata: tokens === undefined ? {} : { "mlflow.trace.tokenUsage": JSON.stringify({ total_tokens: tokens }) } });
const many = (count, make) => Array.from({ length: count }, (_, i) => make(i));
const lines = (found) => found.map(({ field, value, inside, outside }) => `${field.kind} ${field.key} ${value} ${inside.toFixed(2)} ${outside.toFixed(2)}`);

test("what a trace says is its name, service, status, tags and metadata, without what the server keeps for itself", () => {
  const { said, tokens } = saidBy({
    state: "ERROR",
    tags: { "mlflow.traceName": "chat", "service.name": "api", "mlflow.artifactLocation": "x", env: "prod", long: "x".repeat(500), empty: "" },
    trace_metadata: { "mlflow.trace.user": "ada", "mlflow.trace.sizeStats": "{}", "mlflow.trace.tokenUsage": '{"total_tokens": 7}' },
  });
  assert.deepEqual(said.map(([{ kind, key }, value]) => `${kind} ${key} ${value}`), ["name  chat", "service  api", "status  ERROR", "tag env prod", "metadata mlflow.trace.user ada"]);
  assert.equal(tokens, 7);
  assert.equal(saidBy({ trace_metadata: { "mlflow.trace.tokenUsage": "{" } }).tokens, null);
});

test("what differs most stands first, and what differs by chance does not stand there", () => {
  const selected = many(100, (i) => trace({ region: i < 90 ? "eu" : "us", half: i % 2 ? "a" : "b", id: `s${i}` }));
  const rest = many(200, (i) => trace({ region: i < 20 ? "eu" : "us", half: i % 2 ? "a" : "b", id: `r${i}` }));
  assert.deepEqual(lines(differences(selected, [{ traces: rest, weight: 200 }])), ["tag region eu 0.90 0.10", "tag region us 0.10 0.90"]);
});

test("a sample counts as much as what it stands for", () => {
  const selected = many(100, () => trace({ env: "a" }));
  const strata = [
    { traces: many(100, () => trace({ env: "a" })), weight: 100 },
    { traces: many(100, () => trace({ env: "b" })), weight: 900 },
    { traces: [], weight: 0 },
  ];
  assert.deepEqual(lines(differences(selected, strata)), ["tag env a 1.00 0.10", "tag env b 0.00 0.90"]);
});

test("many tokens are a difference, too", () => {
  const found = differences(many(50, () => trace({}, 900)), [{ traces: many(50, () => trace({}, 100)), weight: 50 }]);
  assert.deepEqual(lines(found), ["tokens  100 1.00 0.00"]);
});

test("nothing is compared with nothing", () => {
  assert.deepEqual(differences([], [{ traces: [trace({})], weight: 1 }]), []);
  assert.deepEqual(differences([trace({})], []), []);
});

test("a model counts once for each trace that calls it", () => {
  const found = differences(many(30, () => saidByModels(["large", "large", "small"])), [{ traces: many(30, () => saidByModels(["small"])), weight: 1 }]);
  assert.deepEqual(lines(found), ["model  large 1.00 0.00"]);
});

test("that the selected errors are errors is no difference worth a line", () => {
  const one = (kind, key = "") => ({ field: { kind, key } });
  const errors = { state: "ERROR" };
  assert.deepEqual([isTrivial(one("status"), errors), isTrivial(one("name"), errors), isTrivial(one("tag", "env"), errors), isTrivial(one("status"), { state: null })], [true, false, false, false]);
});
