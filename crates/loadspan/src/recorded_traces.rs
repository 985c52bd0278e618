//! Traces of a tracking server, as a recording: for a run that replays them, and for `loadspan replay inspect`.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use anyhow::Context;
use loadspan_loadgen::recorded::RecordedError;
use loadspan_loadgen::recorded::replay::{Format, RecordingBuilder};
use loadspan_record::Secret;
use loadspan_telemetry::config::{Environment, MlflowOptions, MlflowServer, NamedBy};
use loadspan_telemetry::mlflow::{CompletionLimit, FetchedTraces, TraceQuery, fetch_traces};

use crate::config::{TraceSearch, telemetry_usage};
use crate::exit::UsageError;
use crate::terminal;

/// How long it may take to fetch all traces: a server that is alive gives ten thousand in minutes.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// What was fetched.
#[derive(Debug)]
pub(crate) struct FetchedRecording {
    /// What messages call it.
    pub(crate) source: String,
    /// What the user should know of it.
    pub(crate) remark: Option<String>,
}

/// Puts the traces of a server into a recording. `named` begins messages: what the user has named the server with.
///
/// # Errors
///
/// The server does not give them, or has none.
pub(crate) fn fetch(
    named: &str,
    search: &TraceSearch,
    builder: &mut RecordingBuilder,
) -> anyhow::Result<FetchedRecording> {
    let server = server(named, search)?;
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
    terminal::print_note(&format!("fetching traces of {source}"));
    let mut taken = Ok(());
    let fetched = fetch_traces(&server, &query, &limit, |document| {
        taken = builder.add(&source, document, Some(Format::OtlpJson));
        if taken.is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    let fetched = fetched.map_err(|error| UsageError::new(format!("{named}: {source}: {error}")))?;
    taken.map_err(RecordedError::from)?;
    let remark = remark(&fetched);
    Ok(FetchedRecording { source, remark })
}

fn server(named: &str, search: &TraceSearch) -> anyhow::Result<MlflowServer> {
    let options = MlflowOptions {
        tracking_uri: Some(Secret::new(search.url.clone())),
        ..MlflowOptions::default()
    };
    let tracking = options.resolve_push(None, &Environment::from_process());
    let mut tracking = tracking
        .map_err(telemetry_usage)?
        .with_context(|| format!("{named}: no server is named"))?;
    tracking.warnings.iter().for_each(terminal::print_notice);
    tracking.server.named_by = NamedBy::Replay;
    Ok(tracking.server)
}

/// What the server has not given.
fn remark(fetched: &FetchedTraces) -> Option<String> {
    let (id, reason) = fetched.failed.first()?;
    let (failed, all) = (fetched.failed.len(), fetched.failed.len() + fetched.traces);
    Some(format!(
        "{failed} of {all} traces cannot be fetched, the first of them {id}: {reason}"
    ))
}
