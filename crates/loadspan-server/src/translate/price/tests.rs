use super::*;

fn usage(input: i64, output: i64) -> TokenUsage {
    TokenUsage {
        input,
        output,
        total: input + output,
        ..TokenUsage::default()
    }
}

/// What a million tokens of input cost.
fn of_input(provider: Option<&str>, model: &str) -> Option<f64> {
    let cost = PriceTable::shipped().cost(provider, model, &usage(1_000_000, 0));
    cost.map(|cost| cost.input)
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

#[test]
fn all_names_of_a_model_have_one_price() {
    for name in [
        "gpt-4o",
        "openai/gpt-4o-2024-08-06",
        "GPT-4o",
        "openai/chatgpt/gpt-4o",
        "gpt-4o-latest",
    ] {
        assert_eq!(of_input(None, name), Some(2.5), "{name}");
    }
    let sonnet = [
        "claude-3-5-sonnet-20241022",
        "claude-3-5-sonnet-latest",
        "claude-3-5-sonnet@20240620",
        "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
        "bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0",
    ];
    for name in sonnet {
        assert_eq!(of_input(Some("aws.bedrock"), name), Some(3.0), "{name}");
    }
    for name in [
        "models/gemini-2.5-pro-preview-05-06",
        "gemini-2.5-pro",
        "gemini-2.5-pro-001",
    ] {
        assert_eq!(of_input(Some("gcp.vertex_ai"), name), Some(1.25), "{name}");
    }
}

#[test]
fn a_dated_model_that_is_listed_has_a_price_of_its_own() {
    assert_eq!(of_input(None, "gpt-4o-2024-05-13"), Some(5.0));
    assert_eq!(of_input(None, "gpt-4-0125-preview"), Some(10.0));
    assert_eq!(of_input(None, "gpt-4-0613"), Some(30.0));
    assert_eq!(of_input(None, "text-embedding-ada-002"), Some(0.1));
}

#[test]
fn a_version_is_not_a_date() {
    assert_eq!(of_input(None, "claude-opus-4-5-20251101"), Some(5.0));
    assert_eq!(of_input(None, "claude-opus-4-1"), Some(15.0));
    assert_eq!(of_input(None, "claude-opus-4-99"), None);
    assert_eq!(of_input(None, "gpt-4o-audio-preview"), None);
    assert_eq!(of_input(None, "-2024-08-06"), None);
    assert_eq!(of_input(None, ""), None);
}

#[test]
fn open_models_cost_what_their_host_asks_and_nothing_elsewhere() {
    assert_eq!(of_input(Some("groq"), "llama-3.3-70b-versatile"), Some(0.59));
    assert_eq!(of_input(None, "groq/llama-3.3-70b-versatile"), Some(0.59));
    assert_eq!(of_input(Some("groq.chat"), "llama-3.3-70b-versatile"), Some(0.59));
    assert_eq!(
        of_input(Some("aws.bedrock"), "us.meta.llama3-3-70b-instruct-v1:0"),
        Some(0.72)
    );
    assert_eq!(of_input(Some("vllm"), "llama-3.3-70b-versatile"), None);
    assert_eq!(
        of_input(Some("together_ai"), "meta-llama/Llama-4-Scout-17B-16E-Instruct"),
        Some(0.18)
    );
    assert_eq!(of_input(None, "meta-llama/Llama-4-Scout-17B-16E-Instruct"), None);
}

#[test]
fn a_region_may_cost_more() {
    let of = |name: &str| of_input(Some("aws.bedrock"), name);
    assert_eq!(of("anthropic.claude-sonnet-4-5-20250929-v1:0"), Some(3.0));
    assert_eq!(of("global.anthropic.claude-sonnet-4-5-20250929-v1:0"), Some(3.0));
    for prefix in ["", "bedrock/", "arn:aws:bedrock:eu-west-1:1:inference-profile/"] {
        assert_eq!(
            of(&format!("{prefix}eu.anthropic.claude-sonnet-4-5-20250929-v1:0")),
            Some(3.3)
        );
    }
}

#[test]
fn a_tuned_model_does_not_cost_what_the_model_does() {
    assert_eq!(of_input(None, "ft:gpt-4o-2024-08-06:acme::1"), None);
    let listed = r#"{"date": "", "prices": [{"provider": "openai", "model": "ft:gpt-4o", "input": 3.75}]}"#;
    let prices = PriceTable::of(load::parse(listed).unwrap());
    for name in ["ft:gpt-4o-2024-08-06:acme:help:1", "openai/ft:gpt-4o", "ft:gpt-4o::"] {
        let cost = prices.cost(None, name, &usage(1_000_000, 0)).unwrap();
        assert!(close(cost.input, 3.75), "{name}");
    }
}

#[test]
fn models_of_today_are_listed() {
    let cases = [
        (Some("openai"), "gpt-5.5-2026-04-23", 5.0),
        (Some("azure.ai.openai"), "gpt-5.4-mini", 0.75),
        (Some("anthropic"), "claude-opus-5-5", 4.0),
        (Some("anthropic"), "claude-haiku-4-5-20251001", 1.0),
        (Some("openrouter"), "anthropic/claude-sonnet-4.6", 3.0),
        (Some("gcp.gemini"), "gemini-3.1-pro-preview", 2.0),
        (Some("mistral_ai"), "mistral-large-2411", 2.0),
        (Some("mistral_ai"), "mistral-large-latest", 0.5),
        (Some("deepseek"), "deepseek-chat", 0.28),
        (Some("cohere"), "command-r-plus-08-2024", 2.5),
        (Some("x_ai"), "grok-4-0709", 3.0),
        (Some("dashscope"), "qwen-plus-2025-07-14", 0.4),
        (Some("moonshot_ai"), "kimi-k2-0905-preview", 0.6),
        (Some("zhipu"), "glm-4.6", 0.6),
        (Some("fireworks_ai"), "accounts/fireworks/models/deepseek-v3p1", 0.56),
        (Some("together_ai"), "meta-llama/Llama-3.3-70B-Instruct-Turbo", 1.04),
        (Some("aws.bedrock"), "amazon.nova-pro-v1:0", 0.8),
    ];
    for (provider, model, input) in cases {
        assert_eq!(of_input(provider, model), Some(input), "{model}");
    }
}

#[test]
fn cached_tokens_have_prices_of_their_own() {
    let usage = TokenUsage {
        cache_read: Some(800_000),
        cache_write: Some(100_000),
        ..usage(1_000_000, 100_000)
    };
    let cost = PriceTable::shipped().cost(None, "claude-sonnet-4-5", &usage).unwrap();
    assert!(close(cost.input, 0.1 * 3.0 + 0.8 * 0.3 + 0.1 * 3.75), "{cost:?}");
    assert!(close(cost.output, 1.5), "{cost:?}");
    assert!(close(cost.total, cost.input + cost.output), "{cost:?}");
}

#[test]
fn more_cached_tokens_than_input_are_not_part_of_it() {
    let usage = TokenUsage {
        cache_read: Some(1_000_000),
        ..usage(500_000, 0)
    };
    let cost = PriceTable::shipped().cost(None, "gpt-4o", &usage).unwrap();
    assert!(close(cost.input, 1.25 + 1.25), "{cost:?}");
}

#[test]
fn an_unknown_model_has_no_cost() {
    assert_eq!(of_input(None, "my-own-model"), None);
    assert_eq!(PriceTable::default().cost(None, "gpt-4o", &usage(1, 1)), None);
}

#[test]
fn a_file_takes_the_place_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prices.json");
    let list = r#"{"date": "2026-01-01", "prices": [{"provider": "me", "model": "Mine", "input": 1, "output": 2}]}"#;
    std::fs::write(&path, list).unwrap();
    let table = PriceTable::load(&path).unwrap();
    let cost = table.cost(Some("me"), "mine", &usage(1_000_000, 1_000_000));
    assert_eq!(
        cost,
        Some(Cost {
            input: 1.0,
            output: 2.0,
            total: 3.0
        })
    );
    assert_eq!(table.cost(None, "gpt-4o", &usage(1, 1)), None);
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_place() {
    let refused = |list: &str| load::parse(list).unwrap_err();
    let entry =
        |rest: &str| format!("{{\"date\": \"d\", \"prices\": [\n{{\"provider\": \"p\", \"model\": \"m\", {rest}}}]}}");
    assert_eq!(
        refused(&entry(r#""input": -1"#)),
        r#"entry 1, "m" of "p": a price must not be negative"#
    );
    assert!(refused(&entry(r#""input": "1""#)).contains("line 2"));
    assert!(refused(&entry(r#""inputs": 1"#)).contains("unknown field `inputs`"));
    let twice = entry(r#""input": 1}, {"provider": "P", "model": "M", "input": 2"#);
    assert_eq!(refused(&twice), r#"entry 2, "M" of "P": it is there twice"#);
    let gone = PriceTable::load(Path::new("nowhere/prices.json"))
        .unwrap_err()
        .to_string();
    assert!(
        gone.starts_with("cannot take prices from nowhere/prices.json: "),
        "{gone}"
    );
}
