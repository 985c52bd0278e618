//! What is in a request.

use loadspan_testkit::OtlpSink;
use loadspan_wire::otlp::any_value::Value;
use loadspan_wire::otlp::{KeyValue as WireKeyValue, json};
use opentelemetry::Array;
use opentelemetry::trace::{Event, Link};

use super::*;

fn text<'a>(attributes: &'a [WireKeyValue], key: &str) -> Option<&'a str> {
    let value = attributes
        .iter()
        .find(|attribute| attribute.key == key)?
        .value
        .as_ref()?;
    match value.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

#[test]
fn a_span_is_written_whole() {
    let mut span = span(2, 1, &[("mlflow.spanType", "\"LLM\"")]);
    span.attributes.push(KeyValue::new(
        "list",
        opentelemetry::Value::Array(Array::I64(vec![1, 2])),
    ));
    span.events.events.push(Event::new(
        "exception",
        span.end_time,
        vec![KeyValue::new("exception.type", "E")],
        0,
    ));
    span.links
        .links
        .push(Link::new(span.span_context.clone(), vec![KeyValue::new("k", true)], 0));
    span.status = Status::error("broke");
    span.parent_span_is_remote = true;
    let style = Style {
        vocabulary: Vocabulary::Mlflow,
        value_length: None,
    };
    let resource = encode::resource([KeyValue::new("service.name", "s")]);
    let request = encode::request(resource, std::iter::once(&span), &style);
    let scope = &request.resource_spans[0].scope_spans[0];
    let written = &scope.spans[0];
    assert_eq!(scope.scope.as_ref().unwrap().name, "test");
    assert_eq!(written.trace_id, 7_u128.to_be_bytes());
    assert_eq!(
        (&written.span_id[..], &written.parent_span_id[..]),
        (&2_u64.to_be_bytes()[..], &1_u64.to_be_bytes()[..])
    );
    assert_eq!(written.flags, 0x301);
    assert_eq!(written.end_time_unix_nano - written.start_time_unix_nano, 85_000_000);
    assert_eq!(text(&written.attributes, "mlflow.spanType"), Some("\"LLM\""));
    assert!(matches!(
        written.attributes[1].value.as_ref().unwrap().value,
        Some(Value::ArrayValue(_))
    ));
    assert_eq!(text(&written.events[0].attributes, "exception.type"), Some("E"));
    assert_eq!(written.links[0].attributes.len(), 1);
    let status = written.status.as_ref().unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, "broke"));
    assert_eq!(json::decode_traces(&json::encode_traces(&request)).unwrap(), request);
}

#[test]
fn long_values_are_cut_but_for_those_of_mlflow() {
    let span = span(
        2,
        1,
        &[
            ("mlflow.spanInputs", "\"long\""),
            ("note", "äöü"),
            ("own", "\"äöü\""),
            ("object", r#"{"a":"long"}"#),
            ("brace", "{almost"),
        ],
    );
    let style = Style {
        vocabulary: Vocabulary::Mlflow,
        value_length: Some(2),
    };
    let request = encode::request(Resource::default(), std::iter::once(&span), &style);
    let attributes = &request.resource_spans[0].scope_spans[0].spans[0].attributes;
    assert_eq!(text(attributes, "note"), Some("äö"));
    assert_eq!(text(attributes, "mlflow.spanInputs"), Some("\"long\""));
    assert_eq!(text(attributes, "own"), Some("\"äö\""), "cut within the JSON");
    assert_eq!(text(attributes, "object"), Some(r#"{"a":"long"}"#), "kept whole");
    assert_eq!(text(attributes, "brace"), Some("{a"));
}

#[test]
fn our_own_scope_has_the_schema_of_what_it_speaks() {
    let schemas = |vocabulary| {
        let mut ours = span(2, 1, &[]);
        ours.instrumentation_scope = InstrumentationScope::builder("loadspan-sdk").build();
        let style = Style {
            vocabulary,
            value_length: None,
        };
        let request = encode::request(Resource::default(), [&ours, &span(3, 1, &[])].into_iter(), &style);
        let scopes = &request.resource_spans[0].scope_spans;
        [scopes[0].schema_url.clone(), scopes[1].schema_url.clone()]
    };
    assert_eq!(schemas(Vocabulary::Mlflow), ["", ""]);
    assert_eq!(
        schemas(Vocabulary::GenAi),
        ["https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev", ""]
    );
}

#[test]
fn a_span_has_the_words_of_its_vocabulary() {
    let encoded = |vocabulary| {
        let style = Style {
            vocabulary,
            value_length: None,
        };
        let tool = span(2, 1, &[("mlflow.spanType", "\"TOOL\"")]);
        let mut request = encode::request(Resource::default(), std::iter::once(&tool), &style);
        request.resource_spans[0].scope_spans[0].spans.remove(0)
    };
    let mlflow = encoded(Vocabulary::Mlflow);
    assert_eq!(mlflow.name, "work");
    assert_eq!(text(&mlflow.attributes, "mlflow.spanType"), Some("\"TOOL\""));
    let genai = encoded(Vocabulary::GenAi);
    assert_eq!(genai.name, "execute_tool work");
    assert_eq!(text(&genai.attributes, "gen_ai.operation.name"), Some("execute_tool"));
    assert_eq!(text(&genai.attributes, "mlflow.spanType"), None);
    assert_eq!((genai.span_id, genai.kind), (mlflow.span_id, mlflow.kind));
}

#[test]
fn a_request_has_its_headers_and_its_resource() {
    let sink = OtlpSink::new().start().unwrap();
    for protocol in ["grpc", "http/protobuf"] {
        let exports = to(
            &sink,
            &[
                ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", protocol),
                ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20b"),
                ("OTEL_SERVICE_NAME", "shop"),
            ],
        );
        submit(&exports, 1);
        assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
        let accepted = sink.accepted();
        assert_eq!(accepted.last().unwrap().header("x-key"), Some("a b"), "{protocol}");
        assert!(
            accepted
                .last()
                .unwrap()
                .header("user-agent")
                .unwrap()
                .starts_with(concat!(
                    "loadspan-sdk/",
                    env!("CARGO_PKG_VERSION"),
                    " OTel-OTLP-Exporter-Rust/",
                    env!("CARGO_PKG_VERSION")
                )),
            "{protocol}"
        );
        let request = decoded(&sink).pop().unwrap();
        let resource = request.resource_spans[0].resource.as_ref().unwrap();
        assert_eq!(text(&resource.attributes, "service.name"), Some("shop"));
        assert_eq!(text(&resource.attributes, "telemetry.sdk.name"), Some("loadspan-sdk"));
    }
}

#[test]
fn the_otlp_endpoint_speaks_genai_and_mlflow_its_own() {
    let (otlp, mlflow) = (OtlpSink::new().start().unwrap(), OtlpSink::new().start().unwrap());
    let tracking = mlflow.url();
    let exports = to(
        &otlp,
        &[
            ("MLFLOW_TRACKING_URI", tracking.as_str()),
            ("MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT", "true"),
            ("MLFLOW_ENABLE_OTEL_GENAI_SEMCONV", "true"),
        ],
    );
    exports.submit(Arc::new(span(2, 1, &[("mlflow.spanType", "\"TOOL\"")])), None);
    assert_eq!(exports.flush(PATIENCE), FlushOutcome::Complete);
    let first = |sink: &RunningOtlpSink| decoded(sink)[0].resource_spans[0].scope_spans[0].spans[0].clone();
    assert_eq!(first(&otlp).name, "execute_tool work");
    assert_eq!(
        text(&first(&otlp).attributes, "gen_ai.operation.name"),
        Some("execute_tool")
    );
    assert_eq!(first(&mlflow).name, "work");
    assert_eq!(text(&first(&mlflow).attributes, "mlflow.spanType"), Some("\"TOOL\""));
}
