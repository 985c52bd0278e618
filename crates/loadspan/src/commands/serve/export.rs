//! `loadspan serve export`: the traces of an experiment, for other programs.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use loadspan_server::ExportError;

use crate::cli::{ExportArgs, TraceFormat};
use crate::commands::serve::explain;
use crate::commands::serve::settings::Place;
use crate::exit::{Exit, UsageError};
use crate::terminal;

pub(super) fn run(args: ExportArgs) -> anyhow::Result<Exit> {
    let place = Place::resolve(args.place)?;
    let out: Box<dyn Write> = match &args.output {
        None => Box::new(io::stdout().lock()),
        Some(path) => Box::new(File::create_new(path).map_err(|error| {
            UsageError::with_hint(
                format!("--output: cannot make {}: {error}", path.display()),
                "name a new file in a folder that is there",
            )
        })?),
    };
    let mut out = BufWriter::new(out);
    let exported = match args.format {
        TraceFormat::OtlpJson => loadspan_server::export(&place.backend, &args.experiment, &mut out),
    };
    let flushed = exported.and_then(|exported| out.flush().map(|()| exported).map_err(ExportError::from));
    match flushed {
        Ok(exported) => terminal::print_note(&format!("{} traces, {} spans", exported.traces, exported.spans)),
        // `loadspan serve export … | head`: nobody wants the rest.
        Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(ExportError::Server(error)) => return Err(explain(error)),
        Err(error) => return Err(error.into()),
    }
    Ok(Exit::Success)
}
