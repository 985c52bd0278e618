//! How much load a stage makes, and for how long.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use loadspan_loadgen::schedule::{ArrivalProcess, ScheduleConfig};
use loadspan_loadgen::{FailureThreshold, Limits, LoadConfig, LoadModel, OnFailedTurn, Warmup};

use crate::cli::{ArrivalArg, LoadArgs, Threshold};
use crate::exit::UsageError;

/// Places of a closed load, each of which takes memory from the start: more is no machine's load.
const MOST_AT_ONCE: u32 = 1_000_000;

pub(super) fn resolve(args: &LoadArgs, seed: u64) -> Result<LoadConfig, UsageError> {
    let model = match args.request_rate {
        None => LoadModel::Closed {
            concurrency: resolve_concurrency("--concurrency", args.concurrency)?,
            ramp: args.concurrency_ramp_duration.map(|seconds| seconds.0),
        },
        Some(rate) => LoadModel::Open {
            schedule: resolve_schedule(args, ("--request-rate", rate), seed)?,
            max_concurrency: args.max_concurrency.or(args.concurrency),
        },
    };
    let warmup = match (args.warmup_request_count, args.warmup_duration) {
        (Some(count), _) => Warmup::Requests(count.get()),
        (None, Some(duration)) => Warmup::Duration(duration.0),
        (None, None) => Warmup::None,
    };
    if args.benchmark_duration.is_some_and(|duration| duration.0.is_zero()) {
        return Err(UsageError::new("--benchmark-duration 0: a load lasts longer than that"));
    }
    Ok(LoadConfig {
        model,
        warmup,
        limits: Limits {
            requests: args.request_count.map(std::num::NonZero::get),
            sessions: None,
            duration: args.benchmark_duration.map(|seconds| seconds.0),
            grace: args
                .benchmark_grace_period
                .map_or(Duration::from_secs(30), |seconds| seconds.0),
            drain: args.drain_timeout_seconds.0,
            failures: args.failed_request_threshold.map(|threshold| match threshold {
                Threshold::Count(count) => FailureThreshold::Count(count),
                Threshold::Share(share) => FailureThreshold::Share(share),
            }),
        },
        workers: args.workers_max.unwrap_or_else(default_workers),
        on_failed_turn: OnFailedTurn::default(),
    })
}

/// How many are at once in a closed load, as a flag says.
pub(super) fn resolve_concurrency(flag: &str, asked: Option<NonZeroU32>) -> Result<NonZeroU32, UsageError> {
    let concurrency = asked.unwrap_or(NonZeroU32::MIN);
    if concurrency.get() > MOST_AT_ONCE {
        return Err(UsageError::new(format!("{flag} {concurrency}: at most {MOST_AT_ONCE}")));
    }
    Ok(concurrency)
}

/// Arrivals at a rate that a flag says.
pub(super) fn resolve_schedule(
    args: &LoadArgs,
    (flag, rate): (&str, f64),
    seed: u64,
) -> Result<ScheduleConfig, UsageError> {
    if !(rate > 0.0 && rate <= 1e7) {
        return Err(UsageError::new(format!(
            "{flag} {rate}: a rate is above 0 and at most 10 million a second"
        )));
    }
    let smoothness = args.arrival_smoothness.unwrap_or(1.0);
    if !(smoothness > 0.0 && smoothness.is_finite()) {
        return Err(UsageError::new(format!(
            "--arrival-smoothness {smoothness}: a shape is above 0"
        )));
    }
    Ok(ScheduleConfig {
        rate,
        process: match args.arrival_pattern {
            Some(ArrivalArg::Constant) => ArrivalProcess::Constant,
            None | Some(ArrivalArg::Poisson) => ArrivalProcess::Poisson,
            Some(ArrivalArg::Gamma) => ArrivalProcess::Gamma { smoothness },
        },
        ramp: args.request_rate_ramp_duration.map(|seconds| seconds.0),
        seed,
    })
}

/// One CPU is left to the threads that collect and write.
fn default_workers() -> NonZeroUsize {
    let cpus = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    NonZeroUsize::new(cpus - 1).unwrap_or(NonZeroUsize::MIN)
}
