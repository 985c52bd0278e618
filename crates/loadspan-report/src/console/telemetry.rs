//! The telemetry ledger, a line for each signal: what was made, and what became of it.

use loadspan_record::{SignalLedger, Sink, TelemetrySignal, TelemetrySummary};

use super::{Layout, about};
use crate::number::{count, counted};

/// One line for each signal and sink; empty without telemetry.
pub(super) fn ledgers(telemetry: &TelemetrySummary, layout: Layout) -> String {
    let line = |ledger: &SignalLedger| about::labelled(label(ledger), &fates(ledger), layout);
    telemetry.signals.iter().map(line).collect()
}

fn label(ledger: &SignalLedger) -> &'static str {
    match (ledger.sink, ledger.signal) {
        (Sink::Otlp | Sink::Console, TelemetrySignal::Traces) => "Traces",
        (Sink::Otlp | Sink::Console, TelemetrySignal::Metrics) => "Metrics",
        // What it is counted in tells the two apart.
        (Sink::Mlflow, TelemetrySignal::Metrics | TelemetrySignal::Traces) => "MLflow",
    }
}

/// What became of what is called spooled. Live metrics are made again from the records of the run.
fn spooled(ledger: &SignalLedger) -> &'static str {
    match (ledger.sink, ledger.signal) {
        (Sink::Mlflow, TelemetrySignal::Metrics) => "in records.jsonl (`loadspan push` logs them)",
        _ => "spooled (`loadspan push` sends them)",
    }
}

/// `1,012 spans for http://…: 1,000 delivered, 12 spooled …`
fn fates(ledger: &SignalLedger) -> String {
    let unit = ledger.signal.noun();
    let produced = counted(ledger.produced, unit);
    let destination = super::single_line(&ledger.destination);
    if let Some(reason) = ledger.turned_off.as_ref().filter(|_| ledger.delivered == 0) {
        let reason = super::single_line(reason);
        return format!("off, because {destination} does not take them: {reason}");
    }
    let mut text = if ledger.delivered == ledger.produced {
        format!("{produced} delivered to {destination}")
    } else {
        let fates = [
            (ledger.delivered, "delivered"),
            (ledger.spooled, spooled(ledger)),
            (ledger.rejected, "rejected"),
            (ledger.dropped, "dropped"),
        ];
        let fates = fates.into_iter().filter(|(number, _)| *number > 0);
        let fates: Vec<String> = fates
            .map(|(number, fate)| format!("{} {fate}", count(number)))
            .collect();
        format!("{produced} for {destination}: {}", fates.join(", "))
    };
    if ledger.sampled_out > 0 {
        text.push_str(&format!("; {} not sampled", count(ledger.sampled_out)));
    }
    if ledger.retries > 0 {
        let noun = if ledger.retries == 1 { "retry" } else { "retries" };
        text.push_str(&format!("; {} {noun}", count(ledger.retries)));
    }
    // What went wrong on the way to everything being delivered is of no interest any more.
    let error = ledger
        .last_error
        .as_ref()
        .filter(|_| ledger.delivered < ledger.produced);
    if let Some(error) = error {
        text.push_str(&format!("; {}", super::single_line(error)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> SignalLedger {
        SignalLedger {
            produced: 1_012,
            delivered: 1_012,
            ..SignalLedger::new(Sink::Otlp, TelemetrySignal::Traces, "http://c:4318\x1b]0;x")
        }
    }

    #[test]
    fn a_clean_ledger_is_short_whatever_happened_on_the_way() {
        let ledger = SignalLedger {
            retries: 7,
            last_error: Some("connection refused".to_owned()),
            ..ledger()
        };
        assert_eq!(fates(&ledger), "1,012 spans delivered to http://c:4318 ]0;x; 7 retries");
    }

    #[test]
    fn what_was_not_delivered_is_told_with_the_reason() {
        let ledger = SignalLedger {
            delivered: 1_000,
            spooled: 10,
            dropped: 2,
            sampled_out: 5,
            last_error: Some("connection refused".to_owned()),
            ..ledger()
        };
        assert_eq!(
            fates(&ledger),
            "1,012 spans for http://c:4318 ]0;x: 1,000 delivered, 10 spooled (`loadspan push` sends them), 2 dropped; \
             5 not sampled; connection refused"
        );
    }

    #[test]
    fn live_metrics_that_mlflow_did_not_take_are_in_the_records() {
        let ledger = SignalLedger {
            produced: 5_000,
            delivered: 4_000,
            spooled: 1_000,
            ..SignalLedger::new(Sink::Mlflow, TelemetrySignal::Metrics, "http://m:5000/")
        };
        assert_eq!(label(&ledger), "MLflow");
        assert_eq!(
            fates(&ledger),
            "5,000 data points for http://m:5000/: 4,000 delivered, 1,000 in records.jsonl (`loadspan push` logs them)"
        );
    }

    #[test]
    fn what_was_delivered_before_a_signal_went_off_is_told() {
        let ledger = SignalLedger {
            delivered: 1_000,
            rejected: 12,
            turned_off: Some("Run with id=1 not found".to_owned()),
            last_error: Some("Run with id=1 not found".to_owned()),
            ..ledger()
        };
        assert_eq!(
            fates(&ledger),
            "1,012 spans for http://c:4318 ]0;x: 1,000 delivered, 12 rejected; Run with id=1 not found"
        );
    }

    #[test]
    fn a_signal_that_is_not_taken_is_off() {
        let ledger = SignalLedger {
            delivered: 0,
            rejected: 1_012,
            turned_off: Some("HTTP 404 Not Found".to_owned()),
            ..ledger()
        };
        assert_eq!(
            fates(&ledger),
            "off, because http://c:4318 ]0;x does not take them: HTTP 404 Not Found"
        );
    }
}
