//! Records of every shape, senseless ones among them, and recorders of every kind for them.

use proptest::prelude::*;

use super::*;

pub(super) fn any_text() -> impl Strategy<Value = Box<str>> {
    prop_oneof![
        8 => "\\PC{0,20}".prop_map(String::into_boxed_str),
        1 => (0..200_000_usize).prop_map(|length| "ü".repeat(length).into()),
    ]
}

fn any_offset() -> impl Strategy<Value = RunOffset> {
    prop_oneof![any::<u64>(), 0..1_000_000_000_u64].prop_map(RunOffset::from_nanos)
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    let kinds = prop_oneof![
        any::<u16>().prop_map(FailureKind::HttpStatus),
        Just(FailureKind::Connect),
        Just(FailureKind::TruncatedStream),
        Just(FailureKind::Parse),
    ];
    let failure = (kinds, prop::option::of(any_text())).prop_map(|(kind, message)| Failure { kind, message });
    prop_oneof![
        Just(Outcome::Completed),
        Just(Outcome::Cancelled),
        failure.prop_map(Outcome::Failed)
    ]
}

fn any_timings() -> impl Strategy<Value = Timings> {
    let maybe = || prop::option::of(any_offset());
    (any_offset(), maybe(), maybe(), maybe(), maybe(), maybe(), any_offset()).prop_map(
        |(scheduled_at, sent_at, first_chunk_at, first_token_at, first_answer_token_at, last_token_at, finished_at)| {
            Timings {
                scheduled_at,
                sent_at,
                first_chunk_at,
                first_token_at,
                first_answer_token_at,
                last_token_at,
                finished_at,
            }
        },
    )
}

fn any_tokens() -> impl Strategy<Value = TokenCounts> {
    let count = || prop::option::of(any::<u32>());
    let source = prop::option::of(prop::sample::select(TokenSource::ALL.to_vec()));
    (count(), count(), count(), count(), count(), source, count(), count()).prop_map(
        |(input, cached_input, output, reasoning, first_chunk, source, requested_output, requested_input)| {
            TokenCounts {
                input,
                cached_input,
                output,
                reasoning,
                first_chunk,
                source,
                requested_output,
                requested_input,
            }
        },
    )
}

fn any_http() -> impl Strategy<Value = HttpExchange> {
    let opened =
        (any::<u64>(), any::<u64>()).prop_map(|(connect_ns, tls_ns)| ConnectionUse::Opened { connect_ns, tls_ns });
    let connection = prop_oneof![Just(ConnectionUse::Reused), Just(ConnectionUse::Failed), opened];
    (prop::option::of(any::<u16>()), connection, prop::option::of(any_text())).prop_map(
        |(status, connection, server_request_id)| HttpExchange {
            version: HttpVersion::Http2,
            status,
            connection,
            bytes_sent: 0,
            bytes_received: 0,
            server_request_id,
        },
    )
}

pub(super) fn any_record() -> impl Strategy<Value = RequestRecord> {
    let phases = prop::sample::select(vec![Phase::Warmup, Phase::Measure, Phase::Drain]);
    let place = (
        any::<u64>(),
        phases,
        0..3_u32,
        prop::option::of(0..3_u64),
        prop::option::of(any::<u32>()),
        0..3_u16,
    );
    let facts = (
        any_timings(),
        any_outcome(),
        any_tokens(),
        any_http(),
        any::<u64>(),
        any::<u32>(),
    );
    let texts = (
        prop::option::of(any_text()),
        prop::option::of(any_text()),
        prop::option::of(any_text()),
    );
    let trace_id = prop_oneof![Just(0), Just(SHARED), any::<u128>()];
    (place, facts, texts, trace_id, any::<u64>()).prop_map(|(place, facts, texts, trace_id, span_id)| {
        let (index, phase, stage, session, turn, target) = place;
        let (timings, outcome, tokens, http, held_back_ns, chunks) = facts;
        let (finish_reason, response_id, response_model) = texts;
        RequestRecord {
            id: RequestId {
                run: RunId::new(7),
                index,
            },
            phase,
            stage,
            session,
            turn,
            turns: None,
            attempt: 0,
            target,
            worker: 0,
            timings,
            held_back_ns,
            chunk_gaps: ChunkGaps::None,
            chunks,
            outcome,
            tokens,
            finish_reason,
            response_id,
            response_model: response_model.map(Arc::from),
            http,
            trace_id,
            span_id,
        }
    })
}

pub(super) fn any_case() -> impl Strategy<Value = Case> {
    let styles = vec![
        AttributeStyle::Semconv,
        AttributeStyle::InferencePerf,
        AttributeStyle::Both,
    ];
    let scopes = vec![TraceScope::Run, TraceScope::Stage, TraceScope::Session];
    let names = (prop::sample::select(styles), prop::sample::select(scopes));
    let choice = (0.0..=1.0_f64, any::<bool>(), 0..4_usize);
    let limits = (
        prop::option::of(0..50_usize),
        0..140_usize,
        0..4_usize,
        0..2_usize,
        0..2_usize,
    );
    (names, choice, limits).prop_map(|((style, scope), (ratio, errors, slowest), limits)| {
        let (attribute_value_length, attributes, events, links, each) = limits;
        Case::new()
            .sampling(ratio)
            .keep(errors, slowest)
            .scope(scope)
            .with(|case| {
                case.naming.attributes = style;
                case.config.content = ContentCapture::On;
                case.run.slo = Some("ttft:100 latency:1000".parse().unwrap());
                case.config.limits = SpanLimits {
                    attribute_value_length,
                    attributes,
                    events,
                    links,
                    attributes_per_event: each,
                    attributes_per_link: each,
                };
            })
    })
}
