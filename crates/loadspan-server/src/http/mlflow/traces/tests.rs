//! Traces over the API. Answers are those of a real MLflow 3.17.2 for the same requests, but for what is said in the tests.

mod assessments;
mod change;

use http::StatusCode;
use serde_json::{Value, json};

use crate::testing::{TestApp, each_database, on_sqlite};

pub(super) const ID: &str = "tr-5b8efff798038103d269b633813fc60c";
const BARE: &str = "5b8efff798038103d269b633813fc60c";

fn text(text: &str) -> Value {
    json!({"stringValue": text})
}

/// Two spans of a trace, as OTLP/JSON.
fn spans() -> Value {
    json!({"resourceSpans": [{
        "resource": {"attributes": [{"key": "service.name", "value": text("api")}]},
        "scopeSpans": [{"scope": {"name": "s"}, "spans": [
            {
                "traceId": BARE, "spanId": "eee19b7ec3c1b174", "name": "root", "kind": 2,
                "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000001500000000", "status": {"code": 1},
                "attributes": [
                    {"key": "mlflow.spanType", "value": text("\"CHAIN\"")},
                    {"key": "mlflow.spanInputs", "value": text("{\"q\": \"hi\"}")},
                    {"key": "mlflow.spanOutputs", "value": text("\"bye\"")},
                    {"key": "n", "value": {"intValue": "7"}},
                    {"key": "numtext", "value": text("12")},
                    {"key": "user.id", "value": text("u1")},
                    {"key": "session.id", "value": text("s1")},
                ],
                "events": [{"timeUnixNano": "1700000000100000000", "name": "ev", "attributes": [{"key": "k", "value": text("v")}]}],
            },
            {
                "traceId": BARE, "spanId": "aae19b7ec3c1b175", "parentSpanId": "eee19b7ec3c1b174", "name": "chat", "kind": 3,
                "startTimeUnixNano": "1700000000200000000", "endTimeUnixNano": "1700000001200000000",
                "status": {"code": 2, "message": "broke"},
                "attributes": [
                    {"key": "gen_ai.operation.name", "value": text("chat")},
                    {"key": "gen_ai.request.model", "value": text("my-model")},
                    {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "10"}},
                    {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "5"}},
                ],
            },
        ]}],
    }]})
}

/// Sends the spans to the default experiment.
pub(crate) async fn send(app: &TestApp) {
    let request = http::Request::post("/v1/traces")
        .header("content-type", "application/json")
        .header("x-mlflow-experiment-id", "0")
        .body(spans().to_string().into());
    let answer = app.send(request.unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK, "{:?}", answer.body());
}

/// What a client says of the trace.
fn start() -> Value {
    json!({"trace": {"trace_info": {
        "trace_id": ID,
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
        "request_preview": "rq", "response_preview": "rs", "client_request_id": "cr",
        "request_time": "2023-11-14T22:13:20.123Z", "execution_duration": "1.500s", "state": "OK",
        "trace_metadata": {
            "mlflow.trace_schema.version": "3", "mlflow.sourceRun": "r1", "mlflow.trace.session": "s2",
            "mlflow.trace.user": "u2", "own": "m",
            "mlflow.trace.tokenUsage": "{\"input_tokens\": 1, \"output_tokens\": 2, \"total_tokens\": 3}",
            "mlflow.trace.sizeStats": "{\"total_size_bytes\": 5, \"num_spans\": 2}",
        },
        "tags": {"mlflow.traceName": "nm", "t": "1", "mlflow.artifactLocation": "/etc"},
    }}})
}

async fn info(app: &TestApp) -> Value {
    let answer = app.get(&format!("/api/3.0/mlflow/traces/{ID}")).await;
    answer["trace"]["trace_info"].clone()
}

async fn search(app: &TestApp, filter: &str) -> Vec<String> {
    let location = json!({"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}});
    let body = json!({"locations": [location], "filter": filter, "max_results": 10});
    let found = app.post("/api/3.0/mlflow/traces/search", body).await;
    let traces = found["traces"].as_array().cloned().unwrap_or_default();
    traces
        .iter()
        .map(|trace| trace["trace_id"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// As MLflow has it, with the name of the root, the version of the layout and the number of spans, which it does not know, and a
/// preview of plain text without quotes.
#[test]
fn a_trace_that_came_as_spans_is_described() {
    each_database(async |app| {
        send(&app).await;
        assert_eq!(
            info(&app).await,
            json!({
                "trace_id": ID,
                "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
                "request_time": "2023-11-14T22:13:20Z", "execution_duration": "1.500s", "execution_duration_ns": "1500000000", "state": "OK",
                "trace_metadata": {
                    "mlflow.trace.session": "s1", "mlflow.trace.user": "u1", "mlflow.trace_schema.version": "3",
                    "mlflow.trace.sizeStats": "{\"num_spans\":2}",
                    "mlflow.trace.tokenUsage": "{\"input_tokens\":10,\"output_tokens\":5,\"total_tokens\":15}",
                },
                "tags": {
                    "service.name": "api", "mlflow.traceName": "root", "mlflow.trace.spansLocation": "TRACKING_STORE",
                    "mlflow.artifactLocation": format!("mlflow-artifacts:/0/traces/{ID}/artifacts"),
                },
                "request_preview": "{\"q\": \"hi\"}", "response_preview": "\"bye\"",
            })
        );
    });
}

#[test]
fn what_the_client_says_of_a_trace_is_the_same_before_and_after_its_spans() {
    each_database(async |app| {
        let first = app.post("/api/3.0/mlflow/traces", start()).await;
        assert_eq!(
            first["trace"]["trace_info"]["tags"]["mlflow.trace.spansLocation"],
            json!("TRACKING_STORE")
        );
        send(&app).await;
        let before = info(&app).await;
        let (status, _) = app
            .call(
                "POST",
                "/api/3.0/mlflow/traces/delete-traces",
                json!({"experiment_id": "0", "request_ids": [ID]}),
            )
            .await;
        assert_eq!(status, StatusCode::OK);
        send(&app).await;
        let answer = app.post("/api/3.0/mlflow/traces", start()).await;
        let after = info(&app).await;
        assert_eq!(answer["trace"]["trace_info"], after);
        assert_eq!(before, after);
        assert_eq!(
            after,
            json!({
                "trace_id": ID, "client_request_id": "cr",
                "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}},
                "request_time": "2023-11-14T22:13:20.123Z", "execution_duration": "1.500s", "execution_duration_ns": "1500000000", "state": "OK",
                "trace_metadata": {
                    "mlflow.trace_schema.version": "3", "mlflow.sourceRun": "r1", "mlflow.trace.session": "s2",
                    "mlflow.trace.user": "u2", "own": "m", "mlflow.trace.infoFinalized": "true",
                    "mlflow.trace.tokenUsage": "{\"input_tokens\": 1, \"output_tokens\": 2, \"total_tokens\": 3}",
                    "mlflow.trace.sizeStats": "{\"total_size_bytes\": 5, \"num_spans\": 2}",
                },
                "tags": {
                    "service.name": "api", "mlflow.traceName": "nm", "t": "1", "mlflow.trace.spansLocation": "TRACKING_STORE",
                    "mlflow.artifactLocation": format!("mlflow-artifacts:/0/traces/{ID}/artifacts"),
                },
                "request_preview": "rq", "response_preview": "rs",
            })
        );
    });
}

#[test]
fn a_duration_is_told_to_the_nanosecond_where_spans_and_client_agree() {
    each_database(async |app| {
        let span = |end: &str| {
            json!({"resourceSpans": [{"scopeSpans": [{"spans": [{
                "traceId": BARE, "spanId": "eee19b7ec3c1b174", "name": "root",
                "startTimeUnixNano": "1700000000123000400", "endTimeUnixNano": end,
            }]}]}]})
        };
        for (end, told) in [
            ("1700000001623456789", "1500456389"),
            ("1700000001700000000", "1500000000"),
        ] {
            app.post("/api/3.0/mlflow/traces", start()).await;
            app.post("/v1/traces", span(end)).await;
            let info = info(&app).await;
            assert_eq!(info["request_time"], "2023-11-14T22:13:20.123Z");
            assert_eq!(
                (&info["execution_duration"], &info["execution_duration_ns"]),
                (&json!("1.500s"), &json!(told))
            );
            let which = json!({"experiment_id": "0", "request_ids": [ID]});
            app.post("/api/3.0/mlflow/traces/delete-traces", which).await;
        }
    });
}

#[test]
fn spans_come_with_attributes_as_what_they_are() {
    each_database(async |app| {
        send(&app).await;
        let whole = app.get(&format!("/api/3.0/mlflow/traces/get?trace_id={ID}")).await;
        let spans = &whole["trace"]["spans"];
        assert_eq!(spans[0]["trace_id"], json!("W47/95gDgQPSabYzgT/GDA=="));
        assert_eq!(spans[0]["span_id"], json!("7uGbfsPBsXQ="));
        assert_eq!(
            spans[0]["attributes"],
            json!([
                {"key": "mlflow.spanType", "value": {"string_value": "CHAIN"}},
                {"key": "mlflow.spanInputs", "value": {"kvlist_value": {"values": [{"key": "q", "value": {"string_value": "hi"}}]}}},
                {"key": "mlflow.spanOutputs", "value": {"string_value": "bye"}},
                {"key": "n", "value": {"int_value": 7}},
                {"key": "numtext", "value": {"string_value": "12"}},
                {"key": "user.id", "value": {"string_value": "u1"}},
                {"key": "session.id", "value": {"string_value": "s1"}},
                {"key": "mlflow.traceRequestId", "value": {"string_value": ID}},
            ])
        );
        assert_eq!(spans[1]["parent_span_id"], json!("7uGbfsPBsXQ="));
        assert_eq!(
            spans[1]["status"],
            json!({"code": "STATUS_CODE_ERROR", "message": "broke"})
        );
        let translated = spans[1]["attributes"].as_array().unwrap();
        let tokens = json!({"kvlist_value": {"values": [
            {"key": "input_tokens", "value": {"int_value": 10}},
            {"key": "output_tokens", "value": {"int_value": 5}},
            {"key": "total_tokens", "value": {"int_value": 15}},
        ]}});
        for (key, value) in [
            ("mlflow.spanType", json!({"string_value": "CHAT_MODEL"})),
            ("mlflow.llm.model", json!({"string_value": "my-model"})),
            ("mlflow.chat.tokenUsage", tokens),
            ("gen_ai.operation.name", json!({"string_value": "chat"})),
        ] {
            assert!(
                translated.contains(&json!({"key": key, "value": value})),
                "{key} in {translated:?}"
            );
        }
    });
}

#[test]
fn traces_are_had_in_batches_in_the_order_asked_for() {
    each_database(async |app| {
        send(&app).await;
        let path = format!("/api/3.0/mlflow/traces/batchGet?trace_ids=tr-no&trace_ids={ID}&trace_ids={ID}");
        let traces = app.get(&path).await;
        assert_eq!(traces["traces"].as_array().unwrap().len(), 1);
        assert_eq!(traces["traces"][0]["spans"].as_array().unwrap().len(), 2);
        let infos = "/api/3.0/mlflow/traces/batchGetInfos";
        let found = app.post(infos, json!({"trace_ids": [ID, "tr-no"]})).await;
        assert_eq!(found["trace_infos"], json!([info(&app).await]));
        let elsewhere = app
            .post(infos, json!({"trace_ids": [ID], "experiment_ids": ["7"]}))
            .await;
        assert_eq!(elsewhere, json!({}));
        let many: Vec<_> = (0..1001).map(|id| format!("tr-{id}")).collect();
        let (status, _) = app.call("POST", infos, json!({"trace_ids": many})).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
    });
}

#[test]
fn traces_are_found_by_what_their_client_has_said() {
    each_database(async |app| {
        send(&app).await;
        assert!(search(&app, "metadata.`mlflow.trace.session` = 's2'").await.is_empty());
        app.post("/api/3.0/mlflow/traces", start()).await;
        for filter in [
            "",
            "metadata.`mlflow.trace.session` = 's2'",
            "metadata.own = 'm'",
            "tag.t = '1'",
            "trace.name = 'nm'",
            "attribute.run_id = 'r1'",
            "trace.status = 'OK' AND trace.client_request_id = 'cr'",
        ] {
            assert_eq!(search(&app, filter).await, [ID], "{filter}");
        }
    });
}

#[test]
fn a_trace_of_which_spans_are_missing_is_whole_only_for_those_who_take_a_part() {
    on_sqlite(async |app| {
        let mut said = start();
        said["trace"]["trace_info"]["trace_metadata"]["mlflow.trace.sizeStats"] = json!("{\"num_spans\": 3}");
        app.post("/api/3.0/mlflow/traces", said).await;
        send(&app).await;
        let path = format!("/api/3.0/mlflow/traces/get?trace_id={ID}");
        let part = app.get(&format!("{path}&allow_partial=True")).await;
        assert_eq!(part["trace"]["spans"].as_array().unwrap().len(), 2);
        let (status, answer) = app.call("GET", &path, Value::Null).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(
            answer["message"]
                .as_str()
                .unwrap()
                .contains("is not fully exported yet")
        );
    });
}

#[test]
fn a_page_has_spans_in_the_form_of_a_file() {
    on_sqlite(async |app| {
        send(&app).await;
        let path = "/ajax-api/3.0/mlflow/get-trace-artifact";
        let file = app.get(&format!("{path}?request_id={ID}")).await;
        assert_eq!(file["spans"][0]["parent_span_id"], Value::Null);
        assert_eq!(
            file["spans"][0]["attributes"]["mlflow.spanInputs"],
            json!("{\"q\":\"hi\"}")
        );
        assert_eq!(file["spans"][0]["attributes"]["numtext"], json!("\"12\""));
        assert_eq!(file["spans"][0]["events"][0]["attributes"], json!({"k": "v"}));
        let (status, answer) = app.call("GET", path, Value::Null).await;
        assert_eq!(
            (status, &answer["error_code"]),
            (StatusCode::BAD_REQUEST, &json!("BAD_REQUEST"))
        );
    });
}

#[test]
fn what_is_not_there_is_said_so() {
    on_sqlite(async |app| {
        for path in [
            "/api/3.0/mlflow/traces/tr-no",
            "/api/3.0/mlflow/traces/get?trace_id=tr-no",
        ] {
            let (status, answer) = app.call("GET", path, Value::Null).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(answer["error_code"], json!("RESOURCE_DOES_NOT_EXIST"));
            assert_eq!(answer["message"], json!("Trace with ID 'tr-no' not found."));
        }
        let (status, answer) = app.call("GET", "/api/3.0/mlflow/traces/get", Value::Null).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(
            answer["message"]
                .as_str()
                .unwrap()
                .starts_with("Missing value for required parameter 'trace_id'")
        );
    });
}

#[test]
fn what_this_server_does_not_do_is_no_endpoint() {
    on_sqlite(async |app| {
        for path in [
            "3.0/mlflow/traces/metrics",
            "3.0/mlflow/traces/calculate-filter-correlation",
            "2.0/mlflow/traces",
        ] {
            let (status, answer) = app.call("POST", &format!("/api/{path}"), json!({})).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(answer["error_code"], json!("ENDPOINT_NOT_FOUND"), "{path}");
        }
    });
}

/// The client's word on a trace comes before its spans as often as after them, and says nothing of cost.
#[test]
fn a_trace_has_its_cost_whatever_comes_first() {
    each_database(async |app| {
        app.post("/api/3.0/mlflow/traces", start()).await;
        let mut spans = spans();
        let attributes = &mut spans["resourceSpans"][0]["scopeSpans"][0]["spans"][1]["attributes"];
        let cost = text("{\"input_cost\": 0.25, \"output_cost\": 0.5, \"total_cost\": 0.75}");
        attributes
            .as_array_mut()
            .unwrap()
            .push(json!({"key": "mlflow.llm.cost", "value": cost}));
        app.post("/v1/traces", spans).await;
        let metadata = info(&app).await["trace_metadata"].clone();
        let cost: Value = serde_json::from_str(metadata["mlflow.trace.cost"].as_str().unwrap()).unwrap();
        assert_eq!(
            cost,
            json!({"input_cost": 0.25, "output_cost": 0.5, "total_cost": 0.75})
        );
        let said = "{\"input_tokens\": 1, \"output_tokens\": 2, \"total_tokens\": 3}";
        assert_eq!(metadata["mlflow.trace.tokenUsage"], said);
        assert_eq!(search(&app, "total_tokens = 3").await, [ID]);
    });
}

#[test]
fn a_search_says_where() {
    on_sqlite(async |app| {
        let (status, answer) = app
            .call("POST", "/api/3.0/mlflow/traces/search", json!({"filter": "name = 'x'"}))
            .await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(answer["error_code"], "INVALID_PARAMETER_VALUE");
        let message = answer["message"].as_str().unwrap();
        assert!(
            message.starts_with("Missing value for required parameter 'locations'"),
            "{message}"
        );
    });
}
