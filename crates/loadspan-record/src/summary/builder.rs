//! From records to a [`Summary`].

use std::time::Duration;

use super::figures::Figures;
use super::goodput;
use super::in_flight::InFlight;
use super::rows::{Fate, Rows, Span, each_gap};
use super::steady::{Measured, SteadyWindow, find_window, rows_within};
use super::tally::{LengthTally, Tally};
use super::timeslices::{self, Timeslice};
use super::{
    ConnectionSummary, Counts, GoodputSummary, InFlightSummary, LengthSummary, LoadSummary, SUMMARY_SCHEMA_VERSION,
    SteadyState, Summary, TokenSummary, Window,
};
use crate::distribution::{GapHistogram, to_seven_digits};
use crate::verdict::Evidence;
use crate::{
    Distribution, LoadModel, Metric, Preopened, RequestRecord, RunFacts, RunMetric, TokenSource, Unit, Verdict,
};

/// Takes the records of a run one by one, in any order, and makes its summary.
///
/// Every value of every request is kept (percentiles of requests are exact), in about 30 bytes for a request without a stream and
/// 45 for one with; gaps between chunks go to one histogram. Warm-up requests are counted and in flight, and in no figure.
#[derive(Debug, Clone)]
pub struct SummaryBuilder {
    rows: Rows,
    gaps: GapHistogram,
    tally: Tally,
}

impl SummaryBuilder {
    /// A builder that has seen no record.
    #[must_use]
    pub fn new() -> Self {
        Self {
            rows: Rows::new(),
            gaps: GapHistogram::new(),
            tally: Tally::default(),
        }
    }

    /// Takes a record.
    pub fn push(&mut self, record: &RequestRecord) {
        self.rows.push(record);
        self.tally.push(record);
        let last = self.rows.len() - 1;
        if self.rows.fate(last) == Fate::Completed {
            each_gap(record, |gap, times| self.gaps.record(gap, times));
        }
    }

    /// Records taken so far, warm-up included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no record was taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.len() == 0
    }

    /// The summary of the records so far. May be called again after more records.
    ///
    /// Takes time: about a second per million requests in a release build. It belongs after the load, not beside it.
    #[must_use]
    pub fn finish(&self, facts: RunFacts) -> Summary {
        let measured = self.tally.measured_span();
        let in_flight = measured.map(|span| InFlight::within(&self.rows, span));
        let load = self.load(&facts, in_flight.as_ref());
        let measured = measured
            .zip(in_flight.as_ref())
            .map(|(span, in_flight)| Measured { span, in_flight });
        let counts = self.counts(&facts);
        let tokens = self.tokens();
        let goodput = facts.slo.as_ref().map(|slo| goodput::measure(&self.rows, slo));
        let verdict = Verdict::of(&Evidence {
            facts: &facts,
            counts: &counts,
            load: &load,
            tokens: &tokens,
        });
        Summary {
            schema_version: SUMMARY_SCHEMA_VERSION.to_owned(),
            verdict,
            metrics: self.metrics(&load, goodput.as_ref()),
            steady_state: self.steady_state(measured, facts.load.model),
            connections: self.connections(facts.preopened),
            finish_reasons: self
                .tally
                .finish_reasons
                .iter()
                .map(|(reason, count)| (reason.to_string(), *count))
                .collect(),
            run: facts.run,
            counts,
            load,
            client: facts.client,
            tokens,
            goodput,
            notices: facts.notices,
            server: Vec::new(),
            gpus: None,
            telemetry: facts.telemetry,
        }
    }

    /// The measured time in slices of equal length, the last of which may be cut short. Empty when nothing was measured, or
    /// for a length that is zero or cuts it into a million slices.
    #[must_use]
    pub fn timeslices(&self, length: Duration) -> Vec<Timeslice> {
        let length = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        match self.tally.measured_span() {
            Some(span) if length > 0 => timeslices::slice(&self.rows, span, length),
            _ => Vec::new(),
        }
    }

    fn counts(&self, facts: &RunFacts) -> Counts {
        let tally = &self.tally;
        let examples = tally
            .by_error
            .iter()
            .filter_map(|(kind, error)| Some((kind.to_string(), error.example.as_ref()?)));
        Counts {
            requests: tally.completed + tally.failed + tally.cancelled,
            completed: tally.completed,
            failed: tally.failed,
            cancelled: tally.cancelled,
            warmup: tally.warmup,
            unsent: facts.unsent,
            by_error: tally
                .by_error
                .iter()
                .map(|(kind, error)| (kind.to_string(), error.count))
                .collect(),
            error_examples: examples.map(|(kind, example)| (kind, example.to_string())).collect(),
        }
    }

    fn load(&self, facts: &RunFacts, in_flight: Option<&InFlight>) -> LoadSummary {
        let is_open = facts.load.model.is_open();
        let delays = self
            .rows
            .population(Metric::ScheduleLag)
            .filter_map(|row| self.rows.dispatch_delay(row))
            .collect();
        LoadSummary {
            asked: facts.load.clone(),
            scheduled_rate: self
                .tally
                .times
                .scheduled_rate()
                .filter(|_| is_open)
                .map(to_seven_digits),
            achieved_rate: self
                .tally
                .times
                .achieved_rate()
                .filter(|_| is_open)
                .map(to_seven_digits),
            held_back: self.tally.held_back,
            in_flight: in_flight.map_or_else(InFlightSummary::default, |in_flight| InFlightSummary {
                mean: to_seven_digits(in_flight.mean()),
                max: in_flight.max() as u64,
            }),
            schedule_lag: self.distribution(Metric::ScheduleLag),
            dispatch_delay: Distribution::of(Unit::Milliseconds, delays),
        }
    }

    fn metrics(&self, load: &LoadSummary, goodput: Option<&GoodputSummary>) -> Figures {
        let mut figures = Figures::default();
        for metric in Metric::ALL {
            figures.add(
                metric,
                match metric {
                    Metric::InterChunkLatency => self.gaps.distribution(),
                    Metric::ScheduleLag => load.schedule_lag,
                    Metric::ScheduledLatency if !load.asked.model.is_open() => None,
                    _ => self.distribution(metric),
                },
            );
        }
        self.add_scalars(&mut figures, load, goodput);
        figures
    }

    fn add_scalars(&self, figures: &mut Figures, load: &LoadSummary, goodput: Option<&GoodputSummary>) {
        let (tally, tokens) = (&self.tally, &self.tally.tokens);
        let secs = tally.measured_span().map(Span::secs);
        let done = tally.completed + tally.failed;
        let share = |part: u64| (done > 0).then(|| part as f64 / done as f64);
        add_throughput(
            figures,
            Work {
                requests: tally.completed as f64,
                input: tokens.input as f64,
                output: tokens.output as f64,
            },
            secs,
        );
        if let Some(goodput) = goodput {
            figures.add_scalar(RunMetric::Goodput, secs.map(|secs| goodput.good as f64 / secs));
            figures.add_scalar(RunMetric::GoodRequestFraction, share(goodput.good));
        }
        figures.add_scalar(RunMetric::BenchmarkDuration, secs);
        figures.add_scalar(
            RunMetric::RequestErrorRate,
            share(tally.failed).map(|share| share * 100.0),
        );
        figures.add_scalar(RunMetric::InFlightMean, secs.map(|_| load.in_flight.mean));
        figures.add_scalar(RunMetric::InFlightMax, secs.map(|_| load.in_flight.max as f64));
    }

    fn distribution(&self, metric: Metric) -> Option<Distribution> {
        self.distribution_over(metric, self.rows.population(metric))
    }

    fn distribution_over(&self, metric: Metric, rows: impl Iterator<Item = usize>) -> Option<Distribution> {
        // The room for every row is reserved at once: growing by halves would need that much again, and room that is not
        // used costs nothing.
        let mut values = Vec::with_capacity(self.rows.len());
        values.extend(rows.filter_map(|row| self.rows.value(metric, row)));
        Distribution::of(metric.unit(), values)
    }

    fn steady_state(&self, measured: Option<Measured<'_>>, load: LoadModel) -> SteadyState {
        let measured = match measured {
            Some(measured) if self.tally.completed > 0 => measured,
            _ => {
                return SteadyState::Absent {
                    absent: "no measured request completed".to_owned(),
                };
            }
        };
        match find_window(&self.rows, measured, load) {
            Ok(steady) => SteadyState::Found {
                window: self.window(measured.span, steady.span),
                metrics: self.steady_metrics(&steady, load),
            },
            Err(absent) => SteadyState::Absent { absent },
        }
    }

    fn window(&self, measured: Span, window: Span) -> Window {
        Window {
            start_s: to_seven_digits(window.start as f64 / 1e9),
            end_s: to_seven_digits(window.end as f64 / 1e9),
            share: to_seven_digits(window.nanos() as f64 / measured.nanos() as f64),
            requests: rows_within(&self.rows, window).count() as u64,
        }
    }

    fn steady_metrics(&self, steady: &SteadyWindow, load: LoadModel) -> Figures {
        let mut metrics = Figures::default();
        let of_server = |metric: &Metric| match metric {
            Metric::ScheduleLag | Metric::ConnectTime => false,
            Metric::ScheduledLatency => load.is_open(),
            _ => true,
        };
        for metric in Metric::ALL.into_iter().filter(of_server) {
            metrics.add(
                metric,
                self.distribution_over(metric, rows_within(&self.rows, steady.span)),
            );
        }
        add_throughput(
            &mut metrics,
            self.work_done_within(steady.span),
            Some(steady.span.secs()),
        );
        metrics.add_scalar(RunMetric::InFlightMean, Some(steady.in_flight.mean()));
        metrics.add_scalar(RunMetric::InFlightMax, Some(steady.in_flight.max() as f64));
        metrics
    }

    /// What was done within the window: of each request that completed, warm-up included, the part of its life that lies within.
    ///
    /// Counting those that end within would make the figure depend on where between two completions the window begins and ends,
    /// which for a closed load is just where a whole wave of them ends.
    fn work_done_within(&self, window: Span) -> Work {
        let mut work = Work::default();
        for row in 0..self.rows.len() {
            let counts = matches!(self.rows.fate(row), Fate::Completed | Fate::Aside) && self.rows.was_sent(row);
            if !counts || self.rows.value(Metric::RequestLatency, row).is_none() {
                continue;
            }
            let life = Span {
                start: self.rows.sent_ns(row),
                end: self.rows.ended_ns(row),
            };
            let share = window.share_of(life);
            let tokens = |metric| share * f64::from(self.rows.value(metric, row).unwrap_or(0.0));
            work.requests += share;
            work.input += tokens(Metric::InputSequenceLength);
            work.output += tokens(Metric::OutputSequenceLength);
        }
        work
    }

    fn tokens(&self) -> TokenSummary {
        let tokens = &self.tally.tokens;
        let counted: u64 = tokens.sources.iter().sum();
        let length = |tally: LengthTally| LengthSummary {
            asked: tally.asked,
            missed: tally.missed,
        };
        let shares = TokenSource::ALL
            .into_iter()
            .filter_map(|source| Some((source, tokens.source_share(source)?)));
        TokenSummary {
            input_total: tokens.input,
            output_total: tokens.output,
            reasoning_total: tokens.reasoning,
            cached_input_total: tokens.cached,
            cached_input_share: (tokens.cacheable > 0)
                .then(|| to_seven_digits(tokens.cached as f64 / tokens.cacheable as f64)),
            source_share: shares
                .filter(|(_, share)| *share > 0.0)
                .map(|(source, share)| (source.as_str().to_owned(), share))
                .collect(),
            uncounted: self.tally.completed - counted,
            requested_output: length(tokens.output_length),
            requested_input: length(tokens.input_length),
        }
    }

    fn connections(&self, preopened: Vec<Preopened>) -> ConnectionSummary {
        ConnectionSummary {
            opened: self.tally.opened,
            reused: self.tally.reused,
            connect: self.distribution(Metric::ConnectTime),
            preopened,
        }
    }
}

impl Default for SummaryBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// What was done in some time.
#[derive(Debug, Clone, Copy, Default)]
struct Work {
    requests: f64,
    input: f64,
    output: f64,
}

/// Adds what exists: no throughput over no time, none of nothing, and no token throughput when nobody counted tokens.
fn add_throughput(figures: &mut Figures, work: Work, secs: Option<f64>) {
    let Some(secs) = secs.filter(|secs| *secs > 0.0) else {
        return;
    };
    let mut add = |metric, amount: f64| {
        figures.add_scalar(metric, (amount > 0.0).then(|| amount / secs));
    };
    add(RunMetric::RequestThroughput, work.requests);
    add(RunMetric::OutputTokenThroughput, work.output);
    add(RunMetric::InputTokenThroughput, work.input);
    add(RunMetric::TotalTokenThroughput, work.input + work.output);
}
