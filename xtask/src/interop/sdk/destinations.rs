//! Where spans go: each row of the table in `docs/sdk.md`, run by the same program.

use super::super::collector::{Collector, Setup};
use super::program::Ended;
use super::{ByService, Suite, ids_in_collector, ids_in_mlflow};

/// What `quickstart` has to say for itself, whatever becomes of its spans.
const ANSWER: &str = "MLflow is an open source platform\n";
/// Its spans, by name.
const SPANS: [&str; 4] = ["answer", "ask_model", "search", "shorten"];

/// Stands for the Collector's URL.
const COLLECTOR: &str = "the Collector";
const TRACES_ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", COLLECTOR);
const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", COLLECTOR);
const DUAL: (&str, &str) = ("MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT", "true");
const NO_OTLP: (&str, &str) = ("MLFLOW_ENABLE_OTLP_EXPORTER", "false");
const NO_EXPORTER: (&str, &str) = ("OTEL_TRACES_EXPORTER", "none");
const NO_MLFLOW: (&str, &str) = ("MLFLOW_TRACKING_URI", "");
const DISABLED: (&str, &str) = ("OTEL_SDK_DISABLED", "true");
const NOTHING_SAMPLED: (&str, &str) = ("MLFLOW_TRACE_SAMPLING_RATIO", "0");

/// A row of the table. The MLflow server and an experiment of the row's name are set in each, but where a variable says otherwise.
struct Row {
    name: &'static str,
    variables: &'static [(&'static str, &'static str)],
    to: To,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    Nothing,
    Mlflow,
    Otlp,
    Both,
}

const ROWS: [Row; 12] = [
    row("a new experiment", &[], To::Mlflow),
    row("a known experiment", &[], To::Mlflow),
    row("traces endpoint", &[TRACES_ENDPOINT], To::Otlp),
    row("endpoint", &[ENDPOINT], To::Otlp),
    row("endpoint alone", &[ENDPOINT, NO_MLFLOW], To::Otlp),
    row("dual", &[TRACES_ENDPOINT, DUAL], To::Both),
    row("dual by endpoint", &[ENDPOINT, DUAL], To::Both),
    row("OTLP off", &[TRACES_ENDPOINT, NO_OTLP], To::Mlflow),
    row("OTLP off, dual", &[ENDPOINT, NO_OTLP, DUAL], To::Mlflow),
    row("no exporter", &[ENDPOINT, NO_EXPORTER], To::Mlflow),
    row("disabled", &[ENDPOINT, DUAL, DISABLED], To::Nothing),
    row("nothing sampled", &[ENDPOINT, DUAL, NOTHING_SAMPLED], To::Nothing),
];

const fn row(name: &'static str, variables: &'static [(&'static str, &'static str)], to: To) -> Row {
    Row { name, variables, to }
}

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    nothing_is_set(suite)?;
    by_id(suite)?;
    let known = suite.reader.make_experiment("a known experiment")?;
    let collector = Collector::start(suite.place, "collector-destinations", &Setup::default())?;
    for row in &ROWS {
        let mut program = suite
            .to_mlflow("quickstart", row.name)
            .env("OTEL_SERVICE_NAME", row.name);
        for (name, value) in row.variables {
            let url = collector.grpc_url("http");
            program = program.env(name, if *value == COLLECTOR { &url } else { value });
        }
        let ended = program.run()?;
        is_undisturbed(suite, row.name, &ended);
    }
    let dual_example = as_on_the_page(suite, &collector)?;
    let received = ByService::of(collector)?;
    for row in &ROWS {
        arrived(suite, row, &received)?;
    }
    let stored = suite.reader.traces("a known experiment")?;
    let id = stored.map(|stored| stored.experiment_id);
    suite
        .checks
        .equal("a known experiment: it is that one", id, Some(known));
    let ids = ids_in_collector(received.spans("dual_export"));
    suite.checks.equal(
        "dual_export: the Collector has the span of the page, as MLflow has",
        ids,
        dual_example,
    );
    Ok(())
}

/// Tracing is off, which is said once, and the program does its work.
fn nothing_is_set(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let ended = suite.program("quickstart").run()?;
    let checks = &mut *suite.checks;
    checks.equal("nothing is set: exit code", ended.code, Some(0));
    checks.equal(
        "nothing is set: the program does its work",
        ended.stdout,
        ANSWER.to_owned(),
    );
    let variables = [TRACES_ENDPOINT.0, ENDPOINT.0, "MLFLOW_TRACKING_URI"];
    let is_named = variables.iter().all(|variable| ended.stderr.contains(variable));
    checks.that(
        "nothing is set: one line names the variables that turn tracing on",
        is_named && ended.stderr.lines().count() == 1,
        ended.stderr,
    );
    let ended = suite.program("otlp_export").run()?;
    suite.checks.equal(
        "nothing is set: there is no trace and no destination",
        ended.stdout.as_str(),
        "\nComplete []\n",
    );
    Ok(())
}

/// The id wins over a name, and the experiment of that name is not made.
fn by_id(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let id = suite.reader.make_experiment("by id")?;
    let ended = suite
        .to_mlflow("quickstart", "not by id")
        .env("MLFLOW_EXPERIMENT_ID", &id)
        .run()?;
    is_undisturbed(suite, "by id", &ended);
    in_mlflow(suite, "by id", "by id")?;
    let other = suite.reader.traces("not by id")?;
    suite
        .checks
        .equal("by id: the experiment of the name is not made", other, None);
    Ok(())
}

fn is_undisturbed(suite: &mut Suite<'_>, name: &str, ended: &Ended) {
    suite.checks.that(
        format!("{name}: the program does its work, and nothing is said"),
        ended.is_quiet_success() && ended.stdout.starts_with(ANSWER),
        ended,
    );
}

fn in_mlflow(suite: &mut Suite<'_>, name: &str, experiment: &str) -> anyhow::Result<()> {
    let traces = suite.traces(experiment)?;
    let trees: Vec<_> = traces.iter().map(super::StoredTrace::tree).collect();
    let [answer, ask_model, search, shorten] = SPANS;
    let expected = vec![vec![
        (answer, None),
        (ask_model, Some(answer)),
        (search, Some(answer)),
        (shorten, Some(answer)),
    ]];
    suite
        .checks
        .equal(format!("{name}: MLflow has the trace, with its tree"), trees, expected);
    Ok(())
}

fn arrived(suite: &mut Suite<'_>, row: &Row, received: &ByService) -> anyhow::Result<()> {
    let name = row.name;
    if matches!(row.to, To::Mlflow | To::Both) {
        in_mlflow(suite, name, name)?;
    } else {
        let stored = suite.reader.traces(name)?;
        suite.checks.equal(
            format!("{name}: MLflow has nothing, not even the experiment"),
            stored,
            None,
        );
    }
    let expected = if matches!(row.to, To::Otlp | To::Both) {
        SPANS.to_vec()
    } else {
        Vec::new()
    };
    let label = format!("{name}: the Collector has {} spans", expected.len());
    suite.checks.equal(label, received.names(name), expected);
    if row.to == To::Both {
        let stored = ids_in_mlflow(&suite.traces(name)?);
        let label = format!("{name}: both have the same spans");
        suite
            .checks
            .equal(label, stored, ids_in_collector(received.spans(name)));
    }
    Ok(())
}

/// "Dual Export" of MLflow's page: with its variables, and no others. Returns what MLflow has of it.
fn as_on_the_page(suite: &mut Suite<'_>, collector: &Collector) -> anyhow::Result<Vec<String>> {
    let ended = suite
        .program("dual_export")
        .env("MLFLOW_TRACKING_URI", &suite.server.url())
        .env(TRACES_ENDPOINT.0, &format!("{}/v1/traces", collector.grpc_url("http")))
        .env("OTEL_SERVICE_NAME", "dual_export")
        .run()?;
    suite.checks.that(
        "dual_export: both destinations have taken the span",
        ended.is_quiet_success() && ended.stdout.contains("otlp: 1 of 1 spans\nmlflow: 1 of 1 spans\n"),
        &ended,
    );
    let trace = suite.trace("my-experiment", "foo")?;
    suite.checks.that(
        "dual_export: it says the id that MLflow has",
        ended.stdout.starts_with(&trace.id),
        (&ended.stdout, &trace.id),
    );
    let shown = trace.span("foo").map(|span| (&span.inputs, &span.outputs));
    let (inputs, outputs) = (serde_json::json!({"a": 1}), serde_json::json!({"b": 2}));
    suite
        .checks
        .equal("dual_export: inputs and outputs", shown, Some((&inputs, &outputs)));
    Ok(ids_in_mlflow(&[trace]))
}
