//! Which traces are recorded: MLflow's ratio or, where that is not said, OpenTelemetry's sampler.

use super::Environment;
use crate::error::InitError;
use crate::sampling::{Parents, Sampling, Source};

const RATIO: &str = "MLFLOW_TRACE_SAMPLING_RATIO";
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
const SAMPLERS: &str = "always_on, always_off or traceidratio, alone or behind parentbased_";

pub(super) fn resolve(environment: &Environment) -> Result<Sampling, InitError> {
    if let Some(ratio) = ratio(environment, RATIO)? {
        return Ok(Sampling {
            ratio,
            parents: Parents::Decide,
            source: Source::Mlflow,
        });
    }
    match environment.read(SAMPLER, SAMPLERS, parse)? {
        Some((root, parents)) => Ok(Sampling {
            ratio: match root {
                Root::AlwaysOn => 1.0,
                Root::AlwaysOff => 0.0,
                Root::Ratio => ratio(environment, ARGUMENT)?.unwrap_or(1.0),
            },
            parents,
            source: Source::OpenTelemetry,
        }),
        None => Ok(Sampling::default()),
    }
}

#[derive(Debug, Clone, Copy)]
enum Root {
    AlwaysOn,
    AlwaysOff,
    Ratio,
}

fn parse(text: &str) -> Option<(Root, Parents)> {
    let text = text.to_ascii_lowercase();
    let (root, parents) = match text.strip_prefix("parentbased_") {
        Some(root) => (root, Parents::Decide),
        None => (&*text, Parents::Ignored),
    };
    let root = match root {
        "always_on" => Root::AlwaysOn,
        "always_off" => Root::AlwaysOff,
        "traceidratio" => Root::Ratio,
        _ => return None,
    };
    Some((root, parents))
}

fn ratio(environment: &Environment, name: &str) -> Result<Option<f64>, InitError> {
    environment.read(name, "a number from 0 to 1", |text| {
        text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio))
    })
}
