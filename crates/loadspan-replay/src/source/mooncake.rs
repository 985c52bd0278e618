//! Lines of JSON as the traces of Mooncake have them.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::problem::json_reason;
use crate::log::RawCall;

/// Times are milliseconds. Other keys say nothing of what to send, or when.
#[derive(Deserialize)]
struct Entry {
    timestamp: Option<f64>,
    delay: Option<f64>,
    session_id: Option<SessionId>,
    model: Option<Arc<str>>,
    input_length: u64,
    output_length: Option<u64>,
    #[serde(default)]
    hash_ids: Option<Vec<u64>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SessionId {
    Text(Arc<str>),
    Number(u64),
}

/// Milliseconds of ten thousand years: what is later is no time.
const LATEST_MS: f64 = 3.2e14;

pub(crate) fn parse(line: &[u8], block_tokens: u32) -> Result<RawCall, String> {
    let entry: Entry = serde_json::from_slice(line).map_err(|error| json_reason(&error))?;
    let hash_ids = entry.hash_ids.unwrap_or_default();
    check_blocks(hash_ids.len(), entry.input_length, block_tokens)?;
    let time = entry.timestamp.map(|ms| nanos(ms, "timestamp")).transpose()?;
    let delay = entry.delay.map(|ms| nanos(ms, "delay")).transpose()?;
    Ok(RawCall {
        time_ns: time.map(u64::cast_signed),
        delay: delay.map(Duration::from_nanos),
        session: entry.session_id.map(|id| match id {
            SessionId::Text(text) => text,
            SessionId::Number(number) => number.to_string().into(),
        }),
        model: entry.model,
        input_tokens: entry.input_length,
        output_tokens: entry.output_length,
        hash_ids,
        failed: false,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is in range, and not negative"
)]
fn nanos(ms: f64, what: &str) -> Result<u64, String> {
    if (0.0..LATEST_MS).contains(&ms) {
        let whole = ms.trunc();
        Ok(whole as u64 * 1_000_000 + ((ms - whole) * 1e6).round() as u64)
    } else {
        Err(format!("{what} is {ms}, which is no number of milliseconds"))
    }
}

/// The last block may be a part of one, or be left out because it is.
fn check_blocks(blocks: usize, tokens: u64, block_tokens: u32) -> Result<(), String> {
    let whole = tokens / u64::from(block_tokens);
    let begun = tokens.div_ceil(u64::from(block_tokens));
    if blocks == 0 || (whole..=begun).contains(&(blocks as u64)) {
        return Ok(());
    }
    Err(format!(
        "{blocks} hash_ids of {block_tokens} tokens each are not {tokens} tokens: say how many tokens a block has (--replay-block-tokens)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_times_and_lengths() {
        let line =
            br#"{"timestamp": 27482.5, "input_length": 700, "output_length": 52, "hash_ids": [46, 47], "other": {}}"#;
        let call = parse(line, 512).unwrap();
        assert_eq!(call.time_ns, Some(27_482_500_000));
        assert_eq!((call.input_tokens, call.output_tokens), (700, Some(52)));
        assert_eq!((call.hash_ids, call.session), (vec![46, 47], None));
        let call = parse(br#"{"delay": 20, "session_id": 7, "input_length": 3}"#, 512).unwrap();
        assert_eq!(call.delay, Some(Duration::from_millis(20)));
        assert_eq!((call.session.as_deref(), call.time_ns), (Some("7"), None));
    }

    #[test]
    fn what_is_no_such_line_says_why() {
        let wrong = |line: &str| parse(line.as_bytes(), 512).unwrap_err();
        insta::assert_snapshot!(wrong("{\"timestamp\":1}"), @"missing field `input_length`, at column 15");
        insta::assert_snapshot!(wrong(r#"{"timestamp":-1,"input_length":1}"#), @"timestamp is -1, which is no number of milliseconds");
        insta::assert_snapshot!(
            wrong(r#"{"input_length":6755,"hash_ids":[1,2,3]}"#),
            @"3 hash_ids of 512 tokens each are not 6755 tokens: say how many tokens a block has (--replay-block-tokens)"
        );
        assert!(parse(br#"{"input_length":1024,"hash_ids":[1,2]}"#, 512).is_ok());
        assert!(parse(br#"{"input_length":1025,"hash_ids":[1,2]}"#, 512).is_ok());
    }
}
