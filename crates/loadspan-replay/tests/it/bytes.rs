//! Bytes that are no recording, or were one.

use loadspan_replay::{Format, Graph, Opened, Reading, render_svg};
use proptest::prelude::*;

proptest! {
    #[test]
    fn reading_any_bytes_is_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_as_all(&bytes);
    }

    #[test]
    fn reading_what_looks_like_something_is_no_panic(words in prop::collection::vec(0..PIECES.len(), 0..40)) {
        let text: String = words.into_iter().map(|word| PIECES[word]).collect();
        read_as_all(text.as_bytes());
    }

    #[test]
    fn reading_a_torn_or_changed_file_is_no_panic(cut in 0_usize..600, at in 0_usize..600, byte in any::<u8>()) {
        for whole in wholes() {
            let mut bytes = whole[..cut.min(whole.len())].to_vec();
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            read_as_all(&bytes);
        }
    }
}

const PIECES: [&str; 30] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\n",
    "\\",
    "1",
    "-1",
    "1e300",
    "null",
    "\"resourceSpans\":",
    "\"scopeSpans\":",
    "\"spans\":",
    "\"span_id\":\"a\",",
    "\"start_time\":\"2025-01-01T00:00:00Z\"",
    "\"attributes\":",
    "\"gen_ai.input.messages\":",
    "\"timestamp\":1,",
    "\"input_length\":1",
    "\"hash_ids\":[1]",
    "\"session_id\":1,",
    "\"conversations\":",
    "\"from\":\"gpt\",",
    "\"value\":\"x\"",
    "Timestamp,Model,Request tokens\n",
    "1,m,",
    "\"parts\":",
];

fn wholes() -> [Vec<u8>; 3] {
    use crate::harness::{assistant, chat, otlp, user};
    use loadspan_wire::otlp::{Message, json::decode_traces};

    let json = otlp(&[
        chat("a", 0, 1).asks([user("Hi")]).says("Hello to you all in there"),
        chat("b", 2, 3)
            .under("a")
            .linked_to(1, "a")
            .asks([user("Hi"), assistant("Hello to you all in there")])
            .says("x"),
    ]);
    let protobuf = decode_traces(json.as_bytes()).unwrap().encode_to_vec();
    let plain = serde_json::json!({"spans": [chat("a", 0, 1).counts(1, 1).plain()]}).to_string();
    [json.into_bytes(), protobuf, plain.into_bytes()]
}

fn read_as_all(bytes: &[u8]) {
    for format in Format::ALL.map(Some).into_iter().chain([None]) {
        match Reading::default().open("any", bytes, format) {
            Ok(Opened::Recording(recording)) => {
                for session in &recording.sessions {
                    let _ = render_svg(session, &Graph::of(session));
                }
            }
            Ok(Opened::Log(log)) => assert!(log.count() < 1_000),
            Ok(Opened::Conversations(conversations)) => assert!(conversations.count() < 1_000),
            Err(error) => assert!(error.to_string().starts_with("any")),
        }
    }
}
