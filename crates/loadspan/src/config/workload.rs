//! What requests that know nothing of each other say.

use loadspan_loadgen::workload::{
    DatasetConfig, LengthDistribution, SamplingStrategy, SyntheticConfig, WorkloadConfig, WorkloadError,
};

use crate::cli::{SamplingArg, WorkloadArgs};
use crate::exit::UsageError;

/// Tokens of a prompt when nobody says, as in AIPerf.
const DEFAULT_INPUT_TOKENS: u32 = 550;

pub(super) fn resolve(args: &WorkloadArgs, seed: u64) -> Result<WorkloadConfig, UsageError> {
    let sampling = match args.dataset_sampling_strategy {
        None | Some(SamplingArg::Sequential) => SamplingStrategy::Sequential,
        Some(SamplingArg::Random) => SamplingStrategy::Random,
        Some(SamplingArg::Shuffle) => SamplingStrategy::Shuffle,
    };
    let stddev = |flag: &str, value: Option<f64>| match value.unwrap_or(0.0) {
        stddev if stddev >= 0.0 && stddev.is_finite() => Ok(stddev),
        stddev => Err(UsageError::new(format!("{flag} {stddev}: a deviation is 0 or more"))),
    };
    let output_stddev = stddev("--osl-stddev", args.osl_stddev)?;
    let output_tokens = args.osl.map(|mean| LengthDistribution {
        mean: f64::from(mean),
        stddev: output_stddev,
    });
    if let Some(path) = &args.input_file {
        return Ok(WorkloadConfig::Dataset(DatasetConfig {
            path: path.clone(),
            sampling,
            output_tokens,
            seed,
        }));
    }
    let synthetic = SyntheticConfig {
        input_tokens: LengthDistribution {
            mean: f64::from(args.isl.unwrap_or(DEFAULT_INPUT_TOKENS)),
            stddev: stddev("--isl-stddev", args.isl_stddev)?,
        },
        output_tokens,
        entries: args.num_dataset_entries,
        seed,
        sampling,
    };
    let flagged = |error: WorkloadError| match error {
        WorkloadError::Length { what: "output", .. } => UsageError::new(format!("--osl: {error}")),
        _ => UsageError::new(format!("--isl: {error}")),
    };
    synthetic.check().map_err(flagged)?;
    Ok(WorkloadConfig::Synthetic(synthetic))
}
