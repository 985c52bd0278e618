//! The table of metrics: every instrument that loadspan exports, with the name, unit, buckets and attributes that it has on the
//! wire.
//!
//! The documentation and the dashboard are held to this table by tests. The GenAI metrics of the conventions come in two
//! vocabularies, because their names changed after the last release that had them; `loadspan.*` says what the conventions lack.

use self::InstrumentKind::{Counter, Gauge, Histogram, UpDownCounter};
use self::attribute::{FATE, SIGNAL, SINK, TOKEN_MODALITY, TOKEN_TYPE};
use super::attributes::{
    ERROR_TYPE, GEN_AI_OPERATION_NAME as OPERATION_NAME, GEN_AI_PROVIDER_NAME as PROVIDER_NAME,
    GEN_AI_REQUEST_MODEL as REQUEST_MODEL, GEN_AI_RESPONSE_MODEL as RESPONSE_MODEL, LOADSPAN_PHASE as PHASE,
    LOADSPAN_SESSION_OUTCOME as SESSION_OUTCOME, SERVER_ADDRESS, SERVER_PORT,
};

/// An instrument.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Instrument {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: InstrumentKind,
    /// Its unit in UCUM.
    pub unit: &'static str,
    /// What it measures.
    pub description: &'static str,
    /// Whose name it is.
    pub vocabulary: Vocabulary,
    /// The attributes that its points may have; which of them one has depends on what is known.
    pub attributes: &'static [&'static str],
    /// The name in semantic conventions 1.41 of what it measures, when [`Vocabulary::Latest`] has renamed it.
    pub replaces: Option<&'static str>,
}

/// The kinds of instruments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum InstrumentKind {
    /// A distribution. These are the upper bounds of its explicit buckets, each of which belongs to its bucket.
    Histogram(&'static [f64]),
    /// A sum that only grows.
    Counter,
    /// A sum that grows and shrinks.
    UpDownCounter,
    /// The last value.
    Gauge,
}

/// Whose name a metric has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vocabulary {
    /// Semantic conventions 1.41, the last release with GenAI metrics.
    V1_41,
    /// The unreleased successor, in a repository of its own.
    Latest,
    /// Ours.
    Loadspan,
}

impl Vocabulary {
    /// The schema in which its names stand. Our own metrics have the attributes of 1.41.
    #[must_use]
    pub const fn schema_url(self) -> &'static str {
        match self {
            Self::V1_41 | Self::Loadspan => "https://opentelemetry.io/schemas/1.41.0",
            Self::Latest => "https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev",
        }
    }
}

impl InstrumentKind {
    /// The bounds of its buckets; empty unless it is a histogram.
    #[must_use]
    pub const fn bounds(self) -> &'static [f64] {
        match self {
            Self::Histogram(bounds) => bounds,
            Self::Counter | Self::UpDownCounter | Self::Gauge => &[],
        }
    }
}

/// Names of the attributes that only metrics have.
pub mod attribute {
    /// `input` or `output`.
    pub const TOKEN_TYPE: &str = "gen_ai.token.type";
    /// `text`.
    pub const TOKEN_MODALITY: &str = "gen_ai.token.modality";
    /// The signal that telemetry is of: `traces` or `metrics`.
    pub const SIGNAL: &str = "loadspan.signal";
    /// What takes the telemetry: `otlp` or `console`.
    pub const SINK: &str = "loadspan.sink";
    /// What became of the telemetry: `delivered`, `rejected`, `spooled` or `dropped`, which add up to `produced` when the run
    /// is over; `sampled_out` is in none of them.
    pub const FATE: &str = "loadspan.fate";
    /// Set on the one series that holds whatever exceeds the limit of attribute sets.
    pub const OVERFLOW: &str = "otel.metric.overflow";
}

/// Bounds of durations of requests, as the conventions have them.
pub const DURATION_BOUNDS: &[f64] = &[
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];

/// Bounds of numbers of tokens, as the conventions have them.
pub const TOKEN_BOUNDS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// Those of the conventions' `gen_ai.server.time_to_first_token`, so that a dashboard can lay the client's figure over the
/// server's, and three more for servers under load.
const FIRST_TOKEN_BOUNDS: &[f64] = &[
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0,
];

/// A schedule that is kept is kept to fractions of a millisecond.
const LAG_BOUNDS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Sessions last from a second to some hours.
const SESSION_BOUNDS: &[f64] = &[
    0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 14_400.0,
];

const MODEL_ATTRIBUTES: &[&str] = &[
    OPERATION_NAME,
    PROVIDER_NAME,
    REQUEST_MODEL,
    RESPONSE_MODEL,
    SERVER_ADDRESS,
    SERVER_PORT,
];
const MODEL_AND_ERROR: &[&str] = &[
    OPERATION_NAME,
    PROVIDER_NAME,
    REQUEST_MODEL,
    RESPONSE_MODEL,
    SERVER_ADDRESS,
    SERVER_PORT,
    ERROR_TYPE,
];
const MODEL_AND_TYPE: &[&str] = &[
    OPERATION_NAME,
    PROVIDER_NAME,
    REQUEST_MODEL,
    RESPONSE_MODEL,
    SERVER_ADDRESS,
    SERVER_PORT,
    TOKEN_TYPE,
];
const MODEL_AND_MODALITY: &[&str] = &[
    OPERATION_NAME,
    PROVIDER_NAME,
    REQUEST_MODEL,
    RESPONSE_MODEL,
    SERVER_ADDRESS,
    SERVER_PORT,
    TOKEN_MODALITY,
];
const REQUEST_ATTRIBUTES: &[&str] = &[
    OPERATION_NAME,
    PROVIDER_NAME,
    REQUEST_MODEL,
    SERVER_ADDRESS,
    SERVER_PORT,
];
const REQUEST_AND_PHASE: &[&str] = &[
    OPERATION_NAME,
    PROVIDER_NAME,
    REQUEST_MODEL,
    SERVER_ADDRESS,
    SERVER_PORT,
    PHASE,
];
const REQUEST_PHASE_AND_ERROR: &[&str] = &[
    OPERATION_NAME,
    PROVIDER_NAME,
    REQUEST_MODEL,
    SERVER_ADDRESS,
    SERVER_PORT,
    PHASE,
    ERROR_TYPE,
];
const RUN_ATTRIBUTES: &[&str] = &[OPERATION_NAME, PROVIDER_NAME];
const RUN_AND_PHASE: &[&str] = &[OPERATION_NAME, PROVIDER_NAME, PHASE];
const RUN_AND_OUTCOME: &[&str] = &[OPERATION_NAME, PROVIDER_NAME, SESSION_OUTCOME];

/// Declares instruments, and lists them all in [`ALL`].
macro_rules! instruments {
    ($($ident:ident = $vocabulary:ident $name:literal $(replaces $old:literal)?, $kind:expr, $unit:literal, $attributes:expr, $description:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $description)]
            pub static $ident: Instrument = Instrument {
                name: $name,
                kind: $kind,
                unit: $unit,
                description: $description,
                vocabulary: Vocabulary::$vocabulary,
                attributes: $attributes,
                replaces: instruments!(@old $($old)?),
            };
        )*

        /// Every instrument, in the order of the documentation.
        pub static ALL: &[&Instrument] = &[$(&$ident),*];
    };
    (@old) => { None };
    (@old $old:literal) => { Some($old) };
}

instruments! {
    OPERATION_DURATION = V1_41 "gen_ai.client.operation.duration", Histogram(DURATION_BOUNDS), "s", MODEL_AND_ERROR,
        "Time from sending a request to the end of its response, failed and cancelled requests included.";
    OPERATION_TIME_TO_FIRST_CHUNK = V1_41 "gen_ai.client.operation.time_to_first_chunk", Histogram(DURATION_BOUNDS), "s", MODEL_ATTRIBUTES,
        "Time from sending a request to the first byte of its streamed response.";
    OPERATION_TIME_PER_OUTPUT_CHUNK = V1_41 "gen_ai.client.operation.time_per_output_chunk", Histogram(DURATION_BOUNDS), "s", MODEL_ATTRIBUTES,
        "Time from one chunk of output to the next, once for every chunk after the first.";
    TOKEN_USAGE = V1_41 "gen_ai.client.token.usage", Histogram(TOKEN_BOUNDS), "{token}", MODEL_AND_TYPE,
        "Input and output tokens of a request.";

    INFERENCE_DURATION = Latest "gen_ai.client.inference.duration" replaces "gen_ai.client.operation.duration",
        Histogram(DURATION_BOUNDS), "s", MODEL_AND_ERROR,
        "Time from sending a request to the end of its response, failed and cancelled requests included.";
    INFERENCE_TIME_TO_FIRST_CHUNK = Latest "gen_ai.client.inference.time_to_first_chunk" replaces "gen_ai.client.operation.time_to_first_chunk",
        Histogram(DURATION_BOUNDS), "s", MODEL_ATTRIBUTES,
        "Time from sending a request to the first byte of its streamed response.";
    INFERENCE_TIME_PER_OUTPUT_CHUNK = Latest "gen_ai.client.inference.time_per_output_chunk" replaces "gen_ai.client.operation.time_per_output_chunk",
        Histogram(DURATION_BOUNDS), "s", MODEL_ATTRIBUTES,
        "Time from one chunk of output to the next, once for every chunk after the first.";
    INFERENCE_OPERATION_INPUT_TOKENS = Latest "gen_ai.client.inference.operation.input_tokens" replaces "gen_ai.client.token.usage",
        Histogram(TOKEN_BOUNDS), "{token}", MODEL_AND_ERROR,
        "Input tokens of a request; 0 of one that failed or was cancelled.";
    INFERENCE_OPERATION_OUTPUT_TOKENS = Latest "gen_ai.client.inference.operation.output_tokens" replaces "gen_ai.client.token.usage",
        Histogram(TOKEN_BOUNDS), "{token}", MODEL_AND_ERROR,
        "Output tokens of a request; 0 of one that failed or was cancelled.";
    USAGE_INPUT_TOKENS = Latest "gen_ai.client.inference.usage.input_tokens" replaces "gen_ai.client.token.usage",
        Counter, "{token}", MODEL_AND_MODALITY,
        "Input tokens, cached ones included.";
    USAGE_OUTPUT_TOKENS = Latest "gen_ai.client.inference.usage.output_tokens" replaces "gen_ai.client.token.usage",
        Counter, "{token}", MODEL_AND_MODALITY,
        "Output tokens, reasoning included.";
    USAGE_CACHE_READ_INPUT_TOKENS = Latest "gen_ai.client.inference.usage.cache_read.input_tokens",
        Counter, "{token}", MODEL_AND_MODALITY,
        "Input tokens that the server had in its prefix cache.";
    USAGE_REASONING_OUTPUT_TOKENS = Latest "gen_ai.client.inference.usage.reasoning.output_tokens",
        Counter, "{token}", MODEL_AND_MODALITY,
        "Output tokens that were reasoning.";

    TIME_TO_FIRST_TOKEN = Loadspan "loadspan.time_to_first_token", Histogram(FIRST_TOKEN_BOUNDS), "s", MODEL_ATTRIBUTES,
        "Time from sending a request to its first token in any channel. Not the first chunk, which may be empty.";
    REQUESTS_GOOD = Loadspan "loadspan.requests.good", Counter, "{request}", REQUEST_ATTRIBUTES,
        "Measured requests that met every target of --goodput.";

    REQUESTS_SENT = Loadspan "loadspan.requests.sent", Counter, "{request}", RUN_AND_PHASE,
        "Requests begun, those included that found no connection.";
    REQUESTS_COMPLETED = Loadspan "loadspan.requests.completed", Counter, "{request}", REQUEST_AND_PHASE,
        "Requests whose response arrived whole and carried output.";
    REQUESTS_FAILED = Loadspan "loadspan.requests.failed", Counter, "{request}", REQUEST_PHASE_AND_ERROR,
        "Requests that failed, by class.";
    REQUESTS_CANCELLED = Loadspan "loadspan.requests.cancelled", Counter, "{request}", REQUEST_AND_PHASE,
        "Requests that were given up when the run ended.";
    REQUESTS_IN_FLIGHT = Loadspan "loadspan.requests.in_flight", UpDownCounter, "{request}", RUN_ATTRIBUTES,
        "Requests that were sent and have not ended.";
    REQUEST_RATE = Loadspan "loadspan.request.rate", Gauge, "{request}/s", RUN_ATTRIBUTES,
        "Requests sent per second since the last export.";
    SCHEDULE_LAG = Loadspan "loadspan.schedule.lag", Histogram(LAG_BOUNDS), "s", REQUEST_ATTRIBUTES,
        "Time from when a request was due to when it was sent.";
    SESSIONS_IN_FLIGHT = Loadspan "loadspan.sessions.in_flight", UpDownCounter, "{session}", RUN_ATTRIBUTES,
        "Sessions that have begun and have not ended, those that think included. Loads of sessions only.";
    SESSION_DURATION = Loadspan "loadspan.session.duration", Histogram(SESSION_BOUNDS), "s", RUN_AND_OUTCOME,
        "Time from the first request of a session to the end of its last one, think time included.";
    RUN_PHASE = Loadspan "loadspan.run.phase", Gauge, "{phase}", &[PHASE],
        "1 for the phase that the run is in, 0 for the others.";
    TELEMETRY_PRODUCED = Loadspan "loadspan.telemetry.produced", Counter, "{item}", &[SIGNAL, SINK],
        "Spans and data points made: the sum of those in loadspan.telemetry.items but for the ones that were not sampled.";
    TELEMETRY_ITEMS = Loadspan "loadspan.telemetry.items", Counter, "{item}", &[SIGNAL, SINK, FATE],
        "Spans and data points by what became of them.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_their_prefix_tells_the_vocabulary() {
        for (place, instrument) in ALL.iter().enumerate() {
            assert!(
                ALL[..place].iter().all(|other| other.name != instrument.name),
                "{}",
                instrument.name
            );
            let prefix = match instrument.vocabulary {
                Vocabulary::V1_41 => "gen_ai.client.",
                Vocabulary::Latest => "gen_ai.client.inference.",
                Vocabulary::Loadspan => "loadspan.",
            };
            assert!(instrument.name.starts_with(prefix), "{}", instrument.name);
        }
    }

    #[test]
    fn what_is_replaced_exists_and_is_of_the_older_vocabulary() {
        for instrument in ALL {
            let Some(old) = instrument.replaces else { continue };
            let old = ALL.iter().find(|other| other.name == old).unwrap();
            assert_eq!(old.vocabulary, Vocabulary::V1_41);
            assert_eq!(old.unit, instrument.unit, "{}", instrument.name);
        }
    }

    #[test]
    fn bounds_rise() {
        for instrument in ALL {
            let bounds = instrument.kind.bounds();
            assert!(bounds.is_sorted_by(|a, b| a < b), "{}", instrument.name);
            assert_eq!(
                bounds.is_empty(),
                !matches!(instrument.kind, Histogram(_)),
                "{}",
                instrument.name
            );
        }
        assert!(
            DURATION_BOUNDS
                .windows(2)
                .all(|pair| (pair[1] / pair[0] - 2.0).abs() < 1e-9)
        );
        assert!(TOKEN_BOUNDS.windows(2).all(|pair| pair[1] == 4.0 * pair[0]));
    }
}
