//! `/v1/responses`. It knows no choices.

use super::text::{write_span, write_words};
use super::{CREATED, Channel, Counts, Identity, Output, Part, Span, StreamEncoder, Whole, write_number, write_string};

/// What stands at the head of each response object, after its opening brace.
pub(super) fn write_identity(out: &mut Vec<u8>, identity: Identity<'_>) {
    out.extend_from_slice(br#""id":"resp_"#);
    write_number(out, identity.number);
    out.extend_from_slice(br#"","object":"response","created_at":"#);
    out.extend_from_slice(CREATED.as_bytes());
    out.extend_from_slice(br#","model":"#);
    write_string(out, identity.model);
}

/// The body of a response that is not streamed.
pub(super) fn write_whole(out: &mut Vec<u8>, whole: &Whole<'_>) {
    out.push(b'{');
    write_identity(out, whole.identity);
    write_completed(out, &whole.output, whole.usage);
    out.push(b'}');
}

impl StreamEncoder<'_> {
    pub(super) fn responses_opening(&mut self) {
        self.begin_typed("response.created");
        self.events.write(br#","response":{"#);
        self.events.buffer().extend_from_slice(&self.prefix);
        self.events.write(br#","status":"in_progress","output":[]}"#);
        self.end_typed();
        if self.output.reasoning > 0 {
            self.item_added(
                0,
                br#"{"id":"rs_0","type":"reasoning","summary":[],"content":[],"status":"in_progress"}"#,
            );
        }
    }

    pub(super) fn responses_tokens(&mut self, span: &Span) {
        if span.tokens.start == span.bounds.start && span.channel != Channel::Reasoning {
            self.answer_added(span.channel);
        }
        self.begin_delta_event(span.channel);
        write_span(self.events.buffer(), self.output.text, span);
        self.events.write(b"\"");
        self.end_typed();
    }

    pub(super) fn responses_empty(&mut self) {
        self.begin_delta_event(Channel::Text);
        self.events.write(b"\"");
        self.end_typed();
    }

    pub(super) fn responses_closing(&mut self, usage: Option<Counts>) {
        self.begin_typed("response.completed");
        self.events.write(br#","response":{"#);
        self.events.buffer().extend_from_slice(&self.prefix);
        write_completed(self.events.buffer(), &self.output, usage);
        self.events.write(b"}");
        self.end_typed();
    }

    fn answer_added(&mut self, channel: Channel) {
        let item: &[u8] = match channel {
            Channel::ToolCall => {
                br#"{"id":"fc_0","type":"function_call","call_id":"call_0","name":"search","arguments":"","status":"in_progress"}"#
            }
            _ => br#"{"id":"msg_0","type":"message","role":"assistant","content":[],"status":"in_progress"}"#,
        };
        self.item_added(u32::from(self.output.reasoning > 0), item);
    }

    fn item_added(&mut self, index: u32, item: &[u8]) {
        self.begin_typed("response.output_item.added");
        self.events.write(br#","output_index":"#);
        write_number(self.events.buffer(), index);
        self.events.write(br#","item":"#);
        self.events.write(item);
        self.end_typed();
    }

    /// Up to the opening quote of the delta.
    fn begin_delta_event(&mut self, channel: Channel) {
        let (name, item) = match channel {
            Channel::Text => ("response.output_text.delta", "msg_0"),
            Channel::Refusal => ("response.refusal.delta", "msg_0"),
            Channel::ToolCall => ("response.function_call_arguments.delta", "fc_0"),
            Channel::Reasoning => ("response.reasoning_text.delta", "rs_0"),
        };
        let index = u32::from(self.output.reasoning > 0 && channel != Channel::Reasoning);
        self.begin_typed(name);
        self.events.write(br#","item_id":""#);
        self.events.write(item.as_bytes());
        self.events.write(br#"","output_index":"#);
        write_number(self.events.buffer(), index);
        self.events.write(br#","content_index":0,"delta":""#);
    }

    fn begin_typed(&mut self, name: &str) {
        self.events.begin(Some(name));
        self.events.write(br#"{"type":""#);
        self.events.write(name.as_bytes());
        self.events.write(br#"","sequence_number":"#);
        write_number(self.events.buffer(), self.sequence);
        self.sequence += 1;
    }

    fn end_typed(&mut self) {
        self.events.write(b"}");
        self.events.end();
    }
}

/// The rest of a response object that is complete, but for its closing brace.
fn write_completed(out: &mut Vec<u8>, output: &Output, usage: Option<Counts>) {
    out.extend_from_slice(br#","status":"completed","output":["#);
    if output.reasoning > 0 {
        out.extend_from_slice(
            br#"{"id":"rs_0","type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":""#,
        );
        write_words(out, output.text, output.whole(Part::Reasoning).tokens);
        out.extend_from_slice(br#""}],"status":"completed"}"#);
    }
    let answer = output.whole(Part::Answer);
    if !answer.tokens.is_empty() {
        if output.reasoning > 0 {
            out.push(b',');
        }
        write_answer(out, output, &answer);
    }
    out.push(b']');
    if let Some(usage) = usage {
        out.extend_from_slice(br#","usage":"#);
        usage.write_for_responses(out);
    }
}

fn write_answer(out: &mut Vec<u8>, output: &Output, answer: &Span) {
    let (opening, closing): (&[u8], &[u8]) = match answer.channel {
        Channel::ToolCall => (
            br#"{"id":"fc_0","type":"function_call","call_id":"call_0","name":"search","status":"completed","arguments":""#,
            br#""}"#,
        ),
        Channel::Refusal => (
            br#"{"id":"msg_0","type":"message","role":"assistant","status":"completed","content":[{"type":"refusal","refusal":""#,
            br#""}]}"#,
        ),
        Channel::Text | Channel::Reasoning => (
            br#"{"id":"msg_0","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","annotations":[],"text":""#,
            br#""}]}"#,
        ),
    };
    out.extend_from_slice(opening);
    write_span(out, output.text, answer);
    out.extend_from_slice(closing);
}
