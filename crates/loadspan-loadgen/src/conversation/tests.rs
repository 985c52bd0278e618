//! Plays sessions without a server.

mod context;
mod dataset;
mod made_up;
mod prefix_cache;
mod tool_turns;

use std::time::Duration;

use serde_json::Value;

use super::{ConversationConfig, ConversationSource, Conversations, MadeUpConfig};
use crate::sessions::{Answer, AnsweredToolCall, ComposedCall, DueCall, Session, Sessions, TextForm, Unsendable};
use crate::workload::{LengthDistribution, LengthModel};

/// Made-up sessions of three turns with 20 tokens of the user and 30 of the server.
fn config() -> ConversationConfig {
    ConversationConfig {
        source: ConversationSource::MadeUp(made_up()),
        seed: 7,
        think_time: None,
        delay_ratio: 1.0,
        tools: None,
        context: None,
    }
}

fn made_up() -> MadeUpConfig {
    MadeUpConfig {
        turns: LengthDistribution::exactly(3),
        input_tokens: LengthDistribution::exactly(20),
        output_tokens: Some(LengthDistribution::exactly(30)),
        system_tokens: 0,
        prefixes: None,
    }
}

fn with(made_up: MadeUpConfig) -> ConversationConfig {
    ConversationConfig {
        source: ConversationSource::MadeUp(made_up),
        ..config()
    }
}

fn build(config: ConversationConfig) -> Conversations {
    config.load(None).unwrap().build(&LengthModel::Words).unwrap()
}

/// A call as it was sent.
struct Sent {
    body: String,
    composed: ComposedCall,
    wait: Duration,
}

impl Sent {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The messages as they were written, without what ends their list.
    fn messages_text(&self) -> &str {
        let text = self.body.strip_prefix(r#"{"messages":"#).unwrap_or(&self.body);
        let end = text.rfind("],\"tools\"").unwrap_or(text.len() - 1);
        &text[..end]
    }

    fn messages(&self) -> Vec<Value> {
        serde_json::from_str(&format!("{}]", self.messages_text())).unwrap()
    }

    /// What all messages say, in order.
    fn said(&self) -> Vec<String> {
        let said = |message: &Value| message["content"].as_str().unwrap_or("null").to_owned();
        self.messages().iter().map(said).collect()
    }
}

/// Plays session `number` to its end, with `answer` in the place of the server.
fn play(sessions: &Conversations, number: u64, answer: impl FnMut(&Sent) -> Answer) -> Vec<Sent> {
    let mut sent = Vec::new();
    let mut session = sessions.session(number).unwrap();
    play_on(&mut *session, &mut sent, answer).unwrap();
    assert_eq!(session.remaining(), 0);
    sent
}

/// Plays a session until it ends or cannot go on.
fn play_on(
    session: &mut dyn Session,
    sent: &mut Vec<Sent>,
    mut answer: impl FnMut(&Sent) -> Answer,
) -> Result<(), Unsendable> {
    let mut due = Vec::new();
    session.begin(&mut due);
    while let Some(DueCall { call, wait, not_before }) = due.pop() {
        assert_eq!((call as usize, not_before, due.len()), (sent.len(), None, 0));
        let mut body = "what was there before".to_owned();
        let composed = session.compose(call, &mut body)?;
        sent.push(Sent { body, composed, wait });
        let answer = answer(&sent[sent.len() - 1]);
        session.answered(call, answer, &mut due);
    }
    Ok(())
}

/// An answer of words that no user says, as long as asked for, counted as the server would: a word is a token.
fn counted(sent: &Sent) -> Answer {
    let output = sent.composed.output_tokens.unwrap_or(5);
    let input = sent.said().iter().map(|text| words(text)).sum();
    Answer {
        text: (0..output).map(|_| "answer").collect::<Vec<_>>().join(" "),
        output_tokens: Some(output),
        input_tokens: Some(input),
        ..Answer::default()
    }
}

/// An answer that calls a tool.
fn calling(sent: &Sent, ids: &[&str]) -> Answer {
    let call = |id: &&str| AnsweredToolCall {
        id: (*id).to_owned(),
        name: "search".to_owned(),
        arguments: "{}".to_owned(),
    };
    Answer {
        text: String::new(),
        tool_calls: ids.iter().map(call).collect(),
        ..counted(sent)
    }
}

fn words(text: &str) -> u32 {
    text.split_whitespace().count() as u32
}

fn is_messages(sent: &Sent) -> bool {
    sent.composed.form == TextForm::Messages
}
