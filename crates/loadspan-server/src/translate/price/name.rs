//! The many names of one model: with a provider before it, with a date or a version after it.

use std::borrow::Cow;

/// What may follow the name of a model without making it another one. `#` is a digit. Longer ones first.
const SUFFIXES: [&str; 15] = [
    "-preview-##-####",
    "-preview-##-##",
    "-####-##-##",
    "-########",
    "@########",
    "-##-####",
    "@default",
    "-preview",
    "-latest",
    "@latest",
    "-####",
    "-v#:#",
    "-###",
    "@###",
    "-v#",
];

/// What Amazon Bedrock puts before the name of a model: where it runs, and who made it.
const REGIONS: [&str; 6] = ["us.", "eu.", "apac.", "global.", "jp.", "au."];
const MAKERS: [&str; 6] = ["anthropic.", "meta.", "mistral.", "cohere.", "deepseek.", "openai."];

/// Other names of providers, as instrumentations and OpenTelemetry have them.
const PROVIDERS: [(&str, &str); 28] = [
    ("alibaba_cloud", "alibaba"),
    ("amazon-bedrock", "aws"),
    ("azure", "openai"),
    ("azure.ai.openai", "openai"),
    ("azure_openai", "openai"),
    ("bedrock", "aws"),
    ("dashscope", "alibaba"),
    ("gcp.gemini", "google"),
    ("gcp.gen_ai", "google"),
    ("gcp.vertex_ai", "google"),
    ("gemini", "google"),
    ("google.generative-ai", "google"),
    ("google_genai", "google"),
    ("vertex_ai", "google"),
    ("vertexai", "google"),
    ("mistral_ai", "mistral"),
    ("mistralai", "mistral"),
    ("moonshot_ai", "moonshot"),
    ("moonshotai", "moonshot"),
    ("x_ai", "xai"),
    ("x-ai", "xai"),
    ("together_ai", "together"),
    ("togetherai", "together"),
    ("fireworks_ai", "fireworks"),
    ("meta-llama", "meta"),
    ("voyageai", "voyage"),
    ("z-ai", "zai"),
    ("zhipu", "zai"),
];

/// In small letters.
pub(super) fn small(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// The provider that stands before the name of a model: `groq/llama-3.3-70b-versatile`.
pub(super) fn prefix(model: &str) -> Option<&str> {
    model.split_once('/').map(|(provider, _)| provider)
}

/// The one name of a provider; of one that is not known what stands before the first dot: `groq.chat`, `aws.bedrock`. Names are in
/// small letters.
pub(super) fn provider(name: &str) -> &str {
    let known = PROVIDERS.iter().find(|(other, _)| *other == name);
    let (first, _) = name.split_once('.').unwrap_or((name, ""));
    known.map_or(first, |(_, provider)| provider)
}

/// The names under which a model may be listed, the most exact first. Names are in small letters.
pub(super) fn readings(model: &str) -> impl Iterator<Item = &str> {
    let name = model.rsplit('/').next().unwrap_or(model);
    let bare = bare(name);
    // What is listed with its region costs more there.
    let exact = [model, name].into_iter().filter(|exact| exact.len() > bare.len());
    exact.chain(std::iter::successors(Some(bare), |name| shortened(name)))
}

/// Without what stands before it, and without whose it is, if somebody tuned it: `ft:gpt-4o:acme::1` costs what `ft:gpt-4o` does.
fn bare(name: &str) -> &str {
    if let Some(tuned) = name.strip_prefix("ft:") {
        let end = tuned.find(':').unwrap_or(tuned.len());
        return &name[.."ft:".len() + end];
    }
    let name = REGIONS
        .iter()
        .find_map(|region| name.strip_prefix(region))
        .unwrap_or(name);
    MAKERS.iter().find_map(|maker| name.strip_prefix(maker)).unwrap_or(name)
}

/// Without what stands after it. `None`: nothing does.
fn shortened(name: &str) -> Option<&str> {
    let suffix = SUFFIXES.iter().find(|suffix| ends(name, suffix))?;
    let rest = &name[..name.len() - suffix.len()];
    (!rest.is_empty()).then_some(rest)
}

fn ends(name: &str, suffix: &str) -> bool {
    let fits = |(byte, like): (u8, u8)| byte == like || (like == b'#' && byte.is_ascii_digit());
    name.len() >= suffix.len() && name.bytes().rev().zip(suffix.bytes().rev()).all(fits)
}
