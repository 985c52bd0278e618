//! `loadspan serve export`: the traces of an experiment, for other programs.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use loadspan_record::counted;
use loadspan_server::{ExportConfig, ExportError, ExportFormat};

use crate::cli::{ExportArgs, TraceFormat};
use crate::commands::serve::explain;
use crate::commands::serve::settings::Place;
use crate::exit::{Exit, UsageError};
use crate::terminal;

pub(super) fn run(args: ExportArgs) -> anyhow::Result<Exit> {
    let place = Place::resolve(args.place)?;
    let config = ExportConfig {
        experiment: args.experiment,
        format: match args.format {
            TraceFormat::OtlpJson => ExportFormat::OtlpJson,
            TraceFormat::Parquet => ExportFormat::Parquet,
        },
    };
    let out: Box<dyn Write + Send> = match &args.output {
        None if config.format == ExportFormat::Parquet && io::stdout().is_terminal() => {
            let error = UsageError::with_hint(
                "--format parquet: nobody reads this on a terminal",
                "name a file: -o traces.parquet",
            );
            return Err(error.into());
        }
        None => Box::new(io::stdout()),
        Some(path) => Box::new(make_private(path).map_err(|error| {
            UsageError::with_hint(
                format!("--output: cannot make {}: {error}", path.display()),
                "name a new file in a folder that is there",
            )
        })?),
    };
    let mut out = BufWriter::new(out);
    let exported = loadspan_server::export(&place.backend, &config, &mut out);
    let flushed = exported.and_then(|exported| out.flush().map(|()| exported).map_err(ExportError::from));
    match flushed {
        Ok(exported) => {
            let (traces, spans) = (counted(exported.traces, "trace"), counted(exported.spans, "span"));
            terminal::print_note(&format!("{traces}, {spans}"));
        }
        // `loadspan serve export … | head`: nobody wants the rest.
        Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(ExportError::Server(error)) => return Err(explain(error)),
        Err(error) => return Err(error.into()),
    }
    Ok(Exit::Success)
}

/// A new file that only its owner may read: traces have prompts in them.
fn make_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
