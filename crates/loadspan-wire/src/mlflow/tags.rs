//! The tags that MLflow itself gives a meaning, and the one that we know a run by.

/// Our id of the run: by this it is found again.
pub const BENCHMARK_ID: &str = "benchmark_id";
/// Id of the run that a run is nested under.
pub const PARENT_RUN_ID: &str = "mlflow.parentRunId";
/// Name of a run.
pub const RUN_NAME: &str = "mlflow.runName";
/// Who made it.
pub const USER: &str = "mlflow.user";
/// The program that made it.
pub const SOURCE_NAME: &str = "mlflow.source.name";
/// What that is: `LOCAL`, `JOB`, `NOTEBOOK`, `PROJECT`.
pub const SOURCE_TYPE: &str = "mlflow.source.type";
/// The commit that was checked out where it ran.
pub const GIT_COMMIT: &str = "mlflow.source.git.commit";
/// The branch.
pub const GIT_BRANCH: &str = "mlflow.source.git.branch";
/// The URL of the repository.
pub const GIT_REPOSITORY: &str = "mlflow.source.git.repoURL";
/// The description of a run, in Markdown: the page shows it above everything else.
pub const NOTE: &str = "mlflow.note.content";
