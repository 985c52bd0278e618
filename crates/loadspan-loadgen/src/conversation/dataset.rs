//! Conversations from a file: what users said, in their order. What servers said then is only measured.

mod line;
mod sharegpt;

use std::num::{NonZeroU32, NonZeroU64};
use std::ops::Range;
use std::time::Duration;

use super::error::ConversationError;
use super::message::write_string;
use crate::workload::{
    DatasetConfig, DatasetFormat, PromptTokenizer, WorkloadError, each_conversation, each_line, estimated_tokens,
    open_dataset,
};

/// The users' part of conversations, in memory.
#[derive(Debug)]
pub(super) struct Dialogs {
    /// What was said, as JSON, end to end.
    contents: String,
    said: Vec<Said>,
    /// Where the words of each conversation end.
    ends: Vec<usize>,
    count: NonZeroU64,
    skipped: u64,
    format: DatasetFormat,
    fingerprint: String,
    is_counted: bool,
}

/// What was said once, by whom, and what is known of the answer.
#[derive(Debug, Clone, Copy)]
struct Said {
    end: usize,
    tokens: u32,
    output: Option<NonZeroU32>,
    delay: Option<Duration>,
    by: Speaker,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaker {
    /// Before the first turn.
    System,
    User,
    Tool,
    /// The server: its words are measured, and made again by the server under test.
    Server,
}

/// A message of a file.
#[derive(Debug)]
struct Spoken {
    by: Speaker,
    content: Words,
    delay: Option<Duration>,
    /// Tokens of the answer to it.
    output: Option<NonZeroU32>,
}

/// What a message says.
#[derive(Debug)]
enum Words {
    Text(String),
    /// Anything else that the API knows: kept as it stands in the file.
    Json(String),
}

/// Collects conversations.
struct Collector<'a> {
    dialogs: Dialogs,
    tokenizer: Option<&'a PromptTokenizer>,
}

impl Dialogs {
    /// Reads the whole file.
    pub(super) fn load(config: &DatasetConfig, tokenizer: Option<&PromptTokenizer>) -> Result<Self, ConversationError> {
        if let Some(output_tokens) = &config.output_tokens {
            output_tokens.check("output")?;
        }
        let path = &config.path;
        let (mut reader, format) = open_dataset(path)?;
        let mut collector = Collector::new(format, tokenizer);
        match format {
            DatasetFormat::Jsonl => each_line(path, &mut reader, |text| collector.add(line::parse(text)?))?,
            DatasetFormat::Sharegpt => {
                each_conversation(path, &mut reader, |conversation: sharegpt::Conversation| {
                    // Files of this kind are collected from everywhere: what is wrong in them is passed over, and counted.
                    let _ = collector.add(conversation.spoken());
                })?;
            }
        }
        let mut dialogs = collector.dialogs;
        dialogs.count = NonZeroU64::new(dialogs.ends.len() as u64).ok_or_else(|| WorkloadError::NoEntries {
            path: path.clone(),
            problem: "has no conversation in which a user says something",
        })?;
        dialogs.fingerprint = reader.get_ref().fingerprint();
        Ok(dialogs)
    }

    pub(super) const fn count(&self) -> NonZeroU64 {
        self.count
    }

    pub(super) const fn skipped(&self) -> u64 {
        self.skipped
    }

    pub(super) const fn format(&self) -> DatasetFormat {
        self.format
    }

    pub(super) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Whether tokens were counted, not guessed.
    pub(super) const fn is_counted(&self) -> bool {
        self.is_counted
    }

    /// The turns of all conversations.
    pub(super) fn all_turns(&self) -> usize {
        self.said.iter().filter(|said| said.by != Speaker::System).count()
    }

    pub(super) fn turns(&self, entry: u64) -> u32 {
        self.said[self.words_of(entry)]
            .iter()
            .filter(|said| said.by != Speaker::System)
            .count() as u32
    }

    /// What the system says, as JSON.
    pub(super) fn opening(&self, entry: u64) -> Option<&str> {
        let place = self.opening_of(entry)?;
        Some(self.content_at(place))
    }

    pub(super) fn opening_tokens(&self, entry: u64) -> u32 {
        self.opening_of(entry).map_or(0, |place| self.said[place].tokens)
    }

    /// What is said in a turn, as JSON.
    pub(super) fn content(&self, entry: u64, turn: u32) -> &str {
        self.content_at(self.place(entry, turn))
    }

    pub(super) fn tokens(&self, entry: u64, turn: u32) -> u32 {
        self.said[self.place(entry, turn)].tokens
    }

    pub(super) fn output(&self, entry: u64, turn: u32) -> Option<u32> {
        self.said[self.place(entry, turn)].output.map(NonZeroU32::get)
    }

    pub(super) fn delay(&self, entry: u64, turn: u32) -> Option<Duration> {
        self.said[self.place(entry, turn)].delay
    }

    pub(super) fn is_tools(&self, entry: u64, turn: u32) -> bool {
        self.said[self.place(entry, turn)].by == Speaker::Tool
    }

    /// Where the words of a conversation are.
    fn words_of(&self, entry: u64) -> Range<usize> {
        let entry = entry as usize;
        let start = entry.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[entry]
    }

    fn opening_of(&self, entry: u64) -> Option<usize> {
        let start = self.words_of(entry).start;
        (self.said[start].by == Speaker::System).then_some(start)
    }

    fn place(&self, entry: u64, turn: u32) -> usize {
        let start = self.words_of(entry).start;
        start + usize::from(self.said[start].by == Speaker::System) + turn as usize
    }

    fn content_at(&self, place: usize) -> &str {
        let start = place.checked_sub(1).map_or(0, |before| self.said[before].end);
        &self.contents[start..self.said[place].end]
    }
}

impl<'a> Collector<'a> {
    fn new(format: DatasetFormat, tokenizer: Option<&'a PromptTokenizer>) -> Self {
        Self {
            dialogs: Dialogs {
                contents: String::new(),
                said: Vec::new(),
                ends: Vec::new(),
                count: NonZeroU64::MIN,
                skipped: 0,
                format,
                fingerprint: String::new(),
                is_counted: tokenizer.is_some(),
            },
            tokenizer,
        }
    }

    /// Adds a conversation. One in which no user says anything is passed over, and counted; so is one that is wrong.
    fn add(&mut self, conversation: Vec<Spoken>) -> Result<(), String> {
        let start = self.dialogs.said.len();
        let turns = self.add_turns(conversation, start);
        if turns.as_ref().is_ok_and(|turns| *turns > 0) {
            self.dialogs.ends.push(self.dialogs.said.len());
        } else {
            self.dialogs.skipped += 1;
            self.dialogs.said.truncate(start);
            let end = self.dialogs.said.last().map_or(0, |said| said.end);
            self.dialogs.contents.truncate(end);
        }
        turns.map(|_| ())
    }

    /// Adds what was said, behind what is there: how many turns that makes.
    fn add_turns(&mut self, conversation: Vec<Spoken>, start: usize) -> Result<u32, String> {
        let mut turns = 0;
        for spoken in conversation {
            match spoken.by {
                Speaker::Server => self.measure(&spoken, start),
                _ if spoken.content.is_blank() => {}
                Speaker::System if self.dialogs.said.len() > start => {
                    return Err("a message of the system is not the first; put what it says there".to_owned());
                }
                Speaker::Tool if turns == 0 => {
                    return Err("a result of a tool comes before a user has said anything".to_owned());
                }
                by => {
                    turns += u32::from(by != Speaker::System);
                    self.push(spoken);
                }
            }
        }
        Ok(turns)
    }

    fn push(&mut self, spoken: Spoken) {
        let tokens = match &spoken.content {
            Words::Text(text) => self.count(text),
            Words::Json(json) => {
                self.dialogs.is_counted = false;
                self.count(json)
            }
        };
        let contents = &mut self.dialogs.contents;
        match &spoken.content {
            Words::Text(text) => write_string(text, contents),
            Words::Json(json) => contents.push_str(json),
        }
        self.dialogs.said.push(Said {
            end: contents.len(),
            tokens,
            output: spoken.output,
            delay: spoken.delay,
            by: spoken.by,
        });
    }

    /// A recorded answer is as long as the answer to what was said before shall be, unless that says so itself.
    fn measure(&mut self, answer: &Spoken, start: usize) {
        let tokens = match &answer.content {
            Words::Text(text) => self.count(text),
            Words::Json(_) => 0,
        };
        if let Some(said) = self.dialogs.said[start..].last_mut()
            && said.by != Speaker::System
        {
            said.output = said.output.or(NonZeroU32::new(tokens));
        }
    }

    fn count(&self, text: &str) -> u32 {
        match self.tokenizer {
            Some(tokenizer) => tokenizer.count(text),
            None => estimated_tokens(text),
        }
    }
}

impl Words {
    fn is_blank(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::Json(json) => json == "null" || json == "[]",
        }
    }
}
