//! Whether requests leave when the schedule says so.

use anyhow::Context;
use loadspan_record::RequestRecord;

use super::client::ClientRun;
use super::experiment::Findings;
use super::figure::{Bar, Figure, Samples};
use super::server::{Answers, EventWrites, Server};
use super::setup::Setup;

const RATE: f64 = 2_000.0;
const SECONDS: u32 = 20;
/// Each run takes a third of a minute: more than this many tell little more.
const MOST_RUNS: usize = 3;

/// 2,000 requests a second in equal gaps, each a stream of 16 tokens over 125 ms: some 250 are open at a time.
pub(crate) fn measure(setup: &Setup) -> anyhow::Result<Findings> {
    let answers = Answers {
        ttft_ms: 50,
        itl_ms: 5,
        tokens: 16,
        jitter: 0.2,
        writes: EventWrites::Together,
    };
    let server = Server::start(setup, answers)?;
    let flags = format!("--streaming --request-rate {RATE} --arrival-pattern constant --benchmark-duration {SECONDS}");
    let (mut rate_errors, mut lags) = (Vec::new(), Vec::new());
    for _ in 0..setup.runs.min(MOST_RUNS) {
        let records = ClientRun::of(setup, &server, &flags)?.records()?;
        rate_errors.push((achieved_rate(&records).context("nothing was sent")? / RATE - 1.0).abs() * 100.0);
        lags.push(lag_p99_ms(&records).context("nothing was sent")?);
    }
    let figure = |what: &str, unit, bar, samples| -> anyhow::Result<Figure> {
        let name = format!("Open loop, 2,000 requests/s for {SECONDS} s: {what}");
        Ok(Figure {
            name,
            unit,
            bar: Bar::AtMost(bar),
            samples: Samples::new(samples).context("there were no runs")?,
        })
    };
    Ok(Findings::of(vec![
        figure("error of the rate", "%", 0.2, rate_errors)?,
        figure("sent after scheduled, p99", "ms", 1.0, lags)?,
    ]))
}

/// Requests per second, from the first that was sent to the last. `None` with fewer than two.
fn achieved_rate(records: &[RequestRecord]) -> Option<f64> {
    let sent = || records.iter().filter_map(|record| record.timings.sent_at);
    let seconds = sent().max()?.nanos_since(sent().min()?) as f64 / 1e9;
    (seconds > 0.0).then(|| (sent().count() - 1) as f64 / seconds)
}

fn lag_p99_ms(records: &[RequestRecord]) -> Option<f64> {
    let lags = records
        .iter()
        .filter_map(|record| Some(record.timings.sent_at?.millis_since(record.timings.scheduled_at)));
    Some(Samples::new(lags.collect())?.quantile(0.99))
}
