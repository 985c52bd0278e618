//! Who counts the tokens when the server does not.

use loadspan_loadgen::workload::PromptTokenizer;
use loadspan_record::TokenSource;
use loadspan_testkit::{DurationExt, ReasoningField, Script, Usage, every};
use serde_json::json;

use crate::harness::{Load, server_with};

/// A tokenizer for which every word and every punctuation mark is a token.
fn word_tokenizer() -> PromptTokenizer {
    let folder = tempfile::tempdir().unwrap();
    let content = json!({
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"},
    });
    std::fs::write(folder.path().join("tokenizer.json"), content.to_string()).unwrap();
    PromptTokenizer::load(folder.path()).unwrap()
}

fn load(script: Script) -> (loadspan_testkit::RunningServer, Load) {
    let server = server_with(script.tokens(12, every(0.ms())));
    let load = Load::closed(server.url(), 2, 8).change(|load| load.tokenizer = Some(word_tokenizer()));
    (server, load)
}

#[test]
fn a_tokenizer_counts_the_whole_output_where_the_server_sends_no_usage() {
    let three = std::num::NonZeroU32::new(3).unwrap();
    let reasoning = Script::new().reasoning(5, ReasoningField::Reasoning);
    for script in [Script::new(), Script::new().tokens_per_chunk(three), reasoning] {
        let (_server, load) = load(script.usage(Usage::Never));
        for record in load.run().assert_completed(8).records.iter() {
            assert_eq!(
                (record.tokens.output, record.tokens.source),
                (Some(12), Some(TokenSource::ClientTokenizer))
            );
        }
    }
}

#[test]
fn it_counts_answers_that_come_whole() {
    let (_server, load) = load(Script::new().usage(Usage::Never));
    for record in load.not_streaming().run().assert_completed(8).records.iter() {
        assert_eq!(
            (record.tokens.output, record.tokens.source),
            (Some(12), Some(TokenSource::ClientTokenizer))
        );
    }
}

#[test]
fn the_servers_own_count_goes_before_it() {
    let (_server, load) = load(Script::new().wrong_usage(1));
    for record in load.run().assert_completed(8).records.iter() {
        assert_eq!(
            (record.tokens.output, record.tokens.source),
            (Some(13), Some(TokenSource::ServerUsage))
        );
    }
}

#[test]
fn a_whole_answer_that_nobody_counts_has_no_count() {
    let server = server_with(Script::new().usage(Usage::Never));
    let report = Load::closed(server.url(), 1, 1).not_streaming().run();
    let tokens = report.assert_completed(1).only().tokens;
    assert_eq!((tokens.output, tokens.source), (None, None));
}
