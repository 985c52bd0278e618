//! Finds or makes the run: experiment, parent, run, parameters, tags.
//!
//! The same for a live run and for `loadspan push`. A run is known by its tag `benchmark_id` and by when it began, so that one whose
//! creation was never answered is found and not made again.

mod details;
mod experiment;
mod filter;
mod parent;
#[cfg(test)]
mod tests;

use loadspan_record::LiveNotice;
use loadspan_wire::mlflow::ErrorCode;
use loadspan_wire::mlflow::experiments::Experiment;
use loadspan_wire::mlflow::runs::{
    self, CreateRun, DeleteRun, Empty, FoundRuns, Run, RunAnswer, RunStatus, SearchRuns,
};
use loadspan_wire::mlflow::tags::{BENCHMARK_ID, PARENT_RUN_ID};

use super::client::{ApiError, MlflowClient};
use super::description::RunDescription;
use crate::config::MlflowConfig;

/// Most runs that are looked at where one or two are expected.
const MOST_CANDIDATES: i64 = 1_000;

/// The run in MLflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownRun {
    /// Its id.
    pub(crate) run_id: String,
    /// Its name.
    pub(crate) run_name: String,
    /// Id of its experiment.
    pub(crate) experiment_id: String,
    /// Name of its experiment.
    pub(crate) experiment: String,
    /// The run that it is nested under.
    pub(crate) parent_run_id: Option<String>,
    /// Where its artifacts go.
    pub(crate) artifact_uri: String,
}

/// Finds the run, or makes it; its parameters and tags are logged when this is through. `notice` takes what the user should know:
/// a parent that is not there. Nothing is tried twice here.
///
/// # Errors
///
/// A request came to nothing. Calling it again goes on where it stopped.
pub(crate) async fn find_or_make(
    client: &MlflowClient,
    config: &MlflowConfig,
    description: &RunDescription,
    notice: &(dyn Fn(LiveNotice) + Send + Sync),
) -> Result<KnownRun, ApiError> {
    let experiment = experiment::find_or_make(client, config).await?;
    let mut candidates = find(client, &experiment.experiment_id, description).await?;
    let run = if candidates.is_empty() {
        let making = Making {
            config,
            experiment: &experiment,
            description,
            notice,
        };
        make_once(client, &making).await?
    } else {
        let first = candidates.remove(0);
        remove_duplicates(client, candidates).await?;
        first
    };
    details::log(client, &run, description, notice).await?;
    Ok(KnownRun::of(run, &experiment))
}

/// As [`find_or_make`] for a run whose id is known. `None`: there is no such run.
///
/// # Errors
///
/// A request came to nothing, or the run was deleted. Calling it again goes on where it stopped.
pub(crate) async fn resume(
    client: &MlflowClient,
    run_id: &str,
    description: &RunDescription,
    notice: &(dyn Fn(LiveNotice) + Send + Sync),
) -> Result<Option<KnownRun>, ApiError> {
    let Some(run) = get_alive(client, run_id).await? else {
        return Ok(None);
    };
    let experiment = experiment::by_id(client, &run.info.experiment_id).await?;
    let mut others = find(client, &experiment.experiment_id, description).await?;
    others.retain(|other| other.info.run_id != run_id);
    remove_duplicates(client, others).await?;
    details::log(client, &run, description, notice).await?;
    Ok(Some(KnownRun::of(run, &experiment)))
}

/// A run, with the last point of each metric. `None`: there is none of this id.
///
/// # Errors
///
/// The request came to nothing.
pub(crate) async fn get(client: &MlflowClient, run_id: &str) -> Result<Option<Run>, ApiError> {
    match client.get::<RunAnswer>(runs::GET, &[("run_id", run_id)]).await {
        Ok(answer) => Ok(Some(answer.run)),
        // What cannot be an id of a run is not one.
        Err(error) if error.is(ErrorCode::ResourceDoesNotExist) || error.is(ErrorCode::InvalidParameterValue) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The run of an id, as it is: nothing is made and nothing logged. The name of its experiment is not looked up.
///
/// # Errors
///
/// The request came to nothing, or there is no such run, or it was deleted.
pub(crate) async fn look_up(client: &MlflowClient, run_id: &str) -> Result<KnownRun, ApiError> {
    let run = get_alive(client, run_id).await?.ok_or_else(|| ApiError::Refused {
        reason: "there is no such run".to_owned(),
    })?;
    let experiment = Experiment {
        experiment_id: run.info.experiment_id.clone(),
        ..Experiment::default()
    };
    Ok(KnownRun::of(run, &experiment))
}

/// As [`get`]. One that was deleted is an error that says so.
async fn get_alive(client: &MlflowClient, run_id: &str) -> Result<Option<Run>, ApiError> {
    let run = get(client, run_id).await?;
    if run.as_ref().is_some_and(|run| run.info.is_deleted()) {
        return Err(ApiError::Refused {
            reason: format!("the run {run_id} was deleted there: restore it (`mlflow runs restore --run-id {run_id}`)"),
        });
    }
    Ok(run)
}

/// The runs that were made for a benchmark. There is more than one when the answer to the making of one came too late to be heard,
/// or two made it at once; the one that something was logged to is the first.
async fn find(client: &MlflowClient, experiment_id: &str, description: &RunDescription) -> Result<Vec<Run>, ApiError> {
    let filter = filter::equals(&format!("tags.{BENCHMARK_ID}"), &description.benchmark_id);
    let mut found = search(client, experiment_id, filter).await?;
    // The id alone has 32 bits, which is not enough for the experiment of a company.
    found.retain(|run| run.info.start_time == description.start_unix_ms && has_id(run, &description.benchmark_id));
    found.sort_by_key(|run| (is_blank(run), run.info.run_id.clone()));
    Ok(found)
}

/// Whether nothing was logged to a run. That it has tags means nothing: it is made with them.
fn is_blank(run: &Run) -> bool {
    run.data.metrics.is_empty() && run.data.params.is_empty()
}

fn has_id(run: &Run, benchmark_id: &str) -> bool {
    tag(run, BENCHMARK_ID).is_some_and(|value| value == benchmark_id)
}

async fn search(client: &MlflowClient, experiment_id: &str, filter: String) -> Result<Vec<Run>, ApiError> {
    let body = SearchRuns {
        experiment_ids: vec![experiment_id.to_owned()],
        filter,
        max_results: MOST_CANDIDATES,
        page_token: None,
    };
    Ok(client.post::<_, FoundRuns>(runs::SEARCH, &body).await?.runs)
}

/// What it takes to make a run.
struct Making<'a> {
    config: &'a MlflowConfig,
    experiment: &'a Experiment,
    description: &'a RunDescription,
    notice: &'a (dyn Fn(LiveNotice) + Send + Sync),
}

/// Makes the run, unless somebody else is the first to: a run under way and a push, or an attempt whose answer came too late. Both find
/// the same one to be the first, and whoever made the other removes it.
async fn make_once(client: &MlflowClient, making: &Making<'_>) -> Result<Run, ApiError> {
    let made = make(client, making).await?;
    let found = find(client, &making.experiment.experiment_id, making.description).await?;
    match found.into_iter().next() {
        Some(first) if first.info.run_id != made.info.run_id => {
            delete(client, made.info.run_id).await?;
            Ok(first)
        }
        _ => Ok(made),
    }
}

/// Makes the run. It has its tags from its first moment: by one of them it is found if there is no answer.
async fn make(client: &MlflowClient, making: &Making<'_>) -> Result<Run, ApiError> {
    let parent = parent::find_or_make(client, making).await?;
    let mut tags = details::tags(making.description);
    if let Some(parent) = parent {
        tags.retain(|tag| tag.key != PARENT_RUN_ID);
        tags.push(runs::Tag::new(PARENT_RUN_ID, parent));
    }
    let body = CreateRun {
        experiment_id: making.experiment.experiment_id.clone(),
        user_id: details::user(&tags),
        run_name: making.description.name.clone(),
        start_time: making.description.start_unix_ms,
        tags,
    };
    Ok(client.post::<_, RunAnswer>(runs::CREATE, &body).await?.run)
}

/// Removes the runs of this benchmark that nobody knows of. One that anything was logged to is left alone.
async fn remove_duplicates(client: &MlflowClient, runs: Vec<Run>) -> Result<(), ApiError> {
    for run in runs {
        if run.info.status == Some(RunStatus::Running) && run.data.metrics.is_empty() {
            delete(client, run.info.run_id).await?;
        }
    }
    Ok(())
}

async fn delete(client: &MlflowClient, run_id: String) -> Result<(), ApiError> {
    match client.post::<_, Empty>(runs::DELETE, &DeleteRun { run_id }).await {
        Err(error) if !error.is(ErrorCode::ResourceDoesNotExist) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn tag<'a>(run: &'a Run, key: &str) -> Option<&'a str> {
    let tag = run.data.tags.iter().find(|tag| tag.key == key)?;
    Some(&tag.value)
}

impl KnownRun {
    fn of(run: Run, experiment: &Experiment) -> Self {
        let parent_run_id = tag(&run, PARENT_RUN_ID).map(str::to_owned);
        Self {
            run_id: run.info.run_id,
            run_name: run.info.run_name,
            experiment_id: experiment.experiment_id.clone(),
            experiment: experiment.name.clone(),
            parent_run_id,
            artifact_uri: run.info.artifact_uri,
        }
    }

    /// Its page.
    pub(crate) fn page(&self, client: &MlflowClient) -> String {
        let Self {
            experiment_id, run_id, ..
        } = self;
        format!("{}#/experiments/{experiment_id}/runs/{run_id}", client.destination())
    }
}
