//! A closed load keeps exactly as many requests in flight as it was asked to, from the first to the last.

use loadspan_testkit::{DurationExt, Script, every};

use super::super::bench::Bench;
use super::super::check::{Check, TIMING, completed, median, millis, reached_server};
use super::super::evidence::Evidence;
use super::super::finding::{Finding, Tolerance, Unit};
use super::{Case, bench, case};

/// Requests in flight while the warm-up ends.
const WARM_CONCURRENCY: u32 = 16;
/// How far on either side of the handover the server is looked at.
const AROUND_NS: u64 = 30_000_000;

pub(super) fn cases() -> Vec<Case> {
    vec![
        case(
            "64 at once",
            closed(64, 60),
            [open_streams(64), completed(128), reached_server(129)],
        ),
        case(
            "512 at once",
            closed(512, 300),
            [open_streams(512), completed(1024), reached_server(1025)],
        ),
        case(
            "warm-up hands over",
            warming_up(),
            [warm_requests(48), completed(96), idle_at_handover(), open_at_handover()],
        ),
    ]
}

/// Two rounds, each long enough for the whole first wave to be in flight at once.
fn closed(concurrency: u32, ttft_ms: u64) -> Bench {
    let script = Script::new().ttft(ttft_ms.ms()).tokens(2, every(5.ms()));
    bench(script)
        .closed(concurrency)
        .requests(2 * u64::from(concurrency))
        .two_workers()
}

fn warming_up() -> Bench {
    let script = Script::new().ttft(20.ms()).tokens(4, every(5.ms())).jitter(0.3);
    bench(script).closed(WARM_CONCURRENCY).warmup(48).requests(96)
}

/// The most streams that the server saw open at once.
fn open_streams(streams: u64) -> Check {
    Check::new(move |evidence| {
        let peak = evidence.seen.stats.as_ref().map_or(0, |stats| stats.peak_open_streams);
        Finding::count("streams open at the server", streams, peak)
    })
}

fn warm_requests(requests: u64) -> Check {
    Check::new(move |evidence| Finding::count("warm-up requests", requests, evidence.summary.counts.warmup))
}

/// How long the places of the first measured requests stood empty, as the server saw it: with `n` in flight, the arrival number `k`
/// follows the end number `k - n`. A drain in between would last about as long as a request.
fn idle_at_handover() -> Check {
    Check::new(|evidence| {
        let places = WARM_CONCURRENCY as usize;
        let arrivals = sorted(evidence.truths().map(|truth| truth.arrived_ns));
        let ends = sorted(evidence.truths().filter_map(|truth| truth.last_byte_ns));
        let warm = evidence.summary.counts.warmup as usize;
        let measured = arrivals
            .iter()
            .skip(warm)
            .zip(ends.iter().skip(warm.saturating_sub(places)));
        let idle = median(
            measured
                .take(places)
                .map(|(arrived_ns, ended_ns)| millis(*ended_ns, *arrived_ns))
                .collect(),
        );
        Finding::number("place empty at handover", Unit::Millis, (0.0, idle), TIMING)
    })
}

/// Streams open at the server around the handover, as the median over the arrivals there.
fn open_at_handover() -> Check {
    Check::new(|evidence| {
        let open = handover_ns(evidence).and_then(|handover_ns| {
            let arrivals = evidence.truths().map(|truth| truth.arrived_ns);
            let near = arrivals.filter(|arrived_ns| arrived_ns.abs_diff(handover_ns) < AROUND_NS);
            median(near.map(|moment_ns| evidence.open_at(moment_ns) as f64).collect())
        });
        let expected = f64::from(WARM_CONCURRENCY);
        Finding::number(
            "streams open around it",
            Unit::Count,
            (expected, open),
            Tolerance::Within(1.0),
        )
    })
}

/// When the first measured request arrived, on the server's clock.
fn handover_ns(evidence: &Evidence) -> Option<u64> {
    evidence.pairs().map(|(_, truth)| truth.arrived_ns).min()
}

fn sorted(moments_ns: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut moments: Vec<_> = moments_ns.collect();
    moments.sort_unstable();
    moments
}
