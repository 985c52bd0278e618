//! The stages of a run.

use serde::{Deserialize, Serialize};

use super::{ClientStats, Completeness, LoadFacts};

/// A part of a run with a load of its own, as it was asked for and as it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageFacts {
    /// Its number, from 0: that of its records.
    pub number: u32,
    /// Its name, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether its requests are in the figures.
    pub role: StageRole,
    /// The load that was asked for.
    #[serde(flatten)]
    pub load: LoadFacts,
    /// When its load began, in seconds from the start of the run. `None` if it did not, or if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_s: Option<f64>,
    /// When its first measured request was due. `None` if there was none, or if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_from_s: Option<f64>,
    /// When its last request ended. `None` if it was not begun, or if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_s: Option<f64>,
    /// Requests that were due and never sent, because the stage ended first.
    #[serde(default)]
    pub unsent: u64,
    /// Whether it came to its planned end. `None` if that is not known: then the last one begun is as complete as the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completeness: Option<Completeness>,
    /// The client's own load during the stage. `None` when it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientStats>,
}

/// Whether the requests of a stage are in the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageRole {
    /// They are, but for those of its own warm-up.
    #[default]
    Measured,
    /// None is: all of it is warm-up.
    Warmup,
}

impl StageFacts {
    /// What it is called: its name, or its number, `stage 0`.
    #[must_use]
    pub fn label(&self) -> String {
        label(self.name.as_deref(), self.number)
    }

    /// A stage of which nothing is known but the load that was asked for.
    #[must_use]
    pub const fn planned(number: u32, load: LoadFacts) -> Self {
        Self {
            number,
            name: None,
            role: StageRole::Measured,
            load,
            started_s: None,
            measured_from_s: None,
            ended_s: None,
            unsent: 0,
            completeness: None,
            client: None,
        }
    }
}

/// What people call a stage.
pub(crate) fn label(name: Option<&str>, number: u32) -> String {
    match name {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => format!("stage {number}"),
    }
}
