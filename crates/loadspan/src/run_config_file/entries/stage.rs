//! Stages: what each is called, what it is for, and its own settings.

use std::time::Duration;

use loadspan_loadgen::StageRole;

use super::{Scope, Section, StageEntries};
use crate::cli::Seconds;
use crate::run_config_file::keys::Keys;
use crate::run_config_file::mistake::Mistake;
use crate::run_config_file::substitute::{Variables, has_variable, substitute};
use crate::run_config_file::yaml::{Content, Node, Pair};

/// Far more than a run has.
const MAX_STAGES: usize = 1000;
const LONGEST_NAME: usize = 64;

/// Reads the list of stages.
///
/// # Errors
///
/// The first thing in it that makes no sense.
pub(super) fn read_all(node: &Node, keys: &Keys, variables: Variables<'_>) -> Result<Vec<StageEntries>, Mistake> {
    let Content::List(items) = &node.content else {
        let message = format!(
            "`stages` is a list, each item with `- ` before it, but this is {}",
            node.kind()
        );
        return Err(Mistake::at(node.place, message));
    };
    if items.is_empty() || items.len() > MAX_STAGES {
        let message = format!("`stages` has {} stages: expected 1 to {MAX_STAGES}", items.len());
        return Err(Mistake::at(node.place, message));
    }
    let mut stages: Vec<StageEntries> = Vec::new();
    for item in items {
        let stage = read_stage(item, keys, variables)?;
        let same = |other: &StageEntries| other.name.is_some() && other.name == stage.name;
        if let Some(StageEntries { name: Some(name), .. }) = stages.iter().find(|other| same(other)) {
            return Err(Mistake::at(item.place, format!("two stages are called `{name}`")));
        }
        stages.push(stage);
    }
    if stages.iter().all(|stage| stage.role == StageRole::Warmup) {
        return Err(
            Mistake::at(node.place, "every stage is a warm-up: there would be no figures")
                .with_hint("leave `role: warmup` out of one"),
        );
    }
    Ok(stages)
}

fn read_stage(node: &Node, keys: &Keys, variables: Variables<'_>) -> Result<StageEntries, Mistake> {
    let Content::Map(pairs) = &node.content else {
        let message = format!(
            "a stage has keys and values, such as `concurrency: 8`, but this is {}",
            node.kind()
        );
        return Err(Mistake::at(node.place, message));
    };
    let mut section = Section::new(keys, variables, Scope::Stage);
    let (mut name, mut role, mut pause) = (None, StageRole::Measured, Duration::ZERO);
    for pair in pairs {
        match pair.key.as_str() {
            "name" => name = Some(stage_name(pair, variables)?),
            "role" => role = stage_role(pair, variables)?,
            "pause" => pause = stage_pause(pair, variables)?,
            _ => section.read(pair)?,
        }
    }
    Ok(StageEntries {
        name,
        role,
        pause,
        entries: section.entries,
    })
}

fn stage_name(pair: &Pair, variables: Variables<'_>) -> Result<String, Mistake> {
    let name = word(pair, variables)?;
    if name.trim().is_empty() || name.chars().count() > LONGEST_NAME || name.contains(char::is_control) {
        let message = format!("`name` is a word or a few, of at most {LONGEST_NAME} letters");
        return Err(Mistake::at(pair.value.place, message));
    }
    Ok(name)
}

fn stage_role(pair: &Pair, variables: Variables<'_>) -> Result<StageRole, Mistake> {
    match word(pair, variables)?.as_str() {
        "measured" => Ok(StageRole::Measured),
        "warmup" => Ok(StageRole::Warmup),
        _ => Err(refusal(pair, "neither measured nor warmup")),
    }
}

fn stage_pause(pair: &Pair, variables: Variables<'_>) -> Result<Duration, Mistake> {
    let pause: Result<Seconds, String> = word(pair, variables)?.parse();
    match pause {
        Ok(pause) => Ok(pause.0),
        Err(_) if written(pair).is_some_and(has_variable) => Err(refusal(pair, "no time")),
        Err(error) => Err(Mistake::at(pair.value.place, format!("`pause`: {error}"))),
    }
}

/// That a value is not what it should be, quoted as it is written: what a variable holds may be a secret.
fn refusal(pair: &Pair, problem: &str) -> Mistake {
    let message = format!("`{}`: `{}` is {problem}", pair.key, written(pair).unwrap_or_default());
    Mistake::at(pair.value.place, message)
}

fn written(pair: &Pair) -> Option<&str> {
    match &pair.value.content {
        Content::Scalar(scalar) => Some(&scalar.text),
        Content::List(_) | Content::Map(_) => None,
    }
}

/// A single value of a key that is no flag.
fn word(pair: &Pair, variables: Variables<'_>) -> Result<String, Mistake> {
    match &pair.value.content {
        Content::Scalar(scalar) if !scalar.is_null() => substitute(&scalar.text, variables)
            .map_err(|error| Mistake::at(pair.value.place, format!("`{}`: {error}", pair.key))),
        _ => {
            let message = format!("`{}` takes a single value, but this is {}", pair.key, pair.value.kind());
            Err(Mistake::at(pair.value.place, message))
        }
    }
}
