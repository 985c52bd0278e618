//! What a request asked for, in the vocabularies that were asked for. The same for all requests with the same parameters.

use loadspan_wire::semconv::attributes as names;

use super::super::attributes::Attributes;
use super::super::parameters::{OutputType, RequestParameters};
use super::RunPart;
use crate::Operation;
use crate::config::AttributeStyle;

impl AttributeStyle {
    pub(super) fn has_conventions(self) -> bool {
        self != Self::InferencePerf
    }

    pub(super) fn has_inference_perf(self) -> bool {
        self != Self::Semconv
    }
}

impl Operation {
    /// The name in inference-perf's document.
    fn inference_perf_name(self) -> &'static str {
        match self {
            Self::Chat => "chat.completions",
            Self::Completions => "completions",
            Self::Responses => "responses",
            Self::Embeddings => "embeddings",
        }
    }

    /// `openai.api.type`, which has no word for the other two.
    fn openai_api_type(self) -> Option<&'static str> {
        match self {
            Self::Chat => Some("chat_completions"),
            Self::Responses => Some("responses"),
            Self::Completions | Self::Embeddings => None,
        }
    }
}

impl RunPart {
    /// Attributes that requests with the same parameters share. Those that samplers need come first, as the convention wants it.
    pub(super) fn write_asked(&self, provider: &str, parameters: &RequestParameters, attributes: &mut Attributes) {
        let is_streamed = self.is_streamed(parameters);
        if self.style.has_conventions() {
            attributes.text(names::GEN_AI_OPERATION_NAME, self.operation.gen_ai_name());
            attributes.text(names::GEN_AI_PROVIDER_NAME, provider);
        }
        let model = parameters.model.as_ref().unwrap_or(&self.model);
        attributes.text(names::GEN_AI_REQUEST_MODEL, model);
        if self.style.has_inference_perf() {
            attributes.text(names::GEN_AI_SYSTEM, "openai_compatible");
            attributes.text(names::LLM_REQUEST_TYPE, self.operation.inference_perf_name());
            attributes.boolean(names::LLM_IS_STREAMING, is_streamed);
        }
        attributes.optional_float(names::GEN_AI_REQUEST_TEMPERATURE, parameters.temperature);
        attributes.optional_float(names::GEN_AI_REQUEST_TOP_P, parameters.top_p);
        if self.style.has_conventions() {
            if is_streamed {
                attributes.boolean(names::GEN_AI_REQUEST_STREAM, true);
            }
            self.write_parameters(parameters, attributes);
        }
    }

    /// The parameters that only the conventions have a name for.
    fn write_parameters(&self, parameters: &RequestParameters, attributes: &mut Attributes) {
        if let Some(api) = self.operation.openai_api_type() {
            attributes.text(names::OPENAI_API_TYPE, api);
        }
        attributes.optional_float(names::GEN_AI_REQUEST_FREQUENCY_PENALTY, parameters.frequency_penalty);
        attributes.optional_float(names::GEN_AI_REQUEST_PRESENCE_PENALTY, parameters.presence_penalty);
        let choices = parameters.choices.filter(|choices| *choices != 1);
        for (name, value) in [
            (names::GEN_AI_REQUEST_TOP_K, parameters.top_k),
            (names::GEN_AI_REQUEST_SEED, parameters.seed),
            (names::GEN_AI_REQUEST_CHOICE_COUNT, choices),
            (names::GEN_AI_EMBEDDINGS_DIMENSION_COUNT, parameters.dimensions),
        ] {
            attributes.optional_int(name, value);
        }
        let output_type = parameters.output_type.map(|output_type| match output_type {
            OutputType::Text => "text",
            OutputType::Json => "json",
        });
        let tier = parameters.service_tier.as_deref().filter(|tier| *tier != "auto");
        for (name, value) in [
            (names::GEN_AI_OUTPUT_TYPE, output_type),
            (
                names::GEN_AI_REQUEST_REASONING_LEVEL,
                parameters.reasoning_level.as_deref(),
            ),
            (names::OPENAI_REQUEST_SERVICE_TIER, tier),
            (
                names::GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID,
                parameters.previous_response_id.as_deref(),
            ),
        ] {
            attributes.optional_text(name, value);
        }
        if !parameters.stop_sequences.is_empty() {
            let stops = parameters.stop_sequences.iter().map(String::as_str);
            attributes.texts(names::GEN_AI_REQUEST_STOP_SEQUENCES, stops);
        }
        if let Some(format) = &parameters.encoding_format {
            attributes.texts(names::GEN_AI_REQUEST_ENCODING_FORMATS, std::iter::once(format.as_str()));
        }
    }

    /// Whether the answer was asked for as a stream.
    pub(super) fn is_streamed(&self, parameters: &RequestParameters) -> bool {
        self.operation != Operation::Embeddings && parameters.stream.unwrap_or(self.streaming)
    }
}
