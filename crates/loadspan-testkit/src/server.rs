//! The server as a whole: its settings, and how it is started.

mod running;

use std::net::{SocketAddr, TcpListener};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

pub use running::{RunningServer, StartError};

use crate::clock::Stall;
use crate::plan::{Plan, WarmStart};
use crate::{Every, Script, When};

/// A server that is to be started. Built up by its methods; the default answers chat requests for any model with one token, at
/// once, on one thread.
#[derive(Debug, Clone)]
#[must_use]
pub struct FakeServer {
    pub(crate) kind: ServerKind,
    pub(crate) models: Vec<String>,
    pub(crate) model_check: ModelCheck,
    pub(crate) api_key: Option<String>,
    pub(crate) plan: Plan,
    pub(crate) warm_start: WarmStart,
    pub(crate) stall: Option<Stall>,
    pub(crate) max_concurrency: Option<NonZeroUsize>,
    pub(crate) seed: u64,
    pub(crate) tokens_per_word: f64,
    pub(crate) chat_template_tokens: u32,
    pub(crate) max_model_len: u32,
    pub(crate) embedding_dimensions: u32,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) keep_truths: usize,
    pub(crate) keep_requests: usize,
    pub(crate) body_limit: usize,
    pub(crate) threads: NonZeroUsize,
    pub(crate) security: Security,
}

/// Which server it passes for, where servers say what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServerKind {
    /// Nothing beyond what OpenAI has.
    #[default]
    Plain,
    /// `/version`, and `/metrics` with true figures; models owned by `vllm`.
    Vllm,
    /// `/get_server_info`; models owned by `sglang`.
    Sglang,
    /// `/info`; models owned by themselves.
    Tgi,
}

/// Which models are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ModelCheck {
    /// Any name.
    Any,
    /// Those in the list; 404 for others.
    Listed,
}

/// How connections are secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    Plain,
    Tls,
}

impl Default for FakeServer {
    fn default() -> Self {
        Self {
            kind: ServerKind::Plain,
            models: vec!["mock-model".to_owned()],
            model_check: ModelCheck::Any,
            api_key: None,
            plan: Plan::default(),
            warm_start: WarmStart::default(),
            stall: None,
            max_concurrency: None,
            seed: 0,
            tokens_per_word: 1.0,
            chat_template_tokens: 0,
            max_model_len: 1_048_576,
            embedding_dimensions: 8,
            headers: Vec::new(),
            keep_truths: 100_000,
            keep_requests: 0,
            body_limit: 32 * 1024 * 1024,
            threads: NonZeroUsize::MIN,
            security: Security::Plain,
        }
    }
}

/// What it answers.
impl FakeServer {
    /// The default server.
    pub fn new() -> Self {
        Self::default()
    }

    /// The script of requests that no rule is for, in place of what `ttft`, `tokens` and `jitter` made of it before.
    pub fn script(mut self, script: Script) -> Self {
        self.plan.default = script;
        self
    }

    /// Time to first token of the default script.
    pub fn ttft(self, ttft: Duration) -> Self {
        self.change(|script| script.ttft(ttft))
    }

    /// Tokens of the default script, when the request does not say how many, and the interval between them.
    pub fn tokens(self, tokens: u32, interval: Every) -> Self {
        self.change(|script| script.tokens(tokens, interval))
    }

    /// Jitter of the default script; see [`Script::jitter`].
    pub fn jitter(self, ratio: f64) -> Self {
        self.change(|script| script.jitter(ratio))
    }

    /// Another script for some requests. Of several rules for a request the one added first wins.
    pub fn on(mut self, when: When, script: Script) -> Self {
        self.plan.on(when, script);
        self
    }

    /// The first `requests` requests wait this much longer for their first token.
    pub fn warm_start(mut self, requests: u64, extra_ttft: Duration) -> Self {
        self.warm_start = WarmStart { requests, extra_ttft };
        self
    }

    /// The whole server stands still for `length`, from `at` after the arrival of the first generation request. All that is due
    /// then or later comes later by as much.
    pub fn stall_all(mut self, at: Duration, length: Duration) -> Self {
        self.stall = Some(Stall { at, length });
        self
    }

    /// Serves so many responses at once; further requests wait, first come first served. The capacity is the limit divided by the
    /// time from the start of a response to its last token.
    pub fn max_concurrency(mut self, limit: NonZeroUsize) -> Self {
        self.max_concurrency = Some(limit);
        self
    }

    /// What jitter is made from. The default is 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

/// What it says of itself and expects of its clients.
impl FakeServer {
    /// Which server it passes for.
    pub fn kind(mut self, kind: ServerKind) -> Self {
        self.kind = kind;
        self
    }

    /// The models in `/v1/models`. Requests may name any.
    pub fn models<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.models = names.into_iter().map(Into::into).collect();
        self.model_check = ModelCheck::Any;
        self
    }

    /// The models in `/v1/models`. Requests for others are answered with 404.
    pub fn only_models<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self = self.models(names);
        self.model_check = ModelCheck::Listed;
        self
    }

    /// Wants this key as a bearer token. The answer to another one repeats that one, as OpenAI's does.
    pub fn api_key(mut self, api_key: impl Into<String>) -> Self {
        self.api_key = Some(api_key.into());
        self
    }

    /// How many tokens a word of a prompt has. The default is 1.
    pub fn tokens_per_word(mut self, tokens: f64) -> Self {
        self.tokens_per_word = if tokens.is_finite() { tokens.max(0.0) } else { 1.0 };
        self
    }

    /// Tokens that a chat template adds to each chat prompt. The default is 0.
    pub fn chat_template_tokens(mut self, tokens: u32) -> Self {
        self.chat_template_tokens = tokens;
        self
    }

    /// The most tokens that prompt and output may have together; 400 beyond. The default is 1,048,576.
    pub fn max_model_len(mut self, tokens: NonZeroU32) -> Self {
        self.max_model_len = tokens.get();
        self
    }

    /// Numbers in an embedding. The default is 8.
    pub fn embedding_dimensions(mut self, dimensions: u32) -> Self {
        self.embedding_dimensions = dimensions;
        self
    }

    /// A header that every response has. One that is not valid in HTTP is an error at the start.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn accepts(&self, model: &str) -> bool {
        self.model_check == ModelCheck::Any || self.models.iter().any(|known| known == model)
    }
}

/// How it runs, and what it remembers.
impl FakeServer {
    /// Keeps the truth of the last `requests` generation requests; 0 keeps the counters only. The default is 100,000, which is
    /// some 30 MB when full.
    pub fn keep_truths(mut self, requests: usize) -> Self {
        self.keep_truths = requests;
        self
    }

    /// Keeps the last `requests` requests as they came, of every kind. The default is 0.
    pub fn capture(mut self, requests: usize) -> Self {
        self.keep_requests = requests;
        self
    }

    /// Bytes of a request body; 413 beyond. The default is 32 MiB.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Threads that serve. Connections are dealt out to them in turn. The default is 1.
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = threads;
        self
    }

    /// Speaks TLS, with a certificate for `localhost`, `127.0.0.1` and `::1` by a CA that is made at the start:
    /// [`RunningServer::ca_pem`]. Offers HTTP/2 and HTTP/1.1.
    pub fn tls(mut self) -> Self {
        self.security = Security::Tls;
        self
    }

    /// Starts on a free port of 127.0.0.1.
    pub fn start(self) -> Result<RunningServer, StartError> {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = TcpListener::bind(address).map_err(|source| StartError::Listen { address, source })?;
        self.start_on(listener)
    }

    /// Starts on a listener that has been bound.
    pub fn start_on(self, listener: TcpListener) -> Result<RunningServer, StartError> {
        RunningServer::start(self, listener)
    }

    fn change(mut self, change: impl FnOnce(Script) -> Script) -> Self {
        self.plan.default = change(self.plan.default);
        self
    }
}
