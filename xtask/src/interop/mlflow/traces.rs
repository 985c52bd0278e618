//! Sampled requests in MLflow's trace store.

use std::collections::BTreeMap;

use loadspan_record::RequestRecord;
use loadspan_testkit::{Fault, Script, When};

use super::super::mlflow_reader::{Histories, LoggedRun, LoggedTrace};
use super::recorded::Recorded;
use super::{Suite, model_server};

const REQUESTS: u64 = 60;

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    half_of_them(suite)?;
    with_content(suite)
}

fn half_of_them(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let server = model_server()
        .on(When::EveryNth(10), Script::new().fault(Fault::status(503)))
        .start()?;
    let run = suite
        .profile("traces", &server.url())
        .args(&["--request-count", &REQUESTS.to_string()])
        .args(&["--mlflow-traces", "--trace-sample-ratio", "0.5"])
        .run()?;
    suite.checks.equal("traces: exit code", run.code, Some(0));
    let logged = suite.reader.only_run("traces", Histories::Live)?;
    let recorded = Recorded::load(&run.folder)?;
    let sampled = sampled(&recorded, &logged);
    let count = sampled.len() as u64;
    let left_out = run.mlflow_ledger("traces", "sampled_out");
    suite.checks.equal(
        "traces: each sampled request is a trace of the run",
        count + left_out,
        REQUESTS,
    );
    let others = logged.traces.len() as u64 - count;
    suite.checks.equal("traces: the run has no others", others, 0);
    let is_half = (REQUESTS / 6..REQUESTS * 5 / 6).contains(&count);
    suite
        .checks
        .that("traces: about half of the requests are sampled", is_half, count);
    agree(suite, &sampled);
    let spans: usize = logged.traces.iter().map(|trace| trace.spans.len()).sum();
    let fates = ["produced", "delivered"].map(|fate| run.mlflow_ledger("traces", fate));
    suite.checks.equal(
        "traces: the ledger has each span as delivered",
        fates,
        [spans as u64; 2],
    );
    Ok(())
}

/// A request and its trace.
type Sampled<'a> = (&'a RequestRecord, &'a LoggedTrace);

fn sampled<'a>(recorded: &'a Recorded, logged: &'a LoggedRun) -> Vec<Sampled<'a>> {
    let traces: BTreeMap<&str, &LoggedTrace> = logged.traces.iter().map(|trace| (trace.id.as_str(), trace)).collect();
    let trace = |record: &RequestRecord| traces.get(format!("tr-{:032x}", record.trace_id).as_str()).copied();
    let pairs = recorded.measured.iter().map(|record| (record, trace(record)));
    pairs.filter_map(|(record, trace)| Some((record, trace?))).collect()
}

/// Traces say what the records say, and nothing of what was asked and answered.
fn agree(suite: &mut Suite<'_>, sampled: &[Sampled<'_>]) {
    let state = |record: &RequestRecord| if record.outcome.is_completed() { "OK" } else { "ERROR" };
    let wrong: Vec<_> = sampled
        .iter()
        .filter(|(record, trace)| trace.state != state(record))
        .collect();
    suite.checks.that(
        "traces: those of failed requests are errors, the others are not",
        wrong.is_empty(),
        wrong,
    );
    let counted = |trace: &LoggedTrace| ["input_tokens", "output_tokens"].map(|kind| trace.tokens.get(kind).copied());
    let recorded =
        |record: &RequestRecord| [record.tokens.input, record.tokens.output].map(|count| count.map(u64::from));
    let wrong: Vec<_> = sampled
        .iter()
        .filter(|(record, trace)| record.outcome.is_completed() && counted(trace) != recorded(record))
        .collect();
    suite.checks.that(
        "traces: MLflow counts the tokens of each as the record does",
        wrong.is_empty(),
        wrong,
    );
    let previews = sampled
        .iter()
        .flat_map(|(_, trace)| [&trace.request_preview, &trace.response_preview]);
    let shown: Vec<_> = previews.flatten().collect();
    suite.checks.that(
        "traces: they show nothing of what was asked and answered",
        shown.is_empty(),
        shown,
    );
}

/// The page of traces shows prompts and answers of those who want that.
fn with_content(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let server = model_server().capture(100).start()?;
    let run = suite
        .profile("content", &server.url())
        .args(&["--request-count", "10", "--mlflow-traces", "--capture-content"])
        .run()?;
    suite.checks.equal("content: exit code", run.code, Some(0));
    let logged = suite.reader.only_run("content", Histories::Live)?;
    let asked: Vec<String> = server
        .requests()
        .iter()
        .filter_map(|request| Some(request.json()["messages"][0]["content"].as_str()?.to_owned()))
        .collect();
    let shows_a_prompt = |trace: &&LoggedTrace| {
        let preview = trace.request_preview.as_deref().unwrap_or_default();
        asked.iter().any(|prompt| preview.contains(prompt.as_str())) && trace.response_preview.is_some()
    };
    suite.checks.equal(
        "content: each trace shows its prompt, and an answer",
        logged.traces.iter().filter(shows_a_prompt).count(),
        10,
    );
    Ok(())
}
