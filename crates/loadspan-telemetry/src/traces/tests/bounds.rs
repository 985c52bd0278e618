//! Limits, and whatever a record may hold.

use loadspan_record::OutputText;
use proptest::prelude::*;

use super::any::{any_case, any_record, any_text};
use super::*;

/// The most that a body may have, in bytes.
const MAX_BODY: usize = 3_670_016;

fn length(value: &AnyValue) -> usize {
    match value.value.as_ref().unwrap() {
        any_value::Value::StringValue(text) => text.chars().count(),
        any_value::Value::ArrayValue(array) => array.values.iter().map(length).max().unwrap_or(0),
        _ => 0,
    }
}

#[test]
fn text_is_cut_in_characters_also_within_lists() {
    let case = Case::new()
        .with(|case| case.config.limits.attribute_value_length = Some(3))
        .parameters(&serde_json::json!({"model": "größe", "stop": ["größe", "ab"]}));
    let span = case.span(&stream(0));
    let shown: Vec<_> = span.attributes.iter().map(line).collect();
    assert!(
        shown.contains(&r#"gen_ai.request.model = "grö""#.to_owned()),
        "{shown:?}"
    );
    assert!(
        shown.contains(&r#"gen_ai.request.stop_sequences = ["grö", "ab"]"#.to_owned()),
        "{shown:?}"
    );
    assert_eq!(span.name, "chat größe", "names are no attributes");
}

#[test]
fn what_is_beyond_a_limit_is_counted() {
    let case = Case::new().with(|case| {
        let limits = &mut case.config.limits;
        (limits.attributes, limits.events, limits.links) = (4, 2, 0);
        (limits.attributes_per_event, limits.attributes_per_link) = (0, 0);
    });
    let unlimited = Case::new().span(&stream(0));
    let span = case.span(&stream(0));
    assert_eq!(span.attributes, unlimited.attributes[..4]);
    assert_eq!(span.dropped_attributes_count as usize, unlimited.attributes.len() - 4);
    assert_eq!((span.events.len(), span.dropped_events_count), (2, 1));
    assert_eq!((span.links.len(), span.dropped_links_count), (0, 1));
    let first_token = &span.events[1];
    assert_eq!(
        (first_token.attributes.len(), first_token.dropped_attributes_count),
        (0, 1)
    );
}

#[test]
fn a_span_that_is_too_large_loses_text_and_nothing_else() {
    let prompt = "x".repeat(5 << 20);
    let case = Case::new()
        .with(|case| {
            case.config.content = ContentCapture::On;
            case.naming.attributes = AttributeStyle::Both;
        })
        .parameters(&serde_json::json!({"messages": [{"role": "user", "content": prompt}]}));
    let answer = OutputText {
        answer: "y".repeat(5 << 20),
        reasoning: "z".repeat(5 << 20),
        ..OutputText::default()
    };
    let mut recorder = case.recorder();
    for index in 0..3 {
        recorder.record(&stream(index), &case.parameters, Some(&answer));
    }
    let payloads = all(recorder.finish(&conclusion()));
    assert!(payloads.iter().all(|payload| payload.body().len() <= MAX_BODY));
    let spans = spans_of(&payloads);
    assert_eq!(spans.len(), 5);
    let input = text(&spans[0].attributes, "gen_ai.input.messages").unwrap();
    assert!((400_000..600_000).contains(&input.len()), "{}", input.len());
    assert_eq!(text(&spans[0].attributes, "gen_ai.response.id"), Some("chatcmpl-1"));
}

#[test]
fn a_resource_of_any_length_leaves_room_for_spans() {
    let case = Case::new();
    let mut resource = Resource {
        attributes: vec![attribute("service.name", "loadspan")],
        ..Resource::default()
    };
    let attributes = (0..50).map(|index| attribute(format!("k{index}"), "v".repeat(100_000)));
    resource.attributes.extend(attributes);
    let mut recorder = TraceRecorder::new(&case.config, &case.naming, &case.run, String::new(), &resource);
    recorder.record(&stream(0), &case.parameters, None);
    let payloads = all(recorder.finish(&conclusion()));
    assert!(payloads.iter().all(|payload| payload.body().len() <= MAX_BODY));
    assert_eq!(spans_of(&payloads).len(), 3);
}

#[test]
fn many_spans_are_split_by_their_bytes() {
    let case = Case::new().with(|case| case.config.batch.spans = usize::MAX);
    let mut recorder = case.recorder();
    for index in 0..6_000 {
        recorder.record(&stream(index), &case.parameters, None);
    }
    let payloads = all(recorder.finish(&conclusion()));
    assert!(payloads.len() > 1);
    assert!(payloads.iter().all(|payload| payload.body().len() <= MAX_BODY));
    assert_eq!(spans_of(&payloads).len(), 6_002);
}

fn assert_sound(span: &Span, limits: &SpanLimits) {
    assert!(span.trace_id.len() == 16 && span.trace_id.iter().any(|byte| *byte != 0));
    assert!(span.span_id.len() == 8 && span.span_id.iter().any(|byte| *byte != 0));
    assert!([0, 8].contains(&span.parent_span_id.len()));
    assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
    let time = span.start_time_unix_nano..=span.end_time_unix_nano;
    assert!(span.events.iter().all(|event| time.contains(&event.time_unix_nano)));
    assert!(span.attributes.len() <= limits.attributes);
    assert!(span.events.len() <= limits.events && span.links.len() <= limits.links);
    let longest = limits.attribute_value_length.unwrap_or(usize::MAX);
    let in_events = span
        .events
        .iter()
        .map(|event| (&event.attributes, limits.attributes_per_event));
    let in_links = span
        .links
        .iter()
        .map(|link| (&link.attributes, limits.attributes_per_link));
    for (attributes, limit) in in_events.chain(in_links).chain([(&span.attributes, limits.attributes)]) {
        assert!(attributes.len() <= limit);
        let mut keys: Vec<_> = attributes.iter().map(|attribute| &attribute.key).collect();
        keys.sort();
        assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "{keys:?}");
        assert!(
            attributes
                .iter()
                .all(|attribute| length(attribute.value.as_ref().unwrap()) <= longest)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_record_yields_a_sound_span(
        case in any_case(),
        records in prop::collection::vec((any_record(), prop::option::of((any_text(), any_text()))), 1..12),
    ) {
        let mut recorder = case.recorder();
        let mut payloads = Vec::new();
        for (record, output) in &records {
            let output = output.as_ref().map(|(answer, reasoning)| OutputText {
                answer: answer.to_string(),
                reasoning: reasoning.to_string(),
                ..OutputText::default()
            });
            recorder.record(record, &case.parameters, output.as_ref());
            payloads.extend(recorder.take_payload(record.timings.finished_at));
        }
        let sampled_out = recorder.sampled_out();
        payloads.extend(all(recorder.finish(&conclusion())));
        for payload in &payloads {
            prop_assert!(payload.body().len() <= MAX_BODY);
        }
        let spans = spans_of(&payloads);
        for span in &spans {
            assert_sound(span, &case.config.limits);
        }
        let requests = spans.iter().filter(|span| span.name.starts_with("chat ")).count();
        prop_assert_eq!(requests as u64 + sampled_out, records.len() as u64);
    }
}
