//! What goes into one `runs/log-batch`.

use loadspan_wire::mlflow::limits::{BATCH_BYTES, METRICS_PER_BATCH, PARAMS_PER_BATCH, TAGS_PER_BATCH};
use loadspan_wire::mlflow::runs::{self, Empty, LogBatch, Metric, Param, Tag};
use serde::Serialize;

use super::client::{ApiError, MlflowClient};
use super::transport::is_gone;

/// A server that does not take so many items has something against the run as a whole.
const MOST_REFUSED: usize = 10;
/// What a body has beside its items.
const ENVELOPE_BYTES: usize = 1_000;

/// Something of which a batch takes several.
pub(super) trait Item: Serialize + Sized {
    /// How many.
    const MOST: usize;

    /// A batch of them, for no run yet.
    fn into_batch(items: Vec<Self>) -> LogBatch;
}

/// As few batches as the limits allow, for no run yet.
pub(super) fn batches<T: Item>(items: Vec<T>) -> Vec<LogBatch> {
    let mut batches = Vec::new();
    let mut batch = Vec::new();
    let mut batch_bytes = ENVELOPE_BYTES;
    for item in items {
        // A comma follows.
        let bytes = serde_json::to_vec(&item).map_or(0, |json| json.len() + 1);
        if batch.len() == T::MOST || (batch_bytes + bytes > BATCH_BYTES && !batch.is_empty()) {
            batches.push(T::into_batch(std::mem::take(&mut batch)));
            batch_bytes = ENVELOPE_BYTES;
        }
        batch_bytes += bytes;
        batch.push(item);
    }
    if !batch.is_empty() {
        batches.push(T::into_batch(batch));
    }
    batches
}

/// Logs a batch, once.
///
/// # Errors
///
/// There is no answer, or it is an error: then nothing of the batch was logged.
pub(super) async fn log(client: &MlflowClient, batch: &LogBatch) -> Result<(), ApiError> {
    client.post::<_, Empty>(runs::LOG_BATCH, batch).await.map(|_| ())
}

/// Items that the server does not take, each with what it says of it. Of a batch with such an item it takes nothing, and does not say
/// which it is.
#[derive(Debug, Default)]
pub(super) struct Refused {
    items: Vec<(String, String)>,
}

impl Refused {
    /// What is to be logged in place of a batch that was not taken: its halves, or nothing if it has but one item, which is noted.
    ///
    /// # Errors
    ///
    /// The same error, if it has nothing to do with what is in the batch, or too many were refused.
    pub(super) fn take_apart(&mut self, batch: &LogBatch, error: ApiError) -> Result<Vec<LogBatch>, ApiError> {
        let ApiError::Api { status: 400, body } = &error else {
            return Err(error);
        };
        if self.items.len() >= MOST_REFUSED || is_gone(&error) {
            return Err(error);
        }
        Ok(match halves(batch) {
            Some(halves) => halves.into(),
            None => {
                self.items.push((first_key(batch), body.message.clone()));
                Vec::new()
            }
        })
    }

    /// Those that were noted: the key of the first, how many others, and why.
    pub(super) fn summary(&self) -> Option<(String, &str)> {
        let (key, reason) = self.items.first()?;
        let others = match self.items.len() - 1 {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        Some((format!("`{key}`{others}"), reason))
    }

    /// # Errors
    ///
    /// Something was refused.
    pub(super) fn verdict(&self) -> Result<(), ApiError> {
        match self.summary() {
            None => Ok(()),
            Some((which, reason)) => Err(ApiError::Refused {
                reason: format!("it does not take {which}: {reason}"),
            }),
        }
    }
}

/// Two batches of about the same size. `None`: there are not two items in this one.
fn halves(batch: &LogBatch) -> Option<[LogBatch; 2]> {
    let count = batch.metrics.len() + batch.params.len() + batch.tags.len();
    if count < 2 {
        return None;
    }
    let mut first = batch.clone();
    // The longer half of each, so that a single item of one kind and a single one of another part ways.
    let second = LogBatch {
        run_id: batch.run_id.clone(),
        metrics: first.metrics.split_off(batch.metrics.len().div_ceil(2)),
        params: first.params.split_off(batch.params.len().div_ceil(2)),
        tags: first.tags.split_off(batch.tags.len() / 2),
    };
    Some([first, second])
}

/// The key of the first item.
fn first_key(batch: &LogBatch) -> String {
    let metrics = batch.metrics.iter().map(|metric| &metric.key);
    let params = batch.params.iter().map(|param| &param.key);
    let tags = batch.tags.iter().map(|tag| &tag.key);
    metrics.chain(params).chain(tags).next().cloned().unwrap_or_default()
}

impl Item for Metric {
    const MOST: usize = METRICS_PER_BATCH;

    fn into_batch(metrics: Vec<Self>) -> LogBatch {
        LogBatch {
            metrics,
            ..LogBatch::default()
        }
    }
}

impl Item for Param {
    const MOST: usize = PARAMS_PER_BATCH;

    fn into_batch(params: Vec<Self>) -> LogBatch {
        LogBatch {
            params,
            ..LogBatch::default()
        }
    }
}

impl Item for Tag {
    const MOST: usize = TAGS_PER_BATCH;

    fn into_batch(tags: Vec<Self>) -> LogBatch {
        LogBatch {
            tags,
            ..LogBatch::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(count: usize, value: &str) -> Vec<Param> {
        (0..count).map(|index| Param::new(format!("p{index}"), value)).collect()
    }

    fn sizes(batches: &[LogBatch]) -> Vec<usize> {
        batches.iter().map(|batch| batch.params.len()).collect()
    }

    #[test]
    fn batches_have_as_many_items_as_the_server_takes() {
        assert_eq!(sizes(&batches(params(250, "v"))), [100, 100, 50]);
        assert_eq!(batches(Vec::<Param>::new()), []);
    }

    #[test]
    fn batches_have_no_more_bytes_than_the_server_takes() {
        // Each of these is twelve bytes of JSON.
        let wide = "\u{1}\u{1}".repeat(3_000);
        let batches = batches(params(100, &wide));
        assert!(batches.len() > 1);
        for batch in &batches {
            assert!(serde_json::to_vec(batch).unwrap().len() <= BATCH_BYTES);
        }
        assert_eq!(sizes(&batches).iter().sum::<usize>(), 100);
    }

    #[test]
    fn halves_are_all_of_it() {
        let [first, second] = halves(&Param::into_batch(params(3, "v"))).unwrap();
        assert_eq!((first.params.len(), second.params.len()), (2, 1));
        assert_eq!(halves(&second), None);
        assert_eq!(first_key(&second), "p2");
    }
}
