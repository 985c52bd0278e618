//! The steps of a completion.

use std::time::Duration;

use loadspan_wire::mlflow::runs::Run;

use super::export;
use super::extent::Extent;
use super::outcome::{self, Writer};
use super::points::{Points, PointsPlan, over};
use super::{Completion, CompletionJob, LivePoints, Shortfall};
use crate::mlflow::CompletionLimit;
use crate::mlflow::artifacts::{self, UploadPlan, UploadedArtifact};
use crate::mlflow::client::{ApiError, MlflowClient};
use crate::mlflow::clock::now_unix_ns;
use crate::mlflow::export_file::{EXPORT_FILE, LiveMode, MlflowExport};
use crate::mlflow::run::{self, KnownRun};

/// Kept back for the status of the run, but no more than a quarter of all.
const RESERVE: Duration = Duration::from_secs(2);

/// Completes a run, one step after the other.
pub(super) struct Finisher<'a> {
    client: &'a MlflowClient,
    job: CompletionJob<'a>,
    limit: &'a CompletionLimit,
    /// For everything before the status.
    work_limit: CompletionLimit,
    /// What `mlflow_export.json` says of this benchmark and this server. Empty: nothing.
    export: MlflowExport,
    /// The same, as it is now.
    live: Live,
    completion: Completion,
    /// The server does not answer any more: nothing else is tried.
    is_gone: bool,
}

/// What the file says of live points.
#[derive(Debug, Clone, Copy)]
struct Live {
    mode: LiveMode,
    missing: Option<u64>,
}

impl<'a> Finisher<'a> {
    pub(super) fn new(client: &'a MlflowClient, job: CompletionJob<'a>, limit: &'a CompletionLimit) -> Self {
        let export = export::known(&job, client);
        Self {
            work_limit: limit.less(RESERVE.min(limit.left() / 4)),
            live: Live {
                mode: export.live,
                missing: export.live_points_missing,
            },
            export,
            client,
            job,
            limit,
            completion: Completion::default(),
            is_gone: false,
        }
    }

    pub(super) async fn finish(mut self) -> Completion {
        if let Some(run) = self.find_run().await {
            self.completion.run_id = Some(run.run_id.clone());
            self.completion.run_name = Some(run.run_name.clone());
            self.completion.run_url = Some(run.page(self.client));
            if let Some(state) = self.fetch(&run).await {
                self.log_figures(&state).await;
                self.log_tags(&state).await;
                self.upload(&run).await;
                self.log_points(&run, &state).await;
                self.end(&state).await;
            }
            self.write_export(&run).await;
        }
        self.completion
    }

    async fn find_run(&mut self) -> Option<KnownRun> {
        let found = self.client.patiently(&self.work_limit, || self.find_or_make()).await;
        self.noted("the run", found)
    }

    /// The run that the file names, or else one that is found or made.
    async fn find_or_make(&self) -> Result<KnownRun, ApiError> {
        let CompletionJob {
            config,
            description,
            notices,
            ..
        } = &self.job;
        if !self.export.run_id.is_empty()
            && let Some(run) = run::resume(self.client, &self.export.run_id, description, &**notices).await?
        {
            return Ok(run);
        }
        run::find_or_make(self.client, config, description, &**notices).await
    }

    async fn fetch(&mut self, run: &KnownRun) -> Option<Run> {
        let fetched = self
            .client
            .patiently(&self.work_limit, || run::get(self.client, &run.run_id))
            .await;
        let state = self.noted("the run", fetched)?;
        if state.is_none() {
            self.completion.missing.push(Shortfall {
                what: "the run",
                reason: "it was there a moment ago and is not any more".to_owned(),
            });
        }
        state
    }

    async fn log_figures(&mut self, state: &Run) {
        let figures = outcome::missing_figures(state, self.job.outcome);
        let count = figures.len();
        let logged = self.writer(state, &self.work_limit).log(figures).await;
        if self.noted("figures", logged).is_some() {
            self.completion.metrics = count;
        }
    }

    async fn log_tags(&mut self, state: &Run) {
        if self.is_gone {
            return self.miss("tags");
        }
        let tags = outcome::missing_tags(state, self.job.outcome);
        let logged = self.writer(state, &self.work_limit).log(tags).await;
        self.noted("tags", logged);
    }

    async fn upload(&mut self, run: &KnownRun) {
        if self.is_gone {
            return self.miss("artifacts");
        }
        let plan = self.plan(run, &self.export.artifacts);
        let uploaded = artifacts::upload(&plan, &self.work_limit).await;
        if let Some((name, reason)) = uploaded.failed.first() {
            self.completion.missing.push(Shortfall {
                what: "artifacts",
                reason: format!("{} of them, {name} first: {reason}", uploaded.failed.len()),
            });
        }
        self.completion.artifacts = uploaded;
    }

    async fn log_points(&mut self, run: &KnownRun, state: &Run) {
        let what = Completion::LIVE_POINTS;
        let requests = match (std::mem::replace(&mut self.job.live, LivePoints::Leave), self.live) {
            (
                _,
                Live {
                    mode: LiveMode::Off, ..
                },
            )
            | (LivePoints::Leave, Live { missing: None, .. }) => return,
            (
                LivePoints::Leave,
                Live {
                    missing: Some(count), ..
                },
            ) => {
                let reason = format!("{count} of them were not delivered while the run went on");
                return self.completion.missing.push(Shortfall { what, reason });
            }
            (LivePoints::Lack { reason }, _) => return self.completion.missing.push(Shortfall { what, reason }),
            (LivePoints::Complete(requests), _) => requests,
        };
        if self.is_gone {
            return self.miss(Completion::LIVE_POINTS);
        }
        if self.was_complete(run) {
            // To look them all up again could take minutes.
            return;
        }
        let Some(extent) = Extent::of(requests.source.records(), &self.work_limit) else {
            self.noted::<()>(what, Err(over(&self.work_limit)));
            return;
        };
        let extent = extent.with(&requests.source.samples());
        self.live.mode = extent.mode(self.live.mode, self.job.config.live, state);
        let points = Points::new(PointsPlan {
            client: self.client,
            run_id: &run.run_id,
            limit: &self.work_limit,
            mode: self.live.mode,
            extent,
        });
        let (logged, outcome) = points.complete(requests).await;
        self.completion.points = logged;
        if self.noted(what, outcome).is_some() {
            self.live.missing = None;
        }
    }

    async fn end(&mut self, state: &Run) {
        if self.is_gone {
            return self.miss("the status");
        }
        let ended = self.writer(state, self.limit).end(self.job.outcome).await;
        self.noted("the status", ended);
    }
}

impl Finisher<'_> {
    /// The file as it stands now, in the folder of the run and, when nothing is missing, as the last artifact. One that says all
    /// this already is left alone.
    async fn write_export(&mut self, run: &KnownRun) {
        let mut now = MlflowExport {
            tracking_uri: self.client.destination(),
            live: self.live.mode,
            live_points_missing: self.live.missing,
            ..export::after(&self.export, &self.job, run, &self.completion.artifacts)
        };
        let is_complete = self.completion.missing.is_empty();
        if now == self.export && now.exported_at_ns.is_some() == is_complete {
            return;
        }
        now.exported_at_ns = is_complete.then(now_unix_ns);
        let saved = self.save(&now);
        if !is_complete || !saved {
            return;
        }
        let uploaded = artifacts::upload_one(&self.plan(run, &[]), EXPORT_FILE, self.limit).await;
        if let Err(reason) = uploaded {
            self.completion.missing.push(Shortfall {
                what: EXPORT_FILE,
                reason,
            });
            now.exported_at_ns = None;
            self.save(&now);
        }
    }

    fn save(&mut self, export: &MlflowExport) -> bool {
        let saved = export.save(self.job.run_dir);
        if let Err(error) = &saved {
            self.completion.missing.push(Shortfall {
                what: EXPORT_FILE,
                reason: error.to_string(),
            });
        }
        saved.is_ok()
    }

    fn writer<'b>(&'b self, run: &'b Run, limit: &'b CompletionLimit) -> Writer<'b> {
        Writer {
            client: self.client,
            run,
            limit,
        }
    }

    fn plan<'b>(&'b self, run: &'b KnownRun, known: &'b [UploadedArtifact]) -> UploadPlan<'b> {
        UploadPlan {
            client: self.client,
            run,
            run_dir: self.job.run_dir,
            globs: &self.job.config.artifact_globs,
            known,
        }
    }

    /// What came of a step. `None`: nothing, and that is on the list now.
    fn noted<T>(&mut self, what: &'static str, outcome: Result<T, ApiError>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(error) => {
                // A server that was only too slow may still take the status.
                self.is_gone |= matches!(error, ApiError::Unavailable { .. }) && !self.work_limit.is_over();
                let reason = error.to_string();
                self.completion.missing.push(Shortfall { what, reason });
                None
            }
        }
    }

    fn was_complete(&self, run: &KnownRun) -> bool {
        let export = &self.export;
        export.run_id == run.run_id && export.exported_at_ns.is_some() && export.live_points_missing.is_none()
    }

    /// A step that was not tried.
    fn miss(&mut self, what: &'static str) {
        let reason = "the server does not answer any more".to_owned();
        self.completion.missing.push(Shortfall { what, reason });
    }
}
