//! When the first token of an answer came, as far as a span says: by an event, or by an attribute with the seconds until then.

use loadspan_wire::otlp::any_value::Value;
use loadspan_wire::otlp::trace::Span;
use loadspan_wire::semconv::attributes;

const EVENTS: [&str; 4] = [
    attributes::EVENT_FIRST_TOKEN,
    "first_token",
    "gen_ai.first_token",
    "llm.first_token",
];
/// In seconds since the start of the span; the first that is there counts.
const SECONDS: [&str; 5] = [
    attributes::LOADSPAN_TIME_TO_FIRST_TOKEN,
    attributes::GEN_AI_RESPONSE_TIME_TO_FIRST_TOKEN,
    attributes::GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
    "gen_ai.latency.time_to_first_token",
    "gen_ai.server.time_to_first_token",
];

/// In nanoseconds since 1970. `None`: it says nothing, or a time that is not within the span.
pub(super) fn of(span: &Span) -> Option<i64> {
    let at = by_event(span).or_else(|| by_attribute(span))?;
    let has_ended = span.end_time_unix_nano != 0;
    let is_within = at >= span.start_time_unix_nano && (!has_ended || at <= span.end_time_unix_nano);
    i64::try_from(at).ok().filter(|_| is_within)
}

fn by_event(span: &Span) -> Option<u64> {
    let event = span.events.iter().find(|event| EVENTS.contains(&event.name.as_str()))?;
    Some(event.time_unix_nano)
}

fn by_attribute(span: &Span) -> Option<u64> {
    let said = |key: &&str| {
        let attribute = span.attributes.iter().find(|attribute| attribute.key == **key)?;
        match attribute.value.as_ref()?.value.as_ref()? {
            Value::DoubleValue(seconds) => Some(*seconds),
            #[expect(clippy::cast_precision_loss, reason = "as many seconds as no span lasts")]
            Value::IntValue(seconds) => Some(*seconds as f64),
            _ => None,
        }
    };
    let seconds = SECONDS.iter().find_map(said).filter(|seconds| *seconds >= 0.0)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is not negative, and what is too large is not within the span"
    )]
    let nanoseconds = (seconds * 1e9).round() as u64;
    span.start_time_unix_nano.checked_add(nanoseconds)
}

#[cfg(test)]
mod tests {
    use loadspan_wire::otlp::attribute;
    use loadspan_wire::otlp::trace::span::Event;

    use super::*;

    fn span() -> Span {
        Span {
            start_time_unix_nano: 1_000_000_000,
            end_time_unix_nano: 3_000_000_000,
            ..Span::default()
        }
    }

    #[test]
    fn an_event_is_believed_before_an_attribute() {
        let by_attribute = Span {
            attributes: vec![attribute("gen_ai.latency.time_to_first_token", 0.5)],
            ..span()
        };
        assert_eq!(of(&by_attribute), Some(1_500_000_000));
        let by_both = Span {
            events: vec![Event {
                name: "loadspan.first_token".to_owned(),
                time_unix_nano: 1_250_000_000,
                ..Event::default()
            }],
            ..by_attribute
        };
        assert_eq!(of(&by_both), Some(1_250_000_000));
        assert_eq!(of(&span()), None);
    }

    #[test]
    fn a_time_that_is_not_within_the_span_is_not_believed() {
        for seconds in [-1.0, 2.5, f64::NAN, f64::INFINITY] {
            let span = Span {
                attributes: vec![attribute("loadspan.time_to_first_token", seconds)],
                ..span()
            };
            assert_eq!(of(&span), None, "{seconds}");
        }
        let running = Span {
            attributes: vec![attribute("loadspan.time_to_first_token", 2_i64)],
            end_time_unix_nano: 0,
            ..span()
        };
        assert_eq!(of(&running), Some(3_000_000_000));
    }
}
