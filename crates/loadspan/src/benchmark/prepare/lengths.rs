//! Lengths of prompts, as the server will count them.

use loadspan_loadgen::conversation::Conversations;
use loadspan_loadgen::preflight::Preflight;
use loadspan_loadgen::workload::{LengthModel, Observation, PromptTokenizer, calibrate};
use loadspan_record::{Notice, counted};

/// What the user should know where answers may be shorter than asked for.
pub(super) fn length_is_not_enforced() -> Notice {
    Notice {
        message: "this server may stop before the output length that was asked for".to_owned(),
        advice: Some("name its kind with --server if it is vLLM or SGLang".to_owned()),
    }
}

/// What came of a share of the input that a cache shall be able to have.
pub(super) fn prefix_share(conversations: &Conversations) -> Notice {
    let (tokens, share) = (conversations.shared_tokens(), conversations.prefix_share());
    Notice {
        message: format!(
            "sessions share their first {}, so that at most {:.1} % of all input tokens can come from a prefix cache",
            counted(u64::from(tokens.unwrap_or(0)), "token"),
            share.unwrap_or(0.0) * 100.0
        ),
        advice: None,
    }
}

/// What is known of the tokens that this server counts.
pub(super) fn lengths(
    tokenizer: Option<PromptTokenizer>,
    preflight: &Preflight,
    notices: &mut Vec<Notice>,
) -> LengthModel {
    match tokenizer {
        Some(tokenizer) => exact_lengths(tokenizer, preflight, notices),
        None => calibrated_lengths(preflight, notices),
    }
}

/// Lengths by the model's own tokenizer; what the server counts on top is its chat template.
fn exact_lengths(tokenizer: PromptTokenizer, preflight: &Preflight, notices: &mut Vec<Notice>) -> LengthModel {
    let overhead = preflight.observations.first().map(|(seen, text)| {
        let own = tokenizer.count(text);
        if seen.prompt_tokens < own {
            notices.push(Notice {
                message: format!(
                    "the server counts {} where the tokenizer counts {own}",
                    counted(u64::from(seen.prompt_tokens), "token")
                ),
                advice: Some("--tokenizer is not that of the model: lengths will be off".to_owned()),
            });
        }
        seen.prompt_tokens.saturating_sub(own)
    });
    LengthModel::Tokenizer {
        tokenizer,
        template_overhead: overhead.unwrap_or(0),
    }
}

/// Lengths by what the server counted for two prompts.
fn calibrated_lengths(preflight: &Preflight, notices: &mut Vec<Notice>) -> LengthModel {
    let seen: Vec<Observation> = preflight.observations.iter().map(|(seen, _)| *seen).collect();
    let model = match seen[..] {
        [short, long] => calibrate(short, long),
        _ => None,
    };
    let Some(model) = model else {
        notices.push(Notice {
            message: "prompt lengths are a guess: the server says nothing usable about prompt tokens".to_owned(),
            advice: Some("pass the model's tokenizer.json with --tokenizer".to_owned()),
        });
        return LengthModel::Words;
    };
    if let LengthModel::Calibrated {
        tokens_per_word,
        overhead,
    } = &model
    {
        notices.push(Notice {
            message: format!(
                "prompt lengths are approximate: the server counts {tokens_per_word:.2} tokens a word, plus {overhead:.0} a prompt"
            ),
            advice: Some("--tokenizer makes them exact".to_owned()),
        });
    }
    model
}
