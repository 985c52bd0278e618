//! How faithfully a recording was sent again.

use serde::{Deserialize, Serialize};

use super::{Counts, LoadSummary};
use crate::{Distribution, Outcome, Phase, RequestRecord};

/// What was planned of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PlannedReplay {
    /// The files, or the server.
    pub sources: Vec<String>,
    /// What they are: `otlp-json`, `mooncake`, …
    pub format: String,
    /// Sessions that were to be sent, as far as they have been read.
    pub sessions: u64,
    /// Their calls, as far as they have been read.
    pub calls: u64,
    /// Those of them that nothing recorded has as part of a session: each is sent as one of its own.
    #[serde(default)]
    pub single_calls: u64,
    /// SHA-256 of what was to be sent, after what, and when: the same for the same recording, options and seed. `None` when not all of
    /// it has been read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<String>,
    /// What was not to be sent.
    #[serde(default)]
    pub left: ReplayLeft,
    /// What became of answers that later calls repeat.
    #[serde(default)]
    pub answers: ReplayAnswers,
    /// Calls without content, for which texts of their lengths were made up.
    #[serde(default)]
    pub made_up: u64,
}

/// What of a recording was not to be sent, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReplayLeft {
    /// Sessions outside the window; in logs, calls.
    pub by_window: u64,
    /// Sessions that were not sampled; in logs, calls.
    pub by_sample: u64,
    /// Calls that had failed.
    pub failed: u64,
    /// Spans of calls that cannot be sent again.
    pub unused_spans: u64,
    /// Lines that cannot be read.
    pub unread_lines: u64,
}

/// What became of answers of this run that later calls repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReplayAnswers {
    /// Times that one took the place of the recorded one.
    pub substituted: u64,
    /// Times that the recorded one stayed, because this one lacked what the recording goes on from.
    pub recorded: u64,
    /// Tool calls that the recording has no result for, and that were left out.
    pub tool_calls_left_out: u64,
}

/// What is known of a stage that replays, beside its records. `run.json` keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReplayFacts {
    /// Number of the stage, from 0.
    #[serde(default)]
    pub stage: u32,
    /// What was planned.
    #[serde(flatten)]
    pub planned: PlannedReplay,
    /// Calls that were read and never sent, because their session, or the run, had ended.
    #[serde(default)]
    pub never_sent: u64,
}

/// How faithfully a recording was sent again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplaySummary {
    /// What was planned, and what of it was never sent.
    #[serde(flatten)]
    pub facts: ReplayFacts,
    /// Calls that were sent, without those of the warm-up.
    pub sent: u64,
    /// Those that were answered.
    pub completed: u64,
    /// Those that failed, those among them that could not be sent.
    pub failed: u64,
    /// Those that were under way when the run ended.
    pub cancelled: u64,
    /// Those of the warm-up, which are in no other figure.
    pub warmup: u64,
    /// From when a call was planned to when it was sent. `None` when none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrival_error: Option<Distribution>,
    /// Tokens of inputs.
    pub input: ReplayLengths,
    /// Tokens of outputs.
    pub output: ReplayLengths,
}

/// The lengths that the recording has, and those that the server counted, over the calls that completed and of which both are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReplayLengths {
    /// Calls.
    pub calls: u64,
    /// Tokens that were recorded.
    pub wanted: u64,
    /// Tokens that the server counted.
    pub got: u64,
    /// The most by which one call was off.
    pub largest_difference: u32,
}

/// The stages that replay nothing but single calls. Figures of sessions would be those of their requests, once more.
pub(super) fn stages_of_single_calls(replays: &[ReplayFacts]) -> Vec<u32> {
    let single = replays
        .iter()
        .filter(|replay| replay.planned.calls > 0 && replay.planned.single_calls == replay.planned.calls);
    single.map(|replay| replay.stage).collect()
}

/// The lengths of a stage, while its records come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LengthsSeen {
    input: ReplayLengths,
    output: ReplayLengths,
}

impl LengthsSeen {
    pub(super) fn push(&mut self, record: &RequestRecord) {
        let is_measured = record.phase == Phase::Measure && matches!(record.outcome, Outcome::Completed);
        if is_measured {
            let tokens = &record.tokens;
            self.input.push(tokens.requested_input, tokens.input);
            self.output.push(tokens.requested_output, tokens.output);
        }
    }

    /// The summary of a replay, of which the rest has been summed up.
    pub(super) fn summarise(self, facts: ReplayFacts, (counts, load): (&Counts, &LoadSummary)) -> ReplaySummary {
        ReplaySummary {
            facts,
            sent: load.schedule_lag.map_or(0, |lag| lag.count),
            completed: counts.completed,
            failed: counts.failed,
            cancelled: counts.cancelled,
            warmup: counts.warmup,
            arrival_error: load.schedule_lag,
            input: self.input,
            output: self.output,
        }
    }
}

impl ReplayLengths {
    fn push(&mut self, wanted: Option<u32>, got: Option<u32>) {
        let (Some(wanted), Some(got)) = (wanted, got) else {
            return;
        };
        self.calls += 1;
        self.wanted += u64::from(wanted);
        self.got += u64::from(got);
        self.largest_difference = self.largest_difference.max(wanted.abs_diff(got));
    }
}
