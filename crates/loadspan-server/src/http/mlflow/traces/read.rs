//! What is asked about traces.

use std::time::Duration;

use axum::extract::{Path, State};
use loadspan_wire::mlflow::traces::{
    DescribedTrace, FoundTraces, ProtoSpan, Trace, TraceAnswer, TraceInfo, TraceInfos, TraceLocation, Traces,
    WholeTraceAnswer,
};
use serde_json::Value;

use super::Large;
use crate::app::App;
use crate::database::Connection;
use crate::error::ApiError;
use crate::http::{Params, found, looked_up, params};
use crate::search::{self, TraceSearch};
use crate::traces::span::{self, Room};
use crate::traces::{self, Named};
use crate::tracking::valid;

/// Traces with their spans of one answer; clients ask for 10 at a time.
const MOST_WHOLE: usize = 100;
/// Descriptions of one answer.
const MOST_INFOS: usize = 1000;
/// How long a trace is waited for of which not all spans have come, as MLflow has it.
const WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

pub(super) async fn info(State(app): State<App>, Path(trace_id): Path<String>) -> Large<TraceAnswer> {
    let job = move |connection: &mut dyn Connection| {
        let (_, trace_info) = one_info(connection, &trace_id)?;
        Ok(TraceAnswer {
            trace: DescribedTrace { trace_info },
        })
    };
    looked_up(&app, job).await
}

pub(super) async fn whole(State(app): State<App>, params: Params) -> Large<WholeTraceAnswer> {
    let trace_id = params.required_text("trace_id")?.to_owned();
    if !params.flag("allow_partial")? {
        wait_for_all(&app, &trace_id).await?;
    }
    let job = move |connection: &mut dyn Connection| {
        let (key, info) = one_info(connection, &trace_id)?;
        let trace = with_spans(connection, (key, info), &mut Room::default())?;
        Ok(WholeTraceAnswer { trace })
    };
    found(&app, job).await
}

/// Waits until as many spans have come as the client said that the trace has.
async fn wait_for_all(app: &App, trace_id: &str) -> Result<(), ApiError> {
    for wait in WAITS.into_iter().map(Some).chain([None]) {
        let id = trace_id.to_owned();
        let complete = app.store.read(move |connection| traces::has_all_spans(connection, &id));
        if complete.await? {
            return Ok(());
        }
        match wait {
            Some(wait) => tokio::time::sleep(wait).await,
            None => break,
        }
    }
    let message = format!("Trace with ID {trace_id} is not fully exported yet, please try again later.");
    Err(ApiError::missing(message))
}

pub(super) async fn wholes(State(app): State<App>, params: Params) -> Large<Traces> {
    let named = named(&params, MOST_WHOLE)?;
    let job = move |connection: &mut dyn Connection| {
        let keys = traces::keys(connection, &named)?;
        let infos = traces::load_infos(connection, &keys)?;
        let mut room = Room::default();
        let traces = keys
            .into_iter()
            .zip(infos)
            .map(|trace| with_spans(connection, trace, &mut room));
        Ok(Traces {
            traces: traces.collect::<Result<_, ApiError>>()?,
        })
    };
    found(&app, job).await
}

pub(super) async fn infos(State(app): State<App>, params: Params) -> Large<TraceInfos> {
    let named = named(&params, MOST_INFOS)?;
    let job = move |connection: &mut dyn Connection| {
        let keys = traces::keys(connection, &named)?;
        Ok(TraceInfos {
            trace_infos: traces::load_infos(connection, &keys)?,
        })
    };
    found(&app, job).await
}

pub(super) async fn find(State(app): State<App>, params: Params) -> Large<FoundTraces> {
    let wanted = TraceSearch {
        experiment_ids: experiments(&params)?,
        filter: params.text("filter")?.unwrap_or_default().to_owned(),
        order_by: params.list("order_by")?,
        max_results: params.int("max_results")?,
        page_token: params.text("page_token")?.map(str::to_owned),
    };
    let job = move |connection: &mut dyn Connection| {
        let mut page = search::traces(connection, &wanted)?;
        page.cut(connection, traces::SIZES)?;
        Ok(FoundTraces {
            traces: traces::load_infos(connection, &page.keys)?,
            next_page_token: page.next,
        })
    };
    found(&app, job).await
}

/// The experiments of a search. Traces are nowhere else.
fn experiments(params: &Params) -> Result<Vec<String>, ApiError> {
    let locations: Vec<TraceLocation> = params.list("locations")?;
    if locations.is_empty() {
        return Err(params::absent("locations"));
    }
    let ids = locations.into_iter().map(|location| {
        let experiment = location.mlflow_experiment.ok_or_else(|| {
            let kind = valid::shown(&Value::from(location.kind));
            ApiError::invalid(format!(
                "Invalid value {kind} for parameter 'locations' supplied: traces are searched in experiments only"
            ))
        });
        experiment.map(|experiment| experiment.experiment_id)
    });
    ids.collect()
}

fn named(params: &Params, most: usize) -> Result<Named, ApiError> {
    let trace_ids: Vec<String> = params.list("trace_ids")?;
    if trace_ids.len() > most {
        let message = format!("at most {most} traces are answered at once: ask for fewer trace_ids");
        return Err(ApiError::invalid(message));
    }
    let experiment_ids: Vec<String> = params.list("experiment_ids")?;
    let experiment_ids: Result<Vec<_>, _> = experiment_ids.iter().map(|id| valid::experiment_id(id)).collect();
    Ok(Named {
        trace_ids,
        experiment_ids: experiment_ids?,
    })
}

fn one_info(connection: &mut dyn Connection, trace_id: &str) -> Result<(i64, TraceInfo), ApiError> {
    let key = traces::key(connection, trace_id)?;
    let infos = traces::load_infos(connection, &[key])?;
    Ok((key, infos.into_iter().next().unwrap_or_default()))
}

fn with_spans(
    connection: &mut dyn Connection,
    (key, trace_info): (i64, TraceInfo),
    room: &mut Room,
) -> Result<Trace, ApiError> {
    let spans = span::for_clients(connection, (key, &trace_info.trace_id), room)?;
    Ok(Trace {
        spans: spans.into_iter().map(ProtoSpan).collect(),
        trace_info,
    })
}
