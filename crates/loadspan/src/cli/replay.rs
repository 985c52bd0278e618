//! The flags of replay, and those of `loadspan replay`.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use loadspan_loadgen::recorded::replay::{Share, Speed, Window};

use super::{OutputFormat, Seconds};

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Replay")]
pub(crate) struct ReplayArgs {
    /// Send a recording again: traces (OTLP, inference-perf), a log of times and lengths (Mooncake, Azure, BurstGPT), conversations (ShareGPT), or the traces of an MLflow server or a `loadspan serve`. Of a folder all files; repeatable.
    #[arg(long, value_name = "FILE|DIR|URL")]
    pub(crate) replay: Vec<String>,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// How many times faster than it was recorded [default: 1]
    #[arg(long, value_name = "TIMES")]
    pub(crate) replay_speed: Option<SpeedArg>,
    /// No wait between two calls of a session is longer, after it was made faster.
    #[arg(long, value_name = "TIME")]
    pub(crate) max_wait: Option<Seconds>,
    /// Only sessions that begin in this part of the recording: 0s..10m, 1h.., ..30s
    #[arg(long, value_name = "FROM..TO")]
    pub(crate) replay_window: Option<WindowArg>,
    /// Only this share of the sessions, each as a whole, chosen by --random-seed: 0.1, or 10%
    #[arg(long, value_name = "SHARE")]
    pub(crate) replay_sample: Option<ShareArg>,
    /// What becomes of calls that failed when they were recorded [default: send]
    #[arg(long, value_enum, value_name = "POLICY")]
    pub(crate) replay_failed: Option<FailedArg>,
    /// What a call gets whose input has an answer that this run lacks: a tool call, or any text [default: recorded]
    #[arg(long, value_enum, value_name = "POLICY")]
    pub(crate) replay_missing: Option<MissingArg>,
    /// Ask the models that were recorded, not the one of the run.
    #[arg(long)]
    pub(crate) replay_recorded_model: bool,
    #[command(flatten)]
    pub(crate) traces: TracesArgs,
}

/// Which traces of a server are a recording.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TracesArgs {
    /// With a URL, the experiment whose traces are read, by name or id.
    #[arg(long, value_name = "NAME|ID")]
    pub(crate) replay_experiment: Option<String>,
    /// With a URL, which of them: MLflow's filter of traces.
    #[arg(long, value_name = "FILTER")]
    pub(crate) replay_filter: Option<String>,
    /// With a URL, so many of them at most, the latest [default: 10000]
    #[arg(long, value_name = "N")]
    pub(crate) replay_max_traces: Option<NonZeroUsize>,
}

/// How files are read.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ReadingArgs {
    /// What the files are [default: their content says it]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) replay_format: Option<FormatArg>,
    /// Whether the input length of a later turn counts the turns before it [default: the log shows it]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) replay_lengths: Option<LengthsArg>,
    /// Tokens that one of the hash_ids of a log stands for [default: 512]
    #[arg(long, value_name = "TOKENS")]
    pub(crate) replay_block_tokens: Option<NonZeroU32>,
    /// What makes spans a session [default: conversation]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) replay_sessions_by: Option<SessionsByArg>,
    /// Fail at the first line that cannot be read, and name it, rather than count such lines.
    #[arg(long)]
    pub(crate) strict: bool,
}

impl ReplayArgs {
    /// Whether a recording is sent.
    pub(crate) const fn is_asked_for(&self) -> bool {
        !self.replay.is_empty()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// OTLP as JSON, one request or one a line
    OtlpJson,
    /// OTLP as protobuf
    OtlpProtobuf,
    /// {"spans": […]}
    InferencePerf,
    /// Lines with timestamp, input_length, output_length, hash_ids
    Mooncake,
    /// Azure's traces, BurstGPT, and the like
    Csv,
    /// Conversations as JSON
    Sharegpt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LengthsArg {
    /// It does.
    Cumulative,
    /// It counts what is new.
    Delta,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SessionsByArg {
    /// The conversation that they say they are of, else their trace.
    Conversation,
    /// Their trace.
    Trace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailedArg {
    /// They are sent like all others.
    Send,
    /// They are left out.
    Leave,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MissingArg {
    /// The recorded answer.
    Recorded,
    /// Nothing: it fails as missing_input, is not sent, and its session ends.
    Fail,
}

/// A factor above 0: `2`, `0.5`, `1.5x`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SpeedArg(pub(crate) Speed);

impl FromStr for SpeedArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.trim().trim_end_matches('x').parse().ok();
        let speed = number.and_then(Speed::new).map(Self);
        speed.ok_or_else(|| "expected a factor above 0, such as 2 or 0.5".to_owned())
    }
}

/// A share: `0.1`, `10%`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ShareArg(pub(crate) Share);

impl FromStr for ShareArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let number: Option<f64> = match text.strip_suffix('%') {
            Some(percent) => percent.trim().parse().ok().map(|percent: f64| percent / 100.0),
            None => text.parse().ok(),
        };
        let share = number.filter(|share| *share > 0.0).and_then(Share::new).map(Self);
        share.ok_or_else(|| "expected a share above 0 and at most 1, such as 0.1 or 10%".to_owned())
    }
}

/// A stretch of time: `0s..10m`, `1h..`, `..30s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WindowArg(pub(crate) Window);

impl FromStr for WindowArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = text
            .split_once("..")
            .ok_or("expected two times, such as 0s..10m, 1h.. or ..30s")?;
        let time = |text: &str, missing| match text.trim() {
            "" => Ok(missing),
            text => text.parse().map(|Seconds(time)| time),
        };
        let (from, to) = (time(from, Duration::ZERO)?, time(to, Duration::MAX)?);
        if from >= to {
            return Err("the window ends before it begins".to_owned());
        }
        Ok(Self(Window { from, to }))
    }
}

/// `loadspan replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayCommandArgs {
    #[command(subcommand)]
    pub(crate) command: ReplayCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReplayCommand {
    /// Say what a recording is: its sessions, what waits for what and why, and what cannot be sent again. Sends nothing.
    Inspect(InspectArgs),
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// Files, folders of files, or the URL of a server, as --replay takes them.
    #[arg(value_name = "FILE|DIR|URL", required = true)]
    pub(crate) sources: Vec<String>,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    #[command(flatten)]
    pub(crate) traces: TracesArgs,
    /// Only this session, by its name or a part of it.
    #[arg(long, value_name = "NAME")]
    pub(crate) session: Option<String>,
    /// Sessions that are told one by one [default: 20 in text, all in JSON]
    #[arg(long, value_name = "N")]
    pub(crate) max_sessions: Option<usize>,
    /// Draw the graph of the first session that is told.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// What is printed on stdout.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    pub(crate) output_format: OutputFormat,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_may_be_open() {
        let parse = |text: &str| text.parse::<WindowArg>().map(|window| (window.0.from, window.0.to));
        let seconds = Duration::from_secs;
        assert_eq!(parse("0s..10m"), Ok((seconds(0), seconds(600))));
        assert_eq!(parse("1h.."), Ok((seconds(3600), Duration::MAX)));
        assert_eq!(parse("..30s"), Ok((seconds(0), seconds(30))));
        for bad in ["10", "5s..2s", "1d..", "a..b"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn speeds_and_shares_are_above_zero() {
        assert_eq!("1.5x".parse::<SpeedArg>().unwrap().0.get(), 1.5);
        assert_eq!("10%".parse::<ShareArg>().unwrap().0.get(), 0.1);
        for bad in ["0", "-1", "x", ""] {
            assert!(
                bad.parse::<SpeedArg>().is_err() && bad.parse::<ShareArg>().is_err(),
                "{bad}"
            );
        }
        assert!("2".parse::<ShareArg>().is_err());
    }
}
