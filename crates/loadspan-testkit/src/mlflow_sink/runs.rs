//! Runs: their making, their state, their end.

use std::collections::{BTreeMap, HashSet};

use loadspan_wire::mlflow::experiments::CreateExperiment;
use loadspan_wire::mlflow::runs::{
    CreateRun, Metric, Param, Run, RunAnswer, RunData, RunInfo, RunStatus, Tag, UpdateRun,
};
use loadspan_wire::mlflow::{MetricValue, tags};
use serde::{Deserialize, Serialize};

use super::reply::{Failure, Reply};
use super::store::{StoredRun, World};
use super::{SinkPoint, SinkRun};

/// Spreads numbers over ids as long as MLflow's. It is odd, so no two numbers get the same one.
const ID_SPREAD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;

/// The body of `runs/delete`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DeleteRun {
    run_id: String,
}

/// The answer to `runs/update`.
#[derive(Serialize)]
struct UpdatedRun {
    run_info: RunInfo,
}

impl World {
    pub(super) fn create_run(&mut self, wanted: CreateRun) -> Result<Reply, Failure> {
        let experiment = self.known_experiment(&wanted.experiment_id)?;
        if experiment.is_deleted() {
            let id = &wanted.experiment_id;
            let message = format!("The experiment {id} must be in the 'active' state. Current state is deleted.");
            return Err(Failure::invalid(message));
        }
        let number = self.runs.len() as u128 + 1;
        let id = format!("{:032x}", number.wrapping_mul(ID_SPREAD));
        let artifact_uri = format!("{}/{id}/artifacts", experiment.artifact_location.trim_end_matches('/'));
        let mut tags = BTreeMap::from_iter(wanted.tags.into_iter().map(|tag| (tag.key, tag.value)));
        let name = run_name(wanted.run_name, &tags, number)?;
        tags.insert(tags::RUN_NAME.to_owned(), name.clone());
        let run = StoredRun {
            seen: SinkRun {
                id,
                name,
                experiment_id: wanted.experiment_id,
                status: Some("RUNNING".to_owned()),
                start_time: wanted.start_time,
                tags,
                ..SinkRun::default()
            },
            artifact_uri,
            points: HashSet::new(),
        };
        let answer = RunAnswer { run: run.as_answer() };
        self.runs.push(run);
        Ok(Reply::json(&answer))
    }

    pub(super) fn update_run(&mut self, wanted: UpdateRun) -> Result<Reply, Failure> {
        let run = self.active_run(&wanted.run_id)?;
        run.seen.updates += 1;
        if let Some(status) = wanted.status {
            run.seen.status = Some(status_name(status));
        }
        if let Some(end_time) = wanted.end_time {
            run.seen.end_time = Some(end_time);
        }
        if let Some(name) = wanted.run_name.filter(|name| !name.is_empty()) {
            run.seen.tags.insert(tags::RUN_NAME.to_owned(), name.clone());
            run.seen.name = name;
        }
        let run_info = run.info();
        Ok(Reply::json(&UpdatedRun { run_info }))
    }

    pub(super) fn run(&self, id: &str) -> Result<Reply, Failure> {
        let run = self.known_run(id)?.as_answer();
        Ok(Reply::json(&RunAnswer { run }))
    }

    pub(super) fn remove_run(&mut self, wanted: DeleteRun) -> Result<Reply, Failure> {
        self.known_run(&wanted.run_id)?;
        self.delete_run(&wanted.run_id);
        Ok(Reply::nothing())
    }

    pub(super) fn delete_run(&mut self, id: &str) {
        if let Some(run) = self.runs.iter_mut().find(|run| run.seen.id == id) {
            run.seen.deleted = true;
        }
    }

    /// The id of a run that a test wants to be there; empty when the experiment is deleted.
    pub(super) fn add_run(&mut self, experiment: &str, name: &str) -> String {
        let found = self.experiments.iter().find(|known| known.name == experiment);
        let experiment_id = match found.map(|known| known.experiment_id.clone()) {
            Some(id) => id,
            None => self.add_experiment(CreateExperiment {
                name: experiment.to_owned(),
                ..CreateExperiment::default()
            }),
        };
        let wanted = CreateRun {
            experiment_id,
            run_name: name.to_owned(),
            ..CreateRun::default()
        };
        match self.create_run(wanted) {
            Ok(_) => self.runs.last().map(|run| run.seen.id.clone()).unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    pub(super) fn known_run(&self, id: &str) -> Result<&StoredRun, Failure> {
        if id.is_empty() {
            return Err(Failure::missing("run_id"));
        }
        let found = self.runs.iter().find(|run| run.seen.id == id);
        found.ok_or_else(|| Failure::not_found(format!("Run with id={id} not found")))
    }

    /// A run that can be changed.
    pub(super) fn active_run(&mut self, id: &str) -> Result<&mut StoredRun, Failure> {
        self.known_run(id)?;
        match self.runs.iter_mut().find(|run| run.seen.id == id && !run.seen.deleted) {
            Some(run) => Ok(run),
            None => Err(Failure::invalid(format!(
                "The run {id} must be in the 'active' state. Current state is deleted."
            ))),
        }
    }
}

impl StoredRun {
    pub(super) fn as_answer(&self) -> Run {
        let seen = &self.seen;
        let metrics = seen.metrics.iter().filter_map(|(key, points)| last(key, points));
        let params = seen.params.iter().map(|(key, value)| Param::new(key, value));
        let tags = seen.tags.iter().map(|(key, value)| Tag::new(key, value));
        Run {
            info: self.info(),
            data: RunData {
                metrics: metrics.collect(),
                params: params.collect(),
                tags: tags.collect(),
            },
            ..Run::default()
        }
    }

    fn info(&self) -> RunInfo {
        RunInfo {
            run_id: self.seen.id.clone(),
            run_name: self.seen.name.clone(),
            experiment_id: self.seen.experiment_id.clone(),
            status: self.seen.status.as_deref().and_then(status_of),
            start_time: self.seen.start_time,
            end_time: self.seen.end_time,
            artifact_uri: self.artifact_uri.clone(),
            lifecycle_stage: if self.seen.deleted { "deleted" } else { "active" }.to_owned(),
            ..RunInfo::default()
        }
    }
}

pub(super) fn metric(key: &str, point: SinkPoint) -> Metric {
    Metric {
        key: key.to_owned(),
        value: MetricValue(point.value),
        timestamp: point.timestamp,
        step: point.step,
    }
}

/// The last point of a metric: the one with the highest step, of those the latest, of those the greatest.
fn last(key: &str, points: &[SinkPoint]) -> Option<Metric> {
    let order = |a: &&SinkPoint, b: &&SinkPoint| {
        let places = (a.step, a.timestamp).cmp(&(b.step, b.timestamp));
        places.then(a.value.total_cmp(&b.value))
    };
    points.iter().max_by(order).map(|point| metric(key, *point))
}

/// The name that was asked for in one way or the other, or one that is made up.
fn run_name(asked: String, tags: &BTreeMap<String, String>, number: u128) -> Result<String, Failure> {
    match tags.get(tags::RUN_NAME) {
        Some(tag) if !asked.is_empty() && *tag != asked => Err(Failure::invalid(format!(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='{asked}', mlflow.runName='{tag}')."
        ))),
        Some(tag) => Ok(tag.clone()),
        None if asked.is_empty() => Ok(format!("nameless-run-{number}")),
        None => Ok(asked),
    }
}

fn status_name(status: RunStatus) -> String {
    match serde_json::to_value(status) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

fn status_of(name: &str) -> Option<RunStatus> {
    serde_json::from_value(name.into()).ok()
}
