//! What requests were like: the metrics of the GenAI conventions, the time to the first token, and goodput.
//!
//! Measured requests only. Every one of them is in the duration, failed and cancelled ones with their `error.type`. Times to and
//! between chunks and tokens are of completed requests, as in a summary: these metrics have no `error.type` that would tell the
//! others apart.

use loadspan_record::{ChunkGaps, RequestRecord, Slo, StageRole, TokenCounts, TokenSource};
use loadspan_wire::semconv::metrics::{self as table, Instrument};

use super::attributes::Attributes;
use super::collection::Collection;
use super::exemplar::Origin;
use super::instrument::{CounterInstrument, HistogramInstrument, Measurement};
use super::series::{About, Detail, ErrorType, SeriesKey};
use crate::config::{HistogramShape, SemconvChoice};
use crate::identity::{Operation, RunIdentity};

/// The instruments that measure requests.
#[derive(Debug)]
pub(super) struct RequestMetrics {
    duration: HistogramInstrument,
    time_to_first_chunk: HistogramInstrument,
    time_per_output_chunk: HistogramInstrument,
    token_usage: HistogramInstrument,
    inference_tokens: Option<InferenceTokens>,
    time_to_first_token: HistogramInstrument,
    goodput: Option<Goodput>,
}

/// Tokens in the newer vocabulary.
#[derive(Debug)]
struct InferenceTokens {
    input: HistogramInstrument,
    output: HistogramInstrument,
    usage_input: CounterInstrument,
    usage_output: CounterInstrument,
    usage_cache_read: CounterInstrument,
    usage_reasoning: CounterInstrument,
}

#[derive(Debug)]
struct Goodput {
    slo: Slo,
    good: CounterInstrument,
}

/// A finished request, and what its series are about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finished<'a> {
    pub(super) record: &'a RequestRecord,
    /// The server and the model.
    pub(super) server: About,
    /// These and the model that answered.
    pub(super) response: About,
    /// Its stage, where there are several.
    pub(super) stage: Option<u32>,
    /// Present when the request may be an exemplar.
    pub(super) origin: Option<&'a Origin>,
}

/// The names of the GenAI metrics of a run.
struct Names {
    duration: Vec<&'static Instrument>,
    time_to_first_chunk: Vec<&'static Instrument>,
    time_per_output_chunk: Vec<&'static Instrument>,
    token_usage: Vec<&'static Instrument>,
}

impl Names {
    /// Embeddings are no inference: the newer vocabulary has only their duration, under its old name.
    fn new(choice: SemconvChoice, operation: Operation) -> Self {
        let is_inference = operation != Operation::Embeddings;
        let old = |instrument| (choice != SemconvChoice::Latest).then_some(instrument);
        let new = |instrument| (choice != SemconvChoice::V1_41 && is_inference).then_some(instrument);
        let of = |before, after| old(before).into_iter().chain(new(after)).collect();
        Self {
            duration: if is_inference {
                of(&table::OPERATION_DURATION, &table::INFERENCE_DURATION)
            } else {
                vec![&table::OPERATION_DURATION]
            },
            time_to_first_chunk: of(
                &table::OPERATION_TIME_TO_FIRST_CHUNK,
                &table::INFERENCE_TIME_TO_FIRST_CHUNK,
            ),
            time_per_output_chunk: of(
                &table::OPERATION_TIME_PER_OUTPUT_CHUNK,
                &table::INFERENCE_TIME_PER_OUTPUT_CHUNK,
            ),
            token_usage: old(&table::TOKEN_USAGE).into_iter().collect(),
        }
    }
}

impl RequestMetrics {
    pub(super) fn new(run: &RunIdentity, choice: SemconvChoice, shape: HistogramShape) -> Self {
        let names = Names::new(choice, run.operation);
        let is_inference = run.operation != Operation::Embeddings;
        let is_renamed = choice != SemconvChoice::V1_41;
        let histogram = |names| HistogramInstrument::new(names, shape);
        Self {
            duration: histogram(names.duration),
            time_to_first_chunk: histogram(names.time_to_first_chunk),
            time_per_output_chunk: histogram(names.time_per_output_chunk),
            token_usage: histogram(names.token_usage),
            inference_tokens: (is_inference && is_renamed).then(|| InferenceTokens::new(shape)),
            time_to_first_token: histogram(vec![&table::TIME_TO_FIRST_TOKEN]),
            goodput: run.slo.clone().map(|slo| Goodput::new(slo, run)),
        }
    }

    pub(super) fn record(&mut self, finished: Finished<'_>) {
        let record = finished.record;
        let error = ErrorType::of(&record.outcome);
        let key = finished.key(finished.response);
        let duration_key = key.with_error(error);
        self.duration
            .record(duration_key, [finished.measure_ns(duration_ns(record))]);
        if let Some(tokens) = &mut self.inference_tokens {
            tokens.record(key, finished);
        }
        if error.is_none() {
            self.record_stream(key, finished);
            self.record_usage(key, finished);
        }
        if let Some(goodput) = &mut self.goodput {
            let is_good = goodput.slo.is_met_by(record);
            goodput.good.add(finished.key(finished.server), u64::from(is_good));
        }
    }

    /// Times within a stream. Only streams have a first token.
    fn record_stream(&mut self, key: SeriesKey, finished: Finished<'_>) {
        let record = finished.record;
        let (Some(sent_at), Some(first_token_at)) = (record.timings.sent_at, record.timings.first_token_at) else {
            return;
        };
        let first_chunk = record
            .timings
            .first_chunk_at
            .map(|at| finished.measure_ns(at.nanos_since(sent_at)));
        self.time_to_first_chunk.record(key, first_chunk);
        let first_token = finished.measure_ns(first_token_at.nanos_since(sent_at));
        self.time_to_first_token.record(key, [first_token]);
        match &record.chunk_gaps {
            ChunkGaps::None => {}
            ChunkGaps::Each(gaps) => {
                let gaps = gaps.iter().map(|gap_us| finished.measure_gap(*gap_us, 1));
                self.time_per_output_chunk.record(key, gaps);
            }
            ChunkGaps::Histogram { buckets, .. } => {
                let gaps = buckets
                    .iter()
                    .map(|(gap_us, times)| finished.measure_gap(*gap_us, *times));
                self.time_per_output_chunk.record(key, gaps);
            }
        }
    }

    fn record_usage(&mut self, key: SeriesKey, finished: Finished<'_>) {
        let tokens = &finished.record.tokens;
        let counts = [
            (Detail::InputTokens, tokens.input),
            (Detail::OutputTokens, output(tokens)),
        ];
        for (detail, count) in counts {
            let measurement = count.map(|count| finished.measure(f64::from(count)));
            self.token_usage.record(key.with_detail(detail), measurement);
        }
    }

    pub(super) fn collect(&mut self, collection: &mut Collection<'_>) {
        self.duration.collect(collection);
        self.time_to_first_chunk.collect(collection);
        self.time_per_output_chunk.collect(collection);
        self.token_usage.collect(collection);
        if let Some(tokens) = &mut self.inference_tokens {
            tokens.collect(collection);
        }
        self.time_to_first_token.collect(collection);
        if let Some(goodput) = &mut self.goodput {
            goodput.good.collect(collection);
        }
    }
}

impl InferenceTokens {
    fn new(shape: HistogramShape) -> Self {
        let histogram = |name| HistogramInstrument::new(vec![name], shape);
        Self {
            input: histogram(&table::INFERENCE_OPERATION_INPUT_TOKENS),
            output: histogram(&table::INFERENCE_OPERATION_OUTPUT_TOKENS),
            usage_input: CounterInstrument::new(&table::USAGE_INPUT_TOKENS),
            usage_output: CounterInstrument::new(&table::USAGE_OUTPUT_TOKENS),
            usage_cache_read: CounterInstrument::new(&table::USAGE_CACHE_READ_INPUT_TOKENS),
            usage_reasoning: CounterInstrument::new(&table::USAGE_REASONING_OUTPUT_TOKENS),
        }
    }

    fn record(&mut self, key: SeriesKey, finished: Finished<'_>) {
        let error = ErrorType::of(&finished.record.outcome);
        if error.is_some() {
            let key = key.with_error(error);
            self.input.record(key, [finished.measure(0.0)]);
            self.output.record(key, [finished.measure(0.0)]);
            return;
        }
        let tokens = &finished.record.tokens;
        let output = output(tokens);
        let measure = |count: Option<u32>| count.map(|count| finished.measure(f64::from(count)));
        self.input.record(key, measure(tokens.input));
        self.output.record(key, measure(output));
        let key = key.with_detail(Detail::TextTokens);
        let mut usage = [
            (&mut self.usage_input, tokens.input),
            (&mut self.usage_output, output),
            (&mut self.usage_cache_read, tokens.cached_input),
            (&mut self.usage_reasoning, tokens.reasoning),
        ];
        for (counter, count) in &mut usage {
            if let Some(count) = count {
                counter.add(key, u64::from(*count));
            }
        }
    }

    fn collect(&mut self, collection: &mut Collection<'_>) {
        self.usage_input.collect(collection);
        self.usage_output.collect(collection);
        self.usage_cache_read.collect(collection);
        self.usage_reasoning.collect(collection);
        self.input.collect(collection);
        self.output.collect(collection);
    }
}

impl Goodput {
    fn new(slo: Slo, run: &RunIdentity) -> Self {
        let mut good = CounterInstrument::new(&table::REQUESTS_GOOD);
        for key in first_series(run) {
            good.add(key, 0);
        }
        Self { slo, good }
    }
}

impl<'a> Finished<'a> {
    /// A series about `about`. What exceeds the limits is told apart by nothing.
    pub(super) fn key(&self, about: About) -> SeriesKey {
        let stage = self.stage.filter(|_| about != About::Overflow);
        SeriesKey::of(about).in_stage(stage)
    }

    const fn measure(&self, value: f64) -> Measurement<'a> {
        Measurement {
            value,
            times: 1,
            origin: self.origin,
        }
    }

    const fn measure_ns(&self, nanos: u64) -> Measurement<'a> {
        self.measure(nanos as f64 / 1e9)
    }

    const fn measure_gap(&self, gap_us: u32, times: u32) -> Measurement<'a> {
        Measurement {
            value: gap_us as f64 / 1e6,
            times: times as u64,
            origin: self.origin,
        }
    }
}

/// Every server, asked for the model of the run, in each stage that its requests are measured in: the series that exist from the
/// start.
pub(super) fn first_series(run: &RunIdentity) -> impl Iterator<Item = SeriesKey> {
    let measured = run.stages.iter().filter(|stage| stage.role == StageRole::Measured);
    let mut stages: Vec<Option<u32>> = measured.map(|stage| Some(stage.number)).collect();
    if stages.is_empty() {
        stages.push(None);
    }
    let targets = 0..u16::try_from(run.servers.len()).unwrap_or(u16::MAX);
    targets.flat_map(move |target| {
        let model = Attributes::RUN_MODEL;
        let key = SeriesKey::of(About::Server { target, model });
        stages.clone().into_iter().map(move |stage| key.in_stage(stage))
    })
}

/// From the first byte sent to the end. A request that was never sent takes from when it was due.
fn duration_ns(record: &RequestRecord) -> u64 {
    let timings = &record.timings;
    timings
        .finished_at
        .nanos_since(timings.sent_at.unwrap_or(timings.scheduled_at))
}

/// Output tokens, as long as somebody counted them: chunks are no tokens.
fn output(tokens: &TokenCounts) -> Option<u32> {
    tokens.output.filter(|_| tokens.source != Some(TokenSource::ChunkCount))
}
