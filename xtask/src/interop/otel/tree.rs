//! Run, stage and requests hang together, and the server under test sees the span that the Collector has.

use std::collections::{HashMap, HashSet};

use super::super::Workplace;
use super::super::check::Checks;
use super::super::collector::{Collector, Setup};
use super::super::loadspan::profile;
use super::super::otlp_json::{Span, spans};
use super::server;

const REQUESTS: usize = 40;

pub(super) fn check(place: &Workplace, checks: &mut Checks) -> anyhow::Result<()> {
    for scope in ["session", "stage", "run"] {
        let server = server().start()?;
        let collector = Collector::start(place, &format!("collector-tree-{scope}"), &Setup::default())?;
        // As the users of inference-perf do: the environment, and a gRPC port.
        let run = profile(place, &format!("tree-{scope}"), &server.url())
            .env("OTEL_TRACES_ENABLED", "true")
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.grpc_url("http"))
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
            .args(&["--request-count", &REQUESTS.to_string(), "--trace-scope", scope])
            .run()?;
        let spans = spans(&collector.finish()?.traces);
        checks.equal(format!("{scope}: exit code"), run.code, Some(0));
        let requests: Vec<&Span> = spans.iter().filter(|span| span.kind == 3).collect();
        checks.equal(format!("{scope}: requests"), requests.len(), REQUESTS);
        let traces: HashSet<&str> = requests.iter().map(|span| span.trace_id.as_str()).collect();
        let expected = if scope == "session" { REQUESTS } else { 1 };
        checks.equal(format!("{scope}: traces of requests"), traces.len(), expected);
        is_connected(checks, scope, &spans);
        let stage = spans.iter().find(|span| span.name.starts_with("stage "));
        let verdict = stage.and_then(|stage| stage.attributes.get("loadspan.verdict"));
        checks.equal(
            format!("{scope}: the stage has the verdict of the report"),
            verdict,
            Some(&run.summary["verdict"]["status"]),
        );
        server_saw(checks, scope, &server.stats(), &requests);
        let named = requests
            .iter()
            .all(|span| span.name == "chat mock-model" && span.end > span.start && !span.is_error);
        checks.that(
            format!("{scope}: spans are named by operation and model, without errors"),
            named,
            requests.first(),
        );
        let required = [
            "gen_ai.operation.name",
            "gen_ai.provider.name",
            "gen_ai.request.model",
            "server.address",
        ];
        let complete = requests
            .iter()
            .all(|span| required.iter().all(|key| span.attributes.contains_key(*key)));
        checks.that(
            format!("{scope}: required attributes are on each"),
            complete,
            requests.first(),
        );
    }
    Ok(())
}

/// Each span has its parent among the others, or is the root of its trace and links to a span that is there; one is neither: the run.
fn is_connected(checks: &mut Checks, scope: &str, spans: &[Span]) {
    let known: HashMap<(&str, &str), &Span> = spans
        .iter()
        .map(|span| ((span.trace_id.as_str(), span.span_id.as_str()), span))
        .collect();
    checks.equal(format!("{scope}: no span id comes twice"), known.len(), spans.len());
    let hangs = |span: &Span| {
        if span.parent.is_empty() {
            span.links
                .iter()
                .any(|(trace, id)| known.contains_key(&(trace.as_str(), id.as_str())))
        } else {
            known.contains_key(&(span.trace_id.as_str(), span.parent.as_str()))
        }
    };
    let loose: Vec<&str> = spans
        .iter()
        .filter(|span| !hangs(span))
        .map(|span| span.name.as_str())
        .collect();
    checks.that(
        format!("{scope}: the tree is connected, its root is the run"),
        loose.len() == 1,
        loose,
    );
}

/// Each `traceparent` that the server got names a span that was exported.
fn server_saw(checks: &mut Checks, scope: &str, stats: &loadspan_testkit::Stats, requests: &[&Span]) {
    let exported: HashSet<String> = requests
        .iter()
        .map(|span| format!("00-{}-{}-01", span.trace_id, span.span_id))
        .collect();
    let seen: HashSet<String> = stats
        .requests
        .iter()
        .filter_map(|truth| truth.traceparent.as_ref().map(|header| str::to_owned(header)))
        .collect();
    checks.that(
        format!("{scope}: the server saw each span's traceparent"),
        seen == exported,
        (seen.len(), exported.len()),
    );
}
