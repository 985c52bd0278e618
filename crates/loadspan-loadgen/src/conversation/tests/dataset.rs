//! Conversations from files.

use super::*;
use crate::conversation::ConversationError;
use crate::workload::{DatasetConfig, FakeTokenizer, PromptTokenizer, SamplingStrategy};

const SHAREGPT: &str = r#"[
    {"id": "a", "conversations": [
        {"from": "system", "value": "be brief"}, {"from": "human", "value": "two and two"},
        {"from": "gpt", "value": "the sum of two and two is four"}, {"from": "human", "value": "and \"two\""},
        {"from": "gpt", "value": "four"}]},
    {"id": "nobody asks", "conversations": [{"from": "gpt", "value": "hello"}]},
    {"id": "wrong", "conversations": [{"from": "system", "value": "x"}, {"from": "tool", "value": "y"}]},
    {"id": "blank", "conversations": [{"from": "human", "value": " "}, {"from": "gpt", "value": "hello"}]},
    {"conversations": [{"from": "user", "value": "the sum"}]}
]"#;

fn load(content: &str, tokenizer: Option<&PromptTokenizer>) -> Result<Conversations, ConversationError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    std::fs::write(&path, content).unwrap();
    let config = ConversationConfig {
        source: ConversationSource::Dataset(DatasetConfig {
            path,
            sampling: SamplingStrategy::Sequential,
            output_tokens: Some(LengthDistribution::exactly(90)),
            seed: 7,
        }),
        ..config()
    };
    let lengths = tokenizer.map_or(LengthModel::Words, |tokenizer| LengthModel::Tokenizer {
        tokenizer: tokenizer.clone(),
        template_overhead: 3,
    });
    config.load(tokenizer)?.build(&lengths)
}

fn loaded(content: &str) -> Conversations {
    load(content, None).unwrap()
}

/// What is wrong, without the file.
fn problem(content: &str) -> String {
    let error = load(content, None).unwrap_err().to_string();
    error.split_once("data:").unwrap().1.to_owned()
}

#[test]
fn all_turns_of_sharegpt_are_sent_with_the_servers_own_answers() {
    let sessions = loaded(SHAREGPT);
    let sent = play(&sessions, 0, counted);
    assert_eq!(sent.len(), 2);
    let said = sent[1].said();
    assert_eq!((said.len(), &*said[0], &*said[3]), (4, "be brief", "and \"two\""));
    assert!(said[2].starts_with("answer answer"));
    let outputs: Vec<_> = sent.iter().map(|sent| sent.composed.output_tokens).collect();
    assert_eq!(outputs, [Some(10), Some(1)]);
    assert_eq!((sessions.distinct(), sessions.count()), (Some(2), None));
    assert_eq!(sessions.description()["skipped"], 3);
}

#[test]
fn a_dataset_begins_again_at_its_end_and_an_answer_that_was_not_recorded_has_the_usual_length() {
    let sessions = loaded(SHAREGPT);
    for number in [1, 3] {
        let sent = play(&sessions, number, counted);
        assert_eq!((sent.len(), sent[0].composed.output_tokens), (1, Some(90)));
    }
}

#[test]
fn a_tokenizer_measures_answers_and_turns() {
    let tokenizer = FakeTokenizer::word_level().load();
    let sessions = load(SHAREGPT, Some(&tokenizer)).unwrap();
    let sent = play(&sessions, 1, counted);
    // Two words, and three tokens of the template.
    assert_eq!(sent[0].composed.input_tokens, Some(5));
    let first = play(&sessions, 0, counted);
    assert_eq!(first[0].composed.output_tokens, Some(8));
    assert_eq!(play(&loaded(SHAREGPT), 1, counted)[0].composed.input_tokens, None);
}

#[test]
fn turns_of_aiperf_have_delays_and_lengths() {
    let sessions = loaded(concat!(
        r#"{"session_id": "s", "turns": [{"text": "one"}, {"text": "two", "delay": 250, "output_length": 7}, "three"]}"#,
        "\n\n",
        r#"{"turns": [{"role": "system", "content": "be brief"}, {"role": "user", "text": "four"}]}"#,
    ));
    let sent = play(&sessions, 0, counted);
    let waits: Vec<u128> = sent.iter().map(|sent| sent.wait.as_millis()).collect();
    let outputs: Vec<_> = sent.iter().map(|sent| sent.composed.output_tokens).collect();
    assert_eq!((waits, outputs), (vec![0, 250, 0], vec![Some(90), Some(7), Some(90)]));
    assert_eq!(play(&sessions, 1, counted)[0].said(), ["be brief", "four"]);
}

#[test]
fn messages_keep_their_parts_and_results_of_tools_are_turns() {
    let sessions = loaded(concat!(
        r#"{"messages": [{"role": "user", "content": [{"type": "text", "text": "what"}]}, {"role": "assistant", "content": null},"#,
        r#" {"role": "tool", "tool_call_id": "old", "content": "found"}, {"role": "assistant", "content": "the sum of it"}]}"#,
    ));
    let sent = play(&sessions, 0, |sent| calling(sent, &["new"]));
    assert_eq!(sent.len(), 2);
    let messages = sent[1].messages();
    assert_eq!(messages[0]["content"][0]["text"], "what");
    assert_eq!(
        (&messages[2]["tool_call_id"], &messages[2]["content"]),
        (&"new".into(), &"found".into())
    );
    assert_eq!(sent[1].composed.output_tokens, Some(5));
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    insta::assert_snapshot!(problem("{\"turns\": []}\n{\"text\": \"a\"}"), @"2: unknown field `text`, expected one of `id`, `session_id`, `turns`, `messages`, `conversations` (column 7)");
    insta::assert_snapshot!(problem("{\"session_id\": \"a\"}"), @"1: the line has no `turns`, `messages` or `conversations`");
    insta::assert_snapshot!(problem("{\"turns\": [], \"messages\": []}"), @"1: the line has more than one of `turns`, `messages` and `conversations`");
    insta::assert_snapshot!(problem("{\"turns\": [{\"text\": \"a\", \"images\": []}]}"), @"1: turn 1: unknown field `images`, expected one of `content`, `text`, `role`, `delay`, `output_length`, `output_tokens` (column 22)");
    insta::assert_snapshot!(problem("{\"turns\": [{\"text\": \"a\", \"delay\": -1}]}"), @"1: turn 1: a `delay` of -1 ms is out of range: 0 to a day");
    insta::assert_snapshot!(problem("{\"messages\": [{\"role\": \"user\", \"content\": 1}]}"), @"1: the `content` of a message is neither a text nor a list of parts");
    insta::assert_snapshot!(problem("{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"system\", \"content\": \"b\"}]}"), @"1: a message of the system is not the first; put what it says there");
    insta::assert_snapshot!(problem("{\"turns\": [\"\"]}"), @" has no conversation in which a user says something");
    insta::assert_snapshot!(problem("[{\"turns\": []}]"), @"1: missing field `conversations` (column 14); a file that begins with `[` is read as ShareGPT: a list of objects with `conversations`");
}
