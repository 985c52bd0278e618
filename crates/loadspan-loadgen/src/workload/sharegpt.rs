//! Datasets of recorded conversations: one JSON array of `{"conversations": [{"from": …, "value": …}, …]}`.

use std::{fmt, io::BufRead, num::NonZeroU32, path::Path};

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, SeqAccess, Visitor},
};

use super::{
    dataset::{ContentKind, Entries, EntryLengths},
    error::WorkloadError,
    jsonl::without_place,
    tokenizer::PromptTokenizer,
};

/// Tokens of a word of an answer where there is no tokenizer: what the vocabularies of today make of English prose.
const TOKENS_PER_WORD: f64 = 1.3;

/// One conversation. Other keys (ids, languages, models) say nothing of what to send.
#[derive(Deserialize)]
struct Conversation {
    conversations: Vec<Turn>,
}

#[derive(Deserialize)]
struct Turn {
    from: Speaker,
    value: String,
}

#[derive(Deserialize, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Speaker {
    #[serde(alias = "user")]
    Human,
    #[serde(alias = "chatgpt", alias = "assistant", alias = "bing", alias = "bard")]
    Gpt,
    #[serde(other)]
    Other,
}

/// Adds the conversations of an array one by one, so that only one is in memory as JSON.
struct Conversations<'a> {
    entries: &'a mut Entries,
    tokenizer: Option<&'a PromptTokenizer>,
}

/// Reads all conversations. Those without a prompt or without an answer to it are skipped, and counted as such: the
/// well-known files have thousands.
pub(super) fn read(
    path: &Path,
    reader: &mut impl BufRead,
    tokenizer: Option<&PromptTokenizer>,
) -> Result<Entries, WorkloadError> {
    let mut entries = Entries::default();
    let mut json = serde_json::Deserializer::from_reader(reader);
    Conversations {
        entries: &mut entries,
        tokenizer,
    }
    .deserialize(&mut json)
    .and_then(|()| json.end())
    .map_err(|error| describe(path, error))?;
    Ok(entries)
}

impl Conversations<'_> {
    fn add(&mut self, conversation: &Conversation) {
        match conversation.first_exchange() {
            Some((prompt, answer)) => {
                let lengths = EntryLengths {
                    output: self.tokens_of(answer),
                    input: None,
                };
                self.entries.push(ContentKind::Text, prompt, lengths);
            }
            None => self.entries.skip(),
        }
    }

    fn tokens_of(&self, answer: &str) -> Option<NonZeroU32> {
        let tokens = match self.tokenizer {
            Some(tokenizer) => tokenizer.count(answer),
            None => (answer.split_whitespace().count() as f64 * TOKENS_PER_WORD).round() as u32,
        };
        NonZeroU32::new(tokens)
    }
}

impl Conversation {
    /// The first thing that a human said, and the answer that follows it.
    fn first_exchange(&self) -> Option<(&str, &str)> {
        let mut turns = self.conversations.iter();
        let prompt = turns.find(|turn| turn.from == Speaker::Human)?;
        let answer = turns.find(|turn| turn.from == Speaker::Gpt)?;
        let blank = prompt.value.trim().is_empty() || answer.value.trim().is_empty();
        (!blank).then_some((prompt.value.as_str(), answer.value.as_str()))
    }
}

impl<'de> DeserializeSeed<'de> for Conversations<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Conversations<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of conversations")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(conversation) = list.next_element()? {
            self.add(&conversation);
        }
        Ok(())
    }
}

/// The error at its line. A JSONL file whose first line is an array comes here too, so the message says why.
fn describe(path: &Path, error: serde_json::Error) -> WorkloadError {
    if error.is_io() {
        return super::dataset::read_error(path, error.into());
    }
    let problem = format!(
        "{} (column {}); a file that begins with `[` is read as ShareGPT: a list of objects with `conversations`",
        without_place(&error),
        error.column()
    );
    WorkloadError::Line {
        path: path.to_owned(),
        line: error.line() as u64,
        problem,
    }
}

#[cfg(test)]
mod tests {
    use crate::workload::{dataset::tests::Fixture, fake_tokenizer::FakeTokenizer};

    const CONVERSATIONS: &str = r#"[
        {"id": "a", "conversations": [
            {"from": "system", "value": "be brief"}, {"from": "human", "value": "two and two"},
            {"from": "gpt", "value": "the sum of two and two is four"}, {"from": "human", "value": "more"}]},
        {"id": "no answer", "conversations": [{"from": "human", "value": "hello"}]},
        {"id": "no prompt", "conversations": [{"from": "gpt", "value": "hello"}]},
        {"id": "blank", "conversations": [{"from": "human", "value": " "}, {"from": "gpt", "value": "hello"}]},
        {"conversations": []},
        {"conversations": [{"from": "user", "value": "name a number"}, {"from": "chatgpt", "value": "four"}]}
    ]"#;

    #[test]
    fn the_first_exchange_of_each_conversation_is_a_request() {
        let workload = Fixture::new(CONVERSATIONS).load();
        let mut scratch = String::new();
        let mut request = |index| format!("{:?}", workload.request(index, &mut scratch));
        insta::assert_snapshot!(request(0), @"");
        insta::assert_snapshot!(request(1), @"");
        let description = serde_json::to_value(workload.description()).unwrap();
        assert_eq!(
            (&description["entries"], &description["skipped"]),
            (&2.into(), &4.into())
        );
    }

    #[test]
    fn a_tokenizer_measures_the_answers() {
        let tokenizer = FakeTokenizer::word_level().load();
        let workload = Fixture::new(CONVERSATIONS)
            .config
            .clone()
            .load(Some(&tokenizer))
            .unwrap();
        assert_eq!(workload.request(0, &mut String::new()).output_tokens, Some(8));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        insta::assert_snapshot!(Fixture::new("[\n{\"id\": 1}]").problem(), @"");
        insta::assert_snapshot!(Fixture::new("[\n{\"conversations\":\n[{\"from\":\"human\"}]}]").problem(), @"");
        insta::assert_snapshot!(Fixture::new("[{\"conversations\":[]}").problem(), @"");
        insta::assert_snapshot!(Fixture::new("[] []").problem(), @"");
        insta::assert_snapshot!(Fixture::new("[{\"role\":\"user\",\"content\":\"a\"}]\n").problem(), @"");
    }
}
