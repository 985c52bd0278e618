//! `loadspan push`: deliver what a run could not: the spool to OTLP endpoints, and everything that its run in MLflow lacks.

mod mlflow;
mod spool;

use crate::artifacts::RunFolder;
use crate::cli::PushArgs;
use crate::exit::Exit;
use crate::terminal;

/// What came of one part of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pushed {
    /// There was nothing.
    Nothing,
    /// All of it is delivered.
    Everything,
    /// Something is left.
    InPart,
}

pub(crate) fn run(args: PushArgs) -> anyhow::Result<Exit> {
    let folder = RunFolder::open(&args.dir);
    let run = folder.read_run()?;
    let _lock = folder.lock_for_writing()?;
    // What keeps one of the two back does not keep back the other: its error comes last.
    let push = mlflow::Push::resolve(&args, &folder, &run);
    let completed = match &push {
        // First the run in MLflow, to which spooled traces belong.
        Ok(Some(push)) => push.begin(&folder).map(|completion| Some((push, completion))),
        Ok(None) | Err(_) => Ok(None),
    };
    let trace_store = push.as_ref().ok().and_then(Option::as_ref);
    let trace_store = trace_store.and_then(|push| push.trace_store(&folder));
    let spooled = spool::push(&folder, args.otlp, trace_store);
    // And once more, since what was delivered has changed the ledger in its files.
    let completed = completed.and_then(|begun| match begun {
        Some((push, completion)) => push.end(&folder, completion),
        None => Ok(Pushed::Nothing),
    });
    let resolved = push.map(|_| Pushed::Nothing).map_err(anyhow::Error::new);
    let parts = all_or_first_error([resolved, spooled, completed])?;
    if parts.iter().all(|part| *part == Pushed::Nothing) {
        terminal::print_result(&spool::nothing_to_push(&run));
    }
    let is_done = !parts.contains(&Pushed::InPart);
    Ok(if is_done { Exit::Success } else { Exit::BenchmarkFailed })
}

/// Of several errors the first is the answer, and the others are told.
fn all_or_first_error<const N: usize>(parts: [anyhow::Result<Pushed>; N]) -> anyhow::Result<Vec<Pushed>> {
    let (mut done, mut errors) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Ok(part) => done.push(part),
            Err(error) => errors.push(error),
        }
    }
    let mut errors = errors.into_iter();
    let Some(first) = errors.next() else {
        return Ok(done);
    };
    errors.for_each(|error| terminal::print_error(&error));
    Err(first)
}
