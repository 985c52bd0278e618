//! `loadspan replay inspect`: what a recording is, and what of it could be sent again.

use loadspan_loadgen::recorded::replay::{BadLines, Format, Recording, RecordingBuilder, render_svg};
use loadspan_loadgen::recorded::{OpenedContent, OpenedRecording, RecordedConfig, RecordedError};

use super::log::LogOverview;
use super::sessions::{self, Chosen};
use crate::cli::{InspectArgs, OutputFormat};
use crate::config::{ReplaySource, resolve_format, resolve_reading, resolve_source};
use crate::exit::{Exit, UsageError};
use crate::whole_file::write_whole;
use crate::{recorded_traces, terminal};

/// Sessions that are told one by one when nobody says how many: more is no text that anybody reads.
const TOLD: usize = 20;

/// Runs the command.
///
/// # Errors
///
/// The recording cannot be read, nothing is in it, or the picture cannot be written.
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
    } = open(args, &config)?;
    let about = (sources.as_slice(), format);
    let no_calls = |bad: &BadLines| RecordedError::NoCalls {
        sources: sources.join(", "),
        bad: bad.clone(),
    };
    match content {
        OpenedContent::Sessions(recording) if recording.sessions.is_empty() && recording.unused.is_empty() => {
            return Err(no_calls(&recording.bad).into());
        }
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
            if overview.is_empty() {
                return Err(no_calls(overview.bad()).into());
            }
            terminal::print_result(&match args.output_format {
                OutputFormat::Text => overview.text(about),
                OutputFormat::Json => format!("{:#}\n", overview.json(about)),
            });
        }
    }
    Ok(Exit::Success)
}

/// Opens files, or fetches the traces of a server.
fn open(args: &InspectArgs, config: &RecordedConfig) -> anyhow::Result<OpenedRecording> {
    let source = resolve_source("replay inspect", &args.sources, &args.traces)?;
    refuse_idle(args, &source)?;
    let search = match source {
        ReplaySource::Files(paths) => return Ok(config.open(&paths)?),
        ReplaySource::Server(search) => search,
    };
    let mut builder = RecordingBuilder::new(config.reading.clone());
    let fetched = recorded_traces::fetch("replay inspect", &search, &mut builder)?;
    fetched.remark.iter().for_each(|remark| terminal::print_warning(remark));
    Ok(OpenedRecording {
        sources: vec![fetched.source],
        format: Format::OtlpJson,
        content: OpenedContent::Sessions(builder.finish()),
    })
}

/// # Errors
///
/// Names a flag that would have no effect.
fn refuse_idle(args: &InspectArgs, source: &ReplaySource) -> Result<(), UsageError> {
    let (traces, reading) = (&args.traces, &args.reading);
    let (flags, place) = match source {
        ReplaySource::Files(_) => (
            [
                (traces.replay_experiment.is_some(), "--replay-experiment"),
                (traces.replay_filter.is_some(), "--replay-filter"),
                (traces.replay_max_traces.is_some(), "--replay-max-traces"),
            ],
            "unless the URL of a server is inspected",
        ),
        ReplaySource::Server(_) => (
            [
                (reading.replay_format.is_some(), "--replay-format"),
                (reading.replay_lengths.is_some(), "--replay-lengths"),
                (reading.replay_block_tokens.is_some(), "--replay-block-tokens"),
            ],
            "on traces of a server",
        ),
    };
    match flags.into_iter().find(|(said, _)| *said) {
        Some((_, flag)) => Err(UsageError::with_hint(
            format!("{flag} has no effect {place}"),
            "leave it out",
        )),
        None => Ok(()),
    }
}

fn tell_sessions(recording: &Recording, args: &InspectArgs, about: (&[String], Format)) -> anyhow::Result<()> {
    let usual = match args.output_format {
        OutputFormat::Text => TOLD,
        OutputFormat::Json => usize::MAX,
    };
    let chosen = Chosen::of(recording, args.session.as_deref(), args.max_sessions.unwrap_or(usual));
    if let (Some(name), true) = (&args.session, chosen.is_empty()) {
        return Err(UsageError::new(format!("--session: no session has `{name}` in its name")).into());
    }
    if let Some(path) = &args.svg {
        let Some((session, graph)) = chosen.first() else {
            return Err(UsageError::new("--svg: there is no session to be drawn").into());
        };
        write_whole(path, render_svg(session, graph).as_bytes())
            .map_err(|error| UsageError::new(format!("--svg: cannot write {}: {error}", path.display())))?;
    }
    terminal::print_result(&match args.output_format {
        OutputFormat::Text => sessions::text(recording, &chosen, about),
        OutputFormat::Json => format!("{:#}\n", sessions::json(recording, &chosen, about)),
    });
    Ok(())
}
