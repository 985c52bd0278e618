//! W3C Trace Context and Baggage in headers.

use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::baggage::{BaggageExt, KeyValueMetadata};
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::propagation::BaggagePropagator;

use super::current_span;
use crate::config::Propagators;
use crate::span::Span;
use crate::state;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
const BAGGAGE: &str = "baggage";

/// The span of another service that called this one.
#[derive(Debug, Clone, Default)]
pub struct RemoteParent {
    context: Option<SpanContext>,
    baggage: Vec<KeyValueMetadata>,
}

impl RemoteParent {
    /// Its ids. `None`: there was no `traceparent`, or it made no sense.
    #[must_use]
    pub fn span_context(&self) -> Option<&SpanContext> {
        self.context.as_ref()
    }

    pub(crate) fn baggage(&self) -> Vec<KeyValueMetadata> {
        self.baggage.clone()
    }
}

/// Writes the current span into the headers of a request, with the baggage of the current context, so that the service that is
/// called continues the trace. Writes nothing when there is no current span. Of a trace that is not sampled, that is said.
///
/// ```
/// let mut headers = http::HeaderMap::new();
/// let _span = loadspan_sdk::start_span("call");
/// loadspan_sdk::inject(&mut headers);
/// ```
pub fn inject(headers: &mut HeaderMap) {
    inject_into(&mut HeaderWriter(headers));
}

/// As [`inject`], into anything that takes names and values.
pub fn inject_into(carrier: &mut dyn Injector) {
    current_span().inject_into(carrier);
}

/// Reads the caller's span from the headers of a request: for [`SpanBuilder::with_parent`](crate::SpanBuilder::with_parent).
///
/// ```
/// # let headers = http::HeaderMap::new();
/// let _span = loadspan_sdk::span("handle")
///     .with_parent(loadspan_sdk::extract(&headers))
///     .enter();
/// ```
#[must_use]
pub fn extract(headers: &HeaderMap) -> RemoteParent {
    extract_from(&HeaderReader::new(headers))
}

/// As [`extract`], from anything that has values by name.
#[must_use]
pub fn extract_from(carrier: &dyn Extractor) -> RemoteParent {
    let propagators = propagators();
    let parent = carrier.get(TRACEPARENT).filter(|_| propagators.trace_context);
    RemoteParent {
        context: parent.and_then(|parent| parse(parent.trim(), carrier.get(TRACESTATE))),
        baggage: if propagators.baggage {
            read_baggage(carrier)
        } else {
            Vec::new()
        },
    }
}

fn read_baggage(carrier: &dyn Extractor) -> Vec<KeyValueMetadata> {
    let context = BaggagePropagator::new().extract_with_context(&Context::new(), carrier);
    let baggage = context.baggage().iter();
    baggage
        .map(|(key, (value, metadata))| KeyValueMetadata::new(key.clone(), value.clone(), metadata.clone()))
        .collect()
}

impl Span {
    /// As [`inject`], of this span.
    pub fn inject(&self, headers: &mut HeaderMap) {
        self.inject_into(&mut HeaderWriter(headers));
    }

    /// As [`inject_into`], of this span.
    pub fn inject_into(&self, carrier: &mut dyn Injector) {
        if !self.span_context().is_valid() {
            return;
        }
        self.write_trace_context(carrier);
        if let Some(trace) = self.trace() {
            trace.propagate();
        }
        if propagators().baggage {
            // A copy: the carrier is the caller's, and may do anything with the current context.
            let mut written = Baggage::default();
            BaggagePropagator::new().inject_context(&Context::current(), &mut written);
            written.write(carrier);
        }
    }

    /// The ids of the span. Baggage stays here, and whoever reads them is not expected to add spans with tokens to the trace.
    pub(crate) fn write_trace_context(&self, carrier: &mut dyn Injector) {
        let context = self.span_context();
        if !context.is_valid() || !propagators().trace_context {
            return;
        }
        carrier.set(TRACEPARENT, format(&context));
        let state = context.trace_state().header();
        if !state.is_empty() {
            carrier.set(TRACESTATE, state);
        }
    }
}

fn propagators() -> Propagators {
    state::current().map_or(Propagators::default(), |state| state.propagators)
}

fn format(context: &SpanContext) -> String {
    let flags = context.trace_flags() & TraceFlags::SAMPLED;
    format!("00-{}-{}-{flags:02x}", context.trace_id(), context.span_id())
}

/// Strictly: what is not a `traceparent` is none. Later versions may have more fields behind those that are known.
fn parse(header: &str, state: Option<&str>) -> Option<SpanContext> {
    let mut fields = header.split('-');
    let version = hexadecimal(fields.next()?, 2)?;
    let trace_id = hexadecimal(fields.next()?, 32)?;
    let span_id = hexadecimal(fields.next()?, 16)?;
    let flags = hexadecimal(fields.next()?, 2)?;
    if version == 0xff || version == 0 && fields.next().is_some() {
        return None;
    }
    let context = SpanContext::new(
        TraceId::from(trace_id),
        SpanId::from(u64::try_from(span_id).ok()?),
        TraceFlags::new(u8::try_from(flags).ok()?) & TraceFlags::SAMPLED,
        true,
        state.and_then(|state| state.parse().ok()).unwrap_or(TraceState::NONE),
    );
    context.is_valid().then_some(context)
}

/// A number of exactly so many digits in lower case.
fn hexadecimal(text: &str, digits: usize) -> Option<u128> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (text.len() == digits && text.bytes().all(is_digit)).then(|| u128::from_str_radix(text, 16).ok())?
}

/// What the propagator writes, in an order of its own each time: the same baggage is to be the same header.
#[derive(Default)]
struct Baggage(Option<String>);

impl Baggage {
    fn write(self, carrier: &mut dyn Injector) {
        if let Some(header) = self.0 {
            let mut entries: Vec<_> = header.split(',').collect();
            entries.sort_unstable();
            carrier.set(BAGGAGE, entries.join(","));
        }
    }
}

impl Injector for Baggage {
    fn set(&mut self, _name: &str, value: String) {
        self.0 = Some(value);
    }
}

struct HeaderWriter<'a>(&'a mut HeaderMap);

impl Injector for HeaderWriter<'_> {
    fn set(&mut self, key: &str, value: String) {
        let name = http::HeaderName::try_from(key);
        let value = http::HeaderValue::try_from(value);
        if let (Ok(name), Ok(value)) = (name, value) {
            self.0.insert(name, value);
        }
    }
}

/// The headers of W3C, as the specifications join them when they come in several lines.
struct HeaderReader<'a> {
    traceparent: Option<&'a str>,
    tracestate: Option<String>,
    baggage: Option<String>,
}

impl<'a> HeaderReader<'a> {
    fn new(headers: &'a HeaderMap) -> Self {
        let joined = |name| {
            let values: Vec<_> = headers
                .get_all(name)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .collect();
            (!values.is_empty()).then(|| values.join(","))
        };
        let mut parents = headers.get_all(TRACEPARENT).iter();
        let traceparent = match (parents.next(), parents.next()) {
            (Some(parent), None) => parent.to_str().ok(),
            // Of several, none can be trusted.
            _ => None,
        };
        Self {
            traceparent,
            tracestate: joined(TRACESTATE),
            baggage: joined(BAGGAGE),
        }
    }
}

impl Extractor for HeaderReader<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            TRACEPARENT => self.traceparent,
            TRACESTATE => self.tracestate.as_deref(),
            BAGGAGE => self.baggage.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT, TRACESTATE, BAGGAGE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_parent_is_read_and_written() {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, PARENT.parse().unwrap());
        headers.append(TRACESTATE, "a=1".parse().unwrap());
        headers.append(TRACESTATE, "b=2".parse().unwrap());

        let parent = extract(&headers);
        let context = parent.span_context().unwrap();

        assert!(context.is_remote() && context.is_sampled());
        assert_eq!(context.trace_state().header(), "a=1,b=2");
        assert_eq!(format(context), PARENT);
    }

    #[test]
    fn what_is_no_parent_is_none() {
        for header in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0é",
        ] {
            assert!(parse(header, None).is_none(), "{header}");
        }
    }

    #[test]
    fn a_later_version_may_say_more() {
        let context = parse("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03-more", None).unwrap();

        assert_eq!(context.trace_flags(), TraceFlags::SAMPLED);
    }

    #[test]
    fn two_parents_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(TRACEPARENT, PARENT.parse().unwrap());
        headers.append(TRACEPARENT, PARENT.parse().unwrap());

        assert!(extract(&headers).span_context().is_none());
    }

    #[test]
    fn the_same_baggage_is_the_same_header() {
        let _memory = crate::testing::state();
        let span = crate::span("call").start();
        for _ in 0..20 {
            // A map of its own, which has an order of its own.
            let entries = (0..9).map(|n| KeyValueMetadata::new(format!("k{n}"), n.to_string(), ""));
            let _scope = Context::current_with_baggage(entries).attach();
            let mut headers = HeaderMap::new();
            span.inject(&mut headers);
            assert_eq!(headers[BAGGAGE], "k0=0,k1=1,k2=2,k3=3,k4=4,k5=5,k6=6,k7=7,k8=8");
        }
    }

    #[test]
    fn baggage_comes_along_without_a_parent() {
        let mut headers = HeaderMap::new();
        headers.insert(BAGGAGE, "tenant=a%20b".parse().unwrap());

        let parent = extract(&headers);

        assert!(parent.span_context().is_none());
        assert_eq!(parent.baggage(), [KeyValueMetadata::new("tenant", "a b", "")]);
    }
}
