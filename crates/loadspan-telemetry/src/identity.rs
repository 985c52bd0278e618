//! What all telemetry of a run has in common.

use std::fmt;
use std::sync::Arc;

use loadspan_record::{Phase, RunOffset, StageFacts, TracePlan, Verdict};

/// A run, as its telemetry describes it.
#[derive(Clone)]
pub struct RunIdentity {
    /// Id of the run.
    pub run_id: String,
    /// Its name.
    pub name: String,
    /// Wall clock at offset zero, in nanoseconds since 1970. Every time stamp is this plus an offset.
    pub start_unix_ns: u64,
    /// Version of loadspan.
    pub version: &'static str,
    /// What is asked of the server.
    pub operation: Operation,
    /// The model that requests name, unless their own body names another.
    pub model: String,
    /// Whether answers are streamed.
    pub streaming: bool,
    /// Where requests go, by [`loadspan_record::RequestRecord::target`].
    pub servers: Vec<ServerAddress>,
    /// The kind of server, if it is known: `vllm`, `sglang`, `tgi`, `openai`.
    pub server_kind: Option<String>,
    /// The load, for people.
    pub load: String,
    /// The stages that were asked for. Empty: there is but one.
    pub stages: Vec<StageFacts>,
    /// The targets of `--goodput`.
    pub slo: Option<loadspan_record::Slo>,
    /// How requests get their trace context. `None`: no traces.
    pub trace_plan: Option<TracePlan>,
    /// Whether bodies differ in more than prompt and length.
    pub bodies: BodyVariety,
    /// Makes the body of a request again.
    pub body: BodySource,
}

/// Makes the JSON body of a request again, by its stage and number. `None`: it is no function of these.
#[derive(Clone)]
pub struct BodySource(pub Arc<MakeBody>);

/// What makes a body again.
pub(crate) type MakeBody = dyn Fn(u32, u64) -> Option<Vec<u8>> + Send + Sync;

/// Whether bodies differ in more than prompt and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyVariety {
    /// Model and parameters are those of request 0.
    Uniform,
    /// Each body may have its own.
    Individual,
}

/// What is asked of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `/v1/chat/completions`.
    Chat,
    /// `/v1/completions`.
    Completions,
    /// `/v1/responses`.
    Responses,
    /// `/v1/embeddings`.
    Embeddings,
}

/// Where requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// `server.address`: the host of the URL.
    pub host: String,
    /// `server.port`.
    pub port: u16,
    /// `gen_ai.provider.name`, where it is not that of the run.
    pub provider: Option<String>,
}

/// The load at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadState {
    /// When.
    pub at: RunOffset,
    /// The stage that is being run, from 0.
    pub stage: u32,
    /// Requests sent and not finished.
    pub in_flight: u64,
    /// Requests sent so far, warm-up included.
    pub sent: u64,
    /// What the run is doing.
    pub phase: Phase,
    /// Sessions that have begun and not ended. `None`: the load is not one of sessions.
    pub sessions: Option<u64>,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionOutcome {
    /// Every call of it was answered.
    Completed,
    /// A call of it failed, and so often as it may.
    Failed,
    /// The stage ended before it was complete.
    Cut,
}

/// How a stage ended. All its records came before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageConclusion {
    /// Which, from 0.
    pub stage: u32,
    /// When its load began.
    pub load_started_at: RunOffset,
    /// When its last request ended.
    pub ended_at: RunOffset,
    /// Why it did not come to its planned end, if it did not.
    pub incomplete: Option<String>,
}

/// What one of several stages has come to, which is known some time after it has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct StageResult {
    /// Which, from 0.
    pub stage: u32,
    /// When its last request ended.
    pub ended_at: RunOffset,
    /// What its figures are worth. `None`: it is not measured.
    pub verdict: Option<Verdict>,
}

/// How the run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RunConclusion {
    /// When the load began.
    pub load_started_at: RunOffset,
    /// When the first measured request was due.
    pub measure_started_at: Option<RunOffset>,
    /// When the last request ended.
    pub ended_at: RunOffset,
    /// What the figures are worth.
    pub verdict: Verdict,
    /// Why the run did not come to its planned end, if it did not.
    pub incomplete: Option<String>,
    /// Measured requests: completed, failed, cancelled.
    pub requests: [u64; 3],
    /// The stages that were begun. Empty: there is but one.
    pub stages: Vec<StageResult>,
}

impl Operation {
    /// `gen_ai.operation.name`.
    #[must_use]
    pub const fn gen_ai_name(self) -> &'static str {
        match self {
            Self::Chat | Self::Responses => "chat",
            Self::Completions => "text_completion",
            Self::Embeddings => "embeddings",
        }
    }
}

impl RunIdentity {
    /// What is known of a stage. `None`: it is the only one.
    pub(crate) fn stage(&self, number: u32) -> Option<&StageFacts> {
        self.stages.iter().find(|stage| stage.number == number)
    }

    /// Id of a session, unique over runs: what the server was told, too.
    pub(crate) fn conversation(&self, session: u64) -> String {
        format!("{}-s{session}", self.run_id)
    }
}

impl SessionOutcome {
    /// `completed`, `failed` or `cut`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cut => "cut",
        }
    }
}

impl fmt::Debug for BodySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BodySource")
    }
}

impl fmt::Debug for RunIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunIdentity")
            .field("run_id", &self.run_id)
            .finish_non_exhaustive()
    }
}
