//! `gen_ai.provider.name`: whose API a server speaks.
//!
//! What the user says counts, then the host of a known service, then the engine that the server turned out to be. Everything else
//! is `openai`: the conventions define the attribute as the flavour of the telemetry, so that a server which speaks OpenAI's API and
//! says nothing else of itself is of that flavour.

/// Hosts of services, and their names. A pattern is the end of a host name; `*` stands for any beginning of its label.
///
/// Names without a counterpart in the conventions are those in common use. Of two patterns that fit, the first counts.
const HOSTS: &[(&str, &str)] = &[
    ("api.openai.com", "openai"),
    ("openai.azure.com", "azure.ai.openai"),
    ("openai.azure.us", "azure.ai.openai"),
    ("cognitiveservices.azure.com", "azure.ai.openai"),
    ("services.ai.azure.com", "azure.ai.inference"),
    ("models.ai.azure.com", "azure.ai.inference"),
    ("inference.ai.azure.com", "azure.ai.inference"),
    ("api.anthropic.com", "anthropic"),
    ("generativelanguage.googleapis.com", "gcp.gemini"),
    ("aiplatform.googleapis.com", "gcp.vertex_ai"),
    ("*-aiplatform.googleapis.com", "gcp.vertex_ai"),
    ("aiplatform.*.rep.googleapis.com", "gcp.vertex_ai"),
    ("bedrock-runtime.*.amazonaws.com", "aws.bedrock"),
    ("bedrock-runtime-fips.*.amazonaws.com", "aws.bedrock"),
    ("bedrock-runtime.*.amazonaws.com.cn", "aws.bedrock"),
    ("bedrock-runtime.*.api.aws", "aws.bedrock"),
    ("bedrock-mantle.*.api.aws", "aws.bedrock"),
    ("ml.cloud.ibm.com", "ibm.watsonx.ai"),
    ("mistral.ai", "mistral_ai"),
    ("api.cohere.com", "cohere"),
    ("api.cohere.ai", "cohere"),
    ("api.deepseek.com", "deepseek"),
    ("api.groq.com", "groq"),
    ("api.perplexity.ai", "perplexity"),
    ("api.x.ai", "x_ai"),
    ("api.moonshot.ai", "moonshot_ai"),
    ("api.moonshot.cn", "moonshot_ai"),
    ("openrouter.ai", "openrouter"),
    ("api.together.ai", "together_ai"),
    ("api.together.xyz", "together_ai"),
    ("api.fireworks.ai", "fireworks_ai"),
    ("api.nvidia.com", "nvidia"),
    ("nvcf.nvidia.com", "nvidia"),
    ("router.huggingface.co", "huggingface"),
    ("api-inference.huggingface.co", "huggingface"),
    ("endpoints.huggingface.cloud", "huggingface"),
    ("inference.baseten.co", "baseten"),
    ("api.baseten.co", "baseten"),
    ("api.cerebras.ai", "cerebras"),
    ("api.sambanova.ai", "sambanova"),
    ("api.deepinfra.com", "deepinfra"),
];

/// Engines that are named for themselves: whoever benchmarks wants to tell them apart.
const ENGINES: &[&str] = &["vllm", "sglang", "tgi"];

/// `gen_ai.provider.name` of a server: what the user says, else the service behind `host`, else the engine `server_kind`, else
/// `openai`.
#[must_use]
pub fn provider_name(said: Option<&str>, host: &str, server_kind: Option<&str>) -> String {
    let engine = || ENGINES.iter().copied().find(|engine| Some(*engine) == server_kind);
    said.or_else(|| provider_of_host(host))
        .or_else(engine)
        .unwrap_or("openai")
        .to_owned()
}

/// Other names of providers, as instrumentations and older conventions have them, and the conventions' own. In small letters.
const SYNONYMS: &[(&str, &str)] = &[
    ("amazon-bedrock", "aws.bedrock"),
    ("amazon_bedrock", "aws.bedrock"),
    ("aws", "aws.bedrock"),
    ("az.ai.inference", "azure.ai.inference"),
    ("az.ai.openai", "azure.ai.openai"),
    ("azure", "azure.ai.openai"),
    ("azure_openai", "azure.ai.openai"),
    ("bedrock", "aws.bedrock"),
    ("gcp.vertex.agent", "gcp.gen_ai"),
    ("gemini", "gcp.gemini"),
    ("google", "gcp.gen_ai"),
    ("google_genai", "gcp.gen_ai"),
    ("mistral", "mistral_ai"),
    ("mistralai", "mistral_ai"),
    ("moonshot", "moonshot_ai"),
    ("vertex_ai", "gcp.vertex_ai"),
    ("vertexai", "gcp.vertex_ai"),
    ("watsonx", "ibm.watsonx.ai"),
    ("xai", "x_ai"),
];

/// A provider as the conventions name it: `OpenAI`, and `openai.chat` of Vercel's SDK, are `openai`. One that is not known stays as
/// it is.
#[must_use]
pub fn conventional(provider: &str) -> &str {
    let small = provider.to_ascii_lowercase();
    let known = |name: &str| {
        let synonym = SYNONYMS.iter().find(|(other, _)| *other == name);
        let own = || HOSTS.iter().map(|(_, own)| own).find(|own| **own == name);
        synonym.map(|(_, own)| *own).or_else(|| own().copied())
    };
    let maker = || known(small.split_once('.')?.0);
    known(&small).or_else(maker).unwrap_or(provider)
}

/// The service that has a host. `None` for hosts of nobody in particular.
#[must_use]
pub fn provider_of_host(host: &str) -> Option<&'static str> {
    let host = host.trim_end_matches('.');
    let mut hosts = HOSTS.iter();
    hosts
        .find(|(pattern, _)| is_of(host, pattern))
        .map(|(_, provider)| *provider)
}

/// Whether the last labels of a host are those of a pattern.
fn is_of(host: &str, pattern: &str) -> bool {
    let mut labels = host.rsplit('.');
    pattern
        .rsplit('.')
        .all(|wanted| labels.next().is_some_and(|label| fits(label, wanted)))
}

fn fits(label: &str, wanted: &str) -> bool {
    match wanted.strip_prefix('*') {
        Some(end) => label.len() > end.len() && label.to_ascii_lowercase().ends_with(end),
        None => label.eq_ignore_ascii_case(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_known_by_their_hosts() {
        let cases = [
            ("api.openai.com", "openai"),
            ("EU.API.OpenAI.com.", "openai"),
            ("aiplatform.googleapis.com", "gcp.vertex_ai"),
            ("us-central1-aiplatform.googleapis.com", "gcp.vertex_ai"),
            ("aiplatform.eu.rep.googleapis.com", "gcp.vertex_ai"),
            ("bedrock-runtime.us-east-1.amazonaws.com", "aws.bedrock"),
            ("my-resource.openai.azure.com", "azure.ai.openai"),
            ("us-south.ml.cloud.ibm.com", "ibm.watsonx.ai"),
            ("codestral.mistral.ai", "mistral_ai"),
            ("api.moonshot.cn", "moonshot_ai"),
            ("openrouter.ai", "openrouter"),
            ("integrate.api.nvidia.com", "nvidia"),
            ("x1.us-east-1.aws.endpoints.huggingface.cloud", "huggingface"),
            ("model-abc.api.baseten.co", "baseten"),
        ];
        for (host, provider) in cases {
            assert_eq!(provider_of_host(host), Some(provider), "{host}");
        }
    }

    #[test]
    fn a_host_is_matched_by_whole_labels_from_its_end() {
        let strangers = [
            "notapi.openai.com",
            "fakemistral.ai",
            "api.openai.com.evil.example",
            "openai.com",
            "www.ibm.com",
            "-aiplatform.googleapis.com",
            "s3.us-east-1.amazonaws.com",
            "bedrock-runtime.amazonaws.com",
            "localhost",
            "10.0.0.1",
            "::1",
            "",
        ];
        for host in strangers {
            assert_eq!(provider_of_host(host), None, "{host}");
        }
    }

    #[test]
    fn every_pattern_finds_its_own_provider() {
        for (pattern, provider) in HOSTS {
            assert_eq!(
                provider_of_host(&pattern.replace('*', "a")),
                Some(*provider),
                "{pattern}"
            );
        }
    }

    #[test]
    fn providers_have_one_name() {
        let cases = [
            ("openai", "openai"),
            ("OpenAI", "openai"),
            ("openai.chat", "openai"),
            ("azure.ai.openai", "azure.ai.openai"),
            ("az.ai.openai", "azure.ai.openai"),
            ("xai", "x_ai"),
            ("google.generative-ai", "gcp.gen_ai"),
            ("amazon-bedrock", "aws.bedrock"),
            ("Ollama", "Ollama"),
            ("", ""),
        ];
        for (said, is) in cases {
            assert_eq!(conventional(said), is, "{said}");
        }
    }

    #[test]
    fn the_user_beats_the_host_and_the_host_beats_the_engine() {
        let name = provider_name;
        assert_eq!(name(Some("mine"), "api.openai.com", Some("vllm")), "mine");
        assert_eq!(name(None, "api.together.xyz", Some("vllm")), "together_ai");
        assert_eq!(name(None, "gpu-7", Some("sglang")), "sglang");
        assert_eq!(name(None, "gpu-7", Some("openai")), "openai");
        assert_eq!(name(None, "gpu-7", None), "openai");
    }
}
