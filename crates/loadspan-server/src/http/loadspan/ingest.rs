//! `loadspan/ingest`: what comes in, from whom, and what does not and why.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Serialize;

use crate::app::App;
use crate::database::{self, Connection};
use crate::error::ApiError;
use crate::http::Json;
use crate::operation::{ReceiverFigures, RejectFigures, SenderFigures};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/api/3.0/loadspan/ingest", get(ingest))
}

#[derive(Debug, Serialize)]
struct Ingest {
    receivers: Vec<ReceiverFigures>,
    senders: Vec<SenderFigures>,
    rejects: Vec<RejectFigures>,
    storage: Storage,
}

#[derive(Debug, Serialize)]
struct Storage {
    bytes: i64,
    /// When the oldest trace or run began. Null: there is none.
    oldest_ms: Option<i64>,
    /// As `--retention` is written. Null: all is kept.
    retention: Option<String>,
}

async fn ingest(State(app): State<App>) -> Result<Json<Ingest>, ApiError> {
    let job = |connection: &mut dyn Connection| {
        let size = database::size(connection)?;
        // Experiment by experiment, as the indexes have it.
        let sql = "SELECT MIN(oldest) FROM (SELECT \
                   (SELECT MIN(t.request_time) FROM traces t WHERE t.experiment_id = e.experiment_id) AS oldest FROM experiments e \
                   UNION ALL SELECT \
                   (SELECT MIN(r.start_time) FROM runs r WHERE r.experiment_id = e.experiment_id) AS oldest FROM experiments e) AS x";
        let oldest = connection.query_one(sql, &[])?;
        let oldest_ms = oldest.map_or(Ok(None), |row| row.maybe_int(0))?;
        Ok::<_, ApiError>((size.data, oldest_ms))
    };
    let (bytes, oldest_ms) = app.store.read(job).await?;
    let arrivals = app.meters.arrivals();
    Ok(Json(Ingest {
        receivers: arrivals.receiver_figures(),
        senders: arrivals.sender_figures(),
        rejects: arrivals.reject_figures(),
        storage: Storage {
            bytes,
            oldest_ms,
            retention: arrivals.retention().map(written),
        },
    }))
}

/// In the largest unit that it is a whole number of.
fn written(age: Duration) -> String {
    let seconds = age.as_secs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let unit = units.into_iter().find(|(length, _)| seconds.is_multiple_of(*length));
    let (length, name) = unit.unwrap_or((1, "s"));
    format!("{}{name}", seconds / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_written_as_its_flag_is() {
        for (seconds, text) in [(30 * 86_400, "30d"), (36 * 3_600, "36h"), (90, "90s"), (120, "2m")] {
            assert_eq!(written(Duration::from_secs(seconds)), text);
        }
    }
}
