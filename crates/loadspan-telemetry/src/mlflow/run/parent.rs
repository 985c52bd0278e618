//! The run that a run is nested under.

use loadspan_record::{LiveNotice, Notice, NoticeLevel};
use loadspan_wire::mlflow::runs::{self, CreateRun, Empty, Run, RunAnswer, RunInfo, RunStatus, Tag, UpdateRun};
use loadspan_wire::mlflow::tags::{BENCHMARK_ID, NOTE, SOURCE_NAME, SOURCE_TYPE};

use super::{ApiError, Making, MlflowClient, delete, details, filter, get, search, tag};
use crate::config::ParentRun;
use crate::mlflow::clock::{millis, now_unix_ns};

/// A tag of parents that were made here. Its value is [`PARENT`].
const ROLE: &str = "loadspan.role";
const PARENT: &str = "parent";

/// What its page says.
const DESCRIPTION: &str = "Made by loadspan for benchmarks that belong together: they are nested under this run. \
    Comparisons made by `loadspan plot --paths … --mlflow-upload` lie under `plots/`.";

/// The id of the parent, if there is to be one and it is there.
pub(super) async fn find_or_make(client: &MlflowClient, making: &Making<'_>) -> Result<Option<String>, ApiError> {
    match &making.config.parent {
        ParentRun::None => Ok(None),
        ParentRun::Id(id) => existing(client, id, making).await,
        ParentRun::Name(name) => by_name_or_new(client, name, making).await.map(Some),
    }
}

async fn existing(client: &MlflowClient, id: &str, making: &Making<'_>) -> Result<Option<String>, ApiError> {
    let run = get(client, id).await?;
    if run.is_some_and(|run| !run.info.is_deleted()) {
        return Ok(Some(id.to_owned()));
    }
    (making.notice)(LiveNotice {
        level: NoticeLevel::Warning,
        notice: Notice {
            message: format!(
                "{} has no run {id} to nest this one under: it is not nested",
                client.destination()
            ),
            advice: Some("check --mlflow-parent-run-id, or name the parent with --mlflow-parent-run-name".to_owned()),
        },
    });
    Ok(None)
}

/// Two runs that start together may both make it: the older one stays, and whoever made the other removes it.
async fn by_name_or_new(client: &MlflowClient, name: &str, making: &Making<'_>) -> Result<String, ApiError> {
    let experiment_id = &making.experiment.experiment_id;
    if let Some(parent) = by_name(client, name, experiment_id).await? {
        end(client, &parent).await?;
        return Ok(parent.info.run_id);
    }
    let made = make(client, name, making).await?;
    let first = by_name(client, name, experiment_id).await?;
    match first {
        Some(first) if first.info.run_id != made.info.run_id => {
            delete(client, made.info.run_id).await?;
            Ok(first.info.run_id)
        }
        _ => {
            end(client, &made).await?;
            Ok(made.info.run_id)
        }
    }
}

/// The oldest run of this name. Runs of benchmarks come after those that are no benchmark.
async fn by_name(client: &MlflowClient, name: &str, experiment_id: &str) -> Result<Option<Run>, ApiError> {
    let found = search(client, experiment_id, filter::equals("attributes.run_name", name)).await?;
    let age = |run: &Run| {
        let RunInfo { start_time, run_id, .. } = &run.info;
        (tag(run, BENCHMARK_ID).is_some(), *start_time, run_id.clone())
    };
    Ok(found
        .into_iter()
        .filter(|run| run.info.run_name == name)
        .min_by_key(age))
}

async fn make(client: &MlflowClient, name: &str, making: &Making<'_>) -> Result<Run, ApiError> {
    let body = CreateRun {
        experiment_id: making.experiment.experiment_id.clone(),
        user_id: details::user(&making.description.tags),
        run_name: name.to_owned(),
        start_time: millis(now_unix_ns()),
        tags: vec![
            Tag::new(ROLE, PARENT),
            Tag::new(SOURCE_NAME, "loadspan"),
            Tag::new(SOURCE_TYPE, "LOCAL"),
            Tag::new(NOTE, DESCRIPTION),
        ],
    };
    Ok(client.post::<_, RunAnswer>(runs::CREATE, &body).await?.run)
}

/// Nothing goes on in a parent. One that somebody else has made is left as it is.
async fn end(client: &MlflowClient, parent: &Run) -> Result<(), ApiError> {
    let is_ours = tag(parent, ROLE) == Some(PARENT);
    if !is_ours || parent.info.status != Some(RunStatus::Running) {
        return Ok(());
    }
    let body = UpdateRun {
        run_id: parent.info.run_id.clone(),
        status: Some(RunStatus::Finished),
        end_time: Some(parent.info.start_time),
        run_name: None,
    };
    client.post::<_, Empty>(runs::UPDATE, &body).await.map(|_| ())
}
