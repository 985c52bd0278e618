//! Recordings that are sent again.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use loadspan_loadgen::recorded::replay::{
    FailedCalls, Format, Lengths, MissingToolCall, Options, Reading, SessionsBy, Share, Speed, Strictness,
};
use loadspan_loadgen::recorded::{Arrivals, CallModel, RecordedConfig};
use loadspan_loadgen::{LoadConfig, LoadModel};
use url::Url;

use super::{inputs, sessions};
use crate::cli::{
    EndpointArg, FailedArg, FormatArg, LengthsArg, MissingArg, ProfileArgs, ReadingArgs, SessionsByArg, TracesArgs,
};
use crate::exit::UsageError;

/// Traces of a server that are fetched when nobody says how many.
const DEFAULT_TRACES: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not 0");

/// A recording, and what of it is sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReplayConfig {
    pub(crate) source: ReplaySource,
    pub(crate) recorded: RecordedConfig,
}

/// Where a recording is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReplaySource {
    Files(Vec<PathBuf>),
    Server(TraceSearch),
}

/// Traces of a tracking server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TraceSearch {
    /// The server, without query.
    pub(crate) url: String,
    /// Name or id of the experiment.
    pub(crate) experiment: String,
    pub(crate) filter: Option<String>,
    /// So many at most.
    pub(crate) most: NonZeroUsize,
}

/// How many sessions, and for how long. Without a word of the user's they begin when they did.
///
/// # Errors
///
/// Values that make no sense.
pub(super) fn resolve_load(args: &ProfileArgs, seed: u64) -> Result<LoadConfig, UsageError> {
    let mut resolved = sessions::resolve_load(args, seed)?;
    if arrivals(args) == Arrivals::Recorded {
        let max_concurrency = args.load.max_concurrency.or(args.load.concurrency);
        resolved.model = LoadModel::Recorded { max_concurrency };
    }
    Ok(resolved)
}

/// What is sent.
///
/// # Errors
///
/// Values that make no sense.
pub(super) fn resolve(args: &ProfileArgs, seed: u64) -> Result<ReplayConfig, UsageError> {
    if args.endpoint.endpoint_type == EndpointArg::Embeddings {
        return Err(UsageError::with_hint(
            "--replay: embeddings are not what recordings have",
            "use --endpoint-type chat",
        ));
    }
    let replay = &args.replay;
    let own_fields = inputs::parse_extra(&args.endpoint.extra_inputs)?;
    Ok(ReplayConfig {
        source: resolve_source("--replay", &replay.replay, &replay.traces)?,
        recorded: RecordedConfig {
            reading: resolve_reading(&replay.reading),
            format: replay.reading.replay_format.map(resolve_format),
            options: Options {
                speed: replay.replay_speed.map_or(Speed::AS_RECORDED, |speed| speed.0),
                max_wait: replay.max_wait.map(|wait| wait.0),
                window: replay.replay_window.map(|window| window.0),
                sample: replay.replay_sample.map_or(Share::ALL, |share| share.0),
                seed,
                failed: match replay.replay_failed {
                    None | Some(FailedArg::Send) => FailedCalls::Send,
                    Some(FailedArg::Leave) => FailedCalls::Leave,
                },
            },
            model: if replay.replay_recorded_model {
                CallModel::Recorded
            } else {
                CallModel::OfRun
            },
            missing: match replay.replay_missing {
                None | Some(MissingArg::Recorded) => MissingToolCall::UseRecorded,
                Some(MissingArg::Fail) => MissingToolCall::Fail,
            },
            arrivals: arrivals(args),
            own_fields: own_fields.into_iter().map(|(name, _)| name).collect(),
        },
    })
}

/// How files are read.
pub(crate) fn resolve_reading(args: &ReadingArgs) -> Reading {
    let usual = Reading::default();
    Reading {
        strictness: if args.strict {
            Strictness::Fail
        } else {
            Strictness::Count
        },
        lengths: args.replay_lengths.map(|lengths| match lengths {
            LengthsArg::Cumulative => Lengths::Cumulative,
            LengthsArg::Delta => Lengths::Delta,
        }),
        block_tokens: args.replay_block_tokens.unwrap_or(usual.block_tokens),
        sessions: match args.replay_sessions_by {
            None | Some(SessionsByArg::Conversation) => SessionsBy::Conversation,
            Some(SessionsByArg::Trace) => SessionsBy::Trace,
        },
        most_held: usual.most_held,
    }
}

pub(crate) const fn resolve_format(format: FormatArg) -> Format {
    match format {
        FormatArg::OtlpJson => Format::OtlpJson,
        FormatArg::OtlpProtobuf => Format::OtlpProtobuf,
        FormatArg::InferencePerf => Format::InferencePerf,
        FormatArg::Mooncake => Format::Mooncake,
        FormatArg::Csv => Format::Csv,
        FormatArg::Sharegpt => Format::ShareGpt,
    }
}

/// Whoever says how many sessions, or how fast they begin, says when.
const fn arrivals(args: &ProfileArgs) -> Arrivals {
    if args.sessions.num_sessions.is_some() || args.sessions.session_rate.is_some() {
        Arrivals::OfLoad
    } else {
        Arrivals::Recorded
    }
}

/// Where a recording is. `named` begins messages: what the user has named it with.
///
/// # Errors
///
/// It is more than one thing, or a URL that does not say which traces.
pub(crate) fn resolve_source(named: &str, sources: &[String], traces: &TracesArgs) -> Result<ReplaySource, UsageError> {
    let is_url = |source: &String| source.starts_with("http://") || source.starts_with("https://");
    match sources {
        [url] if is_url(url) => resolve_search(named, url, traces).map(ReplaySource::Server),
        sources if sources.iter().any(is_url) => Err(UsageError::with_hint(
            format!("{named}: a URL cannot be beside other recordings"),
            "take one after the other; a run replays several as stages of a run file",
        )),
        sources => Ok(ReplaySource::Files(sources.iter().map(PathBuf::from).collect())),
    }
}

/// `http://host:5000/?experiment=NAME&filter=…`, or the same in flags.
fn resolve_search(named: &str, text: &str, traces: &TracesArgs) -> Result<TraceSearch, UsageError> {
    let mut url = Url::parse(text).map_err(|error| UsageError::new(format!("{named}: this is no URL: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UsageError::with_hint(
            format!("{named}: a URL with a user or a password in it would be shown to others"),
            "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
        ));
    }
    let (mut experiment, mut filter) = (traces.replay_experiment.clone(), traces.replay_filter.clone());
    for (name, value) in url.query_pairs() {
        let (said, flag) = match &*name {
            "experiment" => (&mut experiment, "--replay-experiment"),
            "filter" => (&mut filter, "--replay-filter"),
            other => {
                return Err(UsageError::with_hint(
                    format!("{named}: a URL has no `{other}`"),
                    "it can have `experiment` and `filter`",
                ));
            }
        };
        if said.replace(value.into_owned()).is_some() {
            return Err(UsageError::new(format!(
                "{flag} is in the URL, too: leave one of them out"
            )));
        }
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(TraceSearch {
        url: url.to_string(),
        experiment: experiment.ok_or_else(|| {
            UsageError::with_hint(
                format!("{named}: which traces of this server?"),
                "name an experiment with --replay-experiment, or in the URL: ?experiment=NAME",
            )
        })?,
        filter,
        most: traces.replay_max_traces.unwrap_or(DEFAULT_TRACES),
    })
}
