//! The `usage` object, in its two dialects.

use super::write_number;

/// Token counts as the server tells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) prompt: u32,
    /// Output tokens over all choices.
    pub(crate) output: u32,
    pub(crate) cached: Option<u32>,
    pub(crate) reasoning: Option<u32>,
}

impl Counts {
    /// The object of chat, completions and embeddings.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"prompt_tokens":"#);
        write_number(out, self.prompt);
        out.extend_from_slice(br#","total_tokens":"#);
        write_number(out, self.total());
        out.extend_from_slice(br#","completion_tokens":"#);
        write_number(out, self.output);
        write_details(out, br#","prompt_tokens_details":{"cached_tokens":"#, self.cached);
        write_details(
            out,
            br#","completion_tokens_details":{"reasoning_tokens":"#,
            self.reasoning,
        );
        out.push(b'}');
    }

    /// The object of `/v1/responses`, which always has its details.
    pub(super) fn write_for_responses(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"input_tokens":"#);
        write_number(out, self.prompt);
        write_details(
            out,
            br#","input_tokens_details":{"cached_tokens":"#,
            Some(self.cached.unwrap_or(0)),
        );
        out.extend_from_slice(br#","output_tokens":"#);
        write_number(out, self.output);
        write_details(
            out,
            br#","output_tokens_details":{"reasoning_tokens":"#,
            Some(self.reasoning.unwrap_or(0)),
        );
        out.extend_from_slice(br#","total_tokens":"#);
        write_number(out, self.total());
        out.push(b'}');
    }

    fn total(&self) -> u64 {
        u64::from(self.prompt) + u64::from(self.output)
    }
}

fn write_details(out: &mut Vec<u8>, opening: &[u8], tokens: Option<u32>) {
    if let Some(tokens) = tokens {
        out.extend_from_slice(opening);
        write_number(out, tokens);
        out.push(b'}');
    }
}
