//! Recordings that are sent by hand.

mod left;
mod logs;
mod same;
mod spans;

use std::io::Write;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::NamedTempFile;

use super::{RecordedConfig, RecordedSessions};
use crate::sessions::{Answer, AnsweredToolCall, ComposedCall, DueCall, Session, TextForm, Unsendable};
use crate::workload::LengthModel;

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn sessions_of(text: &str, config: RecordedConfig) -> RecordedSessions {
    let file = file(text);
    let loaded = config.load(&[PathBuf::from(file.path())]).unwrap();
    loaded.build(&LengthModel::Words).unwrap()
}

/// What went wrong with the recording.
fn failure(text: &str, config: RecordedConfig) -> String {
    let file = file(text);
    let error = config.load(&[PathBuf::from(file.path())]).unwrap_err().to_string();
    error.replace(&file.path().display().to_string(), "FILE")
}

fn begin(session: &mut dyn Session) -> Vec<DueCall> {
    let mut due = Vec::new();
    session.begin(&mut due);
    due
}

fn answer(session: &mut dyn Session, call: u32, answer: Answer) -> Vec<DueCall> {
    let mut due = Vec::new();
    session.answered(call, answer, &mut due);
    due
}

fn says(text: &str) -> Answer {
    Answer {
        text: text.to_owned(),
        ..Answer::default()
    }
}

fn calls_tool(id: &str, name: &str) -> Answer {
    let call = AnsweredToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: r#"{"b":1, "a":2}"#.to_owned(),
    };
    Answer {
        tool_calls: vec![call],
        ..Answer::default()
    }
}

fn compose(session: &mut dyn Session, call: u32) -> Result<(Value, ComposedCall), Unsendable> {
    let mut text = "what was there before".to_owned();
    let composed = session.compose(call, &mut text)?;
    let value = match composed.form {
        TextForm::Text => Value::from(text),
        TextForm::Messages | TextForm::Payload => serde_json::from_str(&text).unwrap(),
    };
    Ok((value, composed))
}
