//! What MLflow is told of runs of several stages.

use loadspan_record::{Finding, LoadFacts, LoadModel, Reason, Severity, StageFacts, StageRole, VerdictStatus};
use loadspan_wire::mlflow::runs::Metric;

use super::*;
use crate::config::StageRuns;

/// `run.json` of a run of two measured stages, `low` and `high`, and its summary.
struct Staged {
    run: RunJson,
    summary: Summary,
}

impl Staged {
    fn new() -> Self {
        let mut run = run_json();
        let load = |concurrency| LoadFacts {
            description: format!("{concurrency} concurrent"),
            model: LoadModel::Closed { concurrency },
        };
        run.facts.stages = vec![StageFacts::planned(0, load(2)), StageFacts::planned(1, load(4))];
        run.facts.load.description = "2 stages: 2 concurrent; 4 concurrent".to_owned();
        let stage = |concurrency: u32, name| {
            json!({
                "name": name, "role": "measured", "pause": {"secs": 1, "nanos": 0},
                "load": {"model": {"type": "closed", "concurrency": concurrency, "ramp": null}, "warmup": "none", "workers": 1},
            })
        };
        run.config["stages"] = json!([stage(2, "low"), stage(4, "high")]);
        run.config.as_object_mut().unwrap().remove("load");
        run.workload = json!([run.workload, {"kind": "dataset", "path": "prompts.jsonl"}]);
        let mut summary = rich_summary();
        summary.stages = vec![stage_of(&summary, 0, "low"), stage_of(&summary, 1, "high")];
        Self { run, summary }
    }

    /// The same with another end planned for a stage.
    fn limits(mut self, stage: usize, limits: Value) -> Self {
        self.run.config["stages"][stage]["load"]["limits"] = limits;
        self
    }

    /// The same with another result of a stage.
    fn stage(mut self, number: usize, change: impl FnOnce(&mut StageSummary)) -> Self {
        change(&mut self.summary.stages[number]);
        self
    }

    fn completeness(mut self, completeness: Completeness) -> Self {
        self.summary.run.completeness = completeness;
        self
    }

    fn describe(&self) -> RunDescription {
        describe(&self.run, None, &[])
    }

    fn describe_stage(&self, number: usize, config: &MlflowConfig) -> RunDescription {
        RunDescription::of_stage(&self.run.described(), config, &self.summary.stages[number])
    }

    fn outcome(&self) -> RunOutcome {
        RunOutcome::of(&self.summary, None)
    }

    fn outcome_of_stage(&self, number: usize) -> RunOutcome {
        RunOutcome::of_stage(&self.summary, &self.summary.stages[number])
    }
}

fn stage_of(summary: &Summary, number: u32, name: &str) -> StageSummary {
    StageSummary {
        number,
        name: Some(name.to_owned()),
        role: StageRole::Measured,
        started_s: Some(2.5),
        measured_from_s: Some(2.5),
        ended_s: Some(4.0),
        verdict: Some(summary.verdict.clone()),
        counts: summary.counts.clone(),
        metrics: summary.metrics.clone(),
        load: summary.load.clone(),
        client: summary.client.clone(),
        tokens: summary.tokens.clone(),
        steady_state: summary.steady_state.clone(),
        goodput: summary.goodput.clone(),
        sessions: None,
    }
}

fn invalidate(stage: &mut StageSummary) {
    if let Some(verdict) = &mut stage.verdict {
        verdict.status = VerdictStatus::Invalid;
    }
}

fn cut_short() -> Finding {
    Finding {
        reason: Reason::Incomplete {
            reason: "interrupted".to_owned(),
        },
        severity: Severity::Degraded,
        stage: None,
        message: String::new(),
        advice: String::new(),
    }
}

fn config() -> MlflowConfig {
    crate::mlflow::testing::config("http://localhost:5000")
}

fn has(metrics: &[Metric], key: &str) -> bool {
    metrics.iter().any(|metric| metric.key == key)
}

#[test]
fn each_of_several_stages_has_its_own_parameters() {
    let description = Staged::new().describe();
    assert_params(
        &description,
        [
            ("stage.0.name", "low"),
            ("stage.0.load", "2 concurrent"),
            ("stage.0.concurrency", "2"),
            ("stage.0.dataset", "synthetic"),
            ("stage.1.dataset", "prompts.jsonl"),
            ("stage.1.pause_s", "1"),
            ("stage.1.load.kind", "closed"),
        ],
    );
    let params = params(&description);
    assert!(!params.contains_key("concurrency") && !params.contains_key("stages"));
}

/// Pauses are part of it; a stage that ends with a number of requests has no end in time, and neither has its run.
#[test]
fn a_run_says_how_long_its_stages_should_take_if_each_has_an_end_in_time() {
    const DURATION: &str = "stages.duration_s";
    let staged = Staged::new().limits(0, json!({"duration": {"secs": 8, "nanos": 500_000_000}}));
    let staged = staged.limits(1, json!({"requests": 100}));
    assert_eq!(params(&staged.describe()).get(DURATION), None);
    let staged = staged.limits(1, json!({"duration": {"secs": 5, "nanos": 0}}));
    assert_eq!(params(&staged.describe()).get(DURATION), Some(&"15.5"));
    assert_eq!(params(&staged.describe_stage(1, &config())).get(DURATION), None);
}

#[test]
fn a_run_says_when_its_stages_were_in_tags_as_well() {
    let outcome = Staged::new().stage(1, |stage| stage.ended_s = None).outcome();
    for (key, value) in [
        ("stage.0.started_s", Some("2.500")),
        ("stage.0.ended_s", Some("4.000")),
        ("stage.1.started_s", Some("2.500")),
        ("stage.1.ended_s", None),
    ] {
        assert_eq!(tag(&outcome.tags, key), value, "{key}");
    }
}

#[test]
fn a_warm_up_has_no_figures_but_when_it_was_and_its_requests() {
    let staged = Staged::new().stage(0, |stage| {
        stage.role = StageRole::Warmup;
        stage.counts.warmup = 6;
    });
    let keys = |metrics: &[Metric], prefix: &str| -> Vec<String> {
        let keys = metrics.iter().map(|metric| metric.key.clone());
        keys.filter(|key| key.starts_with(prefix)).collect()
    };
    let own = staged.outcome_of_stage(0);
    assert_eq!(
        keys(&own.metrics, ""),
        ["requests.warmup", "stage.ended_s", "stage.started_s"]
    );
    assert_eq!(own.metrics[0].value.0, 6.0);
    let benchmark = staged.outcome();
    assert_eq!(
        keys(&benchmark.metrics, "stage.0."),
        ["stage.0.requests.warmup", "stage.0.ended_s", "stage.0.started_s"]
    );
    assert!(keys(&benchmark.metrics, "stage.1.").len() > 20);
}

#[test]
fn the_run_of_a_stage_says_what_it_is_and_is_found_by_an_id_of_its_own() {
    let staged = Staged::new().stage(1, |stage| stage.load.asked.description = "4 concurrent".to_owned());
    let named = |name: Option<&str>| {
        let run_name = name.map(str::to_owned);
        staged.describe_stage(1, &MlflowConfig { run_name, ..config() })
    };
    let description = named(None);
    assert_eq!(description.benchmark_id, "7f3a09c2.stage-1");
    assert_eq!(
        description.name,
        "high: meta/llama-8b, 4 concurrent, 2023-11-14 22:13:20 UTC"
    );
    assert_eq!(description.start_unix_ms, 1_700_000_002_623);
    assert_params(
        &description,
        [
            ("concurrency", "4"),
            ("stage", "1"),
            ("stage.name", "high"),
            ("load", "4 concurrent"),
        ],
    );
    let params = params(&description);
    assert!(!params.contains_key("stage.0.concurrency") && params.contains_key("model"));
    assert_eq!(tag(&description.tags, "benchmark_id"), Some("7f3a09c2.stage-1"));
    assert_eq!(named(Some("mine")).name, "high: mine");
}

#[test]
fn a_stage_ends_as_its_own_verdict_says_and_the_one_that_was_cut_short_as_the_run_did() {
    let mut staged = Staged::new().stage(0, invalidate);
    staged.summary.verdict.status = VerdictStatus::Valid;
    let states = |staged: &Staged| [0, 1].map(|number| staged.outcome_of_stage(number).status);
    let staged = staged.completeness(Completeness::Complete);
    assert_eq!(states(&staged), [RunStatus::Failed, RunStatus::Finished]);
    let in_a_pause = staged.completeness(incomplete("interrupted"));
    assert_eq!(states(&in_a_pause), [RunStatus::Failed, RunStatus::Finished]);
    let staged = in_a_pause.stage(1, |stage| {
        let verdict = stage.verdict.as_mut().expect("it is measured");
        verdict.reasons.push(cut_short());
    });
    assert_eq!(states(&staged), [RunStatus::Failed, RunStatus::Killed]);
    assert_eq!(staged.outcome_of_stage(1).end_unix_ms, 1_700_000_004_123);
}

#[test]
fn a_run_leaves_to_its_children_what_they_say() {
    let staged = Staged::new().stage(0, invalidate);
    let of_stage = staged.outcome_of_stage(1);
    assert!(has(&of_stage.metrics, "request_latency.p99") && has(&of_stage.metrics, "stage.started_s"));
    let told = |stages| staged.outcome().yielding_to(&MlflowConfig { stages, ..config() });
    let alone = told(StageRuns::Tag);
    assert!(has(&alone.metrics, "stage.1.request_latency.p99"));
    assert!(!has(&alone.metrics, "stage.1.load.schedule_lag.p99"));
    assert_eq!(tag(&alone.tags, "stage.0.verdict"), Some("invalid"));
    assert!(!has(&told(StageRuns::Child).metrics, "stage.1.request_latency.p99"));
}
