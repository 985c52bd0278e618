//! What the points of a run say of each request.

use std::collections::HashMap;

use loadspan_wire::mlflow::live;

/// What is measured of a request, by the metric that it is logged as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    Duration,
    FirstChunk,
    Chunk,
    InputTokens,
    OutputTokens,
}

impl Curve {
    pub(crate) const ALL: [Self; 5] = [
        Self::Duration,
        Self::FirstChunk,
        Self::Chunk,
        Self::InputTokens,
        Self::OutputTokens,
    ];

    /// The key of its metric.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Duration => live::DURATION,
            Self::FirstChunk => live::FIRST_CHUNK,
            Self::Chunk => live::CHUNK_GAP,
            Self::InputTokens => live::INPUT_TOKENS,
            Self::OutputTokens => live::OUTPUT_TOKENS,
        }
    }
}

/// A point of a curve: the step is the number of the request, the time that of its end, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) time_ms: i64,
    pub(crate) step: i64,
    pub(crate) value: f64,
}

/// A request: when it ended, and what was measured. Times are in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Request {
    pub(crate) ended_ms: i64,
    values: [f64; Curve::ALL.len()],
}

impl Request {
    /// A measure. `None`: it was not logged, which of a failed request is all but its duration.
    pub(crate) fn get(&self, curve: Curve) -> Option<f64> {
        Some(self.values[curve as usize]).filter(|value| !value.is_nan())
    }
}

/// The requests of a run, by their numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests(HashMap<i64, Request>);

impl Requests {
    /// Adds a point. One that is known already changes nothing.
    pub(crate) fn add(&mut self, curve: Curve, point: Point) {
        let request = self.0.entry(point.step).or_insert(Request {
            ended_ms: point.time_ms,
            values: [f64::NAN; Curve::ALL.len()],
        });
        request.values[curve as usize] = point.value;
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Request> {
        self.0.values()
    }

    /// Whether anything tells failed requests from others: without chunks and tokens nothing does.
    pub(super) fn tell_failures(&self) -> bool {
        self.iter().any(Request::is_answered)
    }
}

impl Request {
    /// Whether more than its duration is known.
    pub(super) fn is_answered(&self) -> bool {
        self.get(Curve::OutputTokens).is_some() || self.get(Curve::FirstChunk).is_some()
    }
}
