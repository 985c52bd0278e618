//! `loadspan replay inspect`: what a recording is, and what of it could be sent again.

use anyhow::Context;
use loadspan_loadgen::recorded::replay::{Recording, render_svg};
use loadspan_loadgen::recorded::{OpenedContent, OpenedRecording, RecordedConfig};

use super::log::LogOverview;
use super::sessions::{self, Chosen};
use crate::cli::{InspectArgs, OutputFormat};
use crate::config::{resolve_format, resolve_reading};
use crate::exit::{Exit, UsageError};
use crate::terminal;
use crate::whole_file::write_whole;

/// Sessions that are told one by one when nobody says how many: more is no text that anybody reads.
const TOLD: usize = 20;

/// Runs the command.
///
/// # Errors
///
/// The recording cannot be read, or the picture not written.
pub(super) fn run(args: &InspectArgs) -> anyhow::Result<Exit> {
    let config = RecordedConfig {
        reading: resolve_reading(&args.reading),
        format: args.reading.replay_format.map(resolve_format),
        ..RecordedConfig::default()
    };
    let OpenedRecording {
        sources,
        format,
        content,
    } = config.open(&args.files)?;
    let about = (sources.as_slice(), format);
    match content {
        OpenedContent::Sessions(recording) => tell_sessions(&recording, args, about)?,
        OpenedContent::Log(log) => {
            if args.svg.is_some() || args.session.is_some() {
                return Err(UsageError::with_hint(
                    format!("a log of times and lengths ({}) has no graph", format.as_str()),
                    "leave --svg and --session out",
                )
                .into());
            }
            let overview = LogOverview::of(*log)?;
            terminal::print_result(&match args.output_format {
                OutputFormat::Text => overview.text(about),
                OutputFormat::Json => format!("{:#}\n", overview.json(about)),
            });
        }
    }
    Ok(Exit::Success)
}

fn tell_sessions(
    recording: &Recording,
    args: &InspectArgs,
    about: (&[String], loadspan_loadgen::recorded::replay::Format),
) -> anyhow::Result<()> {
    let usual = match args.output_format {
        OutputFormat::Text => TOLD,
        OutputFormat::Json => usize::MAX,
    };
    let chosen = Chosen::of(recording, args.session.as_deref(), args.max_sessions.unwrap_or(usual));
    if let (Some(name), true) = (&args.session, chosen.is_empty()) {
        return Err(UsageError::new(format!("--session: no session has `{name}` in its name")).into());
    }
    if let Some(path) = &args.svg {
        let (session, graph) = chosen.first().context("there is no session to be drawn")?;
        write_whole(path, render_svg(session, graph).as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    terminal::print_result(&match args.output_format {
        OutputFormat::Text => sessions::text(recording, &chosen, about),
        OutputFormat::Json => format!("{:#}\n", sessions::json(recording, &chosen, about)),
    });
    Ok(())
}
