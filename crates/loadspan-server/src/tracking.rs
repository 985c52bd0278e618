//! Experiments and runs: what MLflow's tracking API is about, as functions of a connection.

pub(crate) mod experiments;
mod in_lists;
pub(crate) mod inputs;
pub(crate) mod log_batch;
pub(crate) mod logged_model;
pub(crate) mod metrics;
mod names;
mod params;
pub(crate) mod purge;
pub(crate) mod runs;
pub(crate) mod tags;
pub(crate) mod valid;

pub(crate) use in_lists::in_lists;

/// What is neither deleted nor to be found among what is.
const ACTIVE: &str = "active";
/// What was deleted, and can be restored.
const DELETED: &str = "deleted";
