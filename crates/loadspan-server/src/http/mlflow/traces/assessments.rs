//! `traces/{trace_id}/assessments/…`

use axum::extract::{Path, State};
use loadspan_wire::mlflow::runs::Empty;
use loadspan_wire::mlflow::traces::{Assessment, AssessmentAnswer};

use super::Answer;
use crate::app::App;
use crate::database::Connection;
use crate::http::{Json, Params};
use crate::traces::assessment::{self, Change, Which};

type Ids = Path<(String, String)>;

fn which(Path((trace_id, assessment_id)): Ids) -> Which {
    Which {
        trace_id,
        assessment_id,
    }
}

pub(super) async fn create(
    State(app): State<App>,
    Path(trace_id): Path<String>,
    params: Params,
) -> Answer<AssessmentAnswer> {
    let given: Assessment = params.required("assessment")?;
    let job = move |connection: &mut dyn Connection| assessment::create(connection, &trace_id, &given);
    let assessment = app.store.write(params.bytes(), job).await?;
    Ok(Json(AssessmentAnswer { assessment }))
}

pub(super) async fn by_id(State(app): State<App>, ids: Ids) -> Answer<AssessmentAnswer> {
    let which = which(ids);
    let job = move |connection: &mut dyn Connection| assessment::get(connection, &which);
    let assessment = app.store.read(job).await?;
    Ok(Json(AssessmentAnswer { assessment }))
}

pub(super) async fn update(State(app): State<App>, ids: Ids, params: Params) -> Answer<AssessmentAnswer> {
    let which = which(ids);
    let mask = params.required_text("update_mask")?.split(',').map(str::trim);
    let change = Change {
        mask: mask.filter(|field| !field.is_empty()).map(str::to_owned).collect(),
        said: params.required("assessment")?,
    };
    let job = move |connection: &mut dyn Connection| assessment::update(connection, &which, &change);
    let assessment = app.store.write(params.bytes(), job).await?;
    Ok(Json(AssessmentAnswer { assessment }))
}

pub(super) async fn delete(State(app): State<App>, ids: Ids) -> Answer<Empty> {
    let which = which(ids);
    let job = move |connection: &mut dyn Connection| assessment::delete(connection, &which);
    app.store.write(0, job).await?;
    Ok(Json(Empty {}))
}
