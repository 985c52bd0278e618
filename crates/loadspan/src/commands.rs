//! One module for each command: from its flags to its exit code.

pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod mock;
pub(crate) mod plot;
pub(crate) mod profile;
pub(crate) mod push;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod serve;
pub(crate) mod verify;
