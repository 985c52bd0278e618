//! `loadspan/runs/{id}/windows`, `…/distribution` and `…/observed`: the curves of a run for charts; `loadspan/events`: the same while they grow.

mod events;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use loadspan_wire::mlflow::runs::RunStatus;
use serde::Serialize;

use crate::app::{App, now_ms};
use crate::curves::{Clock, Curve, Distributions, Observed, ObservedReader, Origin, Reader, Run, Windows};
use crate::error::ApiError;
use crate::http::{Json, Params};

/// Widths that a window may have, in milliseconds.
const WIDTHS: std::ops::RangeInclusive<i64> = 100..=3_600_000;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/3.0/loadspan/runs/{run_id}/windows", get(windows))
        .route("/api/3.0/loadspan/runs/{run_id}/distribution", get(distribution))
        .route("/api/3.0/loadspan/runs/{run_id}/observed", get(observed))
        .route("/api/3.0/loadspan/events", get(events::events))
}

/// What a run is, beside its curves.
#[derive(Debug, Clone, Serialize)]
struct About {
    run_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<RunStatus>,
    start_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    /// What the figures are from.
    source: Origin,
}

impl About {
    fn of(run_id: &str, run: &Run, reader: &Reader) -> Self {
        Self {
            run_id: run_id.to_owned(),
            status: run.status,
            start_time: run.start_ms,
            end_time: run.end_ms.filter(|_| !run.is_live()),
            source: reader.origin(),
        }
    }
}

#[derive(Debug, Serialize)]
struct RunWindows {
    #[serde(flatten)]
    about: About,
    #[serde(flatten)]
    windows: Windows,
}

async fn windows(
    State(app): State<App>,
    Path(run_id): Path<String>,
    params: Params,
) -> Result<Json<RunWindows>, ApiError> {
    let width_ms = width(&params)?;
    let (run, reader) = read(&app, Reader::new(run_id.as_str())).await?;
    Ok(Json(RunWindows {
        about: About::of(&run_id, &run, &reader),
        windows: reader.windows(clock(&run, width_ms)),
    }))
}

#[derive(Debug, Serialize)]
struct RunDistribution {
    #[serde(flatten)]
    about: About,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until_ms: Option<i64>,
    #[serde(flatten)]
    distributions: Distributions,
}

async fn distribution(
    State(app): State<App>,
    Path(run_id): Path<String>,
    params: Params,
) -> Result<Json<RunDistribution>, ApiError> {
    let (from_ms, until_ms) = (params.int("from_ms")?, params.int("until_ms")?);
    let (run, reader) = read(&app, Reader::new(run_id.as_str())).await?;
    let since_start = |ms: Option<i64>, otherwise| ms.map_or(otherwise, |ms| run.start_ms.saturating_add(ms));
    let (from, until) = (since_start(from_ms, i64::MIN), since_start(until_ms, i64::MAX));
    Ok(Json(RunDistribution {
        about: About::of(&run_id, &run, &reader),
        from_ms,
        until_ms,
        distributions: Distributions::of(reader.requests(), from, until),
    }))
}

/// What was logged beside the requests: the last hour of it.
async fn observed(State(app): State<App>, Path(run_id): Path<String>) -> Result<Json<Observed>, ApiError> {
    let of_run = run_id.clone();
    let read = move |connection: &mut dyn crate::database::Connection| Reader::new(of_run).run(connection);
    let run = app.store.read(read).await?;
    let (observed, _) = read_observed(&app, (run_id, run), ObservedReader::default()).await?;
    Ok(Json(observed))
}

/// Reads what is new beside the requests.
async fn read_observed(
    app: &App,
    (run_id, run): (String, Run),
    mut reader: ObservedReader,
) -> Result<(Observed, ObservedReader), ApiError> {
    let job = move |connection: &mut dyn crate::database::Connection| {
        let observed = reader.read(connection, (&run_id, &run), now_ms())?;
        Ok::<_, ApiError>((observed, reader))
    };
    app.store.search(job).await
}

fn width(params: &Params) -> Result<i64, ApiError> {
    let width = params.int("width_ms")?.unwrap_or(1000);
    if WIDTHS.contains(&width) {
        return Ok(width);
    }
    let (least, most) = (WIDTHS.start(), WIDTHS.end());
    Err(ApiError::invalid(format!(
        "`width_ms` is {width}: it may be {least} to {most}"
    )))
}

fn clock(run: &Run, width_ms: i64) -> Clock {
    Clock {
        start_ms: run.start_ms,
        now_ms: run.is_live().then(now_ms),
        width_ms,
    }
}

/// Reads what is new of a run. Curve by curve: each has the memory of one answer.
async fn read(app: &App, mut reader: Reader) -> Result<(Run, Reader), ApiError> {
    let known = reader.clone_empty();
    let run = app.store.read(move |connection| known.run(connection)).await?;
    for curve in Curve::ALL {
        let job = move |connection: &mut dyn crate::database::Connection| {
            reader.read(connection, curve)?;
            Ok::<_, ApiError>(reader)
        };
        reader = app.store.search(job).await?;
    }
    let job = move |connection: &mut dyn crate::database::Connection| {
        reader.read_windows(connection)?;
        Ok::<_, ApiError>(reader)
    };
    Ok((run, app.store.search(job).await?))
}

#[cfg(test)]
mod tests;
