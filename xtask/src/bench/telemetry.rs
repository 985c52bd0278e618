//! What telemetry costs: the same load with and without it, in turn.

use anyhow::{Context, ensure};
use loadspan_record::{Phase, RequestRecord};

use super::client::ClientRun;
use super::experiment::Findings;
use super::figure::{Bar, Figure, Samples};
use super::server::{Answers, Collector, EventWrites, Server};
use super::setup::Setup;
use super::throughput::{CONNECTIONS, SECONDS};

/// Requests per second of the load with traces.
const TRACED_RATE: u32 = 10_000;
const TRACED_SECONDS: u32 = 30;
/// Each pair takes a minute.
const MOST_TRACED_PAIRS: usize = 3;
/// The threads that telemetry has, by the first 15 characters of their names, which is what Linux keeps.
const THREADS: [&str; 3] = ["loadspan-teleme", "loadspan-export", "loadspan-spool"];
/// What the collector takes to answer.
const COLLECTOR_DELAY_MS: u64 = 10;

/// A stream of one token that comes at once: nothing but requests.
pub(crate) const AT_ONCE: Answers = Answers {
    ttft_ms: 0,
    itl_ms: 0,
    tokens: 1,
    jitter: 0.0,
    writes: EventWrites::Together,
};

/// The share of the maximum request rate that is left when metrics are exported.
pub(crate) fn measure_metrics(setup: &Setup) -> anyhow::Result<Findings> {
    let server = Server::start(setup, AT_ONCE)?;
    let collector = Collector::start(setup, COLLECTOR_DELAY_MS)?;
    let load = format!("--streaming --concurrency {CONNECTIONS} --benchmark-duration {SECONDS}");
    let exported = format!(
        "{load} --otel-url {} --otel-protocol grpc --stream default",
        collector.url()
    );
    let (mut losses, mut costs) = (Vec::new(), Vec::new());
    for pair in 0..setup.runs {
        let run = |flags: &str| FullSpeed::of(&ClientRun::of(setup, &server, flags)?);
        let [without, with] = in_turn(pair, || run(&load), || run(&exported))?;
        losses.push((1.0 - with.rate / without.rate) * 100.0);
        costs.push(with.telemetry_seconds / with.requests * 1e6);
    }
    let name = "Metrics exported at full speed, streams of 1 token";
    Ok(Findings::of(vec![
        figure(&format!("{name}: requests/s lost"), "%", 2.0, losses)?,
        figure(&format!("{name}: CPU of telemetry"), "µs a request", 0.5, costs)?,
    ]))
}

/// What spans of all requests cost at a steady rate, and what they do to what is measured.
pub(crate) fn measure_traces(setup: &Setup) -> anyhow::Result<Findings> {
    let answers = Answers { ttft_ms: 2, ..AT_ONCE };
    let server = Server::start(setup, answers)?;
    let collector = Collector::start(setup, COLLECTOR_DELAY_MS)?;
    let load = format!(
        "--streaming --request-rate {TRACED_RATE} --arrival-pattern constant --benchmark-duration {TRACED_SECONDS}"
    );
    let exported = format!(
        "{load} --otel-url {} --otel-protocol grpc --stream traces",
        collector.url()
    );
    let mut pairs = Vec::new();
    for pair in 0..setup.runs.min(MOST_TRACED_PAIRS) {
        let run = |flags: &str| Traced::of(&ClientRun::of(setup, &server, flags)?);
        pairs.push(in_turn(pair, || run(&load), || run(&exported))?);
    }
    let name = format!("Spans of all requests at {TRACED_RATE} requests/s for {TRACED_SECONDS} s");
    let each = |what: &str, unit, bar, of: &dyn Fn(&Traced, &Traced) -> f64| {
        let values = pairs.iter().map(|[without, with]| of(without, with)).collect();
        figure(&format!("{name}: {what}"), unit, bar, values)
    };
    Ok(Findings::of(vec![
        each("CPU of telemetry", "µs a request", 8.0, &|_, with| {
            with.telemetry_seconds / with.requests * 1e6
        })?,
        each("not delivered", "spans", 0.0, &|_, with| with.produced - with.delivered)?,
        each("p99 of TTFT moved by", "ms", 0.2, &|without, with| {
            with.ttft_p99_ms - without.ttft_p99_ms
        })?,
        each("memory on top", "MB", 150.0, &|without, with| {
            with.memory_mb - without.memory_mb
        })?,
    ]))
}

/// A run at full speed.
pub(crate) struct FullSpeed {
    pub(crate) requests: f64,
    pub(crate) rate: f64,
    /// CPU time of the threads of telemetry.
    pub(crate) telemetry_seconds: f64,
}

impl FullSpeed {
    pub(crate) fn of(run: &ClientRun) -> anyhow::Result<Self> {
        Ok(Self {
            requests: run.number("/counts/completed")?,
            rate: run.number("/metrics/request_throughput/value")?,
            telemetry_seconds: telemetry_seconds(run),
        })
    }
}

fn telemetry_seconds(run: &ClientRun) -> f64 {
    THREADS.iter().filter_map(|name| run.process.threads.get(*name)).sum()
}

/// A run of the steady load.
struct Traced {
    requests: f64,
    telemetry_seconds: f64,
    ttft_p99_ms: f64,
    memory_mb: f64,
    produced: f64,
    delivered: f64,
}

impl Traced {
    fn of(run: &ClientRun) -> anyhow::Result<Self> {
        let records = run.records()?;
        let ttft = |record: &RequestRecord| {
            let timings = &record.timings;
            Some(timings.first_token_at?.millis_since(timings.sent_at?))
        };
        let measured = records.iter().filter(|record| record.phase == Phase::Measure);
        let ttfts = Samples::new(measured.filter_map(ttft).collect()).context("no request has a first token")?;
        let fate = |name: &str| run.number(&format!("/telemetry/signals/0/{name}")).unwrap_or_default();
        ensure!(
            records.len() as u32 >= TRACED_RATE,
            "only {} requests were made",
            records.len()
        );
        Ok(Self {
            requests: records.len() as f64,
            telemetry_seconds: telemetry_seconds(run),
            ttft_p99_ms: ttfts.quantile(0.99),
            memory_mb: run.process.peak_rss_bytes as f64 / 1e6,
            produced: fate("produced"),
            delivered: fate("delivered"),
        })
    }
}

/// Both sides of a pair; which is first changes from pair to pair.
pub(crate) fn in_turn<T>(
    pair: usize,
    without: impl Fn() -> anyhow::Result<T>,
    with: impl Fn() -> anyhow::Result<T>,
) -> anyhow::Result<[T; 2]> {
    if pair.is_multiple_of(2) {
        Ok([without()?, with()?])
    } else {
        let with = with()?;
        Ok([without()?, with])
    }
}

pub(crate) fn figure(name: &str, unit: &'static str, bar: f64, samples: Vec<f64>) -> anyhow::Result<Figure> {
    Ok(Figure {
        name: name.to_owned(),
        unit,
        bar: Bar::AtMost(bar),
        samples: Samples::new(samples).context("there were no runs")?,
    })
}
