//! Sessions that a test writes down as graphs: calls, what each waits for, and for how long.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use loadspan_loadgen::sessions::{Answer, ComposedCall, DueCall, Session, Sessions, TextForm, Unsendable};
use loadspan_record::FailureKind;

/// A call of a session.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    /// The calls whose answers it waits for; earlier ones.
    pub(crate) after: Vec<u32>,
    /// How long it waits after the last of them.
    pub(crate) wait: Duration,
    /// It cannot be written.
    pub(crate) unsendable: bool,
}

/// A session.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    pub(crate) calls: Vec<Call>,
    pub(crate) arrival: Duration,
}

/// Sessions, and what the runner told them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graphs {
    graphs: Arc<Vec<Graph>>,
    /// Whether they begin again after the last.
    endless: bool,
    /// The answers, by session and call, in the order of their coming.
    answers: Arc<Mutex<Vec<(u64, u32, Answer)>>>,
}

struct Walk {
    number: u64,
    calls: Vec<Call>,
    answered: Vec<Option<String>>,
    /// Calls that were not due yet.
    left: Vec<u32>,
    answers: Arc<Mutex<Vec<(u64, u32, Answer)>>>,
}

impl Call {
    /// A call that waits for one other.
    pub(crate) fn after(call: u32, wait: Duration) -> Self {
        Self {
            after: vec![call],
            wait,
            unsendable: false,
        }
    }
}

impl Graph {
    /// So many turns, one after the other, with `think` between.
    pub(crate) fn chat(turns: u32, think: Duration) -> Self {
        let later = (1..turns).map(|turn| Call::after(turn - 1, think));
        Self::of(std::iter::once(Call::default()).chain(later))
    }

    pub(crate) fn of(calls: impl IntoIterator<Item = Call>) -> Self {
        Self {
            calls: calls.into_iter().collect(),
            arrival: Duration::ZERO,
        }
    }

    pub(crate) fn at(self, arrival: Duration) -> Self {
        Self { arrival, ..self }
    }
}

impl Graphs {
    pub(crate) fn of(graphs: impl IntoIterator<Item = Graph>) -> Self {
        Self {
            graphs: Arc::new(graphs.into_iter().collect()),
            ..Self::default()
        }
    }

    /// The same session, over and over.
    pub(crate) fn endless(graph: Graph) -> Self {
        Self {
            endless: true,
            ..Self::of([graph])
        }
    }

    pub(crate) fn answers(&self) -> Vec<(u64, u32, Answer)> {
        self.answers.lock().unwrap().clone()
    }
}

impl Sessions for Graphs {
    fn session(&self, number: u64) -> Option<Box<dyn Session>> {
        let place = if self.endless {
            number % self.graphs.len() as u64
        } else {
            number
        };
        let graph = self.graphs.get(place as usize)?;
        Some(Box::new(Walk {
            number,
            calls: graph.calls.clone(),
            answered: vec![None; graph.calls.len()],
            left: (0..graph.calls.len() as u32).collect(),
            answers: Arc::clone(&self.answers),
        }))
    }

    fn arrival(&self, number: u64) -> Option<Duration> {
        self.graphs.get(number as usize).map(|graph| graph.arrival)
    }

    fn count(&self) -> Option<u64> {
        (!self.endless).then_some(self.graphs.len() as u64)
    }

    fn description(&self) -> serde_json::Value {
        serde_json::Value::Null
    }
}

impl Walk {
    fn note(&mut self, due: &mut Vec<DueCall>) {
        let (calls, answered) = (&self.calls, &self.answered);
        self.left.retain(|call| {
            let Call { after, wait, .. } = &calls[*call as usize];
            let is_due = after.iter().all(|earlier| answered[*earlier as usize].is_some());
            due.extend(is_due.then_some(DueCall {
                call: *call,
                wait: *wait,
                not_before: None,
            }));
            !is_due
        });
    }
}

impl Session for Walk {
    fn begin(&mut self, due: &mut Vec<DueCall>) {
        self.note(due);
    }

    /// What was said before, and `session call` as the last message.
    fn compose(&mut self, call: u32, text: &mut String) -> Result<ComposedCall, Unsendable> {
        let written = &self.calls[call as usize];
        if written.unsendable {
            return Err(Unsendable {
                kind: FailureKind::MissingInput,
                message: "it is not there".to_owned(),
            });
        }
        let mut messages = Vec::new();
        for earlier in &written.after {
            messages.push(serde_json::json!({"role": "user", "content": format!("{} {earlier}", self.number)}));
            messages.push(serde_json::json!({"role": "assistant", "content": self.answered[*earlier as usize]}));
        }
        messages.push(serde_json::json!({"role": "user", "content": format!("{} {call}", self.number)}));
        *text = serde_json::Value::Array(messages).to_string();
        Ok(ComposedCall {
            form: TextForm::Messages,
            output_tokens: None,
            input_tokens: Some(7),
        })
    }

    fn answered(&mut self, call: u32, answer: Answer, due: &mut Vec<DueCall>) {
        assert!(self.answered[call as usize].is_none(), "{call} is answered twice");
        self.answered[call as usize] = Some(answer.text.clone());
        self.answers.lock().unwrap().push((self.number, call, answer));
        self.note(due);
    }

    fn remaining(&self) -> u64 {
        self.left.len() as u64
    }
}
