//! Datasets of recorded conversations: one JSON array of `{"conversations": [{"from": …, "value": …}, …]}`.

use std::{
    fmt,
    io::BufRead,
    marker::PhantomData,
    num::{NonZeroU32, NonZeroUsize},
    path::Path,
    thread,
};

use serde::{
    Deserialize,
    de::{DeserializeOwned, DeserializeSeed, Deserializer, SeqAccess, Visitor},
};

use super::{
    dataset::{ContentKind, Entries, EntryLengths},
    error::WorkloadError,
    jsonl::without_place,
    tokenizer::PromptTokenizer,
};

/// Tokens of a word of an answer where there is no tokenizer: what the vocabularies of today make of English prose.
const TOKENS_PER_WORD: f64 = 1.3;

/// Answers that are measured at a time.
const BATCH: usize = 4_096;

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

/// Measures conversations batch by batch, so that only one batch is in memory besides the entries.
struct Batches<'a> {
    entries: Entries,
    tokenizer: Option<&'a PromptTokenizer>,
    waiting: Vec<Exchange>,
}

/// Hands on the elements of an array one by one.
struct Elements<T, F> {
    add: F,
    element: PhantomData<T>,
}

/// A prompt and the answer that it was given.
struct Exchange {
    prompt: String,
    answer: String,
}

/// Reads all conversations. Those without a prompt or without an answer to it are skipped, and counted as such: the
/// well-known files have thousands.
pub(super) fn read(
    path: &Path,
    reader: &mut impl BufRead,
    tokenizer: Option<&PromptTokenizer>,
) -> Result<Entries, WorkloadError> {
    let mut batches = Batches {
        entries: Entries::default(),
        tokenizer,
        waiting: Vec::new(),
    };
    each_conversation(path, reader, |conversation| batches.add(conversation))?;
    batches.flush();
    Ok(batches.entries)
}

/// Calls `add` with each element of the array that the file is.
pub(crate) fn each_conversation<T: DeserializeOwned>(
    path: &Path,
    reader: &mut impl BufRead,
    add: impl FnMut(T),
) -> Result<(), WorkloadError> {
    let mut json = serde_json::Deserializer::from_reader(reader);
    let element = PhantomData;
    Elements { add, element }
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|error| describe(path, error))
}

impl Batches<'_> {
    fn add(&mut self, conversation: Conversation) {
        match conversation.first_exchange() {
            Some(exchange) => self.waiting.push(exchange),
            None => self.entries.skip(),
        }
        if self.waiting.len() == BATCH {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let lengths = answer_lengths(&self.waiting, self.tokenizer);
        for (exchange, output) in self.waiting.drain(..).zip(lengths) {
            let lengths = EntryLengths {
                output: NonZeroU32::new(output),
                input: None,
            };
            self.entries.push(ContentKind::Text, &exchange.prompt, lengths);
        }
    }
}

/// The tokens of each answer. Tokenizers manage about a million tokens a second and thread, and a file has many millions.
fn answer_lengths(exchanges: &[Exchange], tokenizer: Option<&PromptTokenizer>) -> Vec<u32> {
    let Some(tokenizer) = tokenizer else {
        return exchanges
            .iter()
            .map(|exchange| estimated_tokens(&exchange.answer))
            .collect();
    };
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = exchanges.len().div_ceil(threads).max(1);
    let mut lengths = vec![0; exchanges.len()];
    thread::scope(|scope| {
        for (exchanges, lengths) in exchanges.chunks(share).zip(lengths.chunks_mut(share)) {
            scope.spawn(move || {
                for (exchange, length) in exchanges.iter().zip(lengths) {
                    *length = tokenizer.count(&exchange.answer);
                }
            });
        }
    });
    lengths
}

/// About how many tokens an answer has.
pub(crate) fn estimated_tokens(text: &str) -> u32 {
    (text.split_whitespace().count() as f64 * TOKENS_PER_WORD).round() as u32
}

impl Conversation {
    /// The first thing that a human said, and the answer that follows it.
    fn first_exchange(self) -> Option<Exchange> {
        let mut turns = self.conversations.into_iter();
        let prompt = turns.find(|turn| turn.from == Speaker::Human)?.value;
        let answer = turns.find(|turn| turn.from == Speaker::Gpt)?.value;
        let blank = prompt.trim().is_empty() || answer.trim().is_empty();
        (!blank).then_some(Exchange { prompt, answer })
    }
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> DeserializeSeed<'de> for Elements<T, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> Visitor<'de> for Elements<T, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of conversations")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element()? {
            (self.add)(element);
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
    use super::BATCH;
    use crate::workload::{Content, dataset::tests::Fixture, fake_tokenizer::FakeTokenizer};

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
        insta::assert_snapshot!(request(0), @r#"RequestSpec { content: Text("two and two"), output_tokens: Some(10), input_tokens: None }"#);
        insta::assert_snapshot!(request(1), @r#"RequestSpec { content: Text("name a number"), output_tokens: Some(1), input_tokens: None }"#);
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
    fn answers_stay_with_their_prompts_over_many_batches() {
        let exchange = |number: usize| {
            let answer = "two ".repeat(number % 5 + 1);
            format!(
                r#"{{"conversations":[{{"from":"human","value":"{number}"}},{{"from":"gpt","value":"{answer}"}}]}}"#
            )
        };
        let count = BATCH + 7;
        let conversations: Vec<String> = (0..count).map(exchange).collect();
        let fixture = Fixture::new(format!("[{}]", conversations.join(",")));
        let tokenizer = FakeTokenizer::word_level().load();
        let workload = fixture.config.clone().load(Some(&tokenizer)).unwrap();
        assert_eq!(workload.len(), Some(count as u64));
        for number in [0, 1, BATCH - 1, BATCH, count - 1] {
            let mut scratch = String::new();
            let request = workload.request(number as u64, &mut scratch);
            assert_eq!(request.content, Content::Text(&number.to_string()));
            assert_eq!(request.output_tokens, Some(number as u32 % 5 + 1), "{number}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        insta::assert_snapshot!(Fixture::new("[\n{\"id\": 1}]").problem(), @"2: missing field `conversations` (column 9); a file that begins with `[` is read as ShareGPT: a list of objects with `conversations`");
        insta::assert_snapshot!(Fixture::new("[\n{\"conversations\":\n[{\"from\":\"human\"}]}]").problem(), @"3: missing field `value` (column 17); a file that begins with `[` is read as ShareGPT: a list of objects with `conversations`");
        insta::assert_snapshot!(Fixture::new("[{\"conversations\":[]}").problem(), @"1: EOF while parsing a list (column 21); a file that begins with `[` is read as ShareGPT: a list of objects with `conversations`");
        insta::assert_snapshot!(Fixture::new("[] []").problem(), @"1: trailing characters (column 4); a file that begins with `[` is read as ShareGPT: a list of objects with `conversations`");
        insta::assert_snapshot!(Fixture::new("[{\"role\":\"user\",\"content\":\"a\"}]\n").problem(), @"1: missing field `conversations` (column 30); a file that begins with `[` is read as ShareGPT: a list of objects with `conversations`");
    }
}
