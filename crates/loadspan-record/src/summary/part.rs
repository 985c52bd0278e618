//! The figures of a part of a run: of a stage, or of the whole.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::figures::Figures;
use super::in_flight::InFlight;
use super::replay::stages_of_single_calls;
use super::rows::{Selection, Span};
use super::steady::{Measured, find_window};
use super::tally::{Arrivals, LengthTally, Tally};
use super::work::{self, Work, add_throughput};
use super::{
    ConnectionSummary, Counts, GoodputSummary, InFlightSummary, LengthSummary, LoadSummary, SessionSummary,
    SteadyState, TokenSummary, goodput, sessions,
};
use crate::distribution::{GapHistogram, to_seven_digits};
use crate::verdict::Evidence;
use crate::{Distribution, LoadFacts, Metric, RunFacts, RunMetric, TokenSource, Unit};

/// What the figures of a part are made of.
#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    pub(super) rows: Selection<'a>,
    pub(super) tally: Cow<'a, Tally>,
    pub(super) gaps: Cow<'a, GapHistogram>,
    /// The load that was asked for.
    pub(super) asked: Cow<'a, LoadFacts>,
    /// Whether every request had a time at which it was due that was not the end of another.
    pub(super) is_open: bool,
    /// Requests that were due and never sent.
    pub(super) unsent: u64,
    pub(super) measured: MeasuredTime,
}

/// The time that figures are over. Of several stages it is in pieces: what lies between them does not count.
#[derive(Debug, Clone, Default)]
pub(super) struct MeasuredTime {
    pub(super) spans: Vec<Span>,
    pub(super) in_flight: Option<InFlight>,
}

impl MeasuredTime {
    pub(super) fn of(rows: Selection<'_>, tally: &Tally) -> Self {
        let span = tally.measured_span();
        Self {
            spans: span.into_iter().collect(),
            in_flight: span.map(|span| InFlight::within(rows, span)),
        }
    }

    pub(super) fn extend(&mut self, other: &Self) {
        self.spans.extend(&other.spans);
        match (&mut self.in_flight, &other.in_flight) {
            (Some(sum), Some(part)) => sum.merge(part),
            (sum, part) => *sum = sum.take().or_else(|| part.clone()),
        }
    }

    /// `None` when nothing was measured.
    fn secs(&self) -> Option<f64> {
        (!self.spans.is_empty()).then(|| self.spans.iter().copied().map(Span::secs).sum())
    }
}

/// The figures of a part.
#[derive(Debug, Clone)]
pub(super) struct PartFigures {
    pub(super) metrics: Figures,
    pub(super) goodput: Option<GoodputSummary>,
    pub(super) sessions: Option<SessionSummary>,
    pub(super) grounds: Grounds,
}

/// Those among the figures of a part that a verdict rests on.
#[derive(Debug, Clone)]
pub(super) struct Grounds {
    pub(super) counts: Counts,
    pub(super) load: LoadSummary,
    pub(super) tokens: TokenSummary,
    /// How many of those that its schedule is of were sent.
    arrivals: u64,
}

impl Grounds {
    /// What the verdict on the run as a whole rests on.
    pub(super) fn evidence<'a>(&'a self, facts: &'a RunFacts) -> Evidence<'a> {
        Evidence {
            thresholds: &facts.thresholds,
            prompts: facts.prompts,
            client: facts.client.as_ref(),
            completeness: &facts.run.completeness,
            counts: &self.counts,
            load: &self.load,
            tokens: &self.tokens,
            arrivals: self.arrivals,
            is_recorded: !facts.replays.is_empty(),
            is_of_single_calls: !stages_of_single_calls(&facts.replays).is_empty(),
        }
    }
}

impl Part<'_> {
    pub(super) fn figures(&self, facts: &RunFacts) -> PartFigures {
        let grounds = self.grounds();
        let goodput = facts.slo.as_ref().map(|slo| goodput::measure(self.rows, slo));
        let single = stages_of_single_calls(&facts.replays);
        PartFigures {
            metrics: self.metrics(&grounds.load, goodput.as_ref()),
            goodput,
            sessions: sessions::summarise(self.rows.without_sessions_of(&single)),
            grounds,
        }
    }

    pub(super) fn grounds(&self) -> Grounds {
        let counts = self.counts();
        Grounds {
            load: self.load(),
            tokens: self.tokens(),
            arrivals: if self.asked.model.is_of_sessions() {
                self.arrivals().sends
            } else {
                counts.requests
            },
            counts,
        }
    }

    /// Without those opened ahead of the load, which is not in the records.
    pub(super) fn connections(&self) -> ConnectionSummary {
        ConnectionSummary {
            opened: self.tally.opened,
            reused: self.tally.reused,
            connect: self.distribution(Metric::ConnectTime),
            preopened: Vec::new(),
        }
    }

    pub(super) fn finish_reasons(&self) -> BTreeMap<String, u64> {
        let reasons = self.tally.finish_reasons.iter();
        reasons.map(|(reason, count)| (reason.to_string(), *count)).collect()
    }

    fn counts(&self) -> Counts {
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
            unsent: self.unsent,
            by_error: tally
                .by_error
                .iter()
                .map(|(kind, error)| (kind.to_string(), error.count))
                .collect(),
            error_examples: examples.map(|(kind, example)| (kind, example.to_string())).collect(),
        }
    }

    /// Those that the schedule is of: requests, or sessions.
    fn arrivals(&self) -> &Arrivals {
        if self.asked.model.is_of_sessions() {
            &self.tally.times.sessions
        } else {
            &self.tally.times.requests
        }
    }

    fn load(&self) -> LoadSummary {
        let has_rate = self.asked.model.is_open();
        let rate = |rate: Option<f64>| rate.filter(|_| has_rate).map(to_seven_digits);
        let delays = self
            .rows
            .population(Metric::ScheduleLag)
            .filter_map(|row| self.rows.dispatch_delay(row))
            .collect();
        let in_flight = self.measured.in_flight.as_ref();
        LoadSummary {
            asked: self.asked.clone().into_owned(),
            scheduled_rate: rate(self.arrivals().scheduled_rate()),
            achieved_rate: rate(self.arrivals().achieved_rate()),
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
                    Metric::ScheduledLatency if !self.is_open => None,
                    _ => self.distribution(metric),
                },
            );
        }
        self.add_scalars(&mut figures, load, goodput);
        figures
    }

    fn add_scalars(&self, figures: &mut Figures, load: &LoadSummary, goodput: Option<&GoodputSummary>) {
        let (tally, tokens) = (&self.tally, &self.tally.tokens);
        let secs = self.measured.secs();
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
        work::distribution_over(self.rows, metric, self.rows.population(metric))
    }

    /// Of a part that was measured in one piece.
    pub(super) fn steady_state(&self) -> SteadyState {
        let model = self.asked.model;
        let measured = match (&self.measured.spans[..], &self.measured.in_flight) {
            ([span], Some(in_flight)) if self.tally.completed > 0 => Measured { span: *span, in_flight },
            _ => {
                return SteadyState::Absent {
                    absent: "no measured request completed".to_owned(),
                };
            }
        };
        match find_window(self.rows, measured, model) {
            Ok(steady) => SteadyState::Found {
                window: work::window(self.rows, (measured.span, steady.span)),
                metrics: work::steady_metrics(self.rows, &steady, model),
            },
            Err(absent) => SteadyState::Absent { absent },
        }
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
}
