"""Makes spans with MLflow's Python SDK as fast as one thread can: the counterpart of the example `throughput burst` of loadspan-sdk.

Usage: python sdk_peer.py SPANS, with the variables of OpenTelemetry for where they go. Prints one line of JSON.
"""

import json
import sys
import time

import mlflow
from mlflow.tracing.provider import provider


def make_span(number):
    with mlflow.start_span("process_request", span_type="CHAIN") as span:
        span.set_inputs({"query": "What is MLflow?", "number": number})
        span.set_outputs({"response": "MLflow is an open source platform"})


def main():
    spans = int(sys.argv[1])
    # The first one imports modules and makes the exporter.
    make_span(0)
    provider.get().force_flush()

    start, cpu_start = time.monotonic(), time.process_time()
    for number in range(1, spans):
        make_span(number)
    made_in = time.monotonic() - start
    # Waits until the exporter has sent what is left.
    provider.get().force_flush()
    all_in, cpu = time.monotonic() - start, time.process_time() - cpu_start
    print(json.dumps({"spans": spans, "made_in_s": made_in, "all_in_s": all_in, "cpu_s": cpu}))


main()
