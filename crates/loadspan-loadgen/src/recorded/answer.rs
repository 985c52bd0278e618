//! What the server said, in the words of recordings.

use loadspan_replay::{Output, ToolCall};
use serde_json::Value;

use crate::sessions::{Answer, AnsweredToolCall};

pub(super) fn output(answer: Answer) -> Output {
    Output {
        text: answer.text,
        tool_calls: answer.tool_calls.into_iter().map(tool_call).collect(),
    }
}

fn tool_call(call: AnsweredToolCall) -> ToolCall {
    let AnsweredToolCall { id, name, arguments } = call;
    ToolCall {
        id: (!id.is_empty()).then_some(id),
        name,
        // As it was said, to the blank: what was an object would be written in another order.
        arguments: Value::String(arguments),
    }
}
