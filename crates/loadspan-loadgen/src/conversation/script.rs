//! What users say, and when.

use std::time::Duration;

use serde_json::{Value, json};

use super::dataset::Dialogs;
use super::delay::DelayConfig;
use super::made_up::MadeUp;
use super::message::write_message;
use crate::workload::{DatasetConfig, LengthDistribution, Stream, scale};

/// The users' part of all sessions.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) source: Source,
    pub(super) seed: u64,
    pub(super) think_time: Option<DelayConfig>,
    pub(super) delay_ratio: f64,
    /// Tokens of the chat template around a prompt.
    pub(super) overhead: u32,
}

/// Where it comes from.
#[derive(Debug)]
pub(super) enum Source {
    MadeUp(MadeUp),
    Dataset(DatasetConfig, Dialogs),
}

/// Which session a script is asked about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// The number of the session.
    pub(super) number: u64,
    /// Which of the conversations it has. Its number, where each is fresh.
    pub(super) entry: u64,
}

/// The tokens of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TurnLengths {
    /// What the user says, without the chat template.
    pub(super) input: u32,
    /// The answer asked for. `None`: the server decides.
    pub(super) output: Option<u32>,
}

impl Script {
    pub(super) fn entries(&self) -> Option<u64> {
        match &self.source {
            Source::MadeUp(_) => None,
            Source::Dataset(_, dialogs) => Some(dialogs.count().get()),
        }
    }

    /// The part of a session.
    pub(super) fn part(&self, number: u64) -> Part {
        let entry = match &self.source {
            Source::MadeUp(_) => number,
            Source::Dataset(config, dialogs) => config.sampling.pick(number, dialogs.count(), config.seed),
        };
        Part { number, entry }
    }

    /// How many turns a session has. At least one.
    pub(super) fn turns(&self, part: Part) -> u32 {
        match &self.source {
            Source::MadeUp(made_up) => made_up.turns(part.number),
            Source::Dataset(_, dialogs) => dialogs.turns(part.entry),
        }
    }

    /// Appends what the system says as a message. Nothing where it says nothing.
    pub(super) fn write_opening(&self, part: Part, json: &mut String) {
        match &self.source {
            Source::MadeUp(made_up) if made_up.opening_tokens() == 0 => {}
            Source::MadeUp(made_up) => write_message("system", json, |json| made_up.write_opening(part.number, json)),
            Source::Dataset(_, dialogs) => {
                if let Some(content) = dialogs.opening(part.entry) {
                    write_message("system", json, |json| json.push_str(content));
                }
            }
        }
    }

    /// Appends what the user says in a turn as a message.
    pub(super) fn write_user(&self, part: Part, turn: u32, json: &mut String) {
        write_message("user", json, |json| self.write_input(part, turn, json));
    }

    /// Appends what is said in a turn, by whomever, as JSON.
    pub(super) fn write_input(&self, part: Part, turn: u32, json: &mut String) {
        match &self.source {
            Source::MadeUp(made_up) => made_up.write_input(part.number, turn, json),
            Source::Dataset(_, dialogs) => json.push_str(dialogs.content(part.entry, turn)),
        }
    }

    pub(super) fn lengths(&self, part: Part, turn: u32) -> TurnLengths {
        match &self.source {
            Source::MadeUp(made_up) => made_up.lengths(part.number, turn),
            Source::Dataset(config, dialogs) => {
                let default = |lengths: LengthDistribution| self.draw_output(lengths, part, turn);
                TurnLengths {
                    input: dialogs.tokens(part.entry, turn),
                    output: dialogs
                        .output(part.entry, turn)
                        .or_else(|| config.output_tokens.map(default)),
                }
            }
        }
    }

    /// The tokens of what comes before the first turn, and of the chat template around it.
    pub(super) fn opening_tokens(&self, part: Part) -> u32 {
        let opening = match &self.source {
            Source::MadeUp(made_up) => made_up.opening_tokens(),
            Source::Dataset(_, dialogs) => dialogs.opening_tokens(part.entry),
        };
        opening.saturating_add(self.overhead)
    }

    /// Whether the tokens of what users say are known, not guessed.
    pub(super) fn is_counted(&self) -> bool {
        match &self.source {
            Source::MadeUp(_) => true,
            Source::Dataset(_, dialogs) => dialogs.is_counted(),
        }
    }

    /// About how many tokens an answer has that nobody has counted.
    pub(super) fn estimate(&self, text: &str) -> u32 {
        match &self.source {
            Source::MadeUp(made_up) => made_up.estimate(text),
            Source::Dataset(..) => crate::workload::estimated_tokens(text),
        }
    }

    /// Whether a turn is planned to be the result of a tool; a share of them is, where a dataset does not say.
    pub(super) fn is_tools(&self, part: Part, turn: u32, share: f64) -> bool {
        if let Source::Dataset(_, dialogs) = &self.source
            && dialogs.is_tools(part.entry, turn)
        {
            return true;
        }
        const FINENESS: u64 = 1 << 53;
        let number = scale(
            Stream::ToolTurn.number(self.session_seed(part), u64::from(turn)),
            FINENESS,
        );
        turn > 0 && (number as f64) < share * FINENESS as f64
    }

    /// How long the user thinks before a turn.
    pub(super) fn think_time(&self, part: Part, turn: u32) -> Duration {
        if let Source::Dataset(_, dialogs) = &self.source
            && let Some(delay) = dialogs.delay(part.entry, turn)
        {
            return delay.mul_f64(self.delay_ratio);
        }
        let mut random = Stream::ThinkTime.random(self.session_seed(part), u64::from(turn));
        self.think_time.map_or(Duration::ZERO, |think_time| {
            think_time.draw(self.delay_ratio, &mut random)
        })
    }

    pub(super) fn description(&self) -> Value {
        match &self.source {
            Source::MadeUp(made_up) => made_up.description(),
            Source::Dataset(config, dialogs) => json!({
                "kind": "dataset_conversations",
                "seed": config.seed,
                "path": config.path.display().to_string(),
                "format": dialogs.format(),
                "content": dialogs.fingerprint(),
                "entries": dialogs.count(),
                "skipped": dialogs.skipped(),
                "turns": dialogs.all_turns(),
                "sampling": config.sampling,
                "output_tokens": config.output_tokens,
            }),
        }
    }

    fn session_seed(&self, part: Part) -> u64 {
        Stream::Session.number(self.seed, part.number)
    }

    fn draw_output(&self, lengths: LengthDistribution, part: Part, turn: u32) -> u32 {
        lengths.draw(Stream::OutputLength, self.session_seed(part), u64::from(turn))
    }
}
