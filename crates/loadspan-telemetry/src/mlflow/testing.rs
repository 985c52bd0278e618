//! Configurations and descriptions for the tests of this folder.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use loadspan_record::LiveNotice;
use loadspan_wire::mlflow::runs::{Param, Tag};

use super::CompletionLimit;
use super::description::RunDescription;
use crate::config::{
    ExperimentChoice, LiveMetrics, MlflowConfig, MlflowServer, NamedBy, ParentRun, RetryPolicy, ServerVerification,
    StageRuns, TraceStore,
};
use crate::export::Notices;

/// A server at a URL, whose requests are tried three times without a pause.
pub(crate) fn server(url: &str) -> MlflowServer {
    MlflowServer {
        tracking_uri: format!("{url}/").parse().unwrap(),
        named_by: NamedBy::User,
        had_credentials: false,
        authorization: None,
        verification: ServerVerification::SystemRoots,
        client_certificate: None,
        timeout: Duration::from_secs(20),
        retries: RetryPolicy {
            max_retries: 2,
            backoff_factor: 0.0,
        },
    }
}

/// A run there, in the experiment `load`.
pub(crate) fn config(url: &str) -> MlflowConfig {
    MlflowConfig {
        server: server(url),
        experiment: ExperimentChoice::Name("load".to_owned()),
        run_name: None,
        tags: Vec::new(),
        parent: ParentRun::None,
        artifact_globs: vec!["*.json".to_owned()],
        live: LiveMetrics::Points,
        stages: StageRuns::Tag,
        traces: TraceStore::Off,
        flush_timeout: Duration::from_secs(30),
    }
}

/// A run that began at 1,700,000,000,000 ms.
pub(crate) fn description(benchmark_id: &str) -> RunDescription {
    RunDescription {
        benchmark_id: benchmark_id.to_owned(),
        name: format!("run {benchmark_id}"),
        start_unix_ms: 1_700_000_000_000,
        params: vec![Param::new("model", "m"), Param::new("seed", "7")],
        tags: vec![Tag::new("mlflow.user", "me"), Tag::new("team", "a")],
    }
}

/// So much time, and nobody who cuts it short.
pub(crate) fn limit(time: Duration) -> CompletionLimit {
    CompletionLimit {
        deadline: Instant::now() + time,
        cut: Arc::new(AtomicBool::new(false)),
    }
}

/// What was told.
#[derive(Debug, Default, Clone)]
pub(crate) struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    pub(crate) fn notices(&self) -> Notices {
        let heard = self.clone();
        Arc::new(move |notice: LiveNotice| heard.0.lock().unwrap().push(notice.notice.message))
    }

    pub(crate) fn messages(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}
