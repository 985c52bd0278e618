//! Requests whose records never arrived.

use std::sync::{Arc, Mutex};

use loadspan_record::LiveNotice;

use super::harness::{config, dead_sink};
use crate::config::TelemetryConfig;
use crate::export::Outlets;
use crate::metrics::testing::run;
use crate::telemetry::Telemetry;

#[test]
fn requests_that_are_not_in_the_metrics_are_told_of_once() {
    let config = config(&dead_sink().url());
    let expected = "3 requests are not in the exported metrics: telemetry was behind";
    assert_eq!(told(&config, &[0, 3, 4]), [expected]);
    assert_eq!(told(&config, &[0]), [""; 0]);
    let traces = TelemetryConfig {
        metrics: None,
        ..config
    };
    assert_eq!(told(&traces, &[3]), [""; 0], "their ledger has them");
}

/// What is told of so many requests that were missed.
fn told(config: &TelemetryConfig, missed: &[u64]) -> Vec<String> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let folder = tempfile::tempdir().unwrap();
    let outlets = Outlets {
        spool_dir: folder.path().join("telemetry.spool"),
        notices: Arc::new(move |LiveNotice { notice, .. }| heard.lock().unwrap().push(notice.message)),
        console: Box::new(std::io::sink()),
        mlflow: None,
    };
    let mut telemetry = Telemetry::start(config, run(), outlets).unwrap();
    for &requests in missed {
        telemetry.count_missed(requests);
    }
    drop(telemetry);
    let told = told.lock().unwrap();
    told.clone()
}
