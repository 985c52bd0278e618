//! `#[loadspan_sdk::trace]`.

use std::fmt::{self, Debug, Display};

use opentelemetry::trace::{SpanId, Status};
use serde::Serialize;

use crate::testing::{self, Memory, Setting, text};
use crate::{SpanType, trace};

fn inputs(memory: &Memory, name: &str) -> Option<String> {
    text(&memory.span(name), "mlflow.spanInputs").map(str::to_owned)
}

fn outputs(memory: &Memory, name: &str) -> Option<String> {
    text(&memory.span(name), "mlflow.spanOutputs").map(str::to_owned)
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// Neither `Serialize` nor `Debug`.
struct Opaque;

#[derive(Debug)]
#[expect(dead_code, reason = "read by `Debug`")]
struct Shown(u32);

#[derive(Debug, Serialize)]
struct Document {
    id: u32,
}

#[trace(span_type = "TOOL")]
fn add(left: u32, mut right: u32) -> u32 {
    right += left;
    right
}

#[test]
fn arguments_are_inputs_and_the_result_is_the_outputs() {
    let memory = testing::state();

    assert_eq!(add(1, 2), 3);

    assert_eq!(inputs(&memory, "add").as_deref(), Some(r#"{"left":1,"right":2}"#));
    assert_eq!(outputs(&memory, "add").as_deref(), Some("3"));
    assert_eq!(text(&memory.span("add"), "mlflow.spanType"), Some("\"TOOL\""));
    assert_eq!(text(&memory.span("add"), "mlflow.spanFunctionName"), Some("\"add\""));
}

#[trace]
fn mixed(json: &Document, shown: Shown, opaque: Opaque, (x, _): (u8, u8), r#type: &str) {
    let _ = (json, shown, opaque, x, r#type);
}

#[test]
fn values_are_written_as_well_as_their_types_allow() {
    let memory = testing::state();
    mixed(&Document { id: 1 }, Shown(2), Opaque, (3, 4), "t");

    let opaque = std::any::type_name::<Opaque>();
    assert_eq!(
        inputs(&memory, "mixed"),
        Some(format!(
            r#"{{"json":{{"id":1}},"shown":"Shown(2)","opaque":"<{opaque}>","x":3,"type":"t"}}"#
        ))
    );
    assert_eq!(outputs(&memory, "mixed").as_deref(), Some("null"));
}

#[trace(name = "log in", span_type = SpanType::Guardrail, skip(password), skip_output)]
fn log_in(user: &str, password: &str) -> String {
    format!("{user}{password}")
}

#[trace(skip_all)]
fn silent(secret: &str) -> usize {
    secret.len()
}

#[test]
fn what_is_skipped_is_not_there() {
    let memory = testing::state();
    log_in("ada", "secret");
    silent("secret");

    assert_eq!(inputs(&memory, "log in").as_deref(), Some(r#"{"user":"ada"}"#));
    assert_eq!(outputs(&memory, "log in"), None);
    assert_eq!(text(&memory.span("log in"), "mlflow.spanType"), Some("\"GUARDRAIL\""));
    assert_eq!(inputs(&memory, "silent"), None);
    assert!(
        memory
            .spans()
            .iter()
            .all(|span| !format!("{span:?}").contains("secret"))
    );
}

#[trace]
fn parse(number: &str) -> Result<u32, std::num::ParseIntError> {
    let number: u32 = number.parse()?;
    if number > 9 {
        return Ok(9);
    }
    Ok(number)
}

#[test]
fn of_a_result_ok_is_the_output_and_err_an_exception() {
    let memory = testing::state();
    assert_eq!(parse("12"), Ok(9));
    assert!(parse("x").is_err());

    let spans = memory.spans();
    assert_eq!(text(&spans[0], "mlflow.spanOutputs"), Some("9"));
    assert_eq!(spans[0].status, Status::Ok);
    assert_eq!(text(&spans[1], "mlflow.spanOutputs"), None);
    assert!(
        matches!(&spans[1].status, Status::Error { description } if description.ends_with("invalid digit found in string"))
    );
    assert_eq!(spans[1].events[0].name, "exception");
}

struct Worded;

impl Display for Worded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("in words")
    }
}

#[trace]
fn fail_in_words() -> Result<Opaque, Worded> {
    Err(Worded)
}

#[trace]
fn fail_shown() -> Result<(), Shown> {
    Err(Shown(1))
}

#[trace]
fn fail_opaquely() -> Result<(), Opaque> {
    Err(Opaque)
}

#[test]
fn any_error_will_do() {
    let memory = testing::state();
    assert!(fail_in_words().is_err() && fail_shown().is_err() && fail_opaquely().is_err());

    let ends = |name: &str, end: &str| match &memory.span(name).status {
        Status::Error { description } => assert!(description.ends_with(end), "{description}"),
        other => panic!("{other:?}"),
    };
    ends("fail_in_words", "in words");
    ends("fail_shown", "Shown(1)");
    ends("fail_opaquely", "neither be displayed nor debugged");
}

struct Counter {
    count: u32,
}

impl Counter {
    #[trace]
    fn more(&mut self, by: u32) -> &mut u32 {
        self.count += by;
        &mut self.count
    }

    #[trace(skip(_unused))]
    async fn later(&self, _unused: Opaque) -> &u32 {
        tokio::task::yield_now().await;
        &self.count
    }

    #[trace]
    fn into_count(self) -> u32 {
        self.count
    }
}

#[derive(Serialize)]
struct Point {
    x: u8,
}

impl Point {
    #[trace(with_self)]
    fn shift(&self, by: u8) -> u8 {
        self.x + by
    }
}

#[test]
fn methods_can_be_traced() {
    let memory = testing::state();
    let mut counter = Counter { count: 1 };
    *counter.more(1) += 1;
    assert_eq!(block_on(counter.later(Opaque)), &3);
    assert_eq!(counter.into_count(), 3);
    assert_eq!(Point { x: 1 }.shift(2), 3);

    assert_eq!(inputs(&memory, "more").as_deref(), Some(r#"{"by":1}"#));
    assert_eq!(outputs(&memory, "later").as_deref(), Some("3"));
    assert_eq!(inputs(&memory, "shift").as_deref(), Some(r#"{"self":{"x":1},"by":2}"#));
}

#[trace]
fn generic<T: Serialize, U, const N: usize>(json: T, shown: [U; N], any: impl Into<u64>) -> impl Iterator<Item = u64>
where
    U: Debug + Clone,
{
    let _ = (json, shown);
    std::iter::once(any.into())
}

#[test]
fn generic_functions_can_be_traced() {
    let memory = testing::state();
    assert_eq!(
        generic(Document { id: 1 }, [Shown2, Shown2], 7_u32).collect::<Vec<_>>(),
        [7]
    );

    assert_eq!(
        inputs(&memory, "generic").as_deref(),
        Some(r#"{"json":{"id":1},"shown":"[Shown2, Shown2]","any":"<u32>"}"#)
    );
}

#[derive(Debug, Clone)]
struct Shown2;

#[trace]
async fn outer(question: String) -> Result<String, std::io::Error> {
    tokio::task::yield_now().await;
    let answer = inner(&question).await?;
    Ok(answer.to_owned())
}

#[trace]
async fn inner(question: &str) -> std::io::Result<&str> {
    tokio::task::yield_now().await;
    Ok(question)
}

#[test]
fn async_functions_nest_and_may_move_between_threads() {
    let memory = testing::state();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let task = runtime.spawn(outer("q".to_owned()));
    assert_eq!(runtime.block_on(task).unwrap().unwrap(), "q");

    assert_eq!(
        memory.span("inner").parent_span_id,
        memory.span("outer").span_context.span_id()
    );
    assert_eq!(memory.span("outer").parent_span_id, SpanId::INVALID);
    assert_eq!(inputs(&memory, "outer").as_deref(), Some(r#"{"question":"q"}"#));
    assert_eq!(outputs(&memory, "outer").as_deref(), Some("\"q\""));
}

#[trace]
async fn echo(word: &str) -> String {
    word.to_owned()
}

#[trace]
async fn nothing() {}

#[test]
fn short_async_functions_can_be_traced() {
    let memory = testing::state();
    assert_eq!(block_on(echo("a")), "a");
    block_on(nothing());

    assert_eq!(outputs(&memory, "echo").as_deref(), Some("\"a\""));
    assert_eq!(outputs(&memory, "nothing").as_deref(), Some("null"));
}

#[trace]
fn breaks(message: &str) {
    panic!("{message}");
}

#[test]
fn a_panic_ends_the_span_with_an_error() {
    let memory = testing::state();
    assert!(std::panic::catch_unwind(|| breaks("no way")).is_err());

    assert_eq!(memory.span("breaks").status, Status::error("panic: no way"));
}

#[test]
fn nothing_is_written_of_a_trace_that_is_not_sampled() {
    struct Unreadable;
    impl Serialize for Unreadable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("read");
        }
    }
    #[trace]
    fn pass(value: Unreadable) -> Unreadable {
        value
    }
    let memory = Setting {
        sampling_ratio: 0.0,
        ..Setting::default()
    }
    .state();
    pass(Unreadable);

    assert!(memory.spans().is_empty());
}

/// Another name of this crate.
mod renamed {
    pub(super) use crate::{__private, TracedFuture, span};
}

#[trace(crate = renamed, skip_output)]
fn by_another_name(value: u32) {
    let _ = value;
}

#[trace(crate = self::renamed)]
async fn by_another_name_later() -> Result<u32, fmt::Error> {
    Err(fmt::Error)
}

#[test]
fn the_crate_may_have_another_name() {
    let memory = testing::state();
    by_another_name(7);
    assert!(block_on(by_another_name_later()).is_err());

    assert_eq!(inputs(&memory, "by_another_name").as_deref(), Some(r#"{"value":7}"#));
    assert!(matches!(
        memory.span("by_another_name_later").status,
        Status::Error { .. }
    ));
}
