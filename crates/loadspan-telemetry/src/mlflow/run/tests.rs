//! Against a scripted server.

use loadspan_testkit::{DurationExt, MlflowAnswer, MlflowSink, RunningMlflowSink, SinkRun};
use loadspan_wire::mlflow::runs::{LogBatch, Metric, Param, Tag};

use super::*;
use crate::config::{ExperimentChoice, ParentRun};
use crate::mlflow::log_batch;
use crate::mlflow::testing::{Heard, config, description};

struct Harness {
    sink: RunningMlflowSink,
    client: MlflowClient,
    config: MlflowConfig,
    heard: Heard,
}

impl Harness {
    fn new() -> Self {
        let sink = MlflowSink::new().start().unwrap();
        let config = config(&sink.url());
        Self {
            client: MlflowClient::build(&config.server).unwrap(),
            sink,
            config,
            heard: Heard::default(),
        }
    }

    async fn find_or_make(&self, description: &RunDescription) -> Result<KnownRun, ApiError> {
        find_or_make(&self.client, &self.config, description, &*self.heard.notices()).await
    }

    async fn create(&self, description: &RunDescription) -> Run {
        let body = CreateRun {
            experiment_id: self.sink.experiments()["load"].clone(),
            start_time: description.start_unix_ms,
            tags: details::tags(description),
            ..CreateRun::default()
        };
        self.client.post::<_, RunAnswer>(runs::CREATE, &body).await.unwrap().run
    }

    fn active(&self) -> Vec<SinkRun> {
        self.sink.runs().into_iter().filter(|run| !run.deleted).collect()
    }

    fn run(&self, id: &str) -> SinkRun {
        self.sink.runs().into_iter().find(|run| run.id == id).unwrap()
    }
}

#[tokio::test]
async fn a_run_is_made_with_everything_that_is_known_of_it() {
    let harness = Harness::new();
    let known = harness.find_or_make(&description("aa")).await.unwrap();
    let run = harness.run(&known.run_id);
    assert_eq!((run.name.as_str(), run.start_time), ("run aa", 1_700_000_000_000));
    assert_eq!(run.status.as_deref(), Some("RUNNING"));
    assert_eq!(run.params["model"], "m");
    assert_eq!(run.params["seed"], "7");
    assert_eq!(
        (run.tags["benchmark_id"].as_str(), run.tags["team"].as_str()),
        ("aa", "a")
    );
    assert_eq!(known.experiment, "load");
    assert_eq!(known.experiment_id, harness.sink.experiments()["load"]);
    assert!(
        known.artifact_uri.starts_with("mlflow-artifacts:/"),
        "{}",
        known.artifact_uri
    );
    assert_eq!(
        known.page(&harness.client),
        format!(
            "{}/#/experiments/{}/runs/{}",
            harness.sink.url(),
            known.experiment_id,
            known.run_id
        )
    );
    assert_eq!(harness.heard.messages(), [""; 0]);
}

#[tokio::test]
async fn a_run_is_made_once_and_its_details_are_logged_once() {
    let harness = Harness::new();
    let first = harness.find_or_make(&description("aa")).await.unwrap();
    let batches = harness.sink.requests_to("runs/log-batch");
    let again = harness.find_or_make(&description("aa")).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(harness.sink.requests_to("runs/log-batch"), batches);
    assert_eq!(harness.sink.requests_to("runs/create"), 1);
}

#[tokio::test]
async fn what_was_made_without_an_answer_is_found() {
    let harness = Harness::new();
    for path in ["experiments/create", "runs/create", "runs/log-batch"] {
        harness.sink.answer_once_with(path, MlflowAnswer::DropAfterHandling);
        let lost = harness.find_or_make(&description("aa")).await;
        assert!(matches!(lost, Err(ApiError::Unavailable { .. })), "{path}: {lost:?}");
    }
    harness.find_or_make(&description("aa")).await.unwrap();
    let runs = harness.sink.runs();
    assert_eq!((runs.len(), runs[0].params.len()), (1, 2));
}

#[tokio::test]
async fn a_benchmark_with_the_same_id_that_began_at_another_time_is_another_one() {
    let harness = Harness::new();
    let mut other = description("aa");
    other.start_unix_ms += 1;
    let first = harness.find_or_make(&description("aa")).await.unwrap();
    let second = harness.find_or_make(&other).await.unwrap();
    assert_ne!(first.run_id, second.run_id);
}

#[tokio::test]
async fn of_two_runs_of_a_benchmark_the_one_with_something_in_it_stays() {
    let harness = Harness::new();
    harness.find_or_make(&description("other")).await.unwrap();
    let [_, second, _] = [
        harness.create(&description("aa")).await,
        harness.create(&description("aa")).await,
        harness.create(&description("aa")).await,
    ];
    let point = LogBatch {
        run_id: second.info.run_id.clone(),
        metrics: vec![Metric {
            key: "m".to_owned(),
            ..Metric::default()
        }],
        ..LogBatch::default()
    };
    log_batch::log(&harness.client, &point).await.unwrap();
    let known = harness.find_or_make(&description("aa")).await.unwrap();
    assert_eq!(known.run_id, second.info.run_id);
    let left: Vec<_> = harness.active().into_iter().map(|run| run.id).collect();
    assert_eq!(left.len(), 2, "that and the other benchmark's");
    assert!(left.contains(&known.run_id));
}

#[tokio::test]
async fn two_runs_at_once_share_a_new_experiment() {
    let harness = Harness::new();
    let (first, second) = (description("aa"), description("bb"));
    let (first, second) = tokio::join!(harness.find_or_make(&first), harness.find_or_make(&second));
    assert_eq!(first.unwrap().experiment_id, second.unwrap().experiment_id);
    assert_eq!(harness.active().len(), 2);
}

#[tokio::test]
async fn a_deleted_experiment_is_refused_with_what_to_do() {
    let harness = Harness::new();
    harness.find_or_make(&description("aa")).await.unwrap();
    harness.sink.delete_experiment("load");
    let Err(ApiError::Refused { reason }) = harness.find_or_make(&description("bb")).await else {
        panic!("it was taken");
    };
    assert!(
        reason.contains("`load` was deleted") && reason.contains("--mlflow-experiment"),
        "{reason}"
    );
}

#[tokio::test]
async fn without_a_chosen_experiment_a_run_belongs_to_that_of_its_parent() {
    let mut harness = Harness::new();
    harness.config.experiment = ExperimentChoice::Usual;
    let known = harness.find_or_make(&description("aa")).await.unwrap();
    assert_eq!(known.experiment, "loadspan");

    let parent = harness.sink.add_run("sweep", "parent");
    harness.config.parent = ParentRun::Id(parent.clone());
    let known = harness.find_or_make(&description("bb")).await.unwrap();
    assert_eq!(
        (known.experiment.as_str(), known.parent_run_id),
        ("sweep", Some(parent))
    );
}

#[tokio::test]
async fn an_experiment_may_be_chosen_by_its_id() {
    let mut harness = Harness::new();
    harness.sink.add_run("by id", "x");
    let id = harness.sink.experiments()["by id"].clone();
    harness.config.experiment = ExperimentChoice::Id(id);
    let known = harness.find_or_make(&description("aa")).await.unwrap();
    assert_eq!(known.experiment, "by id");

    harness.config.experiment = ExperimentChoice::Id("987654".to_owned());
    let Err(ApiError::Refused { reason }) = harness.find_or_make(&description("bb")).await else {
        panic!("it was taken");
    };
    assert!(
        reason.contains("987654") && reason.contains("MLFLOW_EXPERIMENT_ID"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_parent_that_is_not_there_is_told_of_and_the_run_is_a_root() {
    let mut harness = Harness::new();
    let gone = harness.sink.add_run("load", "gone");
    harness.sink.delete_run(&gone);
    for (benchmark, parent) in [("aa", "0123456789abcdef0123456789abcdef"), ("bb", &gone)] {
        harness.config.parent = ParentRun::Id(parent.to_owned());
        let known = harness.find_or_make(&description(benchmark)).await.unwrap();
        assert_eq!(known.parent_run_id, None);
        let messages = harness.heard.messages();
        assert!(messages.last().unwrap().contains(parent), "{messages:?}");
    }
    harness.find_or_make(&description("aa")).await.unwrap();
    assert_eq!(harness.heard.messages().len(), 2, "each run says it once");
}

#[tokio::test]
async fn a_run_is_nested_under_the_parent_of_an_id() {
    let mut harness = Harness::new();
    let parent = harness.sink.add_run("load", "sweep");
    harness.config.parent = ParentRun::Id(parent.clone());
    let known = harness.find_or_make(&description("aa")).await.unwrap();
    assert_eq!(known.parent_run_id.as_ref(), Some(&parent));
    assert_eq!(harness.run(&known.run_id).tags["mlflow.parentRunId"], parent);
    assert_eq!(harness.run(&parent).updates, 0);
}

#[tokio::test]
async fn a_parent_of_a_name_is_made_once_and_is_finished() {
    let mut harness = Harness::new();
    harness.config.parent = ParentRun::Name("sweep".to_owned());
    let first = harness.find_or_make(&description("aa")).await.unwrap();
    let second = harness.find_or_make(&description("bb")).await.unwrap();
    assert_eq!(first.parent_run_id, second.parent_run_id);
    let parent = harness.run(&first.parent_run_id.unwrap());
    assert_eq!(
        (parent.name.as_str(), parent.status.as_deref()),
        ("sweep", Some("FINISHED"))
    );
    assert_eq!(parent.tags["mlflow.source.name"], "loadspan");
    assert_eq!(parent.tags["mlflow.source.type"], "LOCAL");
    let note = &parent.tags["mlflow.note.content"];
    assert!(
        note.contains("loadspan plot --paths") && note.contains("`plots/`"),
        "{note}"
    );
    assert_eq!(harness.active().len(), 3);
}

#[tokio::test]
async fn a_child_with_the_name_of_its_parent_is_not_taken_for_it() {
    let mut harness = Harness::new();
    harness.config.parent = ParentRun::Name("run aa".to_owned());
    let first = harness.find_or_make(&description("aa")).await.unwrap();
    let second = harness.find_or_make(&description("bb")).await.unwrap();
    assert_eq!(first.parent_run_id, second.parent_run_id);
    assert_ne!(second.parent_run_id.as_ref(), Some(&first.run_id));
}

#[tokio::test]
async fn children_that_start_at_once_have_one_parent() {
    let mut harness = Harness::new();
    harness.config.parent = ParentRun::Name("sweep".to_owned());
    // Each has its answers when the other one has asked, too.
    for path in ["runs/search", "runs/create"] {
        harness.sink.answer_path_with(path, MlflowAnswer::Slow(200.ms()));
    }
    let (aa, bb) = (description("aa"), description("bb"));
    let (first, second) = tokio::join!(harness.find_or_make(&aa), harness.find_or_make(&bb));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.parent_run_id, second.parent_run_id);
    assert_eq!(harness.active().len(), 3, "one parent and two children");
    assert_eq!(harness.sink.runs().len(), 4, "two had made it");
}

#[tokio::test]
async fn a_run_that_is_made_twice_at_once_is_there_once() {
    let harness = Harness::new();
    harness.find_or_make(&description("other")).await.unwrap();
    // Each has its answers when the other one has asked, too.
    for path in ["runs/search", "runs/create"] {
        harness.sink.answer_path_with(path, MlflowAnswer::Slow(200.ms()));
    }
    let aa = description("aa");
    let (first, second) = tokio::join!(harness.find_or_make(&aa), harness.find_or_make(&aa));
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(harness.active().len(), 2, "that and the other benchmark's");
    assert_eq!(harness.sink.runs().len(), 3, "two had made it");
}

#[tokio::test]
async fn a_parent_whose_making_was_not_answered_is_found_and_finished() {
    let mut harness = Harness::new();
    harness.config.parent = ParentRun::Name("sweep".to_owned());
    harness
        .sink
        .answer_once_with("runs/create", MlflowAnswer::DropAfterHandling);
    harness.find_or_make(&description("aa")).await.unwrap_err();
    let known = harness.find_or_make(&description("aa")).await.unwrap();
    let parent = harness.run(&known.parent_run_id.unwrap());
    assert_eq!(parent.status.as_deref(), Some("FINISHED"));
    assert_eq!(harness.active().len(), 2);
}

#[tokio::test]
async fn what_a_run_has_already_stays_as_it_is() {
    let harness = Harness::new();
    harness.find_or_make(&description("aa")).await.unwrap();
    let mut changed = description("aa");
    changed.params = vec![Param::new("seed", "8"), Param::new("new", "1")];
    changed.tags = vec![Tag::new("team", "b")];
    let known = harness.find_or_make(&changed).await.unwrap();
    let run = harness.run(&known.run_id);
    assert_eq!((run.params["seed"].as_str(), run.params["new"].as_str()), ("7", "1"));
    assert_eq!(run.tags["team"], "a");
}

#[tokio::test]
async fn a_parameter_that_the_server_does_not_take_costs_only_itself() {
    let harness = Harness::new();
    let mut described = description("aa");
    described.params = (0..150).map(|index| Param::new(format!("p{index}"), "v")).collect();
    described.params[77].key = "no\tkey".to_owned();
    let known = harness.find_or_make(&described).await.unwrap();
    assert_eq!(harness.run(&known.run_id).params.len(), 149);
    let messages = harness.heard.messages();
    assert_eq!(messages.len(), 1);
    assert!(
        messages[0].contains("does not take the parameter or tag `no\tkey`"),
        "{messages:?}"
    );
}

#[tokio::test]
async fn a_known_run_is_resumed_unless_it_is_gone() {
    let harness = Harness::new();
    let made = harness.find_or_make(&description("aa")).await.unwrap();
    let twin = harness.create(&description("aa")).await.info.run_id;
    let notices = harness.heard.notices();
    let resume = async |id: &str| resume(&harness.client, id, &description("aa"), &*notices).await;
    assert_eq!(resume(&made.run_id).await, Ok(Some(made.clone())));
    assert!(harness.run(&twin).deleted, "nobody knows of it");
    assert_eq!(resume("0123456789abcdef0123456789abcdef").await, Ok(None));
    harness.sink.delete_run(&made.run_id);
    let Err(ApiError::Refused { reason }) = resume(&made.run_id).await else {
        panic!("it was taken");
    };
    assert!(
        reason.contains("was deleted") && reason.contains("mlflow runs restore"),
        "{reason}"
    );
}
