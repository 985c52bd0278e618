//! All that a span says, in each vocabulary.

use loadspan_record::OutputText;
use loadspan_wire::otlp::trace::span::SpanKind;
use loadspan_wire::otlp::trace::status::StatusCode;
use loadspan_wire::semconv::attributes as names;
use serde_json::json;

use super::*;

fn body() -> serde_json::Value {
    json!({
        "model": "org/m", "messages": [{"role": "user", "content": "Hi"}], "max_completion_tokens": 4, "temperature": 0.5,
        "top_p": 0.9, "top_k": 20, "seed": 7, "stop": ["END"], "n": 1, "stream": true, "service_tier": "flex",
        "reasoning_effort": "low", "response_format": {"type": "json_object"},
        "frequency_penalty": 0.25, "presence_penalty": 0.125,
    })
}

/// The attributes of a span of a request with content, as lines.
fn lines(style: AttributeStyle, record: &RequestRecord) -> Vec<String> {
    let case = Case::new().parameters(&body()).with(|case| {
        case.naming.attributes = style;
        case.config.content = ContentCapture::On;
    });
    let output = OutputText {
        answer: "Hello".to_owned(),
        reasoning: "They greet.".to_owned(),
        ..OutputText::default()
    };
    let mut recorder = case.recorder();
    recorder.record(record, &case.parameters, Some(&output));
    let spans = spans_of(&all(recorder.finish(&conclusion())));
    spans[0].attributes.iter().map(line).collect()
}

#[test]
fn a_span_follows_the_conventions() {
    assert_eq!(
        lines(AttributeStyle::Semconv, &stream(0)),
        [
            r#"gen_ai.operation.name = "chat""#,
            r#"gen_ai.provider.name = "vllm""#,
            r#"gen_ai.request.model = "org/m""#,
            "gen_ai.request.temperature = 0.5",
            "gen_ai.request.top_p = 0.9",
            "gen_ai.request.stream = true",
            r#"openai.api.type = "chat_completions""#,
            "gen_ai.request.frequency_penalty = 0.25",
            "gen_ai.request.presence_penalty = 0.125",
            "gen_ai.request.top_k = 20",
            "gen_ai.request.seed = 7",
            r#"gen_ai.output.type = "json""#,
            r#"gen_ai.request.reasoning.level = "low""#,
            r#"openai.request.service_tier = "flex""#,
            r#"gen_ai.request.stop_sequences = ["END"]"#,
            r#"server.address = "localhost""#,
            "server.port = 8000",
            "gen_ai.request.max_tokens = 4",
            r#"gen_ai.response.id = "chatcmpl-1""#,
            r#"gen_ai.response.model = "org/m""#,
            r#"gen_ai.response.finish_reasons = ["stop"]"#,
            "gen_ai.response.time_to_first_chunk = 0.099",
            "gen_ai.usage.input_tokens = 7",
            "gen_ai.usage.output_tokens = 4",
            "gen_ai.usage.cache_read.input_tokens = 3",
            "gen_ai.usage.reasoning.output_tokens = 0",
            "http.response.status_code = 200",
            r#"http.response.header.x-request-id = ["req-1"]"#,
            r#"loadspan.request.id = "0000002a-0""#,
            r#"loadspan.phase = "measure""#,
            "loadspan.stage = 0",
            "loadspan.chunks = 4",
            r#"loadspan.token_source = "server_usage""#,
            "loadspan.schedule_lag = 0.002",
            "loadspan.time_to_first_token = 0.1",
            "loadspan.time_per_output_token = 0.01",
            r#"gen_ai.input.messages = "[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"Hi\"}]}]""#,
            concat!(
                r#"gen_ai.output.messages = "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"reasoning\",\"content\":\"They greet.\"},"#,
                r#"{\"type\":\"text\",\"content\":\"Hello\"}],\"finish_reason\":\"stop\"}]""#
            ),
        ]
    );
}

#[test]
fn a_span_has_all_that_inference_perfs_document_names() {
    assert_eq!(
        lines(AttributeStyle::InferencePerf, &stream(0)),
        [
            r#"gen_ai.request.model = "org/m""#,
            r#"gen_ai.system = "openai_compatible""#,
            r#"llm.request.type = "chat.completions""#,
            "llm.is_streaming = true",
            "gen_ai.request.temperature = 0.5",
            "gen_ai.request.top_p = 0.9",
            r#"server.address = "localhost""#,
            "server.port = 8000",
            "gen_ai.request.max_tokens = 4",
            "gen_ai.usage.prompt_tokens = 7",
            "gen_ai.usage.completion_tokens = 4",
            "llm.usage.total_tokens = 11",
            "gen_ai.response.total_latency = 0.13",
            "gen_ai.response.time_to_first_token = 0.1",
            "gen_ai.response.time_per_output_token = 0.01",
            r#"gen_ai.response.finish_reason = "stop""#,
            "http.response.status_code = 200",
            r#"http.response.header.x-request-id = ["req-1"]"#,
            r#"loadspan.request.id = "0000002a-0""#,
            r#"loadspan.phase = "measure""#,
            "loadspan.stage = 0",
            "loadspan.chunks = 4",
            r#"loadspan.token_source = "server_usage""#,
            "loadspan.schedule_lag = 0.002",
            "loadspan.time_to_first_token = 0.1",
            "loadspan.time_per_output_token = 0.01",
            r#"gen_ai.input.messages = "[{\"content\":\"Hi\",\"role\":\"user\"}]""#,
            r#"gen_ai.output.text = "Hello""#,
        ]
    );
}

#[test]
fn both_vocabularies_stand_side_by_side_and_no_name_comes_twice() {
    let both = lines(AttributeStyle::Both, &stream(0));
    let name = |line: &String| line.split(" = ").next().unwrap_or_default().to_owned();
    let named: std::collections::BTreeSet<_> = both.iter().map(name).collect();
    assert_eq!(named.len(), both.len(), "{both:#?}");
    let apart = [AttributeStyle::Semconv, AttributeStyle::InferencePerf].map(|style| lines(style, &stream(0)));
    let expected: std::collections::BTreeSet<_> = apart.iter().flatten().map(name).collect();
    assert_eq!(named, expected);
    // Where the two disagree about the content of a name, the convention wins.
    assert!(
        both.iter()
            .all(|line| !line.contains(r#"{\"content\":\"Hi\",\"role\""#))
    );
}

#[test]
fn every_name_on_a_span_is_in_the_table() {
    let mut record = failed(1, FailureKind::HttpStatus(503), "busy");
    record.session = Some(3);
    record.turn = Some(1);
    record.held_back_ns = 1;
    record.http.connection = ConnectionUse::Opened {
        connect_ns: 1,
        tls_ns: 1,
    };
    let case = Case::new().parameters(&body()).with(|case| {
        case.naming.attributes = AttributeStyle::Both;
        case.config.content = ContentCapture::On;
        case.run.slo = Some("ttft:200".parse().unwrap());
    });
    for span in case.spans(&[stream(0), record]) {
        for attribute in &span.attributes {
            assert!(
                names::all().any(|known| known.name == attribute.key),
                "{}",
                attribute.key
            );
        }
        for event in &span.events {
            assert!(
                names::EVENTS.iter().any(|known| known.name == event.name),
                "{}",
                event.name
            );
        }
    }
}

#[test]
fn content_stays_out_unless_it_is_asked_for() {
    let case = Case::new()
        .parameters(&body())
        .with(|case| case.naming.attributes = AttributeStyle::Both);
    let output = OutputText {
        answer: "Hello".to_owned(),
        reasoning: String::new(),
        ..OutputText::default()
    };
    let mut recorder = case.recorder();
    recorder.record(&stream(0), &case.parameters, Some(&output));
    let spans = spans_of(&all(recorder.finish(&conclusion())));
    let shown = format!("{spans:?}");
    assert!(!shown.contains("Hello") && !shown.contains("Hi\\"), "{shown}");
}

#[test]
fn a_span_has_the_times_of_its_record() {
    let span = Case::new().span(&stream(0));
    let ms = |ms: u64| RUN_START + ms * 1_000_000;
    assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (ms(5), ms(136)));
    let events: Vec<_> = span
        .events
        .iter()
        .map(|event| (event.name.as_str(), event.time_unix_nano))
        .collect();
    assert_eq!(
        events,
        [
            ("loadspan.first_chunk", ms(104)),
            ("loadspan.first_token", ms(105)),
            ("loadspan.end_of_output", ms(135)),
        ]
    );
    assert_eq!(text(&span.events[1].attributes, "loadspan.channel"), Some("answer"));
    assert_eq!((span.name.as_str(), span.kind), ("chat m", SpanKind::Client as i32));
    assert_eq!((span.status, span.flags), (None, 0x101), "success has no status");
}

#[test]
fn a_request_that_was_never_sent_begins_when_it_was_due() {
    let mut record = failed(0, FailureKind::Connect, "connection refused");
    record.timings = Timings {
        scheduled_at: at_ms(3),
        finished_at: at_ms(4),
        ..Timings::default()
    };
    record.http.status = None;
    let span = Case::new().span(&record);
    assert_eq!(span.start_time_unix_nano, RUN_START + 3_000_000);
    assert!(span.events.is_empty());
    assert_eq!(value(&span.attributes, "http.response.status_code"), None);
}

#[test]
fn a_failure_has_its_class_and_what_was_said() {
    let span = Case::new().span(&failed(0, FailureKind::HttpStatus(503), "overloaded"));
    let status = span.status.unwrap();
    assert_eq!(
        (status.code, status.message.as_str()),
        (StatusCode::Error as i32, "overloaded")
    );
    assert_eq!(text(&span.attributes, "error.type"), Some("http_status_503"));
}

#[test]
fn a_cancelled_request_is_an_error_of_its_own() {
    let mut record = stream(0);
    record.outcome = Outcome::Cancelled;
    record.finish_reason = None;
    let span = Case::new().span(&record);
    assert_eq!(span.status.unwrap().code, StatusCode::Error as i32);
    assert_eq!(text(&span.attributes, "error.type"), Some("cancelled"));
    let reasons = span
        .attributes
        .iter()
        .find(|attribute| attribute.key.ends_with("finish_reasons"));
    assert_eq!(
        reasons.map(line).as_deref(),
        Some(r#"gen_ai.response.finish_reasons = ["error"]"#)
    );
}

#[test]
fn a_number_of_chunks_is_not_reported_as_one_of_tokens() {
    let mut record = stream(0);
    record.tokens.source = Some(TokenSource::ChunkCount);
    let span = Case::new().span(&record);
    assert_eq!(value(&span.attributes, "gen_ai.usage.output_tokens"), None);
    assert!(value(&span.attributes, "gen_ai.usage.input_tokens").is_some());
}

#[test]
fn a_warm_up_is_told_apart() {
    let mut record = stream(0);
    record.phase = Phase::Warmup;
    assert_eq!(
        text(&Case::new().span(&record).attributes, "loadspan.phase"),
        Some("warmup")
    );
}

#[test]
fn parameters_of_the_run_take_the_length_of_each_record() {
    let max_tokens = |parameters: RequestParameters, requested: Option<u32>| {
        let case = Case::new().with(|case| case.parameters = parameters);
        let mut record = stream(0);
        record.tokens.requested_output = requested;
        value(&case.span(&record).attributes, "gen_ai.request.max_tokens").cloned()
    };
    let int = |value| Some(any_value::Value::IntValue(value));
    let sent = RequestParameters::from_body(br#"{"max_tokens": 9}"#, Operation::Chat);
    assert_eq!(max_tokens(sent.clone(), Some(5)), int(9), "its own body");
    assert_eq!(max_tokens(sent.clone().for_every_request(), Some(5)), int(5));
    assert_eq!(max_tokens(sent.for_every_request(), None), int(9));
    let unbounded = RequestParameters::default().for_every_request();
    assert_eq!(max_tokens(unbounded, Some(5)), None, "nothing was sent");
}

#[test]
fn each_body_may_name_its_own_model() {
    let case = Case::new();
    let mut recorder = case.recorder();
    for (index, model) in ["a", "b", "a"].into_iter().enumerate() {
        let parameters = RequestParameters {
            model: Some(model.to_owned()),
            ..RequestParameters::default()
        };
        recorder.record(&stream(index as u64), &parameters, None);
    }
    let spans = spans_of(&all(recorder.finish(&conclusion())));
    let named: Vec<_> = spans[..3].iter().map(|span| span.name.as_str()).collect();
    assert_eq!(named, ["chat a", "chat b", "chat a"]);
}
