//! The commands of AIPerf's tutorial on OpenTelemetry and MLflow, with the name of the program changed, and the addresses.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use loadspan_testkit::{DurationExt, FakeServer, every};
use serde_json::Value;

use super::super::collector::{Collector, Setup};
use super::super::loadspan::clean_command;
use super::super::mlflow_reader::{Histories, LoggedRun};
use super::super::otlp_json::{Point, final_count, points};
use super::Suite;
use super::artifacts::read_export;
use super::recorded::{Recorded, Records};

/// What all commands of the tutorial ask for.
const COMMON: &str = "--model my-model --endpoint-type chat --endpoint /v1/chat/completions --request-count 64";
const LENGTHS: &str = "--streaming --synthetic-input-tokens-mean 128 --output-tokens-mean 128";
const REQUESTS: u64 = 64;

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let server = FakeServer::new().ttft(5.ms()).tokens(128, every(1.ms()));
    let server = server.only_models(["my-model"]).start()?;
    let collector = Collector::start(suite.place, "collector-tutorial", &Setup::default())?;
    let tutorial = Tutorial {
        folder: suite.place.scratch.join("tutorial"),
        model_server: server.url(),
        mlflow: suite.server.url(),
        collector: collector.http_url("http"),
    };
    fs::create_dir_all(&tutorial.folder)?;
    let first = tutorial.profile(suite, "profile", Command::Profile)?;
    logs_everything(suite, &first)?;
    tutorial.plots_are_attached(suite, &first)?;
    tutorial.children_are_compared(suite)?;
    tutorial.provider_is_named(suite)?;
    has_both_runs(suite, &points(&collector.finish()?.metrics));
    Ok(())
}

/// What the Collector has received of the runs that were exported to it.
fn has_both_runs(suite: &mut Suite<'_>, received: &[Point]) {
    let provider = |attributes: &BTreeMap<String, Value>| attributes.get("gen_ai.provider.name").cloned();
    let is_overridden = |attributes: &BTreeMap<String, Value>| provider(attributes).is_some_and(|name| name == "vllm");
    let metric = "gen_ai.client.operation.duration";
    suite.checks.equal(
        "tutorial: the Collector has each request, those of the second run with its provider",
        [
            final_count(received, metric, |_| true),
            final_count(received, metric, is_overridden),
        ],
        [2 * REQUESTS, REQUESTS],
    );
    let of_convention = received.iter().filter(|point| point.metric.starts_with("gen_ai."));
    let without: Vec<_> = of_convention
        .filter(|point| provider(&point.attributes).is_none())
        .collect();
    suite.checks.that(
        "tutorial: every metric of the convention names a provider",
        without.is_empty(),
        without.first(),
    );
}

/// A command that profiles.
#[derive(Debug, Clone, Copy)]
enum Command<'a> {
    Profile,
    /// Below this parent, with this concurrency.
    Child(&'a str, u32),
    Provider,
}

struct Tutorial {
    /// Where everything is run, and `artifacts/` appears.
    folder: PathBuf,
    model_server: String,
    mlflow: String,
    collector: String,
}

impl Tutorial {
    /// Runs a command, and gives the folder that it has made.
    fn profile(&self, suite: &mut Suite<'_>, what: &str, command: Command<'_>) -> anyhow::Result<PathBuf> {
        let Self {
            model_server,
            mlflow,
            collector,
            ..
        } = self;
        let line = match command {
            Command::Profile => format!(
                "{LENGTHS} --concurrency 4 --otel-url {collector} --mlflow-tracking-uri {mlflow} \
                 --mlflow-experiment my-experiment --stream default"
            ),
            Command::Child(parent, concurrency) => format!(
                "{LENGTHS} --mlflow-tracking-uri {mlflow} --mlflow-parent-run-id {parent} --concurrency {concurrency}"
            ),
            // The tutorial's has no flag of MLflow; these are those that no other of its commands has.
            Command::Provider => format!(
                "--otel-url {collector} --stream metrics timing --gen-ai-provider vllm --concurrency 4 --mlflow-tracking-uri {mlflow} \
                 --mlflow-experiment with-provider --mlflow-run-name my-run --mlflow-tag team:perf"
            ),
        };
        let before = self.runs()?;
        self.succeeds(suite, what, &format!("profile --url {model_server} {COMMON} {line}"))?;
        let mut runs = self.runs()?;
        runs.retain(|run| !before.contains(run));
        runs.pop()
            .with_context(|| format!("tutorial, {what}: no folder was made"))
    }

    fn succeeds(&self, suite: &mut Suite<'_>, what: &str, line: &str) -> anyhow::Result<()> {
        let mut command = clean_command(suite.place);
        let output = command
            .current_dir(&self.folder)
            .args(line.split_whitespace())
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        suite
            .checks
            .equal(format!("tutorial, {what}: exit code"), output.status.code(), Some(0));
        ensure!(output.status.success(), "tutorial: loadspan {line}: {said}");
        Ok(())
    }

    fn runs(&self) -> anyhow::Result<Vec<PathBuf>> {
        let Ok(entries) = fs::read_dir(self.folder.join("artifacts")) else {
            return Ok(Vec::new());
        };
        entries.map(|entry| Ok(entry?.path())).collect()
    }

    /// `plot --paths DIR --mlflow-upload`: the run has the pictures, and is otherwise as it was.
    fn plots_are_attached(&self, suite: &mut Suite<'_>, run: &Path) -> anyhow::Result<()> {
        let before = suite.reader.only_run("my-experiment", Histories::Live)?;
        self.succeeds(
            suite,
            "plot",
            &format!("plot --paths {} --mlflow-upload", run.display()),
        )?;
        let after = suite.reader.only_run("my-experiment", Histories::Live)?;
        has_pictures(suite, ("tutorial, plot", &after), &run.join("plots"))?;
        let artifacts = before.artifacts.clone();
        let otherwise = LoggedRun { artifacts, ..after };
        suite.checks.that(
            "tutorial, plot: status, times and everything else of the run are as they were",
            otherwise == before,
            (&otherwise.status, otherwise.end_ms, &before.status, before.end_ms),
        );
        Ok(())
    }

    /// `--gen-ai-provider`, and the flags of MLflow that no other command has.
    fn provider_is_named(&self, suite: &mut Suite<'_>) -> anyhow::Result<()> {
        let folder = self.profile(suite, "provider", Command::Provider)?;
        let run = suite.reader.only_run("with-provider", Histories::Live)?;
        let tags = ["gen_ai.provider.name", "team"].map(|tag| run.tags.get(tag).map(String::as_str));
        suite.checks.equal(
            "tutorial, provider: name and tags of the run",
            (run.name.as_str(), tags),
            ("my-run", [Some("vllm"), Some("perf")]),
        );
        suite.checks.equal(
            "tutorial, provider: mlflow_export.json names the run",
            read_export(&folder)?["run_id"].as_str(),
            Some(run.id.as_str()),
        );
        Ok(())
    }

    /// Two children of a run that MLflow's own client has made; the picture that compares them is the parent's.
    fn children_are_compared(&self, suite: &mut Suite<'_>) -> anyhow::Result<()> {
        let parent = suite.reader.make_run("my-sweep", "the sweep")?;
        let before = suite.reader.only_run("my-sweep", Histories::Live)?;
        let mut folders = Vec::new();
        for concurrency in [4, 8] {
            let what = format!("child with concurrency {concurrency}");
            folders.push(self.profile(suite, &what, Command::Child(&parent, concurrency))?);
        }
        let mut ids = Vec::new();
        for folder in &folders {
            ids.push(read_export(folder)?["run_id"].as_str().unwrap_or_default().to_owned());
        }
        ids.sort();
        let children = suite.reader.children(&parent)?;
        suite
            .checks
            .equal("tutorial: both children are nested under the parent", children, ids);
        // They are in the experiment of their parent, within which MLflow's page nests them.
        let runs = suite.reader.experiment("my-sweep", Histories::Live)?.runs;
        let mut loads: Vec<_> = runs
            .iter()
            .filter(|run| run.id != parent)
            .map(|run| (run.status.as_str(), run.params.get("concurrency").map(String::as_str)))
            .collect();
        loads.sort_unstable();
        suite.checks.equal(
            "tutorial: they can be told apart by their concurrency",
            loads,
            vec![("FINISHED", Some("4")), ("FINISHED", Some("8"))],
        );
        let paths: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        self.succeeds(
            suite,
            "comparison",
            &format!("plot --paths {} --mlflow-upload", paths.join(" ")),
        )?;
        let runs = suite.reader.experiment("my-sweep", Histories::Live)?.runs;
        let mut after = runs
            .into_iter()
            .find(|run| run.id == parent)
            .context("the parent is gone")?;
        has_pictures(suite, ("tutorial, comparison", &after), &self.folder.join("plots"))?;
        after.artifacts.clear();
        suite.checks.that(
            "tutorial, comparison: the parent is otherwise as it was",
            after == before,
            (&after.status, after.end_ms),
        );
        Ok(())
    }
}

/// The run of the first command has everything that the tutorial promises.
fn logs_everything(suite: &mut Suite<'_>, folder: &Path) -> anyhow::Result<()> {
    let run = suite.reader.only_run("my-experiment", Histories::Live)?;
    suite.ended("tutorial", &run, ("FINISHED", "false"));
    let recorded = Recorded::load(folder)?;
    recorded.compare_points(suite.checks, ("tutorial", &run), Records::All);
    let counts = run.histories.values().map(|points| points.len() as u64);
    let all = counts.clone().all(|count| count == REQUESTS) && counts.len() == 5;
    suite.checks.that(
        "tutorial: a point of each request in each of five live metrics",
        all,
        counts.collect::<Vec<_>>(),
    );
    let export = read_export(folder)?;
    let said = ["tracking_uri", "experiment", "run_id"]
        .map(|key| export[key].as_str().unwrap_or_default().trim_end_matches('/'));
    let expected = [suite.server.url(), "my-experiment".to_owned(), run.id.clone()];
    suite.checks.equal(
        "tutorial: mlflow_export.json says where the run is",
        said.map(str::to_owned),
        expected,
    );
    suite.checks.equal(
        "tutorial: the live run was used to the end",
        export["reused_live_run"].as_bool(),
        Some(true),
    );
    Ok(())
}

/// Every picture of a folder is an artifact under `plots/`, byte for byte.
fn has_pictures(suite: &mut Suite<'_>, (what, run): (&str, &LoggedRun), folder: &Path) -> anyhow::Result<()> {
    let mut missing = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let artifact = format!("plots/{}", entry.file_name().display());
        let downloaded = fs::read(suite.reader.downloaded(run, &artifact)).ok();
        if !run.artifacts.contains_key(&artifact) || downloaded != Some(fs::read(entry.path())?) {
            missing.push(artifact);
        }
        count += 1;
    }
    suite.checks.that(
        format!("{what}: {count} pictures are attached, byte for byte"),
        missing.is_empty() && count > 0,
        missing,
    );
    Ok(())
}
