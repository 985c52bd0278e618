//! What runs took and made: datasets, and ids of models.

use std::collections::BTreeMap;

use loadspan_wire::mlflow::runs::{Dataset, DatasetInput, ModelInput, ModelOutput, Tag};

use super::runs::{self, ActiveRun};
use super::valid::length;
use crate::database::{Connection, Insert, Value};
use crate::error::ApiError;

/// Most datasets of one request, and most models.
const AT_ONCE: usize = 1_000;
/// Most tags of a dataset.
const TAGS: usize = 100;
const MODEL_ID_CHARS: usize = 250;

/// What a run took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inputs {
    pub(crate) datasets: Vec<DatasetInput>,
    pub(crate) models: Vec<ModelInput>,
}

impl Inputs {
    /// # Errors
    ///
    /// Something is too long, or too much.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        at_most("datasets", self.datasets.len())?;
        at_most("models", self.models.len())?;
        self.datasets.iter().try_for_each(check_dataset)?;
        self.models.iter().try_for_each(|model| check_model(&model.model_id))
    }
}

/// Logs what a run took. A dataset that is known by its name and digest stays as it is.
///
/// # Errors
///
/// There is no such run, or it was deleted.
pub(crate) fn log(connection: &mut dyn Connection, run_id: &str, inputs: &Inputs) -> Result<(), ApiError> {
    let run = runs::active(connection, run_id)?;
    // Of several with the same name and digest the first counts. In order, so that two writers do not wait for each other.
    let mut datasets: BTreeMap<(&str, &str), &DatasetInput> = BTreeMap::new();
    for input in &inputs.datasets {
        let Dataset { name, digest, .. } = &input.dataset;
        datasets.entry((name, digest)).or_insert(input);
    }
    for input in datasets.into_values() {
        log_dataset(connection, run, input)?;
    }
    let models = inputs.models.iter().map(|model| (model.model_id.as_str(), 0));
    log_models(connection, run, &Models::new("input", models))
}

/// Logs the models that a run made. Of one that was logged before, the step changes.
///
/// # Errors
///
/// There is no such run, or it was deleted, or something is too long, or too much.
pub(crate) fn log_outputs(
    connection: &mut dyn Connection,
    run_id: &str,
    models: &[ModelOutput],
) -> Result<(), ApiError> {
    at_most("models", models.len())?;
    models.iter().try_for_each(|model| check_model(&model.model_id))?;
    let run = runs::active(connection, run_id)?;
    let models = models.iter().map(|model| (model.model_id.as_str(), model.step));
    log_models(connection, run, &Models::new("output", models))
}

fn log_dataset(connection: &mut dyn Connection, run: ActiveRun, input: &DatasetInput) -> Result<(), ApiError> {
    let DatasetInput { tags, dataset } = input;
    connection.execute(
        "INSERT INTO datasets (experiment_id, name, digest, source_type, source, schema, profile) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (experiment_id, name, digest) DO NOTHING",
        &[
            run.experiment_id.into(),
            (&dataset.name).into(),
            (&dataset.digest).into(),
            (&dataset.source_type).into(),
            (&dataset.source).into(),
            (&dataset.schema).into(),
            (&dataset.profile).into(),
        ],
    )?;
    let tags = serde_json::to_string(&unique(tags)).unwrap_or_else(|_| "[]".to_owned());
    connection.execute(
        "INSERT INTO run_datasets (run_key, dataset_key, tags) SELECT $1, dataset_key, $2 FROM datasets \
         WHERE experiment_id = $3 AND name = $4 AND digest = $5 ON CONFLICT (run_key, dataset_key) DO NOTHING",
        &[
            run.run_key.into(),
            (&tags).into(),
            run.experiment_id.into(),
            (&dataset.name).into(),
            (&dataset.digest).into(),
        ],
    )?;
    Ok(())
}

/// Of several tags with one key the last one counts.
fn unique(tags: &[Tag]) -> Vec<Tag> {
    let last: BTreeMap<&str, &str> = tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect();
    last.into_iter().map(|(key, value)| Tag::new(key, value)).collect()
}

struct Models<'a> {
    direction: &'static str,
    steps: BTreeMap<&'a str, i64>,
}

impl<'a> Models<'a> {
    fn new(direction: &'static str, models: impl Iterator<Item = (&'a str, i64)>) -> Self {
        Self {
            direction,
            steps: models.collect(),
        }
    }
}

fn log_models(connection: &mut dyn Connection, run: ActiveRun, models: &Models<'_>) -> Result<(), ApiError> {
    let rows = models.steps.iter().flat_map(|(model_id, step)| {
        [
            run.run_key.into(),
            models.direction.into(),
            (*model_id).into(),
            (*step).into(),
        ]
    });
    let insert = Insert {
        into: "run_models (run_key, direction, model_id, step)",
        columns: 4,
        otherwise: "ON CONFLICT (run_key, direction, model_id) DO UPDATE SET step = excluded.step",
    };
    Ok(connection.insert(&insert, &rows.collect::<Vec<Value<'_>>>())?)
}

fn check_dataset(input: &DatasetInput) -> Result<(), ApiError> {
    let DatasetInput { tags, dataset } = input;
    let required = [
        ("name", &dataset.name),
        ("digest", &dataset.digest),
        ("source_type", &dataset.source_type),
    ];
    for (field, value) in required {
        if value.is_empty() {
            return Err(ApiError::invalid(format!("Dataset {field} cannot be None")));
        }
    }
    length("name", &dataset.name, 500)?;
    length("digest", &dataset.digest, 36)?;
    length("source_type", &dataset.source_type, 36)?;
    length("source", &dataset.source, 65_535)?;
    length("schema", dataset.schema.as_deref().unwrap_or_default(), 1_048_575)?;
    length("profile", dataset.profile.as_deref().unwrap_or_default(), 16_777_215)?;
    if tags.len() > TAGS {
        return Err(ApiError::invalid(format!("a dataset has at most {TAGS} tags")));
    }
    for tag in tags {
        length("key", &tag.key, 255)?;
        length("value", &tag.value, 500)?;
    }
    Ok(())
}

fn check_model(model_id: &str) -> Result<(), ApiError> {
    if model_id.is_empty() {
        return Err(ApiError::invalid("Missing value for required parameter 'model_id'."));
    }
    length("model_id", model_id, MODEL_ID_CHARS)
}

fn at_most(what: &str, count: usize) -> Result<(), ApiError> {
    if count <= AT_ONCE {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "one request logs at most {AT_ONCE} {what}, and this one has {count}"
    )))
}
