//! Tiny tokenizers of every common make, for tests.

use std::{collections::BTreeMap, fs};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{tokenizer::PromptTokenizer, words::words};

/// The words that every tokenizer must have.
const PROBE_WORDS: [&str; 7] = ["the", "sum", "of", "two", "and", "is", "four"];

/// The content of a `tokenizer.json`.
pub(crate) struct FakeTokenizer(Value);

/// The vocabulary and the merges of a byte-pair encoding.
#[derive(Default)]
struct Merges {
    vocabulary: BTreeMap<String, usize>,
    merges: Vec<(String, String)>,
}

impl FakeTokenizer {
    /// Splits at spaces and keeps them at the beginning of words, as GPT-2 and its successors do. It has letters and about
    /// `known_words` whole words.
    pub(crate) fn byte_level(known_words: usize) -> Self {
        let mut merges = Merges::of_letters("Ġ");
        for word in words().take(known_words) {
            merges.add_word(&format!("Ġ{word}"));
            merges.add_word(word);
        }
        Self::new(
            merges.model(),
            json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true}),
            Value::Null,
        )
    }

    /// Does not split at all, as Llama 2 does, and has some tokens that span two words.
    pub(super) fn spanning_words() -> Self {
        let mut merges = Merges::of_letters("▁");
        for word in words().take(60) {
            merges.add_word(&format!("▁{word}"));
        }
        for second in words().take(60).step_by(3) {
            merges.add_merge("▁of", &format!("▁{second}"));
            merges.add_merge(&format!("▁{second}"), "▁the");
        }
        let normalizers = json!([
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        ]);
        Self::new(
            merges.model(),
            Value::Null,
            json!({"type": "Sequence", "normalizers": normalizers}),
        )
    }

    /// A token for each of some words, none for others.
    pub(crate) fn word_level() -> Self {
        Self::new(
            word_level(words().take(60).chain(PROBE_WORDS)),
            json!({"type": "Whitespace"}),
            Value::Null,
        )
    }

    /// Has a token for no word at all.
    pub(super) fn without_words() -> Self {
        Self::new(word_level(["☃"]), json!({"type": "Whitespace"}), Value::Null)
    }

    /// Takes every text for one unknown token.
    pub(super) fn one_token_for_everything() -> Self {
        Self::new(word_level(["<unk>"]), Value::Null, Value::Null)
    }

    /// Takes the likeliest way to cut a word, as T5 and other SentencePiece models do.
    pub(super) fn unigram() -> Self {
        let letters = ('a'..='z').chain(['▁']).map(|letter| json!([letter, -10.0]));
        let known = words().take(60).map(|word| json!([format!("▁{word}"), -5.0]));
        let vocabulary: Vec<Value> = [json!(["<unk>", 0.0])]
            .into_iter()
            .chain(letters)
            .chain(known)
            .collect();
        let model = json!({"type": "Unigram", "unk_id": 0, "vocab": vocabulary});
        let metaspace = json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true});
        Self::new(model, metaspace, Value::Null)
    }

    /// Puts a token at the beginning of every text.
    pub(super) fn with_special_tokens(mut self) -> Self {
        self.0["added_tokens"] = json!([{
            "id": 9_999, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            "special": true,
        }]);
        let single = json!([{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]);
        self.0["post_processor"] = json!({
            "type": "TemplateProcessing", "single": single, "pair": single,
            "special_tokens": {"<s>": {"id": "<s>", "ids": [9_999], "tokens": ["<s>"]}},
        });
        self
    }

    /// Cuts texts after `tokens` tokens.
    pub(super) fn with_maximum_length(mut self, tokens: usize) -> Self {
        self.0["truncation"] =
            json!({"direction": "Right", "max_length": tokens, "strategy": "LongestFirst", "stride": 0});
        self
    }

    /// The folder with its file.
    pub(super) fn write(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tokenizer.json"), self.0.to_string()).unwrap();
        folder
    }

    pub(crate) fn load(&self) -> PromptTokenizer {
        PromptTokenizer::load(self.write().path()).unwrap()
    }

    fn new(model: Value, pre_tokenizer: Value, normalizer: Value) -> Self {
        Self(json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": normalizer,
            "pre_tokenizer": pre_tokenizer, "post_processor": null, "decoder": null, "model": model,
        }))
    }
}

impl Merges {
    /// Letters, digits and the sign that stands for a space.
    fn of_letters(space: &str) -> Self {
        let mut merges = Self::default();
        for letter in ('a'..='z').chain('0'..='9') {
            merges.add_token(&letter.to_string());
        }
        merges.add_token(space);
        merges
    }

    /// Merges the letters of a word from left to right. Where an earlier word has merged them otherwise, the word stays in
    /// several tokens.
    fn add_word(&mut self, word: &str) {
        for (end, letter) in word.char_indices().skip(1) {
            self.add_merge(&word[..end], &letter.to_string());
        }
    }

    fn add_merge(&mut self, left: &str, right: &str) {
        let merge = (left.to_owned(), right.to_owned());
        if !self.merges.contains(&merge) {
            self.add_token(&format!("{left}{right}"));
            self.merges.push(merge);
        }
    }

    fn add_token(&mut self, token: &str) {
        let id = self.vocabulary.len();
        self.vocabulary.entry(token.to_owned()).or_insert(id);
    }

    fn model(&self) -> Value {
        json!({
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "", "end_of_word_suffix": "",
            "fuse_unk": false, "byte_fallback": false, "vocab": self.vocabulary, "merges": self.merges,
        })
    }
}

/// A model with a token for each word. An unknown word is an error, unless `<unk>` is among them.
fn word_level<'a>(words: impl IntoIterator<Item = &'a str>) -> Value {
    let words: std::collections::BTreeSet<&str> = words.into_iter().collect();
    let vocabulary: BTreeMap<&str, usize> = words.into_iter().zip(0..).collect();
    json!({"type": "WordLevel", "vocab": vocabulary, "unk_token": "<unk>"})
}
