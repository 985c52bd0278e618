//! What changes traces.

use axum::extract::{Path, State};
use loadspan_wire::mlflow::limits::TRACES_PER_LINK;
use loadspan_wire::mlflow::runs::Empty;
use loadspan_wire::mlflow::traces::{DeletedTraces, DescribedTrace, TraceAnswer};

use super::Answer;
use crate::app::App;
use crate::database::Connection;
use crate::error::ApiError;
use crate::http::{Json, Params};
use crate::traces::tag::{self, TraceTag};
use crate::traces::{self, Doomed, Start, Which, link};
use crate::tracking::valid;

/// Rows of one step of a deletion: some milliseconds.
const ROWS: usize = 2000;
/// Traces of one step.
const STEP: usize = 100;
/// Ids of one request.
const MOST_IDS: usize = 10_000;

pub(super) async fn start(State(app): State<App>, params: Params) -> Answer<TraceAnswer> {
    let said: DescribedTrace = params.required("trace")?;
    let start = Start::checked(said.trace_info)?;
    let job = move |connection: &mut dyn Connection| traces::start(connection, &start);
    let trace_info = app.store.write(params.bytes(), job).await?;
    Ok(Json(TraceAnswer {
        trace: DescribedTrace { trace_info },
    }))
}

pub(super) async fn set_tag(State(app): State<App>, Path(trace_id): Path<String>, params: Params) -> Answer<Empty> {
    let value = params.text("value")?.unwrap_or_default();
    let tag = TraceTag::checked(params.required_text("key")?, value)?;
    let job = move |connection: &mut dyn Connection| tag::set(connection, &trace_id, &tag);
    app.store.write(params.bytes(), job).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn delete_tag(State(app): State<App>, Path(trace_id): Path<String>, params: Params) -> Answer<Empty> {
    let key = params.required_text("key")?.to_owned();
    let job = move |connection: &mut dyn Connection| tag::delete(connection, &trace_id, &key);
    app.store.write(params.bytes(), job).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn link_to_run(State(app): State<App>, params: Params) -> Answer<Empty> {
    let run_id = params.required_text("run_id")?.to_owned();
    let trace_ids: Vec<String> = params.list("trace_ids")?;
    if trace_ids.len() as u64 > TRACES_PER_LINK {
        return Err(ApiError::invalid(format!(
            "Cannot link more than {TRACES_PER_LINK} traces to a run in a single request. Provided {} traces.",
            trace_ids.len()
        )));
    }
    valid::run_id(&run_id)?;
    let job = move |connection: &mut dyn Connection| link::to_run(connection, &run_id, &trace_ids);
    app.store.write(params.bytes(), job).await?;
    Ok(Json(Empty {}))
}

/// There is no registry of prompts: what a trace is linked with is taken, and not kept.
pub(super) async fn link_prompts(params: Params) -> Answer<Empty> {
    params.required_text("trace_id")?;
    Ok(Json(Empty {}))
}

pub(super) async fn delete(State(app): State<App>, params: Params) -> Answer<DeletedTraces> {
    let wanted = wanted(&params)?;
    let mut room = match params.int("max_traces")? {
        None => usize::MAX,
        Some(most) => usize::try_from(most)
            .ok()
            .filter(|most| *most > 0)
            .ok_or_else(|| ApiError::invalid(format!("`max_traces` must be a positive integer, received {most}.")))?,
    };
    let mut traces_deleted = 0;
    while room > 0 {
        let deleted = step(&app, &wanted, room.min(STEP)).await?;
        let Some(deleted) = deleted else { break };
        room -= deleted;
        traces_deleted += deleted;
    }
    Ok(Json(DeletedTraces { traces_deleted }))
}

/// Deletes some traces; how many are gone. `None`: there are none left.
async fn step(app: &App, wanted: &Doomed, most: usize) -> Result<Option<usize>, ApiError> {
    let wanted = wanted.clone();
    let job = move |connection: &mut dyn Connection| {
        let found = traces::doomed(connection, &wanted, most)?;
        let gone = traces::delete(connection, &found, ROWS)?;
        Ok::<_, ApiError>((found.len(), gone))
    };
    let (found, gone) = app.store.remove(job).await?;
    Ok((found > 0).then_some(gone))
}

fn wanted(params: &Params) -> Result<Doomed, ApiError> {
    let ids: Vec<String> = params.list("request_ids")?;
    let time = params.int("max_timestamp_millis")?;
    let which = match (ids.is_empty(), time) {
        (true, None) => {
            let message = "Either `max_timestamp_millis` or `trace_ids` must be specified.";
            return Err(ApiError::invalid(message));
        }
        (false, Some(_)) => {
            let message = "Only one of `max_timestamp_millis` and `trace_ids` can be specified.";
            return Err(ApiError::invalid(message));
        }
        (false, None) if params.int("max_traces")?.is_some() => {
            let message = "`max_traces` can't be specified if `trace_ids` is specified.";
            return Err(ApiError::invalid(message));
        }
        (false, None) if ids.len() > MOST_IDS => {
            let message = format!("at most {MOST_IDS} traces are deleted at once: send fewer request_ids");
            return Err(ApiError::invalid(message));
        }
        (false, None) => Which::Ids(ids),
        (true, Some(time)) => Which::Until(time),
    };
    Ok(Doomed {
        experiment_id: valid::experiment_id(params.required_text("experiment_id")?)?,
        which,
    })
}
