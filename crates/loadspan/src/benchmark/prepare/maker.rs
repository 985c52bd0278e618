//! What is made up, with lengths as the server counts them.

use std::sync::Arc;

use loadspan_loadgen::Traffic;
use loadspan_loadgen::conversation::{
    ConversationConfig, ConversationError, ConversationSource, LoadedConversations, PrefixLength,
};
use loadspan_loadgen::preflight::Preflight;
use loadspan_loadgen::recorded::{LoadedRecording, RecordedError, RecordedSessions};
use loadspan_loadgen::workload::{LengthModel, PromptTokenizer, SyntheticConfig, Workload, WorkloadError};
use loadspan_record::Notice;

use super::{Loaded, lengths, preflight};
use crate::config::TrafficConfig;

/// Makes up what is sent.
pub(super) struct Maker<'a> {
    preflight: &'a Preflight,
    pub(super) tokenizer: Option<PromptTokenizer>,
    /// Found out when the first who needs it asks.
    lengths: Option<LengthModel>,
    pub(super) notices: Vec<Notice>,
    /// What is known of recordings while they are sent.
    pub(super) replays: Vec<(TrafficConfig, Arc<RecordedSessions>)>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(preflight: &'a Preflight, tokenizer: Option<PromptTokenizer>) -> Self {
        Self {
            preflight,
            tokenizer,
            lengths: None,
            notices: preflight.notices.iter().map(preflight::explain).collect(),
            replays: Vec::new(),
        }
    }

    /// Makes what a stage sends of what was read for it.
    pub(super) fn make(&mut self, wanted: &TrafficConfig, loaded: Loaded) -> anyhow::Result<Traffic> {
        Ok(match loaded {
            Loaded::Whole(traffic) => traffic,
            Loaded::Synthetic(synthetic) => Traffic::Requests(Arc::new(self.make_synthetic(&synthetic)?)),
            Loaded::Conversations(config, loaded) => self.make_conversations(&config, *loaded)?,
            Loaded::Recording(loaded) => self.make_recorded(wanted, *loaded)?,
        })
    }

    fn make_synthetic(&mut self, synthetic: &SyntheticConfig) -> Result<Workload, WorkloadError> {
        if synthetic.output_tokens.is_some() && !self.preflight.body.server.enforces_output_length() {
            self.notice_once(lengths::length_is_not_enforced());
        }
        synthetic.build(self.lengths())
    }

    fn make_conversations(
        &mut self,
        config: &ConversationConfig,
        loaded: LoadedConversations,
    ) -> Result<Traffic, ConversationError> {
        let made_up = match &config.source {
            ConversationSource::MadeUp(made_up) => Some(made_up),
            ConversationSource::Dataset(_) => None,
        };
        if made_up.is_some_and(|made_up| made_up.output_tokens.is_some())
            && !self.preflight.body.server.enforces_output_length()
        {
            self.notice_once(lengths::length_is_not_enforced());
        }
        // Texts of a dataset are as long as they are.
        let lengths = match (made_up, &self.tokenizer) {
            (None, None) => LengthModel::Words,
            _ => self.lengths(),
        };
        let conversations = loaded.build(&lengths)?;
        let pool = made_up.and_then(|made_up| made_up.prefixes);
        if let Some(PrefixLength::ForShare(_)) = pool.map(|pool| pool.length) {
            self.notice_once(lengths::prefix_share(&conversations));
        }
        Ok(Traffic::Sessions(Arc::new(conversations)))
    }

    fn make_recorded(&mut self, wanted: &TrafficConfig, recording: LoadedRecording) -> Result<Traffic, RecordedError> {
        for message in recording.remarks() {
            let message = message.clone();
            self.notice_once(Notice { message, advice: None });
        }
        if !self.preflight.body.server.enforces_output_length() {
            self.notice_once(lengths::length_is_not_enforced());
        }
        // What was said is as long as it is; how long answers were may have to be counted.
        let lengths = if recording.makes_texts_up() || self.tokenizer.is_some() {
            self.lengths()
        } else {
            LengthModel::Words
        };
        let sessions = Arc::new(recording.build(&lengths)?);
        self.replays.push((wanted.clone(), Arc::clone(&sessions)));
        Ok(Traffic::Sessions(sessions))
    }

    /// What is known of the tokens that this server counts.
    fn lengths(&mut self) -> LengthModel {
        let known = self
            .lengths
            .get_or_insert_with(|| lengths::lengths(self.tokenizer.clone(), self.preflight, &mut self.notices));
        known.clone()
    }

    fn notice_once(&mut self, notice: Notice) {
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }
}
