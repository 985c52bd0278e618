//! The figures of one stage, as plain data.

use serde::{Deserialize, Serialize};

use super::{Counts, Figures, GoodputSummary, LoadSummary, SessionSummary, SteadyState, TokenSummary};
use crate::facts::stage_label;
use crate::{ClientStats, StageRole, Verdict};

/// The figures of one of several stages. What is in [`Summary`](super::Summary), too, means the same here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageSummary {
    /// Its number, from 0: that of its records.
    pub number: u32,
    /// Its name, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether its requests are in the figures.
    pub role: StageRole,
    /// When its load began, in seconds from the start of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_s: Option<f64>,
    /// When its first measured request was due. `None` when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_from_s: Option<f64>,
    /// When its last request ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_s: Option<f64>,
    /// Whether its figures can be trusted. `None` of a stage that is not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// How its requests ended.
    pub counts: Counts,
    /// Every figure of its measured requests.
    pub metrics: Figures,
    /// The load asked for, and the load made.
    pub load: LoadSummary,
    /// The client's own load during the stage. `None` when it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientStats>,
    /// Tokens, and who counted them.
    pub tokens: TokenSummary,
    /// The figures of the part of the stage in which the load was steady.
    pub steady_state: SteadyState,
    /// How many requests met the targets of `--goodput`. `None` without targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goodput: Option<GoodputSummary>,
    /// The figures of its sessions. `None` without sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<SessionSummary>,
}

impl StageSummary {
    /// Whether its requests are in the figures.
    #[must_use]
    pub const fn is_measured(&self) -> bool {
        matches!(self.role, StageRole::Measured)
    }

    /// Its name, or `stage 2`.
    #[must_use]
    pub fn label(&self) -> String {
        stage_label(self.name.as_deref(), self.number)
    }
}
