//! How far the time to first token that loadspan measures is from what the server did, request by request.

use std::collections::HashMap;

use anyhow::{Context, ensure};
use loadspan_record::{Phase, RequestRecord};

use super::client::ClientRun;
use super::experiment::Findings;
use super::figure::{Bar, Figure, Samples, Short};
use super::server::{Answers, EventWrites, Server, Truth};
use super::setup::Setup;

const SECONDS: u32 = 10;
/// Each run takes a quarter of a minute: more than this many tell little more.
const MOST_RUNS: usize = 3;

/// So many streams at once, and the bars for them.
#[derive(Debug)]
pub(crate) struct Streams {
    pub(crate) name: &'static str,
    pub(crate) streams: u32,
    /// Most that the error may be in the median.
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p99_ms: f64,
    /// Most memory that the client may take.
    pub(crate) memory_mb: Option<f64>,
}

/// What client and server say of the same requests; medians of the runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TruthRow {
    pub(crate) streams: u32,
    /// Requests of a run that both sides know.
    pub(crate) requests: f64,
    /// Median and 99th percentile, in milliseconds.
    pub(crate) reported: [f64; 2],
    pub(crate) truth: [f64; 2],
    pub(crate) error: [f64; 2],
    /// From the client's sending to the server's having read the request, on one clock.
    pub(crate) to_server: [f64; 2],
    /// From the server's handing over the first token to the client's stamp.
    pub(crate) to_client: [f64; 2],
    pub(crate) memory_mb: f64,
    /// loadspan's verdict on its own last run.
    pub(crate) verdict: String,
}

impl Streams {
    /// A first token after 200 ms, then 99 more every 20 ms, each time varied by a fifth so that streams do not march in step.
    pub(crate) fn measure(&self, setup: &Setup) -> anyhow::Result<Findings> {
        let answers = Answers {
            ttft_ms: 200,
            itl_ms: 20,
            tokens: 100,
            jitter: 0.2,
            writes: EventWrites::Together,
        };
        let mut runs = Vec::new();
        for _ in 0..setup.runs.min(MOST_RUNS) {
            let server = Server::start(setup, answers)?;
            runs.push(self.run(setup, &server)?);
        }
        self.findings(&Runs(runs))
    }

    fn run(&self, setup: &Setup, server: &Server) -> anyhow::Result<Run> {
        let streams = self.streams;
        let flags =
            format!("--streaming --concurrency {streams} --concurrency-ramp-duration 3 --benchmark-duration {SECONDS}");
        let client = ClientRun::of(setup, server, &flags)?;
        let pairs = pair(&client.records()?, &server.truths()?, client.start_ns()?)?;
        let samples = |of: fn(&Pair) -> f64| Samples::new(pairs.iter().map(of).collect()).context("no request matched");
        Ok(Run {
            requests: pairs.len() as f64,
            reported: samples(|pair| pair.reported_ms)?,
            truth: samples(|pair| pair.truth_ms)?,
            error: samples(Pair::error_ms)?,
            to_server: samples(|pair| pair.to_server_ms)?,
            to_client: samples(|pair| pair.to_client_ms)?,
            memory_mb: client.process.peak_rss_bytes as f64 / 1e6,
            verdict: client.verdict().to_owned(),
        })
    }

    fn findings(&self, runs: &Runs) -> anyhow::Result<Findings> {
        Ok(Findings {
            figures: self.figures(runs)?,
            truths: vec![self.row(runs)?],
            ..Findings::default()
        })
    }

    fn figures(&self, runs: &Runs) -> anyhow::Result<Vec<Figure>> {
        let wanted = [
            (
                "error of TTFT, p50",
                "ms",
                self.p50_ms,
                runs.each(|run| run.error.quantile(0.5))?,
            ),
            (
                "error of TTFT, p99",
                "ms",
                Some(self.p99_ms),
                runs.each(|run| run.error.quantile(0.99))?,
            ),
            ("peak memory", "MB", self.memory_mb, runs.each(|run| run.memory_mb)?),
        ];
        let figures = wanted.into_iter().filter_map(|(what, unit, bar, samples)| {
            Some(Figure {
                name: format!("{} streams: {what}", Short(f64::from(self.streams))),
                unit,
                bar: Bar::AtMost(bar?),
                samples,
            })
        });
        Ok(figures.collect())
    }

    fn row(&self, runs: &Runs) -> anyhow::Result<TruthRow> {
        Ok(TruthRow {
            streams: self.streams,
            requests: runs.each(|run| run.requests)?.median(),
            reported: runs.p50_and_p99(|run| &run.reported)?,
            truth: runs.p50_and_p99(|run| &run.truth)?,
            error: runs.p50_and_p99(|run| &run.error)?,
            to_server: runs.p50_and_p99(|run| &run.to_server)?,
            to_client: runs.p50_and_p99(|run| &run.to_client)?,
            memory_mb: runs.each(|run| run.memory_mb)?.median(),
            verdict: runs.0.last().map(|run| run.verdict.clone()).unwrap_or_default(),
        })
    }
}

struct Runs(Vec<Run>);

/// One run of one client.
struct Run {
    requests: f64,
    /// Times to first token, in milliseconds.
    reported: Samples,
    truth: Samples,
    /// How far they are apart.
    error: Samples,
    to_server: Samples,
    to_client: Samples,
    memory_mb: f64,
    verdict: String,
}

impl Runs {
    /// A number of each run.
    fn each(&self, of: impl Fn(&Run) -> f64) -> anyhow::Result<Samples> {
        Samples::new(self.0.iter().map(of).collect()).context("there were no runs")
    }

    /// The medians, over the runs, of two percentiles.
    fn p50_and_p99(&self, of: fn(&Run) -> &Samples) -> anyhow::Result<[f64; 2]> {
        let median = |q| Ok::<_, anyhow::Error>(self.each(|run| of(run).quantile(q))?.median());
        Ok([median(0.5)?, median(0.99)?])
    }
}

/// The time to first token of one request.
#[derive(Debug, PartialEq)]
struct Pair {
    reported_ms: f64,
    truth_ms: f64,
    to_server_ms: f64,
    to_client_ms: f64,
}

impl Pair {
    fn error_ms(&self) -> f64 {
        (self.reported_ms - self.truth_ms).abs()
    }
}

/// The measured requests that have a first token, each with its truth.
///
/// `start_ns` is offset zero of the records on the clock of the truths.
fn pair(records: &[RequestRecord], truths: &[Truth], start_ns: u64) -> anyhow::Result<Vec<Pair>> {
    let truths: HashMap<&str, &Truth> = truths
        .iter()
        .filter_map(|truth| Some((truth.request_id.as_deref()?, truth)))
        .collect();
    let measured: Vec<&RequestRecord> = records.iter().filter(|record| record.phase == Phase::Measure).collect();
    let pairs: Vec<Pair> = measured
        .iter()
        .filter_map(|record| {
            let truth = truths.get(record.id.to_string().as_str())?;
            let timings = &record.timings;
            let (sent_at, stamped_at) = (timings.sent_at?, timings.first_token_at?);
            let written_ns = truth.first_token_ns?;
            let millis = |from: u64, to: u64| to.saturating_sub(from) as f64 / 1e6;
            Some(Pair {
                reported_ms: stamped_at.millis_since(sent_at),
                truth_ms: millis(truth.arrived_ns, written_ns),
                to_server_ms: millis(start_ns + sent_at.as_nanos(), truth.arrived_ns),
                to_client_ms: millis(written_ns, start_ns + stamped_at.as_nanos()),
            })
        })
        .collect();
    let (matched, all) = (pairs.len(), measured.len());
    ensure!(
        matched * 100 >= all * 99,
        "client and server agree on {matched} of {all} requests only"
    );
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(index: u64, phase: &str) -> RequestRecord {
        let line = format!(
            r#"{{"request_id":"0000002a-{index}","phase":"{phase}","stage":0,"target":0,"worker":0,"chunks":1,
            "timings":{{"scheduled_ns":0,"sent_ns":1000000,"first_token_ns":202500000,"finished_ns":202500000}},
            "outcome":{{"status":"completed"}},"tokens":{{"output":1,"source":"server_usage"}},
            "http":{{"version":"1.1","status":200,"connection":"reused","bytes_sent":1,"bytes_received":1}},
            "trace_id":"00000000000000000000000000000001","span_id":"0000000000000001"}}"#
        );
        serde_json::from_str(&line).unwrap()
    }

    fn truth(request_id: &str) -> Truth {
        Truth {
            request_id: Some(request_id.to_owned()),
            arrived_ns: 5_000_000,
            first_token_ns: Some(205_000_000),
        }
    }

    #[test]
    fn requests_are_matched_by_their_id() {
        let records = [record(0, "warmup"), record(1, "measure")];
        let pairs = pair(
            &records,
            &[truth("000000ff-1"), truth("0000002a-0"), truth("0000002a-1")],
            3_000_000,
        )
        .unwrap();
        assert_eq!(
            pairs,
            [Pair {
                reported_ms: 201.5,
                truth_ms: 200.0,
                to_server_ms: 1.0,
                to_client_ms: 0.5,
            }]
        );
        assert_eq!(pairs[0].error_ms(), 1.5);
    }

    #[test]
    fn requests_without_truth_are_not_passed_over() {
        let error = pair(&[record(0, "measure"), record(1, "measure")], &[truth("0000002a-1")], 0).unwrap_err();
        assert_eq!(error.to_string(), "client and server agree on 1 of 2 requests only");
    }
}
