"""An application that knows nothing of MLflow: OpenTelemetry's SDK, the GenAI conventions, and where to send it.

otel_app.py GRPC_URL HTTP_URL
"""

import json
import logging
import sys

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

QUESTION = [{"role": "user", "parts": [{"type": "text", "content": "What is the weather?"}]}]
ANSWER = [{"role": "assistant", "parts": [{"type": "text", "content": "It rains."}], "finish_reason": "stop"}]


class App:
    """One service, which sends everything by one protocol."""

    def __init__(self, service, exporters):
        spans, metrics, logs = exporters
        resource = Resource.create({"service.name": service, "service.version": "1.2.3"})
        self.traces = TracerProvider(resource=resource)
        self.traces.add_span_processor(BatchSpanProcessor(spans))
        self.tracer = self.traces.get_tracer("interop", "0.1")
        reader = PeriodicExportingMetricReader(metrics, export_interval_millis=60_000)
        self.metrics = MeterProvider(resource=resource, metric_readers=[reader])
        meter = self.metrics.get_meter("interop")
        self.tokens = meter.create_histogram("gen_ai.client.token.usage", unit="{token}")
        self.requests = meter.create_counter("requests")
        self.logs = LoggerProvider(resource=resource)
        self.logs.add_log_record_processor(BatchLogRecordProcessor(logs))
        self.logger = logging.getLogger(service)
        self.logger.setLevel(logging.INFO)
        self.logger.propagate = False
        self.logger.addHandler(LoggingHandler(logger_provider=self.logs))

    def run(self):
        self.answer()
        self.fail()
        flushed = [self.traces.force_flush(), self.metrics.force_flush(), self.logs.force_flush()]
        for provider in (self.traces, self.metrics, self.logs):
            provider.shutdown()
        return all(flushed)

    def answer(self):
        attributes = {"session.id": "session-7", "user.id": "user-7", "http.request.method": "POST"}
        with self.tracer.start_as_current_span("POST /ask", kind=SpanKind.SERVER, attributes=attributes) as root:
            with self.tracer.start_as_current_span("embeddings", attributes={"gen_ai.operation.name": "embeddings"}):
                pass
            self.chat()
            tool = {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "weather",
                "gen_ai.tool.call.arguments": '{"city": "Bergen"}',
                "gen_ai.tool.call.result": '"rain"',
            }
            with self.tracer.start_as_current_span("execute_tool weather", attributes=tool, links=[Link(root.get_span_context())]):
                self.logger.info("the tool has answered")
            self.requests.add(1, {"route": "/ask"})

    def chat(self):
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
            "gen_ai.usage.input_tokens": 1000,
            "gen_ai.usage.output_tokens": 500,
            "gen_ai.input.messages": json.dumps(QUESTION),
            "gen_ai.output.messages": json.dumps(ANSWER),
            "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.request.temperature": 0.25,
        }
        with self.tracer.start_as_current_span("chat gpt-4o-mini", kind=SpanKind.CLIENT, attributes=attributes) as span:
            span.add_event("first token", {"n": 1})
            self.tokens.record(1000, {"gen_ai.token.type": "input"})
            self.tokens.record(500, {"gen_ai.token.type": "output"})

    def fail(self):
        with self.tracer.start_as_current_span("GET /broken", kind=SpanKind.SERVER) as span:
            span.record_exception(ValueError("no such thing"))
            span.set_status(Status(StatusCode.ERROR, "no such thing"))


def main(grpc, http):
    by_grpc = [exporter(endpoint=grpc, insecure=True) for exporter in (GrpcSpans, GrpcMetrics, GrpcLogs)]
    signals = [(HttpSpans, "traces"), (HttpMetrics, "metrics"), (HttpLogs, "logs")]
    by_http = [exporter(endpoint=f"{http}/v1/{signal}") for exporter, signal in signals]
    zipped = [exporter(endpoint=f"{http}/v1/{signal}", compression=Compression.Gzip) for exporter, signal in signals]
    headers = {"x-mlflow-experiment-name": "named by a header"}
    named = [exporter(endpoint=f"{http}/v1/{signal}", headers=headers) for exporter, signal in signals]
    apps = {"app by grpc": by_grpc, "app by http": by_http, "app by gzip": zipped, "app with header": named}
    print(json.dumps({service: App(service, exporters).run() for service, exporters in apps.items()}))


main(*sys.argv[1:])
