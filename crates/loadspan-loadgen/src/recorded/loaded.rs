//! From what was read to what is sent.

use std::sync::Arc;
use std::time::Duration;

use loadspan_replay::{FailedCalls, Lengths, MissingToolCall, Options, SessionsBy};
use serde_json::{Value, json};

use super::held::HeldLog;
use super::load::Content;
use super::session::Planned;
use super::tally::Tally;
use super::texts::Texts;
use super::timed::Timed;
use super::{Arrivals, CallModel, Kind, LoadedRecording, RecordedConfig, RecordedError, RecordedSessions};
use crate::workload::LengthModel;

impl LoadedRecording {
    /// The sessions, with made-up texts as long as this server counts them.
    ///
    /// # Errors
    ///
    /// No texts of exact lengths can be made.
    pub fn build(self, lengths: &LengthModel) -> Result<RecordedSessions, RecordedError> {
        let (seed, block_tokens) = (self.config.options.seed, self.config.reading.block_tokens);
        let texts = if self.makes_texts_up() {
            Texts::new(lengths, seed, block_tokens)
        } else {
            Texts::of_recorded(lengths, seed, block_tokens)
        }?;
        let mut description = self.describe();
        if self.makes_texts_up() {
            description["lengths"] = texts.lengths().into();
            description["words"] = texts.fingerprint().into();
        }
        let (kind, tally) = self.make(texts);
        Ok(RecordedSessions {
            kind,
            tally,
            description,
        })
    }

    fn make(self, texts: Texts) -> (Kind, Arc<Tally>) {
        let Self {
            config,
            sources,
            format,
            content,
            ..
        } = self;
        match content {
            Content::Planned { plan, left, .. } => {
                let tally = Tally::of_plan((sources, format), &plan, left);
                let planned = Planned::new(plan.sessions, &config, (texts, Arc::clone(&tally)));
                (Kind::Planned(Arc::new(planned)), tally)
            }
            Content::Held { calls, planner, bad } => {
                let tally = Tally::of_log((sources, format), planner);
                tally.count_bad(&bad);
                let timed = Arc::new(Timed::new(texts, &config, Arc::clone(&tally)));
                let held = HeldLog::new(calls, timed, &tally);
                (Kind::Held(held), tally)
            }
            Content::Log { files, planner } => {
                let tally = Tally::of_log((sources, format), planner);
                let timed = Arc::new(Timed::new(texts, &config, Arc::clone(&tally)));
                (Kind::Log { files, timed }, tally)
            }
        }
    }

    fn describe(&self) -> Value {
        let RecordedConfig {
            reading,
            model,
            missing,
            arrivals,
            ..
        } = &self.config;
        let mut description = describe_options(&self.config.options);
        let said = json!({
            "kind": "replay",
            "sources": self.sources,
            "format": self.format.as_str(),
            "lengths_said": reading.lengths.map(Lengths::as_str),
            "block_tokens": reading.block_tokens,
            "sessions_by": match reading.sessions {
                SessionsBy::Conversation => "conversation",
                SessionsBy::Trace => "trace",
            },
            "model": match model {
                CallModel::OfRun => "of_run",
                CallModel::Recorded => "recorded",
            },
            "missing_answers": match missing {
                MissingToolCall::UseRecorded => "use_recorded",
                MissingToolCall::Fail => "fail",
            },
            "arrivals": match arrivals {
                Arrivals::Recorded => "recorded",
                Arrivals::OfLoad => "of_load",
            },
        });
        if let (Some(description), Value::Object(said)) = (description.as_object_mut(), said) {
            description.extend(said);
        }
        description
    }
}

/// What of it is sent, and how fast.
fn describe_options(options: &Options) -> Value {
    let seconds = |time: Duration| time.as_secs_f64();
    json!({
        "speed": options.speed.get(),
        "max_wait_s": options.max_wait.map(seconds),
        "window_s": options.window.map(|window| [seconds(window.from), seconds(window.to)]),
        "sample": options.sample.get(),
        "seed": options.seed,
        "failed_calls": match options.failed {
            FailedCalls::Send => "send",
            FailedCalls::Leave => "leave",
        },
    })
}
