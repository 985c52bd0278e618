//! Reads many runs with few statements.

use std::collections::HashMap;

use loadspan_wire::mlflow::MetricValue;
use loadspan_wire::mlflow::runs::{
    Dataset, DatasetInput, Metric, ModelInput, ModelOutput, Param, Run, RunInfo, RunStatus, Tag,
};

use crate::database::{Connection, Row};
use crate::error::ApiError;
use crate::tracking::in_lists;

/// Runs with all that was logged to them, in the order of their keys here. Those that do not exist are left out.
pub(crate) fn load(connection: &mut dyn Connection, run_keys: &[i64]) -> Result<Vec<Run>, ApiError> {
    let mut runs: HashMap<i64, Run> = HashMap::with_capacity(run_keys.len());
    for (places, keys) in in_lists(1, run_keys) {
        let list = format!("IN ({places})");
        for row in connection.query(&format!("{INFO} {list}"), &keys)? {
            let (run_key, info) = info_of(row)?;
            runs.insert(run_key, Run { info, ..Run::default() });
        }
        for part in PARTS {
            let sql = format!("{} {list}{}", part.select, part.order);
            for row in connection.query(&sql, &keys)? {
                if let Some(run) = runs.get_mut(&row.int(0)?) {
                    (part.add)(run, row)?;
                }
            }
        }
    }
    Ok(run_keys.iter().filter_map(|key| runs.remove(key)).collect())
}

/// What a run is.
pub(super) fn info(connection: &mut dyn Connection, run_key: i64) -> Result<Option<RunInfo>, ApiError> {
    let row = connection.query_one(&format!("{INFO} = $1"), &[run_key.into()])?;
    Ok(row.map(info_of).transpose()?.map(|(_, info)| info))
}

/// A query for keys of runs, and the bytes of all that was logged to them, about.
pub(crate) const SIZES: &str = "SELECT r.run_key, 512 \
    + COALESCE((SELECT SUM(64 + octet_length(x.key) + octet_length(x.value)) FROM params x WHERE x.run_key = r.run_key), 0) \
    + COALESCE((SELECT SUM(64 + octet_length(x.key) + octet_length(x.value)) FROM run_tags x WHERE x.run_key = r.run_key), 0) \
    + COALESCE((SELECT SUM(128 + octet_length(x.key)) FROM run_metrics x WHERE x.run_key = r.run_key), 0) \
    + COALESCE((SELECT SUM(64 + octet_length(x.model_id)) FROM run_models x WHERE x.run_key = r.run_key), 0) \
    + COALESCE((SELECT SUM(octet_length(x.tags) + octet_length(d.source) + COALESCE(octet_length(d.schema), 0) \
        + COALESCE(octet_length(d.profile), 0)) FROM run_datasets x JOIN datasets d ON d.dataset_key = x.dataset_key \
        WHERE x.run_key = r.run_key), 0) \
    FROM runs r WHERE r.run_key";

const INFO: &str = "SELECT run_key, run_id, experiment_id, name, user_id, status, start_time, end_time, lifecycle_stage, \
                    artifact_uri FROM runs WHERE run_key";

/// A table with rows of runs, the key of the run being the first column.
struct Part {
    select: &'static str,
    order: &'static str,
    add: fn(&mut Run, Row) -> Result<(), ApiError>,
}

const PARTS: [Part; 5] = [
    Part {
        select: "SELECT run_key, key, value, is_nan, timestamp, step FROM run_metrics WHERE run_key",
        order: " ORDER BY run_key, key",
        add: |run, mut row| {
            run.data.metrics.push(Metric {
                key: row.text(1)?,
                value: MetricValue(if row.flag(3)? { f64::NAN } else { row.real(2)? }),
                timestamp: row.int(4)?,
                step: row.int(5)?,
            });
            Ok(())
        },
    },
    Part {
        select: "SELECT run_key, key, value FROM params WHERE run_key",
        order: " ORDER BY run_key, key",
        add: |run, mut row| {
            run.data.params.push(Param::new(row.text(1)?, row.text(2)?));
            Ok(())
        },
    },
    Part {
        select: "SELECT run_key, key, value FROM run_tags WHERE run_key",
        order: " ORDER BY run_key, key",
        add: |run, mut row| {
            run.data.tags.push(Tag::new(row.text(1)?, row.text(2)?));
            Ok(())
        },
    },
    Part {
        select: "SELECT run_key, tags, name, digest, source_type, source, schema, profile FROM run_datasets JOIN datasets \
                 ON datasets.dataset_key = run_datasets.dataset_key WHERE run_key",
        order: " ORDER BY run_key, name, digest",
        add: |run, mut row| {
            run.inputs.dataset_inputs.push(DatasetInput {
                // What this server has written is always such a list.
                tags: serde_json::from_str(&row.text(1)?).unwrap_or_default(),
                dataset: Dataset {
                    name: row.text(2)?,
                    digest: row.text(3)?,
                    source_type: row.text(4)?,
                    source: row.text(5)?,
                    schema: row.maybe_text(6)?,
                    profile: row.maybe_text(7)?,
                },
            });
            Ok(())
        },
    },
    Part {
        select: "SELECT run_key, direction, model_id, step FROM run_models WHERE run_key",
        order: " ORDER BY run_key, direction, model_id",
        add: |run, mut row| {
            let (direction, model_id, step) = (row.text(1)?, row.text(2)?, row.int(3)?);
            match direction.as_str() {
                "input" => run.inputs.model_inputs.push(ModelInput { model_id }),
                _ => run.outputs.model_outputs.push(ModelOutput { model_id, step }),
            }
            Ok(())
        },
    },
];

fn info_of(mut row: Row) -> Result<(i64, RunInfo), ApiError> {
    let run_id = row.text(1)?;
    let info = RunInfo {
        run_uuid: run_id.clone(),
        run_id,
        experiment_id: row.int(2)?.to_string(),
        run_name: row.text(3)?,
        user_id: row.text(4)?,
        status: status(&row.text(5)?),
        start_time: row.int(6)?,
        end_time: row.maybe_int(7)?,
        lifecycle_stage: row.text(8)?,
        artifact_uri: row.text(9)?,
    };
    Ok((row.int(0)?, info))
}

fn status(name: &str) -> Option<RunStatus> {
    let all = [
        RunStatus::Running,
        RunStatus::Scheduled,
        RunStatus::Finished,
        RunStatus::Failed,
        RunStatus::Killed,
    ];
    all.into_iter().find(|status| super::status_name(*status) == name)
}
