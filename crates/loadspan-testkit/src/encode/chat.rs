//! `/v1/chat/completions`.

use super::text::{write_span, write_words};
use super::{CREATED, Channel, Counts, Identity, Part, Span, StreamEncoder, Whole, write_number, write_string};
use crate::script::RoleChunk;

const NO_FINISH: &[u8] = br#"},"logprobs":null,"finish_reason":null}]"#;
const ROLE: &[u8] = br#""role":"assistant""#;

/// What every chunk of a response begins with, up to its choices.
pub(super) fn write_chunk_prefix(out: &mut Vec<u8>, identity: Identity<'_>) {
    write_identity(out, identity, br#"chat.completion.chunk"#);
    out.extend_from_slice(br#","choices":["#);
}

/// The body of a response that is not streamed.
pub(super) fn write_whole(out: &mut Vec<u8>, whole: &Whole<'_>) {
    write_identity(out, whole.identity, br#"chat.completion"#);
    out.extend_from_slice(br#","choices":["#);
    for choice in 0..whole.output.choices {
        if choice > 0 {
            out.push(b',');
        }
        out.extend_from_slice(br#"{"index":"#);
        write_number(out, choice);
        out.extend_from_slice(br#","message":{"role":"assistant","#);
        write_message(out, whole);
        out.extend_from_slice(br#"},"logprobs":null,"finish_reason":"#);
        write_string(out, whole.finish_reason);
        out.push(b'}');
    }
    out.push(b']');
    write_usage(out, whole.usage);
    out.push(b'}');
}

impl StreamEncoder<'_> {
    pub(super) fn chat_role(&mut self, choice: u32) {
        self.begin_delta(choice);
        self.events.write(ROLE);
        self.events.write(br#","content":"""#);
        self.end_delta(None);
    }

    pub(super) fn chat_empty(&mut self, choice: u32) {
        self.begin_delta(choice);
        self.events.write(br#""content":"""#);
        self.end_delta(None);
    }

    pub(super) fn chat_tokens(&mut self, choice: u32, span: &Span, usage: Option<Counts>) {
        if span.channel == Channel::ToolCall && span.tokens.start == span.bounds.start {
            self.tool_call_head(choice);
        }
        self.begin_delta(choice);
        if span.tokens.start == 0 && self.script.role == RoleChunk::WithFirstToken {
            self.events.write(ROLE);
            self.events.write(b",");
        }
        let (opening, closing): (&[u8], &[u8]) = match span.channel {
            Channel::Text => (br#""content":""#, br#"""#),
            Channel::Refusal => (br#""refusal":""#, br#"""#),
            Channel::ToolCall => (br#""tool_calls":[{"index":0,"function":{"arguments":""#, br#""}}]"#),
            Channel::Reasoning => {
                let field = self.output.reasoning_field.name();
                write_string(self.events.buffer(), field);
                (br#":""#, br#"""#)
            }
        };
        self.events.write(opening);
        write_span(self.events.buffer(), self.output.text, span);
        self.events.write(closing);
        self.end_delta(usage);
    }

    pub(super) fn chat_closing(&mut self, finish_reason: &str, usage: Option<Counts>) {
        for choice in 0..self.output.choices {
            self.begin_delta(choice);
            self.events.write(br#""content":""},"logprobs":null,"finish_reason":"#);
            write_string(self.events.buffer(), finish_reason);
            self.events.write(br#","stop_reason":null}]}"#);
            self.events.end();
        }
        self.usage_chunk(usage);
    }

    /// The chunk without choices that carries the final counts.
    pub(super) fn usage_chunk(&mut self, usage: Option<Counts>) {
        if usage.is_some() {
            self.begin_chunk();
            self.events.write(b"]");
            write_usage(self.events.buffer(), usage);
            self.events.write(b"}");
            self.events.end();
        }
    }

    pub(super) fn begin_chunk(&mut self) {
        self.events.begin(None);
        self.events.buffer().extend_from_slice(&self.prefix);
    }

    /// The name of the tool, which is no token: in a chunk of its own, with the arguments still empty.
    fn tool_call_head(&mut self, choice: u32) {
        self.begin_delta(choice);
        self.events
            .write(br#""tool_calls":[{"index":0,"id":"call_0","type":"function","#);
        self.events.write(br#""function":{"name":"search","arguments":""}}]"#);
        self.end_delta(None);
    }

    fn begin_delta(&mut self, choice: u32) {
        self.begin_chunk();
        self.events.write(br#"{"index":"#);
        write_number(self.events.buffer(), choice);
        self.events.write(br#","delta":{"#);
    }

    fn end_delta(&mut self, usage: Option<Counts>) {
        self.events.write(NO_FINISH);
        write_usage(self.events.buffer(), usage);
        self.events.write(b"}");
        self.events.end();
    }
}

/// Appends `,"usage":{…}`, if there is any.
pub(super) fn write_usage(out: &mut Vec<u8>, usage: Option<Counts>) {
    if let Some(usage) = usage {
        out.extend_from_slice(br#","usage":"#);
        usage.write(out);
    }
}

fn write_identity(out: &mut Vec<u8>, identity: Identity<'_>, object: &[u8]) {
    out.extend_from_slice(br#"{"id":"chatcmpl-"#);
    write_number(out, identity.number);
    out.extend_from_slice(br#"","object":""#);
    out.extend_from_slice(object);
    out.extend_from_slice(br#"","created":"#);
    out.extend_from_slice(CREATED.as_bytes());
    out.extend_from_slice(br#","model":"#);
    write_string(out, identity.model);
}

fn write_message(out: &mut Vec<u8>, whole: &Whole<'_>) {
    let output = &whole.output;
    if output.reasoning > 0 {
        write_string(out, output.reasoning_field.name());
        out.extend_from_slice(br#":""#);
        write_words(out, output.text, output.whole(Part::Reasoning).tokens);
        out.extend_from_slice(br#"","#);
    }
    let answer = output.whole(Part::Answer);
    let (opening, closing): (&[u8], &[u8]) = match answer.channel {
        Channel::Refusal => (br#""content":null,"refusal":""#, br#"""#),
        Channel::ToolCall => (
            br#""content":null,"tool_calls":[{"id":"call_0","type":"function","function":{"name":"search","arguments":""#,
            br#""}}]"#,
        ),
        Channel::Text | Channel::Reasoning => (br#""content":""#, br#"""#),
    };
    out.extend_from_slice(opening);
    write_span(out, output.text, &answer);
    out.extend_from_slice(closing);
}
