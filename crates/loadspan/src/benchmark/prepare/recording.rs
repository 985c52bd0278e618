//! Recordings, from files or from a tracking server.

use std::time::{Duration, Instant};

use anyhow::Context;
use loadspan_loadgen::openai::EndpointType;
use loadspan_loadgen::recorded::LoadedRecording;
use loadspan_loadgen::recorded::replay::{Format, RecordingBuilder};
use loadspan_record::Secret;
use loadspan_telemetry::config::{Environment, MlflowOptions};
use loadspan_telemetry::mlflow::{CompletionLimit, TraceQuery, fetch_traces};

use crate::config::{ReplayConfig, ReplaySource, TraceSearch, telemetry_usage};
use crate::exit::UsageError;
use crate::terminal;

/// How long it may take to fetch traces.
const PATIENCE: Duration = Duration::from_secs(600);

/// Reads a recording, as far as that is done before it is sent.
///
/// # Errors
///
/// It cannot be read, nothing of it can be sent, or not to this endpoint.
pub(super) fn load(replay: &ReplayConfig, endpoint_type: EndpointType) -> anyhow::Result<LoadedRecording> {
    let config = replay.recorded.clone();
    let loaded = match &replay.source {
        ReplaySource::Files(paths) => config.load(paths)?,
        ReplaySource::Server(search) => {
            let mut builder = RecordingBuilder::new(config.reading.clone());
            let (source, failed) = fetch(search, &mut builder)?;
            config.take(builder.finish(), source)?.with_remarks(failed)
        }
    };
    if loaded.is_chat() && endpoint_type != EndpointType::Chat {
        let problem = format!("--replay: what was said cannot be sent to {}", endpoint_type.as_str());
        return Err(UsageError::with_hint(problem, "use --endpoint-type chat").into());
    }
    Ok(loaded)
}

/// Takes the traces of a server; returns what messages call it, and what is to be said of it.
fn fetch(search: &TraceSearch, builder: &mut RecordingBuilder) -> anyhow::Result<(String, Option<String>)> {
    let options = MlflowOptions {
        tracking_uri: Some(Secret::new(search.url.clone())),
        ..MlflowOptions::default()
    };
    let tracking = options.resolve_push(None, &Environment::from_process());
    let tracking = tracking
        .map_err(telemetry_usage)?
        .context("--replay: no server is named")?;
    tracking.warnings.iter().for_each(terminal::print_notice);
    let query = TraceQuery {
        experiment: &search.experiment,
        filter: search.filter.as_deref(),
        most: search.most.get(),
    };
    let limit = CompletionLimit {
        deadline: Instant::now() + PATIENCE,
        cut: Default::default(),
    };
    let source = format!("{} (experiment {})", search.url, search.experiment);
    let mut taken = Ok(());
    let fetched = fetch_traces(&tracking.server, &query, &limit, |document| {
        if taken.is_ok() {
            taken = builder.add(&source, document, Some(Format::OtlpJson));
        }
    });
    let fetched = fetched.map_err(|error| UsageError::new(format!("--replay: {source}: {error}")))?;
    taken?;
    let failed = fetched.failed.first().map(|(id, reason)| {
        let (failed, all) = (fetched.failed.len(), fetched.failed.len() + fetched.traces);
        format!("{failed} of {all} traces cannot be fetched, the first of them {id}: {reason}")
    });
    Ok((source, failed))
}
