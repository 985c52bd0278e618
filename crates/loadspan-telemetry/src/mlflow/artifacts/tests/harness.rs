//! A folder of a run, a run in a scripted server, and an upload from the one to the other.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use loadspan_record::Secret;
use loadspan_testkit::RunningMlflowSink;
use tempfile::TempDir;

use crate::config::{MlflowServer, NamedBy, RetryPolicy, ServerVerification};
use crate::mlflow::CompletionLimit;
use crate::mlflow::artifacts::pictures::look_up;
use crate::mlflow::artifacts::upload::{Surroundings, UploadJob};
use crate::mlflow::artifacts::{self, ArtifactUpload, UploadPlan, UploadedArtifact, folder};
use crate::mlflow::client::MlflowClient;
use crate::mlflow::run::KnownRun;

pub(super) struct Bench {
    pub(super) dir: TempDir,
    pub(super) server: MlflowServer,
    pub(super) run_id: String,
    pub(super) known: Vec<UploadedArtifact>,
    pub(super) globs: Vec<String>,
    pub(super) surroundings: Surroundings,
    pub(super) limit: CompletionLimit,
    /// In place of what the server says.
    pub(super) artifact_uri: Option<String>,
}

impl Bench {
    pub(super) fn new(sink: &RunningMlflowSink) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            server: server(&sink.url()),
            run_id: sink.add_run("load", "a run"),
            known: Vec::new(),
            globs: artifacts::DEFAULT_GLOBS.iter().map(|&glob| glob.to_owned()).collect(),
            surroundings: Surroundings::default(),
            limit: limit(Duration::from_secs(20)),
            artifact_uri: None,
        }
    }

    pub(super) fn authorized(mut self, authorization: &str) -> Self {
        self.server.authorization = Some(Secret::new(authorization));
        self
    }

    /// As `push` finds it in somebody else's folder.
    pub(super) fn named_by_a_folder(mut self) -> Self {
        self.server.named_by = NamedBy::Folder;
        self
    }

    pub(super) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        write(self.dir.path(), name, content.as_ref());
        self
    }

    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        write(self.dir.path(), name, content.as_ref());
    }

    /// Uploads what the globs choose.
    pub(super) fn upload(&self) -> ArtifactUpload {
        block_on(async {
            let (client, run) = self.ready().await;
            let plan = self.plan(&client, &run);
            let chosen = artifacts::globs::Chosen::by(plan.globs).unwrap();
            let job = UploadJob {
                plan: &plan,
                surroundings: &self.surroundings,
                limit: &self.limit,
            };
            job.run(folder::look_through(plan.run_dir, &chosen).files).await
        })
    }

    pub(super) fn upload_one(&self, file: &str) -> Result<UploadedArtifact, String> {
        block_on(async {
            let (client, run) = self.ready().await;
            artifacts::upload_one(&self.plan(&client, &run), file, &self.limit).await
        })
    }

    async fn ready(&self) -> (MlflowClient, KnownRun) {
        let client = MlflowClient::build(&self.server).unwrap();
        let mut run = KnownRun {
            run_id: self.run_id.clone(),
            run_name: String::new(),
            experiment_id: "1".to_owned(),
            experiment: "load".to_owned(),
            parent_run_id: None,
            artifact_uri: self.artifact_uri.clone().unwrap_or_default(),
        };
        if self.artifact_uri.is_none() {
            run = look_up(&client, &self.run_id, &self.limit).await.unwrap();
        }
        (client, run)
    }

    fn plan<'a>(&'a self, client: &'a MlflowClient, run: &'a KnownRun) -> UploadPlan<'a> {
        UploadPlan {
            client,
            run,
            run_dir: self.dir.path(),
            globs: &self.globs,
            known: &self.known,
        }
    }
}

fn write(dir: &Path, name: &str, content: &[u8]) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work)
}

pub(super) fn limit(time: Duration) -> CompletionLimit {
    CompletionLimit {
        deadline: Instant::now() + time,
        cut: Default::default(),
    }
}

pub(super) fn server(url: &str) -> MlflowServer {
    MlflowServer {
        tracking_uri: format!("{url}/").parse().unwrap(),
        named_by: NamedBy::User,
        had_credentials: false,
        authorization: None,
        verification: ServerVerification::SystemRoots,
        client_certificate: None,
        timeout: Duration::from_secs(5),
        retries: RetryPolicy {
            max_retries: 2,
            backoff_factor: 0.0,
        },
    }
}

/// The names of what has arrived.
pub(super) fn arrived(upload: &ArtifactUpload) -> Vec<&str> {
    upload
        .arrived
        .iter()
        .map(|artifact| artifact.artifact.as_str())
        .collect()
}

/// What the server has of the run, by names below the artifacts of the run.
pub(super) fn stored(sink: &RunningMlflowSink) -> Vec<(String, Vec<u8>)> {
    let below = |path: &str| path.split_once("/artifacts/").unwrap().1.to_owned();
    sink.artifacts()
        .into_iter()
        .map(|(path, content)| (below(&path), content))
        .collect()
}
