//! The spool of a push: payloads that no endpoint has taken yet.

use std::time::Duration;

use loadspan_record::{SignalLedger, TelemetrySignal, counted};
use loadspan_telemetry::config::{Environment, OtlpConfig, OtlpOptions};
use loadspan_telemetry::{PushConfig, PushError, PushSummary, PushedSignal, SpoolRecord, TraceStoreRun};

use super::Pushed;
use crate::artifacts::{RunFile, RunFolder, SPOOL_DIR};
use crate::cli::OtlpArgs;
use crate::config::{otlp_options, telemetry_usage};
use crate::exit::UsageError;
use crate::report_files::rewrite_ledger;
use crate::terminal;

/// How long a payload is tried for before its signal is given up. Somebody is waiting, and can push again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Delivers the spool of a run.
///
/// # Errors
///
/// It is not clear where to, or the spool cannot be worked with.
pub(super) fn push(folder: &RunFolder, otlp: OtlpArgs, trace_store: Option<TraceStoreRun>) -> anyhow::Result<Pushed> {
    let spool = folder.file(SPOOL_DIR);
    if !spool.exists() {
        return Ok(Pushed::Nothing);
    }
    let options = otlp_options(otlp);
    let record = match SpoolRecord::of_spool(&spool) {
        Ok(record) => record,
        // With an endpoint named, there is no need for a record.
        Err(_) if options.url.is_some() => SpoolRecord::default(),
        Err(error) => return Err(usage(&error).into()),
    };
    let config = PushConfig {
        mlflow_traces: trace_store,
        ..endpoints(&options, &record)?
    };
    let summary = loadspan_telemetry::push(&spool, config).map_err(|error| match error {
        PushError::Missing { .. } | PushError::InUse { .. } | PushError::Client(_) => usage(&error).into(),
        error => anyhow::Error::new(error),
    })?;
    settle(folder, &summary)?;
    if summary.signals.is_empty() && summary.damaged.is_empty() {
        return Ok(Pushed::Nothing);
    }
    terminal::print_result(&describe(&summary));
    let is_done = summary.damaged.is_empty() && summary.signals.iter().all(|signal| signal.left == 0);
    Ok(if is_done { Pushed::Everything } else { Pushed::InPart })
}

/// Why there is nothing in the spool.
pub(super) fn nothing_to_push(run: &RunFile) -> String {
    let Some(telemetry) = run.end.as_ref().and_then(|end| end.telemetry.as_ref()) else {
        return "nothing to push: the run was killed, and what it had not delivered or spooled by then is lost\n"
            .to_owned();
    };
    let ledgers = &telemetry.signals;
    let lost: Vec<String> = ledgers.iter().filter_map(describe_lost).collect();
    let why = match (ledgers.is_empty(), lost.is_empty()) {
        (true, _) => "the run exported no telemetry".to_owned(),
        (false, true) => "everything was delivered".to_owned(),
        (false, false) => format!("nothing is spooled, but {}", lost.join(", ")),
    };
    format!("nothing to push: {why}\n")
}

/// What of a signal no push can deliver.
fn describe_lost(ledger: &SignalLedger) -> Option<String> {
    let lost = [(ledger.rejected, "rejected"), (ledger.dropped, "dropped")];
    let lost: Vec<String> = lost
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, fate)| format!("{} {fate}", counted(number, ledger.signal.noun())))
        .collect();
    (!lost.is_empty()).then(|| lost.join(" and "))
}

/// Writes what the push has changed into the ledgers of the run's files.
fn settle(folder: &RunFolder, pushed: &PushSummary) -> anyhow::Result<()> {
    let mut run = folder.read_run()?;
    let Some(telemetry) = run.end.as_mut().and_then(|end| end.telemetry.as_mut()) else {
        return Ok(());
    };
    for pushed in &pushed.signals {
        let mut ledgers = telemetry.signals.iter_mut();
        if let Some(ledger) = ledgers.find(|ledger| (ledger.sink, ledger.signal) == (pushed.sink, pushed.signal)) {
            ledger.settle(pushed.delivered, pushed.rejected);
        }
    }
    rewrite_ledger(folder, &run)
}

fn usage(error: &PushError) -> UsageError {
    UsageError::new(error.to_string())
}

fn endpoints(options: &OtlpOptions, record: &SpoolRecord) -> Result<PushConfig, UsageError> {
    let environment = Environment::from_process();
    let endpoint = |signal| -> Result<Option<OtlpConfig>, UsageError> {
        let recorded = record.endpoint(signal);
        if recorded.is_none() && options.url.is_none() {
            // It may have no payloads, either. If it has, the push says what is missing.
            return Ok(None);
        }
        let endpoint = options
            .resolve_push(signal, recorded, &environment)
            .map_err(telemetry_usage)?;
        endpoint.warnings.iter().for_each(terminal::print_notice);
        Ok(Some(endpoint.config))
    };
    Ok(PushConfig {
        traces: endpoint(TelemetrySignal::Traces)?,
        metrics: endpoint(TelemetrySignal::Metrics)?,
        mlflow_traces: None,
        patience: PATIENCE,
    })
}

/// A line for each signal, and one for each file that is no payload.
fn describe(summary: &PushSummary) -> String {
    let signals = summary.signals.iter().map(describe_signal);
    let damaged = summary
        .damaged
        .iter()
        .map(|name| format!("{name} is no payload and was left alone\n"));
    signals.chain(damaged).collect()
}

fn describe_signal(signal: &PushedSignal) -> String {
    let name = signal.signal.as_str();
    let delivered = counted(signal.delivered, signal.signal.noun());
    let destination = signal.destination.as_deref().unwrap_or("no endpoint");
    let mut line = format!("{name}: {delivered} delivered to {destination}");
    for (number, fate) in [(signal.rejected, "rejected"), (signal.left, "left in the spool")] {
        if number > 0 {
            line.push_str(&format!(", {number} {fate}"));
        }
    }
    if let Some(reason) = &signal.reason {
        line.push_str(&format!(": {reason}"));
    }
    line + "\n"
}
