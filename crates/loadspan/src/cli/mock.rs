//! The flags of `loadspan mock`.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct MockArgs {}
