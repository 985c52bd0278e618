//! The semantic conventions: every name that loadspan exports, in one place, so that a renamed convention is a renamed line.

pub mod attributes;
pub mod genai;
pub mod metrics;
pub mod provider;
