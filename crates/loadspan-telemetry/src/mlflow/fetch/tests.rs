//! What is fetched of a server, and what is said of one that does not give it.

mod server;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use self::server::{Answer, Asked, Endpoint};
use super::*;
use crate::config::{NamedBy, RetryPolicy};
use crate::mlflow::testing::{limit, server};

/// What came of fetching, and the documents.
type Outcome = (Result<FetchedTraces, FetchError>, Vec<Value>);

/// Fetches traces of the experiment `shop`.
async fn fetch(endpoint: &Endpoint, most: usize) -> Outcome {
    fetch_with(endpoint, (most, "shop"), |_| ()).await
}

async fn fetch_with(
    endpoint: &Endpoint,
    (most, experiment): (usize, &str),
    change: impl FnOnce(&mut Fetcher<'_>),
) -> Outcome {
    let limit = limit(Duration::from_secs(20));
    let server = MlflowServer {
        named_by: NamedBy::Replay,
        timeout: Duration::from_millis(500),
        retries: RetryPolicy {
            max_retries: 1,
            backoff_factor: 0.0,
        },
        ..server(&endpoint.url)
    };
    let mut fetcher = Fetcher {
        client: MlflowClient::build(&server).unwrap(),
        limit: &limit,
        most_bytes: MOST_BYTES,
    };
    change(&mut fetcher);
    let query = TraceQuery {
        experiment,
        filter: None,
        most,
    };
    let mut documents = Vec::new();
    let fetched = fetcher
        .fetch(&query, |document| {
            documents.push(serde_json::from_slice(document).unwrap());
            ControlFlow::Continue(())
        })
        .await;
    (fetched, documents)
}

/// A trace as a search gives it, with its spans where MLflow has them today.
fn stored(id: &str) -> Value {
    json!({"trace_id": id, "tags": {"mlflow.trace.spansLocation": "TRACKING_STORE"}})
}

/// A trace with a span of its own name.
fn with_span(id: &str) -> Value {
    json!({"trace_info": stored(id), "spans": [{"name": id, "span_id": "AAECAwQFBgc="}]})
}

/// The traces that a request for spans asks for.
fn wanted(asked: &Asked) -> Vec<String> {
    let query = asked.path.split_once('?').map_or("", |(_, query)| query);
    let ids = query.split('&').filter_map(|pair| pair.strip_prefix("trace_ids="));
    ids.map(str::to_owned).collect()
}

/// A server of these traces, which gives each with its span.
fn of_traces(ids: &'static [&'static str]) -> Endpoint {
    Endpoint::start(move |asked| match asked.path.as_str() {
        path if path.contains("traces/search") => {
            let found: Vec<Value> = ids.iter().map(|id| stored(id)).collect();
            Some(Answer::Json(json!({ "traces": found })))
        }
        _ => {
            let spans: Vec<Value> = wanted(asked).iter().map(|id| with_span(id)).collect();
            Some(Answer::Json(json!({ "traces": spans })))
        }
    })
}

/// Names of spans, in the order in which they came.
fn names(documents: &[Value]) -> Vec<String> {
    let spans = documents.iter().flat_map(|document| {
        let spans = document["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array();
        spans.into_iter().flatten()
    });
    spans.map(|span| span["name"].as_str().unwrap().to_owned()).collect()
}

fn said(outcome: Outcome) -> String {
    outcome.0.unwrap_err().to_string()
}

#[tokio::test]
async fn no_more_traces_are_taken_than_were_asked_for() {
    let endpoint = of_traces(&["tr-1", "tr-2", "tr-3"]);
    let (fetched, documents) = fetch(&endpoint, 2).await;
    assert_eq!(fetched.unwrap().traces, 2);
    assert_eq!(names(&documents), ["tr-1", "tr-2"]);
    let search = &endpoint.asked("search")[0].body;
    assert_eq!(
        (
            &search["max_results"],
            &search["locations"][0]["mlflow_experiment"]["experiment_id"]
        ),
        (&json!(2), &json!("7"))
    );
}

#[tokio::test]
async fn spans_of_traces_that_nobody_asked_for_are_left_alone() {
    let endpoint = Endpoint::start(|asked| {
        let answer = if asked.path.contains("search") {
            json!({"traces": [stored("tr-1")]})
        } else {
            json!({"traces": [with_span("tr-9"), with_span("tr-1"), with_span("tr-1")]})
        };
        Some(Answer::Json(answer))
    });
    let (fetched, documents) = fetch(&endpoint, 10).await;
    assert_eq!(fetched.unwrap().traces, 1);
    assert_eq!(names(&documents), ["tr-1"]);
}

#[tokio::test]
async fn a_trace_that_is_on_two_pages_is_taken_once() {
    let endpoint = Endpoint::start(|asked| match asked.path.contains("search") {
        true => Some(Answer::Json(match asked.body["page_token"].as_str() {
            None => json!({"traces": [stored("tr-1"), stored("tr-2")], "next_page_token": "a"}),
            Some("a") => json!({"traces": [stored("tr-2"), stored("tr-3")], "next_page_token": "b"}),
            // A page that leads to itself is the last one.
            _ => json!({"traces": [], "next_page_token": "b"}),
        })),
        false => Some(Answer::Json(
            json!({"traces": wanted(asked).iter().map(|id| with_span(id)).collect::<Vec<_>>()}),
        )),
    });
    let (fetched, documents) = fetch(&endpoint, 500).await;
    assert_eq!(fetched.unwrap().traces, 3);
    assert_eq!(names(&documents), ["tr-1", "tr-2", "tr-3"]);
    assert_eq!(endpoint.asked("search").len(), 3);
}

#[tokio::test]
async fn a_search_that_never_ends_is_given_up() {
    let pages = AtomicUsize::new(0);
    let endpoint = Endpoint::start(move |_| {
        let page = pages.fetch_add(1, Ordering::Relaxed);
        Some(Answer::Json(
            json!({"traces": [stored("tr-1")], "next_page_token": page.to_string()}),
        ))
    });
    let told = said(fetch(&endpoint, 10).await);
    assert_eq!(told, "its search has no end: 100 pages in a row with nothing new");
    assert_eq!(endpoint.asked("search").len(), 101, "the first has a trace");
}

#[tokio::test]
async fn traces_with_long_names_count_before_their_spans_do() {
    let endpoint = of_traces(&["tr-1", "tr-2"]);
    let (fetched, _) = fetch_with(&endpoint, (10, "shop"), |fetcher| fetcher.most_bytes = 10).await;
    assert!(matches!(fetched, Err(FetchError::TooMuch(10))), "{fetched:?}");
    assert_eq!(endpoint.asked("batchGet").len(), 0);
}

#[tokio::test]
async fn spans_beyond_the_limit_end_it() {
    let endpoint = of_traces(&["tr-1"]);
    let (fetched, documents) = fetch_with(&endpoint, (10, "shop"), |fetcher| fetcher.most_bytes = 40).await;
    assert!(matches!(fetched, Err(FetchError::TooMuch(40))), "{fetched:?}");
    assert_eq!(documents.len(), 0);
    let told = FetchError::TooMuch(MOST_BYTES).to_string();
    assert_eq!(
        told,
        "its spans take more than 2048 MiB; take less with a filter, or fewer traces"
    );
}

#[tokio::test]
async fn an_answer_that_never_ends_is_given_up() {
    let endpoint = Endpoint::start(|_| Some(Answer::Endless));
    let told = said(fetch(&endpoint, 10).await);
    assert_eq!(told, "no answer in time (MLFLOW_HTTP_REQUEST_TIMEOUT)");
    assert_eq!(endpoint.asked("search").len(), 2, "it is asked again, once");
}

#[tokio::test]
async fn a_server_that_wants_credentials_says_so() {
    let endpoint = Endpoint::start(|_| Some(Answer::Status(401, "who are you?")));
    let told = said(fetch(&endpoint, 10).await);
    assert!(told.starts_with("HTTP 401"), "{told}");
    assert!(
        told.contains("who are you?") && told.contains("MLFLOW_TRACKING_TOKEN"),
        "{told}"
    );
}

#[tokio::test]
async fn an_experiment_is_looked_up_by_its_name_and_then_by_its_id() {
    let endpoint = Endpoint::start(|_| None);
    let (fetched, _) = fetch_with(&endpoint, (10, "other"), |_| ()).await;
    assert!(matches!(fetched, Err(FetchError::NoExperiment)), "{fetched:?}");
    assert_eq!(endpoint.asked("experiments/get?").len(), 0, "it can be no id");
    let (fetched, _) = fetch_with(&endpoint, (10, "99"), |_| ()).await;
    assert!(matches!(fetched, Err(FetchError::NoExperiment)), "{fetched:?}");
    assert_eq!(endpoint.asked("experiments/get?experiment_id=99").len(), 1);
}

#[tokio::test]
async fn an_experiment_without_such_traces_is_an_error() {
    let endpoint = of_traces(&[]);
    let (fetched, _) = fetch(&endpoint, 10).await;
    assert!(matches!(fetched, Err(FetchError::NoTraces)), "{fetched:?}");
}

#[tokio::test]
async fn a_filter_that_the_server_refuses_is_told_in_its_words() {
    let refusal = r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"Invalid clause"}"#;
    let endpoint = Endpoint::start(move |_| Some(Answer::Status(400, refusal)));
    let told = said(fetch(&endpoint, 10).await);
    assert!(told.contains("Invalid clause"), "{told}");
}

#[tokio::test]
async fn answers_that_are_none_of_mlflow_name_the_url_that_is_replayed() {
    let endpoint = Endpoint::start(|_| Some(Answer::Status(404, "nothing here")));
    let told = said(fetch(&endpoint, 10).await);
    assert!(
        told.contains("--replay") && !told.contains("--mlflow-tracking-uri"),
        "{told}"
    );
    let endpoint = Endpoint::start(|_| Some(Answer::Json(json!({"traces": 5}))));
    let told = said(fetch(&endpoint, 10).await);
    assert!(told.starts_with("its answer cannot be read: invalid type"), "{told}");
    assert_eq!(endpoint.asked("search").len(), 1);
}

#[tokio::test]
async fn a_trace_that_the_server_cannot_read_costs_no_other() {
    let endpoint = Endpoint::start(|asked| {
        if asked.path.contains("search") {
            return Some(Answer::Json(
                json!({"traces": [stored("tr-1"), stored("tr-2"), stored("tr-3")]}),
            ));
        }
        let ids = wanted(asked);
        match ids.iter().any(|id| id == "tr-2") {
            true => Some(Answer::Status(
                500,
                r#"{"error_code":"INTERNAL_ERROR","message":"torn"}"#,
            )),
            // The third is still being written.
            false if ids == ["tr-3"] => Some(Answer::Json(json!({"traces": []}))),
            false => Some(Answer::Json(
                json!({"traces": ids.iter().map(|id| with_span(id)).collect::<Vec<_>>()}),
            )),
        }
    });
    let (fetched, documents) = fetch(&endpoint, 10).await;
    let fetched = fetched.unwrap();
    assert_eq!((fetched.traces, names(&documents)), (1, vec!["tr-1".to_owned()]));
    let failed: Vec<_> = fetched.failed.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(failed, ["tr-2", "tr-3"]);
    assert!(fetched.failed[0].1.contains("torn"), "{:?}", fetched.failed);
    assert_eq!(fetched.failed[1].1, "the server has not all of its spans");
    assert_eq!(endpoint.asked("batchGet").len(), 4, "all together once, then each once");
}

#[tokio::test]
async fn spans_in_artifacts_are_fetched_from_there_and_know_their_session() {
    let endpoint = Endpoint::start(|asked| {
        let path = asked.path.as_str();
        let answer = if path.contains("search") {
            let metadata = json!({"mlflow.trace.session": "mine"});
            json!({"traces": [{"trace_id": "tr-1", "tags": {}, "trace_metadata": metadata}, stored("tr-2")]})
        } else if path.ends_with("get-trace-artifact?request_id=tr-1") {
            let attributes = json!({"mlflow.spanType": "\"CHAT_MODEL\""});
            json!({"spans": [{"name": "old", "start_time_unix_nano": 5, "attributes": attributes}]})
        } else {
            assert_eq!(wanted(asked), ["tr-2"]);
            json!({"traces": [with_span("tr-2")]})
        };
        Some(Answer::Json(answer))
    });
    let (fetched, documents) = fetch(&endpoint, 10).await;
    assert_eq!(fetched.unwrap().traces, 2);
    assert_eq!(names(&documents), ["old", "tr-2"]);
    let old = &documents[0]["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!(
        old["attributes"],
        json!([
            {"key": "mlflow.spanType", "value": {"stringValue": "CHAT_MODEL"}},
            {"key": "mlflow.trace.session", "value": {"stringValue": "mine"}},
        ])
    );
}
