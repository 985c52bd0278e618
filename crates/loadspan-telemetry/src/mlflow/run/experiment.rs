//! The experiment that a run belongs to.

use loadspan_wire::mlflow::ErrorCode;
use loadspan_wire::mlflow::experiments::{self, CreateExperiment, CreatedExperiment, Experiment, ExperimentAnswer};

use super::{ApiError, MlflowClient, get};
use crate::config::{ExperimentChoice, MlflowConfig, ParentRun};

/// Finds the experiment. One that is chosen by its name is made if there is none.
pub(super) async fn find_or_make(client: &MlflowClient, config: &MlflowConfig) -> Result<Experiment, ApiError> {
    let experiment = match &config.experiment {
        ExperimentChoice::Usual => of_parent_or_usual(client, &config.parent).await?,
        ExperimentChoice::Id(id) => by_id(client, id).await?,
        ExperimentChoice::Name(name) => by_name_or_new(client, name).await?,
    };
    if experiment.is_deleted() {
        let Experiment {
            name, experiment_id, ..
        } = &experiment;
        return Err(ApiError::Refused {
            reason: format!(
                "the experiment `{name}` was deleted there: restore it (`mlflow experiments restore -x {experiment_id}`), or \
                 choose another one with --mlflow-experiment"
            ),
        });
    }
    Ok(experiment)
}

async fn of_parent_or_usual(client: &MlflowClient, parent: &ParentRun) -> Result<Experiment, ApiError> {
    if let ParentRun::Id(id) = parent
        && let Some(parent) = get(client, id).await?.filter(|parent| !parent.info.is_deleted())
    {
        return by_id(client, &parent.info.experiment_id).await;
    }
    by_name_or_new(client, ExperimentChoice::USUAL).await
}

/// The experiment with an id.
pub(super) async fn by_id(client: &MlflowClient, id: &str) -> Result<Experiment, ApiError> {
    let answer = client
        .get::<ExperimentAnswer>(experiments::GET, &[("experiment_id", id)])
        .await;
    match answer {
        Ok(answer) => Ok(answer.experiment),
        Err(error) if error.is(ErrorCode::ResourceDoesNotExist) || error.is(ErrorCode::InvalidParameterValue) => {
            Err(ApiError::Refused {
                reason: format!(
                    "there is no experiment with the id {id}: check MLFLOW_EXPERIMENT_ID, or name one with --mlflow-experiment"
                ),
            })
        }
        Err(error) => Err(error),
    }
}

/// Another run may make it at the same time.
async fn by_name_or_new(client: &MlflowClient, name: &str) -> Result<Experiment, ApiError> {
    if let Some(experiment) = by_name(client, name).await? {
        return Ok(experiment);
    }
    let body = CreateExperiment {
        name: name.to_owned(),
        ..CreateExperiment::default()
    };
    match client.post::<_, CreatedExperiment>(experiments::CREATE, &body).await {
        Ok(created) => by_id(client, &created.experiment_id).await,
        Err(error) if error.is(ErrorCode::ResourceAlreadyExists) => {
            let experiment = by_name(client, name).await?;
            experiment.ok_or(error)
        }
        Err(error) => Err(error),
    }
}

async fn by_name(client: &MlflowClient, name: &str) -> Result<Option<Experiment>, ApiError> {
    let answer = client
        .get::<ExperimentAnswer>(experiments::GET_BY_NAME, &[("experiment_name", name)])
        .await;
    match answer {
        Ok(answer) => Ok(Some(answer.experiment)),
        Err(error) if error.is(ErrorCode::ResourceDoesNotExist) => Ok(None),
        Err(error) => Err(error),
    }
}
