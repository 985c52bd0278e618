//! Counts the tokens and the cost of large traces again, a moment after spans have come.

use std::time::{Duration, Instant};

use crate::app::App;
use crate::database::Connection;
use crate::error::ApiError;
use crate::ingest::Recount;

/// How often it looks.
const INTERVAL: Duration = Duration::from_secs(1);
/// Who looks at spans all the time leaves this many times as much to others.
const REST: u32 = 4;
/// Traces of one round.
const STEP: usize = 1000;

/// How long until the next round, after one that took so long.
pub(super) fn rest(took: Duration) -> Duration {
    INTERVAL.max(took * REST)
}

/// Counts what is to be counted now; how long it took.
pub(super) async fn round(app: &App) -> Result<Duration, ApiError> {
    let began = Instant::now();
    let find = |connection: &mut dyn Connection| Recount::find(connection, STEP).map_err(ApiError::from);
    let mut recount = app.store.search(find).await?;
    if recount.is_nothing() {
        return Ok(began.elapsed());
    }
    while !recount.is_done() {
        let go_on = move |connection: &mut dyn Connection| {
            recount.go_on(connection)?;
            Ok::<_, ApiError>(recount)
        };
        recount = app.store.search(go_on).await?;
    }
    let write = move |connection: &mut dyn Connection| recount.write(connection).map_err(ApiError::from);
    app.store.write(0, write).await?;
    Ok(began.elapsed())
}
