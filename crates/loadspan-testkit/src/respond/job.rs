//! One generation request that was accepted: which script is played, and for what.

use crate::Script;
use crate::encode::{Counts, Output};
use crate::request::{Generation, Identity, PromptSize, StreamOptions};
use crate::respond::Answer;
use crate::route::Endpoint;
use crate::script::{Answer as ScriptedAnswer, Fault, Usage};
use crate::state::Shared;
use crate::truth::Truth;

/// The most choices, over all prompts of a request, and the most inputs of embeddings.
const MAX_CHOICES: u32 = 2_048;

/// The most output tokens that a request may ask for, over all choices: some 25 MB of text.
const MAX_OUTPUT: u32 = 4_194_304;

/// A generation request that was accepted.
#[derive(Debug)]
pub(crate) struct Job<'s> {
    pub(super) shared: &'s Shared,
    pub(super) shard: usize,
    pub(super) script: &'s Script,
    pub(super) fault: Fault,
    pub(super) endpoint: Endpoint,
    pub(super) model: String,
    pub(super) delivery: Delivery,
    pub(super) output: Output,
    pub(super) finish_reason: &'s str,
    pub(super) number: u64,
    pub(super) arrived_ns: u64,
    pub(super) prompt_tokens: u32,
    /// `None` once it has been recorded.
    pub(super) truth: Option<Truth>,
}

/// In which form the response is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    Stream(StreamUsage),
    Whole,
    /// Embeddings of so many inputs.
    Vectors(u32),
}

/// When a stream tells its counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamUsage {
    Never,
    AtEnd,
    EveryChunk,
}

/// A generation request as it came.
pub(super) struct Asked<'a> {
    pub(super) shard: usize,
    pub(super) endpoint: Endpoint,
    pub(super) arrived_ns: u64,
    pub(super) identity: Identity<'a>,
    pub(super) body: &'a [u8],
}

impl<'s> Job<'s> {
    /// Accepts a request, or says why not. Only accepted ones get a number.
    pub(super) fn new(shared: &'s Shared, asked: Asked<'_>) -> Result<Self, Answer> {
        let wanted = Generation::parse(asked.body)
            .map_err(|error| Answer::bad_request(&format!("the body is not valid: {error}"), None))?;
        let model = model(shared, &wanted)?;
        let prompt = wanted.prompt();
        let prompt_tokens = prompt_tokens(shared, asked.endpoint, prompt);
        let choices = choices(asked.endpoint, &wanted, prompt)?;
        let max_tokens = wanted.max_tokens().unwrap_or(0);
        check_length(
            shared,
            Length {
                prompt_tokens,
                max_tokens,
                choices,
            },
        )?;

        let number = shared.ledger.next_number();
        shared.clock.arrival(asked.arrived_ns);
        let script = shared.settings.plan.script(number);
        let fault = fault(script, &wanted);
        let tokens = tokens(script, fault, &wanted);
        let truth = Truth {
            request_id: asked.identity.request_id.map(Into::into),
            traceparent: asked.identity.traceparent.map(Into::into),
            prompt_tokens,
            ..Truth::new(number, asked.endpoint, asked.arrived_ns)
        };
        Ok(Self {
            shared,
            shard: asked.shard,
            script,
            fault,
            endpoint: asked.endpoint,
            model,
            delivery: delivery(asked.endpoint, script, &wanted, prompt),
            output: Output::new(script, tokens, choices),
            finish_reason: finish_reason(script, tokens, wanted.max_tokens()),
            number,
            arrived_ns: asked.arrived_ns,
            prompt_tokens,
            truth: Some(truth),
        })
    }

    /// The counts after so many tokens of each choice, as the script wants them told. `None`: not at all.
    pub(super) fn counts(&self, tokens: u32) -> Option<Counts> {
        let output = tokens.saturating_mul(self.output.choices);
        (self.script.usage != Usage::Never).then(|| Counts {
            prompt: self.prompt_tokens,
            output: output.saturating_add_signed(self.script.usage_error),
            cached: self.script.cached_tokens,
            reasoning: self.output.reasoning_tokens().map(|reasoning| reasoning.min(output)),
        })
    }
}

fn model(shared: &Shared, wanted: &Generation<'_>) -> Result<String, Answer> {
    let settings = &shared.settings;
    match wanted.model.as_deref() {
        Some(name) if settings.accepts(name) => Ok(name.to_owned()),
        Some(name) => Err(Answer::unknown_model(name)),
        None => settings
            .models
            .first()
            .cloned()
            .ok_or_else(|| Answer::bad_request("you must provide a model parameter", Some("model"))),
    }
}

fn prompt_tokens(shared: &Shared, endpoint: Endpoint, prompt: PromptSize) -> u32 {
    let settings = &shared.settings;
    let template = if endpoint == Endpoint::Chat {
        settings.chat_template_tokens
    } else {
        0
    };
    // A float converts to the nearest number that fits: a prompt too long to count is as long as can be.
    let words = (prompt.words as f64 * settings.tokens_per_word).round() as u32;
    words
        .saturating_add(u32::try_from(prompt.ids).unwrap_or(u32::MAX))
        .saturating_add(template)
}

fn choices(endpoint: Endpoint, wanted: &Generation<'_>, prompt: PromptSize) -> Result<u32, Answer> {
    let prompts = match endpoint {
        Endpoint::Completions | Endpoint::Embeddings => prompt.prompts.max(1),
        Endpoint::Chat | Endpoint::Responses => 1,
    };
    match wanted.choices().checked_mul(prompts) {
        Some(choices @ 1..=MAX_CHOICES) => Ok(choices),
        _ => Err(Answer::bad_request(
            &format!("n must give between 1 and {MAX_CHOICES} choices"),
            Some("n"),
        )),
    }
}

fn check_length(shared: &Shared, length: Length) -> Result<(), Answer> {
    let limit = shared.settings.max_model_len;
    let Length {
        prompt_tokens,
        max_tokens,
        choices,
    } = length;
    let fits = u64::from(prompt_tokens) + u64::from(max_tokens) <= u64::from(limit);
    if fits && max_tokens.saturating_mul(choices) <= MAX_OUTPUT {
        return Ok(());
    }
    let message = format!(
        "This model's maximum context length is {limit} tokens. However, you requested {max_tokens} output tokens for each \
         of {choices} choices and your prompt contains {prompt_tokens} tokens."
    );
    Err(Answer::bad_request(&message, Some("max_tokens")))
}

/// How long a request would make its response.
struct Length {
    prompt_tokens: u32,
    max_tokens: u32,
    choices: u32,
}

/// The fault, with what depends on the request resolved.
fn fault(script: &Script, wanted: &Generation<'_>) -> Fault {
    match script.fault {
        Fault::RejectStreamOptions if wanted.stream_options.is_none() => Fault::None,
        fault => fault,
    }
}

fn tokens(script: &Script, fault: Fault, wanted: &Generation<'_>) -> u32 {
    if fault == Fault::EmptyOutput {
        return 0;
    }
    wanted
        .max_tokens()
        .unwrap_or(script.tokens)
        .min(wanted.eos(script.eos_after))
}

fn delivery(endpoint: Endpoint, script: &Script, wanted: &Generation<'_>, prompt: PromptSize) -> Delivery {
    if endpoint == Endpoint::Embeddings {
        return Delivery::Vectors(prompt.prompts.max(1));
    }
    if !wanted.streamed() {
        return Delivery::Whole;
    }
    let asked = wanted.stream_options.unwrap_or_default();
    Delivery::Stream(match (script.usage, asked) {
        (Usage::Never, _) => StreamUsage::Never,
        (Usage::EveryChunk, _) => StreamUsage::EveryChunk,
        (
            Usage::WhenAsked,
            StreamOptions {
                include_usage: true,
                continuous_usage_stats: true,
            },
        ) => StreamUsage::EveryChunk,
        // `/v1/responses` always tells its counts at the end.
        (
            Usage::WhenAsked,
            StreamOptions {
                include_usage: false, ..
            },
        ) if endpoint != Endpoint::Responses => StreamUsage::Never,
        (Usage::AtEnd | Usage::WhenAsked, _) => StreamUsage::AtEnd,
    })
}

fn finish_reason(script: &Script, tokens: u32, max_tokens: Option<u32>) -> &str {
    match (&script.finish_reason, script.answer) {
        (Some(reason), _) => reason,
        (None, ScriptedAnswer::ToolCall) => "tool_calls",
        (None, _) if max_tokens == Some(tokens) => "length",
        (None, _) => "stop",
    }
}
