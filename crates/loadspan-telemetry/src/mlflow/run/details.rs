//! Parameters and tags of a run.

use std::collections::{BTreeMap, HashSet};

use loadspan_record::{LiveNotice, Notice, NoticeLevel};
use loadspan_wire::mlflow::runs::{LogBatch, Param, Run, Tag};
use loadspan_wire::mlflow::tags::{BENCHMARK_ID, RUN_NAME, USER};

use super::{ApiError, MlflowClient};
use crate::mlflow::description::RunDescription;
use crate::mlflow::log_batch::{self, Refused};

/// Logs the parameters and tags that a run lacks. Those that it has stay as they are, whatever their values: parameters cannot
/// change, and tags may have been edited.
pub(super) async fn log(
    client: &MlflowClient,
    run: &Run,
    description: &RunDescription,
    notice: &(dyn Fn(LiveNotice) + Send + Sync),
) -> Result<(), ApiError> {
    let mut pending: Vec<LogBatch> = Vec::new();
    pending.extend(log_batch::batches(missing_params(run, description)));
    pending.extend(log_batch::batches(missing_tags(run, description)));
    let mut refused = Refused::default();
    while let Some(mut body) = pending.pop() {
        body.run_id.clone_from(&run.info.run_id);
        if let Err(error) = log_batch::log(client, &body).await {
            pending.extend(refused.take_apart(&body, error)?);
        }
    }
    tell_refused(client, &refused, notice);
    Ok(())
}

/// The tags of a run as it is made. Of tags with the same key the last one counts, and the name of a run is no tag but a field.
pub(super) fn tags(description: &RunDescription) -> Vec<Tag> {
    let mut tags: BTreeMap<&str, &str> = BTreeMap::new();
    for tag in &description.tags {
        tags.insert(&tag.key, &tag.value);
    }
    tags.remove(RUN_NAME);
    tags.insert(BENCHMARK_ID, &description.benchmark_id);
    tags.into_iter().map(|(key, value)| Tag::new(key, value)).collect()
}

/// Who made a run.
pub(super) fn user(tags: &[Tag]) -> String {
    let tag = tags.iter().find(|tag| tag.key == USER);
    tag.map(|tag| tag.value.clone()).unwrap_or_default()
}

fn missing_params(run: &Run, description: &RunDescription) -> Vec<Param> {
    let mut known: HashSet<&str> = run.data.params.iter().map(|param| param.key.as_str()).collect();
    let params = description.params.iter();
    params.filter(|param| known.insert(&param.key)).cloned().collect()
}

fn missing_tags(run: &Run, description: &RunDescription) -> Vec<Tag> {
    let known: HashSet<&str> = run.data.tags.iter().map(|tag| tag.key.as_str()).collect();
    let tags = tags(description).into_iter();
    tags.filter(|tag| !known.contains(tag.key.as_str())).collect()
}

fn tell_refused(client: &MlflowClient, refused: &Refused, notice: &(dyn Fn(LiveNotice) + Send + Sync)) {
    let Some((which, reason)) = refused.summary() else {
        return;
    };
    notice(LiveNotice {
        level: NoticeLevel::Warning,
        notice: Notice {
            message: format!(
                "{} does not take the parameter or tag {which}: {reason}",
                client.destination()
            ),
            advice: Some("run.json has them all".to_owned()),
        },
    });
}
