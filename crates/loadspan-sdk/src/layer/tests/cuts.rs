//! However a stream is cut, the span is the same.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::calls::{chat_stream, response_events};
use super::harness::*;
use crate::HttpTracingLayer;
use crate::testing::{self, Memory};

fn span_of_pieces(memory: &Memory, path: &str, pieces: Vec<&[u8]>) -> Value {
    let reply = Reply::new(STREAM, "").pieces(pieces);
    span_of_call(memory, (path, json!({"model": "m"})), reply)
}

#[test]
fn a_stream_that_is_cut_at_any_byte_gives_the_same_span() {
    let memory = testing::state();
    let streams = [
        ("/v1/chat/completions", chat_stream()),
        ("/v1/chat/completions", chat_stream().replace('\n', "\r\n")),
        ("/v1/responses", named_stream(&response_events())),
    ];
    for (path, stream) in streams {
        let bytes = stream.as_bytes();
        let whole = span_of_pieces(&memory, path, vec![bytes]);
        assert_eq!(whole["status"], "Ok");

        for cut in 1..bytes.len() {
            let (left, right) = bytes.split_at(cut);
            assert_eq!(span_of_pieces(&memory, path, vec![left, right]), whole, "cut at {cut}");
        }
        assert_eq!(span_of_pieces(&memory, path, bytes.chunks(1).collect()), whole);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_no_stream_of_a_model_disturbs_nothing(pieces in proptest::collection::vec(
        proptest::string::string_regex("(data: |event: x\n|\\{|\\}|\"choices\":|\\[|\\]|\"delta\":|\"tool_calls\":|\"item\":|null|1|\"a\"|,|\n\n|\u{0}|é){0,12}").unwrap(), 0..8))
    {
        let memory = testing::state();
        let pieces: Vec<&[u8]> = pieces.iter().map(String::as_bytes).filter(|piece| !piece.is_empty()).collect();
        for path in ["/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings"] {
            let reply = Reply::new(STREAM, "").pieces(pieces.iter().copied());

            let answered = block_on(send(HttpTracingLayer::new(), post(path, &json!({})), reply));

            prop_assert_eq!(answered.pieces.concat(), pieces.concat());
            prop_assert!(last_span(&memory)["attributes"]["loadspan.chunks"].is_number());
        }
    }
}
