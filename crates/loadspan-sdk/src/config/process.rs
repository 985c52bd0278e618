//! What OpenTelemetry's variables say of the whole process: what crosses its border, what the SDK says of itself.

use super::foreign;
use super::{Environment, Propagators, Warnings};
use crate::error::InitError;

/// `tracecontext` and `baggage`, one of them, or `none`.
pub(super) fn propagators(environment: &Environment) -> Result<Propagators, InitError> {
    let read = environment.read("OTEL_PROPAGATORS", "tracecontext, baggage, both, or none", |text| {
        let mut propagators = Propagators::NONE;
        let names: Vec<_> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        for name in &names {
            match *name {
                "tracecontext" => propagators.trace_context = true,
                "baggage" => propagators.baggage = true,
                "none" if names.len() == 1 => {}
                name if foreign::is_propagator(name) => {}
                _ => return None,
            }
        }
        Some(propagators)
    })?;
    Ok(read.unwrap_or_default())
}

/// All that is ever said is warnings.
pub(super) fn warnings(environment: &Environment) -> Result<Warnings, InitError> {
    let levels = "trace, debug, info, warn, error or none";
    let read = environment.read("OTEL_LOG_LEVEL", levels, |text| {
        match text.to_ascii_lowercase().as_str() {
            "all" | "trace" | "verbose" | "debug" | "info" | "warn" | "warning" => Some(Warnings::Told),
            "error" | "none" | "off" => Some(Warnings::Silenced),
            _ => None,
        }
    })?;
    Ok(read.unwrap_or(Warnings::Told))
}
