//! The flags of `loadspan mock`.

mod fault;

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub(crate) use self::fault::{FaultArg, FaultName, FaultShare};
use super::Seconds;

#[derive(Debug, Args)]
pub(crate) struct MockArgs {
    #[command(flatten)]
    pub(crate) timing: MockTimingArgs,
    #[command(flatten)]
    pub(crate) shape: MockShapeArgs,
    #[command(flatten)]
    pub(crate) fault: MockFaultArgs,
    #[command(flatten)]
    pub(crate) server: MockServerArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Timing")]
pub(crate) struct MockTimingArgs {
    /// Time from the arrival of a request to its first token [default: 50ms]
    #[arg(long, value_name = "TIME")]
    pub(crate) ttft: Option<Seconds>,
    /// Time between two tokens [default: 10ms]
    #[arg(long, value_name = "TIME")]
    pub(crate) itl: Option<Seconds>,
    /// Changes --ttft and each --itl by up to this share, up or down: 0.2, or 20%.
    #[arg(long, value_name = "SHARE", value_parser = fault::parse_share)]
    pub(crate) jitter: Option<f64>,
    /// Serve so many requests at once; further ones wait for their turn.
    #[arg(long, value_name = "N")]
    pub(crate) max_concurrency: Option<NonZeroUsize>,
    /// Answer at once, each answer in one write: for measuring the client.
    #[arg(long, conflicts_with_all = ["ttft", "itl", "jitter"])]
    pub(crate) max_speed: bool,
    /// What jitter and the shares of faults are drawn from [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Answers")]
pub(crate) struct MockShapeArgs {
    /// Tokens of an answer when the request does not say how many.
    #[arg(long, value_name = "N", default_value = "32")]
    pub(crate) output_tokens: NonZeroU32,
    /// Those of the tokens that come first, as reasoning.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) reasoning_tokens: u32,
    /// Tokens in one chunk of a stream.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) tokens_per_chunk: NonZeroU32,
    /// When streams count their tokens [default: when the request asks for it]
    #[arg(long, value_enum, value_name = "WHEN")]
    pub(crate) usage: Option<UsageArg>,
    /// What an answer is made of.
    #[arg(long, value_enum, value_name = "KIND", default_value_t = AnswerArg::Text)]
    pub(crate) answer: AnswerArg,
    /// What stands between the chunks of a stream and is no output.
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) filler: Option<FillerArg>,
    /// Tokens by which the usage is wrong.
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) usage_error: i32,
    /// Write each event by itself, even if several are due.
    #[arg(long)]
    pub(crate) one_event_per_write: bool,
}

/// What an answer is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswerArg {
    Text,
    /// The arguments of one tool call.
    ToolCall,
    Refusal,
}

/// What is no output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FillerArg {
    /// Chunks with empty content.
    Empty,
    /// Comments, as proxies send them to keep a connection alive.
    Comment,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Faults")]
pub(crate) struct MockFaultArgs {
    /// Fail requests: NAME, NAME@5% or NAME@every-20; repeatable.
    ///
    /// NAME is an HTTP status such as 429 or 500, or: sse-error (an error event within a stream), truncated (the stream is cut off),
    /// stalled (it goes silent), slow-head (the response begins 2 s late), dropped (the connection is closed without a byte), never
    /// (nothing is ever sent), empty (200 without a token), not-json, html. Without a share every request fails. Each request has at
    /// most one fault.
    #[arg(long, value_name = "NAME[@SHARE]")]
    pub(crate) fault: Vec<FaultArg>,
    /// Refuse requests with stream_options, as servers do that do not know them.
    #[arg(long)]
    pub(crate) no_stream_options: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct MockServerArgs {
    /// Port to listen on; 0 takes any that is free.
    #[arg(long, value_name = "PORT", default_value_t = 8000)]
    pub(crate) port: u16,
    /// Address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// A model that is served; others are refused; repeatable [default: mock-model, and any other]
    #[arg(short, long, value_name = "NAME")]
    pub(crate) model: Vec<String>,
    /// The server it passes for.
    #[arg(long, value_enum, default_value_t = ServerKindArg::Plain, value_name = "KIND")]
    pub(crate) server_kind: ServerKindArg,
    /// Key that requests must have.
    #[arg(long, value_name = "KEY")]
    pub(crate) api_key: Option<String>,
    /// Speak TLS, with a certificate for this host by a CA made for the occasion.
    #[arg(long)]
    pub(crate) tls: bool,
    /// Where the certificate of the CA is written, for --ca-cert of `loadspan profile`.
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// Threads that serve.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) threads: NonZeroUsize,
    /// Requests of which /stats remembers the truth.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(crate) keep_truths: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServerKindArg {
    /// Nothing but OpenAI's API.
    Plain,
    Vllm,
    Sglang,
    Tgi,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum UsageArg {
    /// At the end of every stream.
    AtEnd,
    /// With each chunk of every stream, and at its end.
    PerChunk,
    /// Never, not even when asked.
    Never,
}
