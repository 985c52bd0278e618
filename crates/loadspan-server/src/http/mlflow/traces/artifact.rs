//! `get-trace-artifact`: the spans of a trace as MLflow's page loads them, in the form of a file of traces.

use axum::extract::State;
use loadspan_wire::mlflow::traces::DescribedSpan;
use serde::Serialize;

use super::Large;
use crate::app::App;
use crate::database::Connection;
use crate::error::{ApiError, Code};
use crate::http::{Params, found};
use crate::traces;
use crate::traces::span::{self, Room};

#[derive(Debug, Serialize)]
pub(super) struct Spans {
    spans: Vec<DescribedSpan>,
}

pub(super) async fn spans(State(app): State<App>, params: Params) -> Large<Spans> {
    let Some(trace_id) = params.text("request_id")?.map(str::to_owned) else {
        let message = "Request must include the \"request_id\" query parameter.";
        return Err(ApiError::new(Code::BadRequest, message));
    };
    if params.text("path")?.is_some() {
        let message = "attachments of traces are read from the artifact proxy, at the tag mlflow.artifactLocation";
        return Err(ApiError::new(Code::NotImplemented, message));
    }
    let job = move |connection: &mut dyn Connection| {
        let key = traces::key(connection, &trace_id)?;
        let spans = span::for_clients(connection, (key, &trace_id), &mut Room::default())?;
        Ok(Spans {
            spans: spans.into_iter().map(DescribedSpan).collect(),
        })
    };
    found(&app, job).await
}
