//! Workloads from a file.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    num::{NonZeroU32, NonZeroU64},
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    Content, RequestSpec, Source, Workload, WorkloadDescription, error::WorkloadError, fingerprint::FingerprintReader,
    jsonl, lengths::LengthDistribution, sampling::SamplingStrategy, sharegpt, stream::Stream,
    tokenizer::PromptTokenizer,
};

/// What some editors put at the beginning of UTF-8 files.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What makes a [`Workload`] from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetConfig {
    /// The file: JSONL or ShareGPT JSON, told apart by its first character (`[` is ShareGPT).
    pub path: PathBuf,
    /// How requests are chosen from its entries.
    pub sampling: SamplingStrategy,
    /// Tokens of an answer where the entry does not say. `None`: the server decides.
    pub output_tokens: Option<LengthDistribution>,
    /// Another seed gives other choices and default lengths.
    pub seed: u64,
}

/// The format of a dataset file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DatasetFormat {
    /// A JSON object a line, with `text` (or `prompt`), `messages` or `payload`, and optionally `output_length` (or
    /// `output_tokens`) and `input_length`.
    Jsonl,
    /// One JSON array of conversations. The first human turn of each is the prompt, and the length of the answer to it the
    /// output length.
    Sharegpt,
}

/// A dataset in memory.
#[derive(Debug)]
pub(super) struct Dataset {
    config: DatasetConfig,
    entries: Entries,
    count: NonZeroU64,
    format: DatasetFormat,
    content: String,
}

/// The entries of a dataset: their texts end to end, and where each ends.
#[derive(Debug, Default)]
pub(super) struct Entries {
    texts: String,
    entries: Vec<Entry>,
    skipped: u64,
}

/// What the text of an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentKind {
    Text,
    Messages,
    Payload,
}

/// The lengths that an entry asks for, in tokens.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct EntryLengths {
    pub(super) output: Option<NonZeroU32>,
    pub(super) input: Option<NonZeroU32>,
}

#[derive(Debug)]
struct Entry {
    end: usize,
    kind: ContentKind,
    lengths: EntryLengths,
}

impl DatasetConfig {
    /// Reads the whole file.
    ///
    /// The tokenizer measures the answers of ShareGPT files; without one an answer has 1.3 tokens a word. It is not used
    /// for JSONL files. An error names the file, the line and what is wrong there.
    pub fn load(self, tokenizer: Option<&PromptTokenizer>) -> Result<Workload, WorkloadError> {
        if let Some(output_tokens) = &self.output_tokens {
            output_tokens.check("output")?;
        }
        let (mut reader, format) = open_dataset(&self.path)?;
        let entries = match format {
            DatasetFormat::Jsonl => jsonl::read(&self.path, &mut reader)?,
            DatasetFormat::Sharegpt => sharegpt::read(&self.path, &mut reader, tokenizer)?,
        };
        let count = NonZeroU64::new(entries.entries.len() as u64).ok_or_else(|| WorkloadError::NoEntries {
            path: self.path.clone(),
            problem: nothing_in(format),
        })?;
        let content = reader.get_ref().fingerprint();
        Ok(Workload(Source::Dataset(Dataset {
            config: self,
            entries,
            count,
            format,
            content,
        })))
    }
}

impl Dataset {
    pub(super) fn request(&self, index: u64) -> RequestSpec<'_> {
        let seed = self.config.seed;
        let number = self.config.sampling.pick(index, self.count, seed);
        let (content, lengths) = self.entries.get(number as usize);
        let default = || {
            self.config
                .output_tokens
                .map(|lengths| lengths.draw(Stream::OutputLength, seed, number))
        };
        RequestSpec {
            content,
            output_tokens: lengths.output.map(NonZeroU32::get).or_else(default),
            input_tokens: lengths.input.map(NonZeroU32::get),
        }
    }

    pub(super) fn has_messages(&self) -> bool {
        self.entries.have(ContentKind::Messages)
    }

    pub(super) fn has_payloads(&self) -> bool {
        self.entries.have(ContentKind::Payload)
    }

    pub(super) fn entries(&self) -> u64 {
        self.count.get()
    }

    pub(super) fn description(&self) -> WorkloadDescription {
        WorkloadDescription::Dataset {
            seed: self.config.seed,
            path: self.config.path.display().to_string(),
            format: self.format,
            content: self.content.clone(),
            entries: self.entries(),
            skipped: self.entries.skipped,
            sampling: self.config.sampling,
            output_tokens: self.config.output_tokens,
        }
    }
}

impl Entries {
    pub(super) fn push(&mut self, kind: ContentKind, text: &str, lengths: EntryLengths) {
        self.texts.push_str(text);
        self.entries.push(Entry {
            end: self.texts.len(),
            kind,
            lengths,
        });
    }

    /// Notes that the file has an entry that cannot be sent.
    pub(super) fn skip(&mut self) {
        self.skipped += 1;
    }

    fn have(&self, kind: ContentKind) -> bool {
        self.entries.iter().any(|entry| entry.kind == kind)
    }

    fn get(&self, number: usize) -> (Content<'_>, EntryLengths) {
        let start = number.checked_sub(1).map_or(0, |before| self.entries[before].end);
        let entry = &self.entries[number];
        let text = &self.texts[start..entry.end];
        let content = match entry.kind {
            ContentKind::Text => Content::Text(text),
            ContentKind::Messages => Content::Messages(text),
            ContentKind::Payload => Content::Payload(text),
        };
        (content, entry.lengths)
    }
}

/// A dataset file, and the format that its beginning tells.
pub(crate) fn open_dataset(path: &Path) -> Result<(BufReader<FingerprintReader<File>>, DatasetFormat), WorkloadError> {
    let file = File::open(path).map_err(|source| read_error(path, source))?;
    let mut reader = BufReader::with_capacity(1 << 18, FingerprintReader::new(file));
    let format = detect_format(&mut reader).map_err(|source| read_error(path, source))?;
    Ok((reader, format))
}

/// The error of a file that cannot be read.
pub(super) fn read_error(path: &Path, source: std::io::Error) -> WorkloadError {
    WorkloadError::Read {
        path: path.to_owned(),
        source,
    }
}

/// Looks at the beginning of a file and takes nothing from it but a byte-order mark.
fn detect_format(reader: &mut impl BufRead) -> std::io::Result<DatasetFormat> {
    if reader.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
        reader.consume(BYTE_ORDER_MARK.len());
    }
    let first = reader.fill_buf()?.iter().find(|byte| !byte.is_ascii_whitespace());
    Ok(if first == Some(&b'[') {
        DatasetFormat::Sharegpt
    } else {
        DatasetFormat::Jsonl
    })
}

const fn nothing_in(format: DatasetFormat) -> &'static str {
    match format {
        DatasetFormat::Jsonl => "has no entries; each line must be a JSON object with `text`, `messages` or `payload`",
        DatasetFormat::Sharegpt => "has no conversation with a human turn and an answer to it",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    /// A dataset file for the duration of a test.
    pub(crate) struct Fixture {
        _folder: TempDir,
        pub(crate) config: DatasetConfig,
    }

    impl Fixture {
        pub(crate) fn new(content: impl AsRef<[u8]>) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("data");
            fs::write(&path, content).unwrap();
            let sampling = SamplingStrategy::Sequential;
            Self {
                _folder: folder,
                config: DatasetConfig {
                    path,
                    sampling,
                    output_tokens: None,
                    seed: 7,
                },
            }
        }

        pub(crate) fn load(&self) -> Workload {
            self.config.clone().load(None).unwrap()
        }

        /// The error without the path, which no snapshot could hold.
        pub(crate) fn problem(&self) -> String {
            let message = self.config.clone().load(None).unwrap_err().to_string();
            let path = self.config.path.display().to_string();
            message
                .strip_prefix(&path)
                .unwrap_or(&message)
                .trim_start_matches(':')
                .trim_start()
                .to_owned()
        }
    }

    fn texts(workload: &Workload, count: u64) -> Vec<String> {
        let mut scratch = String::new();
        let text = |index| match workload.request(index, &mut scratch).content {
            Content::Text(text) => text.to_owned(),
            other => panic!("{other:?}"),
        };
        (0..count).map(text).collect()
    }

    fn rows(count: usize) -> String {
        (0..count).map(|row| format!("{{\"text\":\"row {row}\"}}\n")).collect()
    }

    #[test]
    fn entries_come_in_the_order_of_the_file_and_again_from_the_beginning() {
        assert_eq!(texts(&Fixture::new(rows(2)).load(), 3), ["row 0", "row 1", "row 0"]);
    }

    #[test]
    fn a_shuffled_pass_has_every_entry() {
        let mut fixture = Fixture::new(rows(50));
        fixture.config.sampling = SamplingStrategy::Shuffle;
        let mut shuffled = texts(&fixture.load(), 50);
        let mut in_order = texts(&Fixture::new(rows(50)).load(), 50);
        assert_ne!(shuffled, in_order);
        shuffled.sort_unstable();
        in_order.sort_unstable();
        assert_eq!(shuffled, in_order);
    }

    #[test]
    fn the_default_length_is_for_entries_without_one() {
        let mut fixture = Fixture::new("{\"text\":\"a\",\"output_length\":3}\n{\"text\":\"b\"}");
        fixture.config.output_tokens = Some(LengthDistribution::exactly(90));
        let workload = fixture.load();
        let lengths = [0, 1].map(|index| workload.request(index, &mut String::new()).output_tokens);
        assert_eq!(lengths, [Some(3), Some(90)]);
    }

    #[test]
    fn files_without_entries_say_so() {
        insta::assert_snapshot!(Fixture::new("").problem(), @"has no entries; each line must be a JSON object with `text`, `messages` or `payload`");
        insta::assert_snapshot!(Fixture::new("\u{feff}\n \n").problem(), @"has no entries; each line must be a JSON object with `text`, `messages` or `payload`");
        insta::assert_snapshot!(Fixture::new("[]").problem(), @"has no conversation with a human turn and an answer to it");
    }

    #[test]
    fn files_that_cannot_be_read_are_named() {
        let mut fixture = Fixture::new("");
        fixture.config.path = "/no/such/file.jsonl".into();
        assert_eq!(
            fixture.config.clone().load(None).unwrap_err().to_string(),
            "/no/such/file.jsonl: cannot be read"
        );
        fixture.config.path = std::env::temp_dir();
        assert_eq!(fixture.problem(), "cannot be read");
    }

    #[test]
    fn the_description_tells_one_file_from_another() {
        let description = |content: String| serde_json::to_value(Fixture::new(content).load().description()).unwrap();
        let first = description(rows(3));
        assert_eq!(
            (&first["kind"], &first["entries"], &first["format"]),
            (&"dataset".into(), &3.into(), &"jsonl".into())
        );
        assert_eq!(
            first["content"],
            // What `sha256sum` says.
            "sha256:b284ee31ac96dbadfb6b7acc66609deb66cc5ced1ee0f6ad55c8129b850b2d7f"
        );
        assert_eq!(first["content"], description(rows(3))["content"]);
        assert_ne!(
            first["content"],
            description(rows(3).replace("row 2", "row 3"))["content"]
        );
    }
}
