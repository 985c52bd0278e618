// What clients do wrong is named on the page of what comes in, with what they are to do instead.

import { connect as openHttp2 } from "node:http2";
import { connect } from "node:net";
import { traceIdOf } from "./fixtures/spans.mjs";
import { must, settled } from "./harness.mjs";

export const checks = [
  { name: "34 the page names each of 8 mistakes of clients, and what to do", run: mistakes },
  { name: "34 what came is what is stored, rejected and on its way, added up", run: ledger },
];

/** Bytes to a port, and whatever is answered. */
function raw(port, bytes) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    const answer = [];
    const end = () => {
      socket.destroy();
      resolve(Buffer.concat(answer).toString("latin1"));
    };
    socket.on("data", (part) => answer.push(part)).on("close", end).on("error", end);
    setTimeout(end, 700);
  });
}

/** An export over gRPC, with an empty message. */
function callGrpc(port) {
  return new Promise((resolve) => {
    const session = openHttp2(`http://127.0.0.1:${port}`);
    const end = () => {
      session.destroy();
      resolve();
    };
    session.on("error", end);
    const call = session.request({ ":method": "POST", ":path": "/opentelemetry.proto.collector.trace.v1.TraceService/Export", "content-type": "application/grpc", te: "trailers" });
    call.on("error", end).on("close", end).resume();
    call.end(Buffer.alloc(5));
    setTimeout(end, 700);
  });
}

/** The beginning of a handshake of TLS 1.2. */
const HELLO = Buffer.from("160301002f0100002b0303" + "11".repeat(32) + "000004c02fc0300100", "hex");

function post(base, path, body, type) {
  return fetch(base + path, { method: "POST", headers: { "content-type": type }, body }).catch(() => {});
}

/** Each with what the page has to say of it. */
function plant(kit) {
  const { ports, page: api } = kit.config;
  const zero = { resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: "0".repeat(32), spanId: traceIdOf("zero").slice(0, 16), name: "zero", startTimeUnixNano: "1", endTimeUnixNano: "2" }] }] }] };
  const host = `host: 127.0.0.1:${ports.http}`;
  return [
    ["gRPC sent to the HTTP port", () => callGrpc(ports.http), new RegExp(`gRPC (came|was sent) to port ${ports.http}|port ${ports.http} received .{0,10}gRPC`, "i"), new RegExp(`port ${ports.grpc}|http/protobuf`)],
    ["HTTP sent to the gRPC port", () => raw(ports.grpc, `POST /v1/traces HTTP/1.1\r\nhost: 127.0.0.1:${ports.grpc}\r\ncontent-length: 0\r\n\r\n`), new RegExp(`HTTP (came|was sent) to port ${ports.grpc}`), new RegExp(`port ${ports.http}|PROTOCOL=grpc`)],
    ["TLS sent to a plain port", () => raw(ports.http, HELLO), /TLS (came|was sent) to port/, /http:|--tls/i],
    ["a trace id of zeros", () => post(api, "/v1/traces", JSON.stringify(zero), "application/json"), /trace id.{0,40}zero|all zeros/i, /./],
    ["another content type", () => post(api, "/v1/traces", "spans", "text/plain"), /content.type/i, /protobuf|json/i],
    ["a body that is too large", () => raw(ports.http, `POST /v1/traces HTTP/1.1\r\n${host}\r\ncontent-type: application/json\r\ncontent-length: 90000000\r\n\r\n`), /too large|larger|max-body/i, /max-body|smaller|batch/i],
    ["damaged protobuf", () => post(api, "/v1/traces", new Uint8Array([0xff, 0xff, 0xff, 0x01]), "application/x-protobuf"), /damaged|no OTLP/i, /./],
    ["damaged JSON", () => post(api, "/v1/traces", '{"resourceSpans": [', "application/json"), /damaged|no OTLP/i, /./],
  ];
}

async function mistakes(kit) {
  const planted = plant(kit);
  for (const [, make] of planted) await make();
  const page = await kit.open("/ingest");
  // The page asks every other second.
  await page.waitForTimeout(2500);
  await settled(page, { most: 2000 });
  const rejects = page.locator("main section").filter({ has: page.getByRole("heading", { name: /^(Rejected|Refused|Mistakes)/ }) });
  must((await rejects.count()) > 0, "the page has no section Rejected");
  const part = await rejects.first().innerText();
  const wrong = planted.filter(([, , named, remedy]) => !named.test(part) || !remedy.test(part)).map(([what]) => what);
  must(wrong.length === 0, () => `not named, or without a remedy: ${wrong.join(", ")}. The page says: ${part.replace(/\s+/g, " ").slice(0, 500)}`);
  return `${planted.length} mistakes`;
}

/** Spans that came, by the server's own count. */
async function received(api) {
  return Number(/loadspan_server_items_received_total\{signal="traces"\} (\d+)/.exec(await api.get("/metrics"))[1]);
}

async function ledger(kit) {
  const before = await received(kit.api);
  const page = await kit.open("/ingest");
  const row = page.getByRole("row").filter({ hasText: /^\s*traces/i }).first();
  await row.waitFor();
  const names = (await page.getByRole("table").filter({ has: row }).first().getByRole("columnheader").allInnerTexts()).map((name) => name.trim().toLowerCase());
  const cells = await row.locator("th, td").allInnerTexts();
  const value = (name) => Number(cells[names.findIndex((one) => one.startsWith(name))]?.replace(/[^\d]/g, ""));
  const [came, stored, rejected] = ["received", "stored", "rejected"].map(value);
  const way = value("on its way") || 0;
  must(came === stored + rejected + way, () => `${came} came, and ${stored} + ${rejected} + ${way} are accounted for: ${names.join(" ")} ${cells.join(" ")}`);
  const after = await received(kit.api);
  must(before <= came && came <= after, `the page says ${came}, the server ${before} before and ${after} after`);
  return `${came} = ${stored} + ${rejected}${way ? ` + ${way}` : ""}`;
}
