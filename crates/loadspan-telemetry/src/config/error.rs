//! What is wrong with a configuration.

use std::fmt;

/// Something that the user has to put right. Its texts hold neither credentials nor the values of headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// What is wrong; begins with the flag or variable.
    pub message: String,
    /// What to do about it.
    pub advice: String,
}

impl ConfigError {
    pub(super) fn new(message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            advice: advice.into(),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message, self.advice)
    }
}

impl std::error::Error for ConfigError {}
