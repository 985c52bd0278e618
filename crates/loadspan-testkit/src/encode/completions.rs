//! `/v1/completions`. It has one channel: all tokens are text.

use super::chat::write_usage;
use super::text::write_words;
use super::{CREATED, Counts, Identity, Span, StreamEncoder, Whole, write_number, write_string};

/// What every chunk of a response begins with, up to its choices.
pub(super) fn write_chunk_prefix(out: &mut Vec<u8>, identity: Identity<'_>) {
    out.extend_from_slice(br#"{"id":"cmpl-"#);
    write_number(out, identity.number);
    out.extend_from_slice(br#"","object":"text_completion","created":"#);
    out.extend_from_slice(CREATED.as_bytes());
    out.extend_from_slice(br#","model":"#);
    write_string(out, identity.model);
    out.extend_from_slice(br#","choices":["#);
}

/// The body of a response that is not streamed.
pub(super) fn write_whole(out: &mut Vec<u8>, whole: &Whole<'_>) {
    write_chunk_prefix(out, whole.identity);
    for choice in 0..whole.output.choices {
        if choice > 0 {
            out.push(b',');
        }
        out.extend_from_slice(br#"{"index":"#);
        write_number(out, choice);
        out.extend_from_slice(br#","text":""#);
        write_words(out, whole.output.text, 0..whole.output.tokens);
        out.extend_from_slice(br#"","logprobs":null,"finish_reason":"#);
        write_string(out, whole.finish_reason);
        out.push(b'}');
    }
    out.push(b']');
    write_usage(out, whole.usage);
    out.push(b'}');
}

impl StreamEncoder<'_> {
    pub(super) fn completions_tokens(&mut self, choice: u32, span: &Span, usage: Option<Counts>) {
        self.begin_text(choice);
        write_words(self.events.buffer(), self.output.text, span.tokens.clone());
        self.events.write(br#"","logprobs":null,"finish_reason":null}]"#);
        write_usage(self.events.buffer(), usage);
        self.events.write(b"}");
        self.events.end();
    }

    pub(super) fn completions_empty(&mut self) {
        self.begin_text(0);
        self.events.write(br#"","logprobs":null,"finish_reason":null}]}"#);
        self.events.end();
    }

    pub(super) fn completions_closing(&mut self, finish_reason: &str, usage: Option<Counts>) {
        for choice in 0..self.output.choices {
            self.begin_text(choice);
            self.events.write(br#"","logprobs":null,"finish_reason":"#);
            write_string(self.events.buffer(), finish_reason);
            self.events.write(br#","stop_reason":null}]}"#);
            self.events.end();
        }
        self.usage_chunk(usage);
    }

    fn begin_text(&mut self, choice: u32) {
        self.begin_chunk();
        self.events.write(br#"{"index":"#);
        write_number(self.events.buffer(), choice);
        self.events.write(br#","text":""#);
    }
}
