//! Metrics, parameters and tags of a run, all or nothing.

use loadspan_wire::mlflow::limits::{METRICS_PER_BATCH, PARAMS_PER_BATCH, TAGS_PER_BATCH};
use loadspan_wire::mlflow::runs::{LogBatch, Metric, Param, Tag};

use super::runs::ActiveRun;
use super::{metrics, params, runs, tags, valid};
use crate::database::Connection;
use crate::error::ApiError;

/// Most metrics, parameters and tags of a batch together.
const PER_BATCH: usize = 1_000;

/// What is to be logged to a run, checked; long values are cut.
#[derive(Debug, Clone)]
pub(crate) struct CheckedBatch {
    run_id: String,
    metrics: Vec<Metric>,
    params: Vec<Param>,
    tags: Vec<Tag>,
}

impl CheckedBatch {
    /// # Errors
    ///
    /// Something of the batch makes no sense, or there is too much of it.
    pub(crate) fn of(batch: LogBatch) -> Result<Self, ApiError> {
        valid::run_id(&batch.run_id)?;
        valid::count("metrics", batch.metrics.len(), METRICS_PER_BATCH)?;
        valid::count("params", batch.params.len(), PARAMS_PER_BATCH)?;
        valid::count("tags", batch.tags.len(), TAGS_PER_BATCH)?;
        let total = batch.metrics.len() + batch.params.len() + batch.tags.len();
        valid::count("metrics, params, and tags", total, PER_BATCH)?;
        for (index, metric) in batch.metrics.iter().enumerate() {
            // The place is spelt out for those only that have something wrong.
            if metrics::checked("", metric).is_err() {
                metrics::checked(&format!("metrics[{index}]"), metric)?;
            }
        }
        let params = batch.params.iter().enumerate();
        let params = params.map(|(index, param)| params::checked(&format!("params[{index}]"), param));
        let params: Vec<Param> = params.collect::<Result<_, _>>()?;
        let tags = batch.tags.iter().enumerate();
        let tags = tags.map(|(index, tag)| tags::checked(&format!("tags[{index}]"), tag));
        params::check_unique(&params)?;
        Ok(Self {
            tags: tags.collect::<Result<_, _>>()?,
            run_id: batch.run_id,
            metrics: batch.metrics,
            params,
        })
    }

    /// One point.
    pub(crate) fn of_metric(run_id: &str, metric: Metric) -> Result<Self, ApiError> {
        metrics::checked("", &metric)?;
        Ok(Self {
            metrics: vec![metric],
            ..Self::empty(run_id)
        })
    }

    /// One parameter.
    pub(crate) fn of_param(run_id: &str, param: &Param) -> Result<Self, ApiError> {
        Ok(Self {
            params: vec![params::checked("", param)?],
            ..Self::empty(run_id)
        })
    }

    /// One tag.
    pub(crate) fn of_tag(run_id: &str, tag: &Tag) -> Result<Self, ApiError> {
        Ok(Self {
            tags: vec![tags::checked("", tag)?],
            ..Self::empty(run_id)
        })
    }

    fn empty(run_id: &str) -> Self {
        Self {
            run_id: run_id.to_owned(),
            metrics: Vec::new(),
            params: Vec::new(),
            tags: Vec::new(),
        }
    }
}

/// Logs a batch.
///
/// # Errors
///
/// There is no such run, or it was deleted, or a parameter has another value already. Then nothing of the batch is logged.
pub(crate) fn log(connection: &mut dyn Connection, batch: &CheckedBatch) -> Result<(), ApiError> {
    let ActiveRun { run_key, .. } = runs::active(connection, &batch.run_id)?;
    let owner = params::Owner {
        run_key,
        run_id: &batch.run_id,
    };
    params::log(connection, &owner, &batch.params)?;
    metrics::log(connection, run_key, &batch.metrics)?;
    tags::set(connection, run_key, &batch.tags)
}
