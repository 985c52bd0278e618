//! What is found out, and put right, before the load: whether the server answers, which model it serves, which dialect it speaks,
//! and how it counts tokens. Everything that can fail for a reason that the user can mend fails here, with that reason.

mod diagnosis;
mod probe;

use std::time::Duration;

use loadspan_record::{Failure, FailureKind, Outcome};
use serde_json::{Map, Value};

pub use self::diagnosis::PreflightError;
use self::probe::{Fetched, Probe};
use crate::RunClock;
use crate::deadline::Deadlines;
use crate::observer::{Observed, ObserverConfig, TextCapture, TextConfig};
use crate::openai::{
    BodyConfig, Evidence, MaxTokensField, ServedModel, ServerKind, StreamUsage, read_models, read_version,
};
use crate::redaction::Redaction;
use crate::target::{BaseUrl, PreparedTarget, RequestParts, Route, TargetConfig};
use crate::workload::{Content, Observation, RequestSpec, calibration_text};

/// Words of the preflight requests: two lengths, so that what each word costs and what every prompt costs can be told apart.
const CALIBRATION_WORDS: [usize; 2] = [32, 256];
/// Enough for a token to be seen, few enough to cost nothing.
const OUTPUT_TOKENS: u32 = 8;
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// A server that is asked before the load has not got all day.
const FIRST_BYTE: Duration = Duration::from_secs(60);
/// An answer of a few tokens that takes longer has no end.
const WHOLE_ANSWER: Duration = Duration::from_secs(300);
/// Nothing depends on the version of a server.
const VERSION: Duration = Duration::from_secs(2);

/// What to find out.
#[derive(Debug, Clone)]
pub struct PreflightConfig {
    /// Where to.
    pub target: TargetConfig,
    /// The model, unless the server shall say.
    pub model: Option<String>,
    /// The dialect, unless the server shall say.
    pub server: Option<ServerKind>,
    /// Whether the load will stream.
    pub streaming: bool,
    /// What is asked for about the usage of streams.
    pub stream_usage: StreamUsage,
    /// The field that bounds the output of a chat; `None`: whatever suits the server.
    pub max_tokens_field: Option<MaxTokensField>,
    /// Fields of the user's own.
    pub extra: Map<String, Value>,
    /// How long to wait for the server and its model.
    pub wait: Duration,
    /// How the server's counting is to be learned.
    pub calibration: CalibrationNeed,
    /// Seed of the prompts sent here.
    pub seed: u64,
}

/// How the server's counting of tokens is to be learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalibrationNeed {
    /// One prompt will do, to see that the server answers and what its chat template adds.
    OnePrompt,
    /// Two prompts of different lengths, to learn how many tokens a word has.
    TwoPrompts,
}

/// What was found out.
#[derive(Debug, Clone)]
pub struct Preflight {
    /// The target, ready for the load.
    pub target: PreparedTarget,
    /// What all requests have in common, put right for this server.
    pub body: BodyConfig,
    /// Which version of itself the server says it is, if it says so in the way of its kind.
    pub server_version: Option<String>,
    /// What the server counted for the preflight's prompts. Empty when it sends no usage.
    pub observations: Vec<(Observation, String)>,
    /// What the user should know.
    pub notices: Vec<PreflightNotice>,
}

/// Something about the server that the user should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreflightNotice {
    /// The model was asked from the server.
    ModelChosen(String),
    /// The server refuses `stream_options`, so that streams will bring no usage.
    NoStreamOptions,
    /// The server sends no usage.
    NoUsage,
    /// The preflight's answer had no token.
    EmptyAnswer,
}

/// Asks the server. Returns within the wait and a few request deadlines.
///
/// # Errors
///
/// Whatever would make every request of the load fail.
pub fn run(config: PreflightConfig, clock: RunClock) -> Result<Preflight, PreflightError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(PreflightError::Runtime)?;
    let redaction = config.target.redaction();
    let asked = tokio::task::LocalSet::new().block_on(&runtime, async { Inquiry::new(config, clock).ask().await });
    asked.map_err(|error| error.map_messages(|message| redaction.redact(message)))
}

struct Inquiry {
    config: PreflightConfig,
    clock: RunClock,
    probe: Probe,
    redaction: Redaction,
    notices: Vec<PreflightNotice>,
}

/// Who is asked, and for which of its models.
#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    url: &'a BaseUrl,
    route: &'a Route,
    models: &'a [ServedModel],
}

/// Those of a request of the load, but no longer than a few tokens take.
fn deadlines_of(load: Deadlines) -> Deadlines {
    Deadlines {
        first_byte: load.first_byte.min(FIRST_BYTE),
        total: load.total.min(WHOLE_ANSWER),
        ..load
    }
}

impl Inquiry {
    fn new(config: PreflightConfig, clock: RunClock) -> Self {
        Self {
            probe: Probe::new(clock, deadlines_of(config.target.deadlines)),
            redaction: config.target.redaction(),
            config,
            clock,
            notices: Vec::new(),
        }
    }

    async fn ask(mut self) -> Result<Preflight, PreflightError> {
        let until = self.clock.now().after(self.config.wait);
        loop {
            match self.ask_once().await {
                Err(error) if error.may_pass() && self.clock.now() < until => tokio::time::sleep(RETRY_EVERY).await,
                asked => return asked,
            }
        }
    }

    async fn ask_once(&mut self) -> Result<Preflight, PreflightError> {
        self.notices.clear();
        let routes = self.config.target.build().await?;
        let listing = self.fetch("/v1/models").await?;
        let models = listing.success().and_then(read_models).unwrap_or_default();
        let model = self.choose_model(&listing, &models)?;
        let server = self.choose_server(listing).await?;
        let mut body = self.body_config(model, server);
        let mut observations = Vec::new();
        let prompts = match self.config.calibration {
            CalibrationNeed::OnePrompt => &CALIBRATION_WORDS[..1],
            CalibrationNeed::TwoPrompts => &CALIBRATION_WORDS[..],
        };
        let urls = self.config.target.urls.clone();
        for (number, (url, route)) in urls.iter().zip(&routes).enumerate() {
            let asked = Asked {
                url,
                route,
                models: &models,
            };
            // All URLs have to answer; what they count is the same.
            let words = if number == 0 { prompts } else { &CALIBRATION_WORDS[..1] };
            for words in words {
                let observation = self.try_prompt(asked, &mut body, *words).await?;
                observations.extend(observation.filter(|_| number == 0));
            }
        }
        Ok(Preflight {
            target: PreparedTarget::new(routes),
            server_version: self.server_version(body.server).await,
            body,
            observations,
            notices: self.notices.clone(),
        })
    }

    /// A resource of the first URL, whatever the status.
    async fn fetch(&mut self, path: &str) -> Result<Fetched, PreflightError> {
        let target = &self.config.target;
        let url = target.urls[0].resource(path, target.endpoint_type.path());
        let route = target.route_to(&url).await?;
        let fetched = self.probe.get(&route).await;
        fetched.map_err(|unreached| PreflightError::unreachable(&self.config.target.urls[0], unreached))
    }

    fn choose_model(&mut self, listing: &Fetched, models: &[ServedModel]) -> Result<String, PreflightError> {
        if let Some(model) = &self.config.model {
            return Ok(model.clone());
        }
        match models {
            [only] => {
                self.notice(PreflightNotice::ModelChosen(only.id.clone()));
                Ok(only.id.clone())
            }
            [] => Err(PreflightError::no_models(&self.config.target.urls[0], listing)),
            many => Err(PreflightError::ManyModels(
                many.iter().map(|model| model.id.clone()).collect(),
            )),
        }
    }

    /// Keeps what the user should know, once.
    fn notice(&mut self, notice: PreflightNotice) {
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    async fn choose_server(&mut self, models: Fetched) -> Result<ServerKind, PreflightError> {
        if let Some(server) = self.config.server {
            return Ok(server);
        }
        let mut evidence = Evidence {
            models: models.into_success(),
            ..Evidence::default()
        };
        // Only a server that is not yet known is asked further; an error now would have been one before.
        if ServerKind::detect(&evidence) == ServerKind::OpenAi {
            evidence.version = self.fetch("/version").await.ok().and_then(Fetched::into_success);
            evidence.server_info = self
                .fetch("/get_server_info")
                .await
                .ok()
                .and_then(Fetched::into_success);
            evidence.info = self.fetch("/info").await.ok().and_then(Fetched::into_success);
        }
        Ok(ServerKind::detect(&evidence))
    }

    /// Asked last: who waits no longer for an answer leaves its connection as it is.
    async fn server_version(&mut self, server: ServerKind) -> Option<String> {
        let path = server.version_resource()?;
        let fetched = tokio::time::timeout(VERSION, self.fetch(path)).await.ok()?.ok()?;
        let version = read_version(fetched.success()?)?;
        Some(self.redaction.redact(version))
    }

    fn body_config(&self, model: String, server: ServerKind) -> BodyConfig {
        let suits = if server == ServerKind::Tgi {
            MaxTokensField::MaxTokens
        } else {
            MaxTokensField::MaxCompletionTokens
        };
        BodyConfig {
            model,
            endpoint_type: self.config.target.endpoint_type,
            streaming: self.config.streaming,
            server,
            stream_usage: self.config.stream_usage,
            max_tokens_field: self.config.max_tokens_field.unwrap_or(suits),
            extra: self.config.extra.clone(),
        }
    }

    /// Sends one prompt as the load will, and once more without `stream_options` where they are refused.
    async fn try_prompt(
        &mut self,
        asked: Asked<'_>,
        body: &mut BodyConfig,
        words: usize,
    ) -> Result<Option<(Observation, String)>, PreflightError> {
        let text = calibration_text(words, self.config.seed);
        let mut observed = self.post(asked, body, &text).await?;
        if refuses_stream_options(&observed) && body.stream_usage != StreamUsage::NotAsked {
            body.stream_usage = StreamUsage::NotAsked;
            observed = self.post(asked, body, &text).await?;
            self.notice(PreflightNotice::NoStreamOptions);
        }
        if let Some(failure) = observed.outcome.failure() {
            match failure.kind {
                FailureKind::EmptyOutput => self.notice(PreflightNotice::EmptyAnswer),
                _ => return Err(PreflightError::failed(asked, body, failure)),
            }
        }
        let Some(prompt_tokens) = observed.tokens.input else {
            self.notice(PreflightNotice::NoUsage);
            return Ok(None);
        };
        Ok(Some((Observation { words, prompt_tokens }, text)))
    }

    async fn post(&mut self, asked: Asked<'_>, body: &BodyConfig, text: &str) -> Result<Observed, PreflightError> {
        let spec = RequestSpec {
            content: Content::Text(text),
            output_tokens: Some(OUTPUT_TOKENS),
            input_tokens: None,
        };
        let mut bytes = Vec::new();
        body.build().write(&spec, &mut bytes);
        let parts = RequestParts {
            request_id: "preflight",
            // No span describes it.
            traceparent: None,
            session: None,
            body: &bytes,
        };
        let observing = ObserverConfig {
            endpoint_type: body.endpoint_type,
            streaming: body.streaming,
            text: TextConfig {
                whole: TextCapture::Off,
                output: TextCapture::Off,
                answer: TextCapture::Off,
            },
            gap_limit: 0,
        };
        let posted = self.probe.post(asked.route, parts, observing).await;
        let mut observed = posted.map_err(|unreached| PreflightError::unreachable(asked.url, unreached))?;
        if let Outcome::Failed(Failure {
            message: Some(message), ..
        }) = &mut observed.outcome
        {
            *message = self.redaction.quote(message);
        }
        Ok(observed)
    }
}

fn refuses_stream_options(observed: &Observed) -> bool {
    let Some(failure) = observed.outcome.failure() else {
        return false;
    };
    matches!(failure.kind, FailureKind::HttpStatus(400 | 422))
        && failure
            .message
            .as_deref()
            .is_some_and(|message| message.contains("stream_options"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_without_an_end_are_not_waited_for_as_long_as_in_the_load() {
        let usual = deadlines_of(Deadlines::default());
        assert_eq!((usual.first_byte, usual.total), (FIRST_BYTE, WHOLE_ANSWER));
        let short = Deadlines {
            first_byte: Duration::from_secs(1),
            total: Duration::from_secs(2),
            ..Deadlines::default()
        };
        let kept = deadlines_of(short);
        assert_eq!((kept.first_byte, kept.total), (short.first_byte, short.total));
    }
}
