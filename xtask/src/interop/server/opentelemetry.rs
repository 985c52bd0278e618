//! OpenTelemetry's own SDK for Python, in an application that knows nothing of MLflow, which has an experiment of its name then.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::super::mlflow_reader::{StoredSpan, StoredTrace};
use super::client::Request;
use super::served::Served;
use super::{Suite, quiet};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/interop/server/otel_app.py");

/// Experiments, each with what one application sends. The last one was asked for by a header.
const EXPERIMENTS: [&str; 4] = ["app by grpc", "app by http", "app by gzip", "named by a header"];
const SPANS: u64 = 5;

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let served = Served::start(suite.place, suite.store, "opentelemetry")?;
    let mut reader = suite.reader(&served.url(), "opentelemetry/reader")?;
    let output = quiet(Command::new(suite.programs.join("python")))
        .args([SCRIPT, &served.grpc_url(), &served.http_url()])
        .output()
        .context("cannot start Python")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "otel_app.py: {said}");
    let flushed: BTreeMap<String, bool> = serde_json::from_slice(&output.stdout)?;
    let all = flushed.len() == EXPERIMENTS.len() && flushed.values().all(|flushed| *flushed);
    suite.checks.that(
        "opentelemetry: every exporter delivers",
        all && said.is_empty(),
        (&flushed, &said),
    );
    for experiment in EXPERIMENTS {
        let stored = reader.traces(experiment)?.map(|stored| stored.traces);
        let stored = stored.with_context(|| format!("there is no experiment {experiment}"))?;
        has_traces(suite, (&served, experiment), &stored)?;
    }
    adds_up(suite, &served)?;
    can_be_searched(suite, &served)
}

fn has_traces(
    suite: &mut Suite<'_>,
    (served, experiment): (&Served, &str),
    traces: &[StoredTrace],
) -> anyhow::Result<()> {
    let mut states: Vec<_> = traces.iter().map(|trace| trace.state.as_str()).collect();
    states.sort_unstable();
    let label = format!("{experiment}: two traces, of which one failed");
    suite.checks.equal(label, states, vec!["ERROR", "OK"]);
    let answered = traces.iter().find(|trace| trace.state == "OK");
    let answered = answered.with_context(|| format!("{experiment}: no trace is OK"))?;
    is_described(suite, experiment, answered);
    is_translated(suite, experiment, answered);
    let failed = traces.iter().find_map(|trace| trace.span("GET /broken"));
    let told = failed.map(|span| (span.status.as_str(), span.status_message.as_str(), span.events.len()));
    let label = format!("{experiment}: the failed one says why");
    suite.checks.equal(label, told, Some(("ERROR", "no such thing", 1)));
    let logs = format!("/api/3.0/loadspan/traces/{}/logs", answered.id);
    let logs = served.ask(&Request::get(&logs))?;
    let found = logs.body.matches("the tool has answered").count();
    let label = format!("{experiment}: the log record is found by its trace");
    suite.checks.equal(label, found, 1);
    Ok(())
}

fn is_described(suite: &mut Suite<'_>, experiment: &str, trace: &StoredTrace) {
    let root = Some("POST /ask");
    let tree = vec![
        ("POST /ask", None),
        ("chat gpt-4o-mini", root),
        ("embeddings", root),
        ("execute_tool weather", root),
    ];
    suite
        .checks
        .equal(format!("{experiment}: the tree"), trace.tree(), tree);
    let metadata = |key: &str| trace.metadata.get(key).map(String::as_str);
    let known = [metadata("mlflow.trace.session"), metadata("mlflow.trace.user")];
    let label = format!("{experiment}: session and user");
    suite.checks.equal(label, known, [Some("session-7"), Some("user-7")]);
    let tokens = ["input_tokens", "output_tokens", "total_tokens"].map(|kind| trace.tokens.get(kind).copied());
    let label = format!("{experiment}: tokens, counted once");
    suite.checks.equal(label, tokens, [Some(1000), Some(500), Some(1500)]);
    // 1,000 tokens at 0.15 and 500 at 0.60 dollars a million.
    let cost: Value = metadata("mlflow.trace.cost")
        .and_then(|cost| serde_json::from_str(cost).ok())
        .unwrap_or_default();
    let total = cost["total_cost"].as_f64().unwrap_or_default();
    let label = format!("{experiment}: what it cost");
    suite.checks.that(label, (total - 0.000_45).abs() < 1e-9, &cost);
    let tags =
        ["service.name", "service.version", "mlflow.traceName"].map(|tag| trace.tags.get(tag).map(String::as_str));
    let service = if experiment.starts_with("app") {
        experiment
    } else {
        "app with header"
    };
    let label = format!("{experiment}: tags of the resource, and the name of the root");
    suite
        .checks
        .equal(label, tags, [Some(service), Some("1.2.3"), Some("POST /ask")]);
}

/// What the GenAI conventions say is found under MLflow's names.
fn is_translated(suite: &mut Suite<'_>, experiment: &str, trace: &StoredTrace) {
    let kinds: Vec<_> = ["chat gpt-4o-mini", "embeddings", "execute_tool weather"]
        .map(|name| trace.span(name).map(|span| span.kind.as_str()))
        .into();
    let expected = vec![Some("CHAT_MODEL"), Some("EMBEDDING"), Some("TOOL")];
    suite
        .checks
        .equal(format!("{experiment}: types of spans"), kinds, expected);
    let chat = trace.span("chat gpt-4o-mini");
    let texts = chat.map(|span| [text_of(&span.inputs), text_of(&span.outputs)]);
    let expected = ["What is the weather?", "It rains."].map(|text| Some(text.to_owned()));
    let label = format!("{experiment}: inputs and outputs of the model");
    suite.checks.equal(label, texts, Some(expected));
    let tool = trace.span("execute_tool weather");
    let content = tool.map(|span| (span.inputs.clone(), span.outputs.clone()));
    let label = format!("{experiment}: inputs and outputs of the tool");
    suite
        .checks
        .equal(label, content, Some((json!({"city": "Bergen"}), json!("rain"))));
    let sent = json!([0.25, ["stop"], "first token"]);
    let label = format!("{experiment}: attributes and events are kept");
    suite.checks.equal(label, chat.and_then(as_sent), Some(sent));
    let links = tool.map(|span| span.links.len());
    suite.checks.equal(format!("{experiment}: and links"), links, Some(1));
}

fn as_sent(chat: &StoredSpan) -> Option<Value> {
    let event = chat.events.first()?;
    Some(json!([
        chat.attributes.get("gen_ai.request.temperature")?,
        chat.attributes.get("gen_ai.response.finish_reasons")?,
        event.name,
    ]))
}

/// The text of the last message of some.
fn text_of(messages: &Value) -> Option<String> {
    let last = messages.as_array()?.last()?;
    last["parts"][0]["content"].as_str().map(str::to_owned)
}

fn adds_up(suite: &mut Suite<'_>, served: &Served) -> anyhow::Result<()> {
    let apps = EXPERIMENTS.len() as u64;
    for (signal, items) in [("traces", apps * SPANS), ("logs", apps)] {
        let label = format!("opentelemetry: {signal}: received, stored, rejected");
        suite.checks.equal(label, served.ledger(signal)?, [items, items, 0]);
    }
    let [received, stored, rejected] = served.ledger("metrics")?;
    let points = served.database.rows("otlp_points")?;
    suite.checks.that(
        "opentelemetry: metrics: each point is stored once",
        received >= apps * 3 && [stored, rejected] == [received, 0] && points == received,
        (received, stored, rejected, points),
    );
    Ok(())
}

fn can_be_searched(suite: &mut Suite<'_>, served: &Served) -> anyhow::Result<()> {
    let experiment = served.ask(&Request::get(
        "/api/2.0/mlflow/experiments/get-by-name?experiment_name=app%20by%20grpc",
    ))?;
    let experiment: Value = serde_json::from_str(&experiment.body)?;
    let id = &experiment["experiment"]["experiment_id"];
    let location = json!({"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": id}});
    for (filter, expected) in [
        ("span.type = 'TOOL'", 1),
        ("span.attributes.gen_ai.request.model = 'gpt-4o-mini'", 1),
        ("metadata.`mlflow.trace.session` = 'session-7'", 1),
        ("status = 'ERROR'", 1),
        ("service = 'app by grpc'", 2),
        ("total_tokens > 1499", 1),
        ("span.name = 'no such'", 0),
    ] {
        let body = json!({"locations": [location], "filter": filter}).to_string();
        let found = served.ask(&Request::post("/api/3.0/mlflow/traces/search", &body))?;
        let found: Value = serde_json::from_str(&found.body)?;
        let found = found["traces"].as_array().map_or(0, Vec::len);
        suite
            .checks
            .equal(format!("opentelemetry: traces with {filter}"), found, expected);
    }
    Ok(())
}
