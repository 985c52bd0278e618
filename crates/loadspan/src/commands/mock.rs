//! `loadspan mock`: the deterministic server, until a signal ends it.

mod effect;
mod faults;

use std::net::TcpListener;
use std::time::Duration;

use anyhow::Context;
use loadspan_testkit::{
    Answer, FakeServer, Fault, Filler, ReasoningField, RunningServer, Script, ServerKind, Usage, Writes, every,
};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{
    AnswerArg, FillerArg, MockArgs, MockServerArgs, MockShapeArgs, MockTimingArgs, Seconds, ServerKindArg, UsageArg,
};
use crate::exit::{Exit, UsageError};
use crate::terminal;

const DEFAULT_TTFT: Duration = Duration::from_millis(50);
const DEFAULT_ITL: Duration = Duration::from_millis(10);

pub(crate) fn run(args: MockArgs) -> anyhow::Result<Exit> {
    effect::check(&args)?;
    let listener = listen(&args.server)?;
    let server = configure(&args)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .context("cannot start an event loop")?;
    runtime.block_on(serve(server, listener, &args.server))
}

/// Takes the port before anything else, because that is what fails.
fn listen(args: &MockServerArgs) -> Result<TcpListener, UsageError> {
    TcpListener::bind((args.host.as_str(), args.port)).map_err(|error| {
        let (host, port) = (&args.host, args.port);
        let hint = match error.kind() {
            std::io::ErrorKind::AddrInUse => "choose another port with --port; 0 takes any that is free",
            std::io::ErrorKind::PermissionDenied => "choose a port above 1023 with --port",
            _ => "check --host: 127.0.0.1 serves this machine, 0.0.0.0 every network it is in",
        };
        UsageError::with_hint(format!("cannot listen on {host}, --port {port}: {error}"), hint)
    })
}

/// Serves until a signal comes.
async fn serve(server: FakeServer, listener: TcpListener, args: &MockServerArgs) -> anyhow::Result<Exit> {
    // Before the line that says it listens: whoever reads it may send a signal at once.
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let server = server.start_on(listener)?;
    announce(&server, args)?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    server.shutdown();
    Ok(Exit::Success)
}

fn announce(server: &RunningServer, args: &MockServerArgs) -> Result<(), UsageError> {
    if let (Some(path), Some(pem)) = (&args.tls_ca, server.ca_pem()) {
        std::fs::write(path, pem)
            .map_err(|error| UsageError::new(format!("--tls-ca: cannot write {}: {error}", path.display())))?;
        terminal::print_note(&format!(
            "CA certificate written to {}: pass it with --ca-cert",
            path.display()
        ));
    }
    let url = server.url();
    terminal::print_result(&format!(
        "loadspan mock listening on {url} (Ctrl-C stops it; ground truth at /stats)\n"
    ));
    Ok(())
}

/// The server that the flags describe.
fn configure(args: &MockArgs) -> Result<FakeServer, UsageError> {
    let seed = args.timing.seed.unwrap_or(0);
    let script = script(&args.timing, &args.shape);
    let mut server = dress(FakeServer::new(), &args.server).seed(seed);
    for (when, faulty) in faults::rules(&args.fault.fault, &script, seed)? {
        server = server.on(when, faulty);
    }
    if let Some(limit) = args.timing.max_concurrency {
        server = server.max_concurrency(limit);
    }
    Ok(server.script(if args.fault.no_stream_options {
        script.fault(Fault::RejectStreamOptions)
    } else {
        script
    }))
}

/// What it says of itself, and how it runs.
fn dress(server: FakeServer, args: &MockServerArgs) -> FakeServer {
    let kind = match args.server_kind {
        ServerKindArg::Plain => ServerKind::Plain,
        ServerKindArg::Vllm => ServerKind::Vllm,
        ServerKindArg::Sglang => ServerKind::Sglang,
        ServerKindArg::Tgi => ServerKind::Tgi,
    };
    let mut server = server.kind(kind).threads(args.threads).keep_truths(args.keep_truths);
    if !args.model.is_empty() {
        server = server.only_models(args.model.iter().cloned());
    }
    if let Some(key) = &args.api_key {
        server = server.api_key(key.clone());
    }
    if args.tls { server.tls() } else { server }
}

/// What a good answer looks like.
fn script(timing: &MockTimingArgs, shape: &MockShapeArgs) -> Script {
    let wait = |asked: Option<Seconds>, default| match asked {
        Some(seconds) => seconds.0,
        None if timing.max_speed => Duration::ZERO,
        None => default,
    };
    let usage = match shape.usage {
        None => Usage::WhenAsked,
        Some(UsageArg::AtEnd) => Usage::AtEnd,
        Some(UsageArg::PerChunk) => Usage::EveryChunk,
        Some(UsageArg::Never) => Usage::Never,
    };
    let answer = match shape.answer {
        AnswerArg::Text => Answer::Text,
        AnswerArg::ToolCall => Answer::ToolCall,
        AnswerArg::Refusal => Answer::Refusal,
    };
    let script = match shape.filler {
        None => Script::new(),
        Some(FillerArg::Empty) => Script::new().filler(Filler::EmptyChunk),
        Some(FillerArg::Comment) => Script::new().filler(Filler::Comment),
    };
    script
        .answer(answer)
        .wrong_usage(shape.usage_error)
        .ttft(wait(timing.ttft, DEFAULT_TTFT))
        .tokens(shape.output_tokens.get(), every(wait(timing.itl, DEFAULT_ITL)))
        .jitter(timing.jitter.unwrap_or(0.0))
        .tokens_per_chunk(shape.tokens_per_chunk)
        .reasoning(shape.reasoning_tokens, ReasoningField::default())
        .usage(usage)
        .writes(if shape.one_event_per_write {
            Writes::OnePerEvent
        } else {
            Writes::Together
        })
}
