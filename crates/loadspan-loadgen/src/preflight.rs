//! What is found out, and put right, before the load: whether the server answers, which model it serves, which dialect it speaks,
//! and how it counts tokens. Everything that can fail for a reason that the user can mend fails here, with that reason.

mod diagnosis;
mod probe;

use std::time::Duration;

use loadspan_record::{FailureKind, Outcome, Secret};
use serde_json::{Map, Value};

pub use self::diagnosis::PreflightError;
use self::probe::Probe;
use crate::RunClock;
use crate::observer::{Observed, ObserverConfig, TextCapture};
use crate::openai::{
    BodyConfig, Evidence, MaxTokensField, ServedModel, ServerKind, StreamUsage, read_models,
};
use crate::target::{RequestParts, Route, TargetConfig};
use crate::workload::{Content, Observation, RequestSpec, calibration_text};

/// Words of the preflight requests: two lengths, so that what each word costs and what every prompt costs can be told apart.
const CALIBRATION_WORDS: [usize; 2] = [32, 256];
/// Enough for a token to be seen, few enough to cost nothing.
const OUTPUT_TOKENS: u32 = 8;
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// A server that is asked before the load has not got all day.
const FIRST_BYTE: Duration = Duration::from_secs(60);

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

/// A target that has been looked up.
#[derive(Debug, Clone)]
pub struct PreparedTarget {
    routes: Vec<Route>,
}

impl PreparedTarget {
    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }
}

/// What was found out.
#[derive(Debug, Clone)]
pub struct Preflight {
    /// The target, ready for the load.
    pub target: PreparedTarget,
    /// What all requests have in common, put right for this server.
    pub body: BodyConfig,
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
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(PreflightError::Runtime)?;
    let secrets = config.target.secrets();
    let asked = tokio::task::LocalSet::new().block_on(&runtime, async { Inquiry::new(config, clock).ask().await });
    asked.map_err(|error| error.without(&secrets))
}

struct Inquiry {
    config: PreflightConfig,
    clock: RunClock,
    probe: Probe,
    notices: Vec<PreflightNotice>,
}

impl Inquiry {
    fn new(config: PreflightConfig, clock: RunClock) -> Self {
        let mut deadlines = config.target.deadlines;
        deadlines.first_byte = deadlines.first_byte.min(FIRST_BYTE);
        Self { probe: Probe::new(clock, deadlines), config, clock, notices: Vec::new() }
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
        let models_body = self.fetch("/v1/models").await?;
        let models = models_body.as_deref().and_then(read_models).unwrap_or_default();
        let model = self.choose_model(&models)?;
        let server = self.choose_server(models_body).await?;
        let mut body = self.body_config(model, server);
        let mut observations = Vec::new();
        let prompts = match self.config.calibration {
            CalibrationNeed::OnePrompt => &CALIBRATION_WORDS[..1],
            CalibrationNeed::TwoPrompts => &CALIBRATION_WORDS[..],
        };
        for words in prompts {
            observations.extend(self.try_prompt(&routes[0], &mut body, *words, &models).await?);
        }
        // The other URLs have to answer too; what they count is the same.
        for route in &routes[1..] {
            self.try_prompt(route, &mut body, CALIBRATION_WORDS[0], &models).await?;
        }
        self.notices.dedup();
        Ok(Preflight { target: PreparedTarget { routes }, body, observations, notices: self.notices.clone() })
    }

    /// The body of a resource of the first URL; `None` when the server does not have it.
    async fn fetch(&mut self, path: &str) -> Result<Option<Vec<u8>>, PreflightError> {
        let target = &self.config.target;
        let url = target.urls[0].resource(path, target.endpoint_type.path());
        let route = target.route_to(&url).await?;
        match self.probe.get(&route).await {
            Ok(fetched) if (200..300).contains(&fetched.status) => Ok(Some(fetched.body)),
            Ok(_) => Ok(None),
            Err(unreached) => Err(PreflightError::unreachable(target, unreached)),
        }
    }

    fn choose_model(&mut self, models: &[ServedModel]) -> Result<String, PreflightError> {
        if let Some(model) = &self.config.model {
            return Ok(model.clone());
        }
        match models {
            [only] => {
                self.notices.push(PreflightNotice::ModelChosen(only.id.clone()));
                Ok(only.id.clone())
            }
            [] => Err(PreflightError::NoModelListed),
            many => Err(PreflightError::ManyModels(many.iter().map(|model| model.id.clone()).collect())),
        }
    }

    async fn choose_server(&mut self, models: Option<Vec<u8>>) -> Result<ServerKind, PreflightError> {
        if let Some(server) = self.config.server {
            return Ok(server);
        }
        let mut evidence = Evidence { models, ..Evidence::default() };
        // Only a server that is not yet known is asked further; an error now would have been one before.
        if ServerKind::detect(&evidence) == ServerKind::OpenAi {
            evidence.version = self.fetch("/version").await.ok().flatten();
            evidence.server_info = self.fetch("/get_server_info").await.ok().flatten();
            evidence.info = self.fetch("/info").await.ok().flatten();
        }
        Ok(ServerKind::detect(&evidence))
    }

    fn body_config(&self, model: String, server: ServerKind) -> BodyConfig {
        let suits = if server == ServerKind::Tgi { MaxTokensField::MaxTokens } else { MaxTokensField::MaxCompletionTokens };
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
        route: &Route,
        body: &mut BodyConfig,
        words: usize,
        models: &[ServedModel],
    ) -> Result<Option<(Observation, String)>, PreflightError> {
        let text = calibration_text(words, self.config.seed);
        let mut observed = self.post(route, body, &text).await?;
        if refuses_stream_options(&observed) && body.stream_usage != StreamUsage::NotAsked {
            body.stream_usage = StreamUsage::NotAsked;
            observed = self.post(route, body, &text).await?;
            self.notices.push(PreflightNotice::NoStreamOptions);
        }
        match &observed.outcome {
            Outcome::Completed | Outcome::Cancelled => {}
            Outcome::Failed(failure) if failure.kind == FailureKind::EmptyOutput => {
                self.notices.push(PreflightNotice::EmptyAnswer);
            }
            Outcome::Failed(failure) => {
                return Err(PreflightError::refused(&self.config.target, body, models, failure));
            }
        }
        let Some(prompt_tokens) = observed.tokens.input else {
            self.notices.push(PreflightNotice::NoUsage);
            return Ok(None);
        };
        Ok(Some((Observation { words, prompt_tokens }, text)))
    }

    async fn post(&mut self, route: &Route, body: &BodyConfig, text: &str) -> Result<Observed, PreflightError> {
        let spec = RequestSpec { content: Content::Text(text), output_tokens: Some(OUTPUT_TOKENS), input_tokens: None };
        let mut bytes = Vec::new();
        body.build().write(&spec, &mut bytes);
        let parts = RequestParts { request_id: "preflight", body: &bytes };
        let observing = ObserverConfig {
            endpoint_type: body.endpoint_type,
            streaming: body.streaming,
            text: TextCapture::Off,
            gap_limit: 0,
        };
        let posted = self.probe.post(route, parts, observing).await;
        posted.map_err(|unreached| PreflightError::unreachable(&self.config.target, unreached))
    }
}

fn refuses_stream_options(observed: &Observed) -> bool {
    let Some(failure) = observed.outcome.failure() else { return false };
    matches!(failure.kind, FailureKind::HttpStatus(400 | 422))
        && failure.message.as_deref().is_some_and(|message| message.contains("stream_options"))
}

impl PreflightError {
    /// The error without what must not be seen.
    fn without(self, secrets: &[Secret]) -> Self {
        self.map_messages(|message| secrets.iter().fold(message, |text, secret| secret.redact_from(&text)))
    }
}
