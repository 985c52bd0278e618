//! Spans, from whatever file, and what becomes of them: calls of models, in sessions.

mod call;
mod content;
mod deltas;
mod family;
mod messages;
mod sessions;
mod structure;
mod tree;

use std::collections::HashSet;
use std::io::BufRead;

use serde_json::{Map, Value};

use self::call::Kind;
use self::tree::{Node, Tree};
use super::problem::{BadLines, Problems, SourceError};
use super::{Detected, Format, Reading, detect, inference_perf, otlp};
use crate::held::{self, Full, Held};
use crate::recording::{Call, Interner, Recording, Unused};

/// What makes spans a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SessionsBy {
    /// The conversation that they say they are of, also across traces; else their trace. A request that loadspan has sent by itself is a
    /// session: its trace may be a whole run.
    #[default]
    Conversation,
    /// Their trace, whatever they say.
    Trace,
}

/// A span as its file has it.
#[derive(Debug, Clone, Default)]
pub(super) struct SpanRecord {
    pub(super) trace: String,
    pub(super) id: String,
    pub(super) parent: Option<String>,
    /// Trace and span of each.
    pub(super) links: Vec<(String, String)>,
    pub(super) name: String,
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    pub(super) failed: bool,
    pub(super) attributes: Map<String, Value>,
}

/// Takes the spans of one file after another. Of each, only what is needed is kept, and messages that several calls have are kept once.
#[derive(Debug)]
pub struct RecordingBuilder {
    reading: Reading,
    taken: Taken,
    bad: BadLines,
}

/// What was taken so far.
#[derive(Debug)]
struct Taken {
    nodes: Vec<Node>,
    calls: Vec<Call>,
    unused: Vec<Unused>,
    seen: HashSet<(String, String)>,
    interner: Interner,
    held: Held,
}

const TOO_MUCH: &str =
    "split it between traces, or fetch less of it from a server with --replay-filter or --replay-max-traces";

impl RecordingBuilder {
    /// A builder that has taken nothing.
    #[must_use]
    pub fn new(reading: Reading) -> Self {
        Self {
            taken: Taken::new(reading.most_held),
            reading,
            bad: BadLines::default(),
        }
    }

    /// Takes the spans of a file. Without a format, its content says what it is. Spans that come a second time are left out.
    ///
    /// # Errors
    ///
    /// It cannot be read, holds no spans by its format, takes too much memory with those before it, or, where reading is strict, has a
    /// line that is none.
    pub fn add<R: BufRead>(&mut self, name: &str, reader: R, format: Option<Format>) -> Result<(), SourceError> {
        let Detected { format, reader } = detect(name, reader, format)?;
        let mut problems = Problems::new(name, self.reading.strictness);
        let take = |span| {
            let taken = self.taken.take(span);
            taken.map_err(|full| full.of_file(name, TOO_MUCH))
        };
        match format {
            Format::OtlpJson => otlp::read_json(reader, &mut problems, take)?,
            Format::OtlpProtobuf => otlp::read_protobuf(reader, &mut problems, take)?,
            Format::InferencePerf => inference_perf::read(reader, &mut problems, take)?,
            Format::Mooncake | Format::Csv | Format::ShareGpt => {
                let what = format.as_str();
                return Err(problems.format(format!("it is {what}, which has no spans: replay it by itself")));
            }
        }
        self.bad.extend(problems.into_bad());
        Ok(())
    }

    /// What was recorded.
    #[must_use]
    pub fn finish(self) -> Recording {
        let Taken {
            nodes,
            calls,
            mut unused,
            ..
        } = self.taken;
        let tree = Tree::new(nodes);
        let kept = family::without_repeats(&tree, &calls, &mut unused);
        let after = structure::relations(&tree, &calls, &kept);
        let sessions = sessions::group(&tree, calls, &kept, after, self.reading.sessions);
        Recording {
            sessions,
            unused,
            bad: self.bad,
        }
    }
}

impl Taken {
    fn new(most_held: usize) -> Self {
        Self {
            nodes: Vec::new(),
            calls: Vec::new(),
            unused: Vec::new(),
            seen: HashSet::new(),
            interner: Interner::default(),
            held: Held::new(most_held),
        }
    }

    fn take(&mut self, span: SpanRecord) -> Result<(), Full> {
        if !self.seen.insert((span.trace.clone(), span.id.clone())) {
            return Ok(());
        }
        let (calls, texts) = (self.calls.len(), self.interner.bytes());
        self.keep(span);
        let node = self.nodes.last().map_or(0, Node::bytes);
        let call = self.calls.get(calls).map_or(0, held::of_call);
        let taken = self.calls.len() - calls;
        self.held.add(taken as u64, node + call + self.interner.bytes() - texts)
    }

    fn keep(&mut self, span: SpanRecord) {
        let mut kind = Kind::of(&span);
        let mut node = Node::of(&span);
        if let Kind::Call(operation) = kind {
            match call::read(&span, operation, &mut self.interner) {
                Ok(call) => {
                    node.call = Some(self.calls.len());
                    self.calls.push(call);
                }
                Err(reason) => {
                    kind = Kind::Other;
                    self.unused.push(Unused {
                        id: span.id,
                        name: span.name,
                        reason,
                    });
                }
            }
        } else if kind == Kind::Embeddings {
            self.unused.push(Unused {
                id: span.id,
                name: span.name,
                reason: "embeddings are not sent again: nothing goes on from them".to_owned(),
            });
        }
        node.kind = kind;
        self.nodes.push(node);
    }
}
