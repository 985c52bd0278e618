#!/usr/bin/env bash
# Benchmarks a server with every request as a span in Jaeger.
#
#   examples/otel/run_with_jaeger.sh [flags of loadspan profile]
#
# Starts Jaeger in Docker unless something listens on its OTLP port already; without flags, benchmarks http://localhost:8000.
set -euo pipefail

port=4317
page=http://localhost:16686

if ! (exec 3<>"/dev/tcp/localhost/$port") 2>/dev/null; then
    docker run --detach --rm --name loadspan-jaeger \
        --publish 127.0.0.1:16686:16686 --publish "127.0.0.1:$port:$port" jaegertracing/jaeger:2.12.0
    until (exec 3<>"/dev/tcp/localhost/$port") 2>/dev/null; do sleep 0.5; done
    echo "Jaeger runs in the container loadspan-jaeger; stop it with: docker stop loadspan-jaeger" >&2
fi

# Jaeger takes traces only, so that metrics are left out.
OTEL_TRACES_ENABLED=true \
OTEL_METRICS_EXPORTER=none \
OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:$port \
    loadspan profile --streaming "$@"

echo "traces: $page/search?service=${OTEL_SERVICE_NAME:-loadspan}" >&2
