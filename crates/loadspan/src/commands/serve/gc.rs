//! `loadspan serve gc`: what was deleted goes for good.

use std::time::Duration;

use anyhow::Context;
use loadspan_record::counted;
use loadspan_server::{GarbageConfig, Shrink, collect_garbage};

use crate::cli::GcArgs;
use crate::commands::serve::explain;
use crate::commands::serve::settings::Place;
use crate::exit::Exit;
use crate::terminal;

pub(super) fn run(args: GcArgs) -> anyhow::Result<Exit> {
    let place = Place::resolve(args.place)?;
    let config = GarbageConfig {
        backend: place.backend,
        artifacts: place.artifacts,
        older_than: args.older_than.map_or(Duration::ZERO, |age| age.0),
        shrink: if args.shrink { Shrink::Yes } else { Shrink::No },
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start an event loop")?;
    let collected = runtime.block_on(collect_garbage(&config)).map_err(explain)?;
    terminal::print_result(&format!(
        "deleted for good: {}, {}, {}\n",
        counted(collected.runs, "run"),
        counted(collected.experiments, "experiment"),
        counted(collected.traces, "trace")
    ));
    Ok(Exit::Success)
}
