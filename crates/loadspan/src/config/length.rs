//! When a stage ends: as the user says, or else when its usual length is over.

use loadspan_loadgen::conversation::ConversationSource;
use loadspan_loadgen::recorded::replay::{Options, Share};
use loadspan_loadgen::workload::WorkloadConfig;
use loadspan_loadgen::{Limits, LoadConfig, LoadModel};
use loadspan_record::counted;

use super::{StageConfig, TrafficConfig};

/// Requests, or sessions, of a load for each of those in flight, when nobody says how many.
const FOR_EACH_SLOT: u64 = 2;
const LEAST: u64 = 10;

/// How many requests, or sessions, a load of what is made up has when nobody says how many.
pub(crate) fn usual_count(load: &LoadConfig) -> u64 {
    let slots = load.model.max_concurrency().map_or(1, |limit| u64::from(limit.get()));
    LEAST.max(FOR_EACH_SLOT * slots)
}

/// Whether the user has said when a stage ends.
pub(crate) const fn is_said(limits: &Limits) -> bool {
    limits.requests.is_some() || limits.sessions.is_some() || limits.duration.is_some()
}

/// How much of a recording is sent, with the flags that say so.
fn part_of_recording(options: &Options) -> String {
    let flags = [
        (options.window.is_some(), "--replay-window"),
        (options.sample < Share::ALL, "--replay-sample"),
    ];
    let said: Vec<_> = flags.into_iter().filter(|(is_said, _)| *is_said).collect();
    match said.as_slice() {
        [] => "the whole recording".to_owned(),
        [(_, flag)] => format!("the recording, as far as {flag} says"),
        _ => "the recording, as far as --replay-window and --replay-sample say".to_owned(),
    }
}

impl StageConfig {
    /// When it ends, in the words of a person.
    pub(crate) fn describe_length(&self) -> String {
        let limits = &self.load.limits;
        if !is_said(limits) {
            return self.describe_usual_length();
        }
        let limits = [
            limits.sessions.map(|sessions| counted(sessions, "session")),
            limits.requests.map(|requests| counted(requests, "request")),
            limits.duration.map(|duration| format!("{duration:?}")),
        ];
        let limits: Vec<String> = limits.into_iter().flatten().collect();
        limits.join(" or ")
    }

    /// The same where nobody has said it, with the flag that would.
    fn describe_usual_length(&self) -> String {
        let made_up = |noun, flag| format!("{} by default ({flag})", counted(usual_count(&self.load), noun));
        match &self.traffic {
            TrafficConfig::Replay(replay) => part_of_recording(&replay.recorded.options),
            _ if matches!(self.load.model, LoadModel::Recorded { .. }) => "the whole recording".to_owned(),
            TrafficConfig::Requests(WorkloadConfig::Synthetic(synthetic)) => match synthetic.entries {
                Some(entries) => format!(
                    "{} by default (--num-dataset-entries)",
                    counted(entries.get(), "request")
                ),
                None => made_up("request", "--request-count"),
            },
            TrafficConfig::Requests(WorkloadConfig::Dataset(_)) => {
                "each prompt of --input-file once, by default (--request-count)".to_owned()
            }
            TrafficConfig::Conversations(sessions) => match sessions.source {
                ConversationSource::MadeUp(_) => made_up("session", "--session-count"),
                ConversationSource::Dataset(_) => {
                    "each conversation of --input-file once, by default (--session-count)".to_owned()
                }
            },
        }
    }
}
