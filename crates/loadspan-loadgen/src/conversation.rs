//! Sessions of a user and a server who talk in turns. What the user says is made up, or is in a dataset.
//!
//! What a user says, for how long he thinks and how often he speaks are functions of the seed and the numbers of session and turn:
//! no session remembers them. It remembers what the server answered, which goes back to the server with each later turn, word for
//! word. So the messages of a turn begin with all the messages of the turn before, and a server that caches prefixes finds them.

mod context;
mod dataset;
mod delay;
mod error;
mod history;
mod made_up;
pub(crate) mod message;
mod script;
mod session;
mod share;
#[cfg(test)]
mod tests;
mod tools;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

pub use self::context::{ContextLimit, ContextPolicy};
use self::dataset::Dialogs;
pub use self::delay::{DelayConfig, DelayShape};
pub use self::error::ConversationError;
use self::made_up::MadeUp;
pub use self::made_up::{MadeUpConfig, PrefixLength, PrefixPool};
use self::script::{Script, Source};
use self::session::Conversation;
pub use self::tools::{ToolConfig, ToolOffer};
use crate::sessions::{Session, Sessions};
use crate::workload::{DatasetConfig, LengthModel, PromptTokenizer};

/// What makes [`Conversations`].
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationConfig {
    /// What users say.
    pub source: ConversationSource,
    /// Another seed gives other texts, lengths, delays and choices.
    pub seed: u64,
    /// For how long a user thinks before each turn but the first, where a dataset does not say. `None`: not at all.
    pub think_time: Option<DelayConfig>,
    /// Every think time is multiplied by this.
    pub delay_ratio: f64,
    /// Turns that are results of tools.
    pub tools: Option<ToolConfig>,
    /// How long a conversation may become. `None`: as long as it does.
    pub context: Option<ContextLimit>,
}

/// What users say.
#[derive(Debug, Clone, PartialEq)]
pub enum ConversationSource {
    /// Random words.
    MadeUp(MadeUpConfig),
    /// The users' part of recorded conversations.
    Dataset(DatasetConfig),
}

/// A configuration with what it needs from disk.
#[derive(Debug)]
pub struct LoadedConversations {
    config: ConversationConfig,
    dialogs: Option<Dialogs>,
}

/// Sessions of users who talk with the server.
#[derive(Debug)]
pub struct Conversations {
    shared: Arc<Shared>,
}

/// What all sessions have in common.
#[derive(Debug)]
struct Shared {
    script: Script,
    tools: Option<ToolConfig>,
    context: Option<ContextLimit>,
    /// Calls that were written without their oldest turns.
    shortened: AtomicU64,
}

impl ConversationConfig {
    /// Reads the dataset, if there is one, whole. The tokenizer measures recorded answers, and what users say.
    ///
    /// # Errors
    ///
    /// Values out of range; a file that cannot be read, with the line and what is wrong there.
    pub fn load(self, tokenizer: Option<&PromptTokenizer>) -> Result<LoadedConversations, ConversationError> {
        self.check()?;
        let dialogs = match &self.source {
            ConversationSource::MadeUp(_) => None,
            ConversationSource::Dataset(dataset) => Some(Dialogs::load(dataset, tokenizer)?),
        };
        Ok(LoadedConversations { config: self, dialogs })
    }

    /// What can be known to be wrong before anything is read, and before the server is asked how it counts.
    ///
    /// # Errors
    ///
    /// Values out of range.
    pub fn check(&self) -> Result<(), ConversationError> {
        if let ConversationSource::MadeUp(made_up) = &self.source {
            made_up.check()?;
        }
        if let Some(think_time) = &self.think_time {
            think_time.check()?;
        }
        if !(self.delay_ratio >= 0.0 && self.delay_ratio.is_finite()) {
            return Err(ConversationError::DelayRatio(self.delay_ratio));
        }
        self.tools.map_or(Ok(()), |tools| tools.check())
    }
}

impl LoadedConversations {
    /// The sessions, with lengths as this server counts them.
    ///
    /// # Errors
    ///
    /// Lengths or a prefix share that cannot be had.
    pub fn build(self, lengths: &LengthModel) -> Result<Conversations, ConversationError> {
        let Self { config, dialogs } = self;
        let source = match (config.source, dialogs) {
            (ConversationSource::MadeUp(made_up), _) => Source::MadeUp(MadeUp::build(made_up, config.seed, lengths)?),
            (ConversationSource::Dataset(dataset), Some(dialogs)) => Source::Dataset(dataset, dialogs),
            (ConversationSource::Dataset(dataset), None) => {
                let dialogs = Dialogs::load(&dataset, lengths.tokenizer())?;
                Source::Dataset(dataset, dialogs)
            }
        };
        let script = Script {
            source,
            seed: config.seed,
            think_time: config.think_time,
            delay_ratio: config.delay_ratio,
            overhead: lengths.overhead(),
        };
        Ok(Conversations {
            shared: Arc::new(Shared {
                script,
                tools: config.tools,
                context: config.context,
                shortened: AtomicU64::new(0),
            }),
        })
    }
}

impl Conversations {
    /// How many calls went without their oldest turns, because these did not fit.
    fn shortened(&self) -> u64 {
        self.shared.shortened.load(Ordering::Relaxed)
    }

    /// The share of all input tokens that a prefix cache can have seen, once it has seen what sessions share. `None` when nobody
    /// knows how long answers will be, or what users will say.
    #[must_use]
    pub fn prefix_share(&self) -> Option<f64> {
        match &self.shared.script.source {
            Source::MadeUp(made_up) => made_up.prefix_share(),
            Source::Dataset(..) => None,
        }
    }

    /// The tokens of the part of a prompt that sessions share.
    #[must_use]
    pub fn shared_tokens(&self) -> Option<u32> {
        match &self.shared.script.source {
            Source::MadeUp(made_up) => Some(made_up.opening_tokens()),
            Source::Dataset(..) => None,
        }
    }
}

impl Sessions for Conversations {
    /// A dataset begins again at its end.
    fn session(&self, number: u64) -> Option<Box<dyn Session>> {
        Some(Box::new(Conversation::new(Arc::clone(&self.shared), number)))
    }

    fn arrival(&self, _number: u64) -> Option<Duration> {
        None
    }

    fn count(&self) -> Option<u64> {
        None
    }

    fn distinct(&self) -> Option<u64> {
        self.shared.script.entries()
    }

    fn remarks(&self) -> Vec<String> {
        match self.shortened() {
            0 => Vec::new(),
            1 => vec!["1 call was sent without its oldest turns, which did not fit".to_owned()],
            calls => vec![format!(
                "{calls} calls were sent without their oldest turns, which did not fit"
            )],
        }
    }

    fn description(&self) -> Value {
        let Shared {
            script, tools, context, ..
        } = &*self.shared;
        let mut description = script.description();
        description["think_time"] = json!(script.think_time);
        description["delay_ratio"] = json!(script.delay_ratio);
        description["tools"] = json!(tools);
        description["context"] = json!(context);
        description
    }
}
