//! Makes the bodies of requests.

use std::fmt::Write;

use loadspan_record::{RequestId, RequestRecord};

use crate::runner::plan::Traffic;
use crate::runner::worker::Worker;
use crate::sessions::{Session, TextForm, Unsendable};
use crate::workload::{Content, RequestSpec};

/// Listeners get the body of a call up to this length; a longer one, cut off, would be no JSON.
const BODY_LIMIT: usize = 1 << 20;
/// Buffers for the bodies of calls on their way to a connection: so many are kept …
const SPARE_BODIES: usize = 32;
/// … and none that is larger.
const KEPT_BODY: usize = 256 << 10;

/// Buffers for making a body, shared by the slots of a worker because only one makes a body at a time.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    prompt: String,
    pub(super) body: Vec<u8>,
    pub(super) request_id: String,
    pub(super) session_id: String,
    /// Buffers for the bodies of calls.
    spare: Vec<Vec<u8>>,
}

/// A call of a session, written. Without a connection it has to wait.
#[derive(Debug)]
pub(crate) struct WrittenCall {
    pub(super) body: Vec<u8>,
    pub(super) asked: Asked,
}

/// What was asked for, kept beside the buffers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked {
    pub(super) input_tokens: Option<u32>,
    pub(super) output_tokens: Option<u32>,
    pub(super) bytes: u64,
}

impl Scratch {
    /// Writes the call of a session.
    ///
    /// # Errors
    ///
    /// It cannot be sent.
    pub(crate) fn write_call(
        &mut self,
        worker: &Worker,
        session: &mut dyn Session,
        call: u32,
    ) -> Result<WrittenCall, Unsendable> {
        let composed = session.compose(call, &mut self.prompt)?;
        let spec = RequestSpec {
            content: match composed.form {
                TextForm::Text => Content::Text(&self.prompt),
                TextForm::Messages => Content::Messages(&self.prompt),
                TextForm::Payload => Content::Payload(&self.prompt),
            },
            output_tokens: composed.output_tokens,
            input_tokens: composed.input_tokens,
        };
        let mut body = self.spare.pop().unwrap_or_default();
        worker.body.write(&spec, &mut body);
        Ok(WrittenCall {
            body,
            asked: Asked {
                input_tokens: spec.input_tokens,
                output_tokens: spec.output_tokens,
                bytes: 0,
            },
        })
    }

    /// A body is in the form that its connection sends. Returns it if it is `wanted`; else keeps its memory for another one.
    pub(super) fn put_away(&mut self, body: Vec<u8>, wanted: bool) -> Option<Vec<u8>> {
        if wanted && body.len() <= BODY_LIMIT {
            return Some(body);
        }
        if self.spare.len() < SPARE_BODIES && body.capacity() <= KEPT_BODY {
            self.spare.push(body);
        }
        None
    }

    /// Writes the ids of a request and of its session.
    pub(super) fn name(&mut self, record: &RequestRecord) {
        self.request_id.clear();
        write!(self.request_id, "{}", record.id).expect("a string takes all that is written");
        if let Some(session) = record.session {
            self.session_id.clear();
            write!(self.session_id, "{}-s{session}", record.id.run).expect("a string takes all that is written");
        }
    }

    /// Makes the body of a request.
    pub(super) fn fill(&mut self, worker: &Worker, id: RequestId) -> Asked {
        let Traffic::Requests(workload) = &worker.traffic else {
            return Asked::default();
        };
        let spec = workload.request(id.index, &mut self.prompt);
        worker.body.write(&spec, &mut self.body);
        Asked {
            input_tokens: spec.input_tokens,
            output_tokens: spec.output_tokens,
            bytes: 0,
        }
    }
}
