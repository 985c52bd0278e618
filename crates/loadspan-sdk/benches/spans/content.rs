//! Spans with a chat as inputs, and an answer as outputs.

use criterion::Criterion;
use loadspan_sdk::{SpanType, start_span};
use serde_json::{Value, json};

use crate::swallow::{Tracing, group};

pub(crate) fn measure(criterion: &mut Criterion) {
    let mut group = group(criterion, "chat");
    for kilobytes in [1, 10] {
        let (request, response) = (request(kilobytes), response());
        let tracing = Tracing::sampled();
        group.bench_function(format!("{kilobytes}_kB"), |bencher| {
            bencher.iter_custom(|calls| {
                tracing.time(calls, || {
                    let span = start_span("chat").with_type(SpanType::ChatModel);
                    span.set_inputs(&request);
                    span.set_outputs(&response);
                })
            });
        });
    }
    group.finish();
}

/// Messages of some hundred characters each, in turn of user and assistant.
fn request(kilobytes: usize) -> Value {
    const MESSAGE: &str = "Tell me how the old mill by the river was built,\nand \"who\" worked there in the long years before \
                           the bridge came and the road went round it, and what became of them.";
    const MESSAGE_AS_JSON: usize = 190;
    let messages: Vec<Value> = ["user", "assistant"]
        .into_iter()
        .cycle()
        .take(kilobytes * 1_000 / MESSAGE_AS_JSON)
        .map(|role| json!({"role": role, "content": MESSAGE}))
        .collect();
    json!({"model": "gpt-5", "temperature": 0.7, "messages": messages})
}

fn response() -> Value {
    json!({
        "id": "chatcmpl-1",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "It was built in 1741."}}],
        "usage": {"prompt_tokens": 120, "completion_tokens": 9, "total_tokens": 129},
    })
}
