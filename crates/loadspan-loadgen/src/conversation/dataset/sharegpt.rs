//! A conversation of a ShareGPT file: `{"conversations": [{"from": …, "value": …}, …]}`.

use serde::Deserialize;

use super::{Speaker, Spoken, Words};

/// One conversation. Other keys (ids, languages, models) say nothing of what to send.
#[derive(Debug, Deserialize)]
pub(super) struct Conversation {
    conversations: Vec<Turn>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Turn {
    from: From,
    value: String,
}

#[derive(Debug, Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum From {
    #[serde(alias = "user")]
    Human,
    System,
    Tool,
    #[serde(alias = "chatgpt", alias = "assistant", alias = "bing", alias = "bard")]
    Gpt,
    #[serde(other)]
    Other,
}

impl Conversation {
    /// What was said. What nobody who is known said is left out, and so is what the system says too late.
    pub(super) fn spoken(self) -> Vec<Spoken> {
        spoken(self.conversations)
    }
}

/// What was said in turns of this form.
pub(super) fn spoken(turns: Vec<Turn>) -> Vec<Spoken> {
    let mut has_begun = false;
    let mut spoken = Vec::with_capacity(turns.len());
    for turn in turns {
        let by = match turn.from {
            From::Human => Speaker::User,
            From::System if !has_begun => Speaker::System,
            From::Tool if has_begun => Speaker::Tool,
            From::Gpt => Speaker::Server,
            From::System | From::Tool | From::Other => continue,
        };
        has_begun = true;
        spoken.push(Spoken {
            by,
            content: Words::Text(turn.value),
            delay: None,
            output: None,
        });
    }
    spoken
}
