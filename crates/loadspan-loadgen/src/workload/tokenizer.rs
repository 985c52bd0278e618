//! The tokenizer of the model under test, read from its file.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokenizers::Tokenizer;

use super::error::{WorkloadError, shortened};

/// The name that the file has in a model's folder.
const FILE_NAME: &str = "tokenizer.json";

/// Text that every tokenizer of a language model has tokens for.
const PROBE: &str = "the sum of two and two is four";

/// A tokenizer that counts. Clones share the one that was loaded.
#[derive(Clone)]
pub struct PromptTokenizer {
    inner: Arc<Tokenizer>,
    path: PathBuf,
}

impl PromptTokenizer {
    /// Reads a `tokenizer.json`, or the one in the folder `path`.
    ///
    /// A maximum length or a padding in the file is ignored: those are for training, and would make every long text count the
    /// same.
    pub fn load(path: &Path) -> Result<Self, WorkloadError> {
        let path = if path.is_dir() {
            path.join(FILE_NAME)
        } else {
            path.to_owned()
        };
        let content = match fs::read(&path) {
            Ok(content) => content,
            Err(source) => return Err(WorkloadError::Read { path, source }),
        };
        match parse_tokenizer(&content) {
            Ok(inner) => Ok(Self {
                inner: Arc::new(inner),
                path,
            }),
            Err(problem) => Err(WorkloadError::Tokenizer { path, problem }),
        }
    }

    /// How many tokens `text` has, without the special tokens that a tokenizer puts around it. 0 when the tokenizer has no
    /// tokens for it, which only tokenizers without an unknown token say, and of text that is foreign to them.
    #[must_use]
    pub fn count(&self, text: &str) -> u32 {
        self.try_count(text)
            .map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// How many tokens `text` has. `None` when the tokenizer has no tokens for it.
    pub(super) fn try_count(&self, text: &str) -> Option<usize> {
        self.inner.encode_fast(text, false).ok().map(|encoding| encoding.len())
    }

    /// The file that it was read from.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Debug for PromptTokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PromptTokenizer")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// A tokenizer without maximum length and padding, or what is wrong with it.
fn parse_tokenizer(content: &[u8]) -> Result<Tokenizer, String> {
    let mut tokenizer = Tokenizer::from_bytes(content).map_err(|error| shortened(&error.to_string()))?;
    tokenizer.with_truncation(None).map_err(|error| error.to_string())?;
    tokenizer.with_padding(None);
    match tokenizer.encode_fast(PROBE, false) {
        Ok(encoding) if encoding.is_empty() => Err("it makes no tokens of ordinary English words".to_owned()),
        Ok(_) => Ok(tokenizer),
        Err(error) => Err(format!("it cannot encode ordinary English words: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::fake_tokenizer::FakeTokenizer;

    fn load_error(path: &Path) -> String {
        PromptTokenizer::load(path).unwrap_err().to_string()
    }

    #[test]
    fn a_tokenizer_is_found_by_its_file_and_by_its_folder() {
        let folder = FakeTokenizer::word_level().write();
        let tokenizer = PromptTokenizer::load(folder.path()).unwrap();
        assert_eq!(tokenizer.path(), folder.path().join("tokenizer.json"));
        assert_eq!(
            PromptTokenizer::load(tokenizer.path()).unwrap().count("the sum of two"),
            4
        );
    }

    #[test]
    fn special_tokens_are_not_counted() {
        assert_eq!(
            FakeTokenizer::word_level()
                .with_special_tokens()
                .load()
                .count("the sum of two"),
            4
        );
    }

    #[test]
    fn a_maximum_length_in_the_file_does_not_cut_counts() {
        assert_eq!(
            FakeTokenizer::word_level()
                .with_maximum_length(3)
                .load()
                .count(&"two ".repeat(50)),
            50
        );
    }

    #[test]
    fn text_without_tokens_counts_nothing() {
        assert_eq!(FakeTokenizer::word_level().load().count("☃"), 0);
    }

    #[test]
    fn what_is_no_tokenizer_is_refused_with_the_file_and_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokenizer.json");
        assert_eq!(load_error(folder.path()), format!("{}: cannot be read", file.display()));
        fs::write(&file, "{}").unwrap();
        assert!(load_error(&file).starts_with(&format!("{}: not a usable tokenizer: ", file.display())));
        fs::write(&file, format!("\"{}\"", "x".repeat(1 << 20))).unwrap();
        assert!(load_error(&file).len() < 500, "the whole file is quoted");
        let folder = FakeTokenizer::without_words().write();
        insta::assert_snapshot!(load_error(folder.path()).rsplit_once("tokenizer.json").unwrap().1, @": not a usable tokenizer: it cannot encode ordinary English words: WordLevel error: Missing [UNK] token from the vocabulary");
    }
}
