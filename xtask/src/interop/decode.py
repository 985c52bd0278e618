"""Decodes captured OTLP bodies with the messages of the Python SDK and prints what they hold, as JSON."""

import base64
import hashlib
import json
import pathlib
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

IDS = {"traceId", "spanId", "parentSpanId"}


def ids_as_protobuf_json(value):
    """OTLP/JSON has ids in hexadecimal where protobuf's own JSON has base64."""
    if isinstance(value, dict):
        return {
            key: base64.b64encode(bytes.fromhex(inner)).decode() if key in IDS else ids_as_protobuf_json(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [ids_as_protobuf_json(inner) for inner in value]
    return value


def load(path):
    request = ExportTraceServiceRequest() if ".traces." in path.name else ExportMetricsServiceRequest()
    if path.suffix == ".json":
        json_format.ParseDict(ids_as_protobuf_json(json.loads(path.read_bytes())), request)
    else:
        request.ParseFromString(path.read_bytes())
    return request


def main(folder):
    spans, points, names, attributes, bodies = 0, 0, set(), set(), []
    for path in sorted(pathlib.Path(folder).iterdir()):
        request = load(path)
        bodies.append(request.SerializeToString(deterministic=True))
        for resource in getattr(request, "resource_spans", []):
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                assert len(span.trace_id) == 16 and len(span.span_id) == 8, path
                assert span.start_time_unix_nano <= span.end_time_unix_nano, path
                spans += 1
                names.add(span.name)
                attributes.update(attribute.key for attribute in span.attributes)
        for resource in getattr(request, "resource_metrics", []):
            for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
                data = getattr(metric, metric.WhichOneof("data")).data_points
                points += len(data)
                names.add(metric.name)
                attributes.update(attribute.key for point in data for attribute in point.attributes)
    digest = hashlib.sha256(b"".join(sorted(bodies))).hexdigest()
    names, attributes = sorted(names), sorted(attributes)
    print(json.dumps({"spans": spans, "points": points, "names": names, "attributes": attributes, "digest": digest}))


main(sys.argv[1])
