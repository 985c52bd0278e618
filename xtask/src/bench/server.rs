//! The server that loadspan is measured against: the mock, in a process and on a core of its own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Stdio};

use anyhow::{Context, bail, ensure};
use loadspan_testkit::{DurationExt, FakeServer, MlflowAnswer, MlflowSink, OtlpSink, Script, Writes, every};
use serde::{Deserialize, Serialize};

use super::setup::{Core, Setup};

/// The task that serves; nobody types it.
pub(crate) const SERVE: &str = "serve";
/// The task that takes telemetry; nobody types it.
pub(crate) const COLLECT: &str = "collect";
/// The task that takes runs as MLflow does; nobody types it.
pub(crate) const TRACK: &str = "track";

/// A chat with a prompt of 32 words, about as long as one of loadspan's own with `--isl 32`. The object is left open.
const CHAT: &str = concat!(
    r#"{"model":"mock-model","messages":[{"role":"user","content":"tell me how the old mill by the river was built and "#,
    r#"who worked there in the long years before the bridge came and the road went round it"}]"#
);

/// What the server answers, and when.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Answers {
    pub(crate) ttft_ms: u64,
    pub(crate) itl_ms: u64,
    pub(crate) tokens: u32,
    /// Share by which times vary.
    pub(crate) jitter: f64,
    pub(crate) writes: EventWrites,
}

/// How the events of a stream are cut into writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum EventWrites {
    /// All that are due in one.
    #[default]
    Together,
    OnePerEvent,
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Whole,
    Stream,
}

/// What the server knows of a request. Times are nanoseconds of one clock.
#[derive(Debug, Deserialize)]
pub(crate) struct Truth {
    pub(crate) request_id: Option<String>,
    pub(crate) arrived_ns: u64,
    pub(crate) first_token_ns: Option<u64>,
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    output: BufReader<ChildStdout>,
    url: String,
}

/// Serves until standard input ends. `answers` is JSON.
///
/// # Errors
///
/// The server cannot be started.
pub(crate) fn serve(answers: &str) -> anyhow::Result<()> {
    let answers: Answers = serde_json::from_str(answers).context("the answers are not as the bench writes them")?;
    let writes = match answers.writes {
        EventWrites::Together => Writes::Together,
        EventWrites::OnePerEvent => Writes::OnePerEvent,
    };
    let script = Script::new()
        .ttft(answers.ttft_ms.ms())
        .tokens(answers.tokens, every(answers.itl_ms.ms()));
    let server = FakeServer::new()
        .script(script.jitter(answers.jitter).writes(writes))
        .start()?;
    println!("{}", server.url());
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// Takes telemetry until standard input ends, each export `delay_ms` after it has arrived, and says how many spans it has.
///
/// # Errors
///
/// The server cannot be started.
pub(crate) fn collect(delay_ms: &str) -> anyhow::Result<()> {
    let delay: u64 = delay_ms.parse().context("the delay is no number")?;
    let sink = OtlpSink::new().delay(delay.ms()).count_only().start()?;
    println!("{}", sink.url());
    io::copy(&mut io::stdin(), &mut io::sink())?;
    println!("{}", sink.counts().spans);
    Ok(())
}

/// Takes runs until standard input ends, each batch of points `delay_ms` after it has arrived.
///
/// # Errors
///
/// The server cannot be started.
pub(crate) fn track(delay_ms: &str) -> anyhow::Result<()> {
    let delay: u64 = delay_ms.parse().context("the delay is no number")?;
    let sink = MlflowSink::new().start()?;
    sink.answer_path_with("runs/log-batch", MlflowAnswer::Slow(delay.ms()));
    println!("{}", sink.url());
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// Starts a task of this program on the server's core, and waits for its URL.
fn start_task(setup: &Setup, task: &str, argument: &str) -> anyhow::Result<Server> {
    let mut process = setup
        .command_on(Core::Server, &setup.binary("xtask"))
        .args([task, argument])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the server")?;
    let mut output = BufReader::new(process.stdout.take().context("the server has no output")?);
    let mut url = String::new();
    output.read_line(&mut url)?;
    ensure!(url.starts_with("http://"), "the server did not start");
    Ok(Server {
        process,
        output,
        url: url.trim_end().to_owned(),
    })
}

/// A backend for telemetry that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Collector(Server);

impl Collector {
    pub(crate) fn start(setup: &Setup, delay_ms: u64) -> anyhow::Result<Self> {
        Ok(Self(start_task(setup, COLLECT, &delay_ms.to_string())?))
    }

    pub(crate) fn url(&self) -> &str {
        self.0.url()
    }

    /// Ends it; how many spans it has taken.
    pub(crate) fn stop(mut self) -> anyhow::Result<u64> {
        self.0.process.stdin.take();
        let mut spans = String::new();
        self.0.output.read_line(&mut spans)?;
        spans
            .trim_end()
            .parse()
            .context("the collector does not say what it has")
    }
}

/// A tracking server that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Tracking(Server);

impl Tracking {
    pub(crate) fn start(setup: &Setup, delay_ms: u64) -> anyhow::Result<Self> {
        Ok(Self(start_task(setup, TRACK, &delay_ms.to_string())?))
    }

    pub(crate) fn url(&self) -> &str {
        self.0.url()
    }
}

impl Server {
    pub(crate) fn start(setup: &Setup, answers: Answers) -> anyhow::Result<Self> {
        start_task(setup, SERVE, &serde_json::to_string(&answers)?)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The truth of the last requests, as many as the server keeps.
    pub(crate) fn truths(&self) -> anyhow::Result<Vec<Truth>> {
        #[derive(Deserialize)]
        struct Stats {
            requests: Vec<Truth>,
        }
        let answer = self.exchange("GET /stats?limit=1000000 HTTP/1.1", "")?;
        let stats: Stats = serde_json::from_str(&answer).context("cannot read /stats")?;
        Ok(stats.requests)
    }

    /// How many events the stream of one request has, `[DONE]` included.
    pub(crate) fn events_per_stream(&self) -> anyhow::Result<usize> {
        let answer = self.exchange("POST /v1/chat/completions HTTP/1.1", &chat_body(Mode::Stream))?;
        Ok(answer.lines().filter(|line| line.starts_with("data:")).count())
    }

    /// One request on a connection of its own. Chunk framing, if there is any, stays in the answer: each event is a chunk.
    fn exchange(&self, request_line: &str, body: &str) -> anyhow::Result<String> {
        let address = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).context("the server is gone")?;
        let length = body.len();
        let request =
            format!("{request_line}\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes())?;
        let mut response = String::new();
        stream.read_to_string(&mut response)?;
        let Some((head, body)) = response.split_once("\r\n\r\n") else {
            bail!("the server answered nothing to {request_line}");
        };
        ensure!(
            head.starts_with("HTTP/1.1 200"),
            "the server answered to {request_line}: {head}"
        );
        Ok(body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; there is nothing to do about it then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The body of a request that asks for what loadspan asks for.
pub(crate) fn chat_body(mode: Mode) -> String {
    let rest = match mode {
        Mode::Whole => "}",
        Mode::Stream => r#","stream":true,"stream_options":{"include_usage":true}}"#,
    };
    format!("{CHAT}{rest}")
}
