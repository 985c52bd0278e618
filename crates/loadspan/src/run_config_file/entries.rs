//! What a run file says: settings of the run, and stages with settings of their own.

mod stage;
mod value;

use std::time::Duration;

use loadspan_loadgen::StageRole;

use self::value::Reading;
#[cfg(test)]
pub(super) use self::value::as_json;
use super::keys::{Key, Keys};
use super::mistake::{Mistake, Place};
use super::nearest::nearest;
use super::substitute::Variables;
use super::yaml::{Content, Node, Pair};

/// The key that holds the stages.
pub(super) const STAGES: &str = "stages";
/// Keys of a stage that are no flags.
pub(super) const STAGE_KEYS: [&str; 3] = ["name", "role", "pause"];

/// A setting.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: Key,
    /// What it is set to, as its flag takes it. None for a switch, and where a stage takes a setting of the run back.
    pub(super) values: Vec<String>,
    pub(super) setting: Setting,
    /// Where the key stands.
    pub(super) place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    Values,
    On,
    Off,
    /// As if nobody had said anything.
    Unset,
}

/// A stage and what it says itself.
#[derive(Debug, Clone)]
pub(super) struct StageEntries {
    pub(super) name: Option<String>,
    pub(super) role: StageRole,
    pub(super) pause: Duration,
    pub(super) entries: Vec<Entry>,
}

/// Everything that a file says.
#[derive(Debug, Clone)]
pub(super) struct Contents {
    pub(super) common: Vec<Entry>,
    pub(super) stages: Vec<StageEntries>,
}

/// Reads a file.
///
/// # Errors
///
/// The first thing in it that makes no sense.
pub(super) fn read(root: &Node, keys: &Keys, variables: Variables<'_>) -> Result<Contents, Mistake> {
    let Content::Map(pairs) = &root.content else {
        let message = format!(
            "expected keys and values, such as `concurrency: 8`, but this is {}",
            root.kind()
        );
        return Err(Mistake::at(root.place, message));
    };
    let (stages, others): (Vec<&Pair>, Vec<&Pair>) = pairs.iter().partition(|pair| pair.key == STAGES);
    let mut common = Section::new(keys, variables, Scope::Run);
    others.into_iter().try_for_each(|pair| common.read(pair))?;
    let mut contents = Contents {
        common: common.entries,
        stages: Vec::new(),
    };
    if let Some(pair) = stages.first() {
        contents.stages = stage::read_all(&pair.value, keys, variables)?;
    }
    check_taken_back(&contents)?;
    Ok(contents)
}

/// A stage can take back only what is there.
fn check_taken_back(contents: &Contents) -> Result<(), Mistake> {
    let said = |key: &Key| contents.common.iter().any(|entry| entry.key.id == key.id);
    let mut own = contents.stages.iter().flat_map(|stage| &stage.entries);
    match own.find(|entry| entry.setting == Setting::Unset && !said(&entry.key)) {
        Some(entry) => {
            let message = format!(
                "`{}` has no value, and outside of `stages` there is none to take back",
                entry.key.name
            );
            Err(Mistake::at(entry.place, message).with_hint("leave it out"))
        }
        None => Ok(()),
    }
}

/// Where settings stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Run,
    Stage,
}

/// The settings of the run, or of a stage, as they are read.
struct Section<'a> {
    keys: &'a Keys,
    variables: Variables<'a>,
    scope: Scope,
    entries: Vec<Entry>,
}

impl<'a> Section<'a> {
    fn new(keys: &'a Keys, variables: Variables<'a>, scope: Scope) -> Self {
        Self {
            keys,
            variables,
            scope,
            entries: Vec::new(),
        }
    }

    /// A group of settings, or a setting.
    fn read(&mut self, pair: &Pair) -> Result<(), Mistake> {
        let group = self.keys.groups().into_iter().find(|group| *group == pair.key);
        let is_key = self.keys.find(&pair.key).is_some();
        match (&pair.value.content, group) {
            (Content::Map(pairs), Some(group)) => {
                let group = group.to_owned();
                pairs
                    .iter()
                    .try_for_each(|inner| self.read_setting(inner, Some(&group)))
            }
            // A group whose settings are all commented out.
            (Content::Scalar(scalar), Some(_)) if scalar.is_null() => Ok(()),
            (content, Some(group)) if !is_key => {
                let message = format!("`{group}` is a group of settings, but this is {}", pair.value.kind());
                let mistake = Mistake::at(pair.value.place, message);
                Err(match content {
                    Content::Scalar(scalar) if scalar.text.contains(':') => {
                        mistake.with_hint("a blank follows the colon of a key, as in `concurrency: 8`")
                    }
                    _ => mistake,
                })
            }
            _ => self.read_setting(pair, None),
        }
    }

    fn read_setting(&mut self, pair: &Pair, group: Option<&str>) -> Result<(), Mistake> {
        let Some(key) = self.keys.find(&pair.key) else {
            return Err(self.unknown(pair, group));
        };
        if let Some(group) = group.filter(|group| *group != key.group) {
            let message = format!("`{}` belongs to `{}`, not to `{group}`", key.name, key.group);
            return Err(Mistake::at(pair.place, message).with_hint("or let it stand outside of any group"));
        }
        if self.scope == Scope::Stage && !key.is_for_stages {
            let message = format!("`{}` is the same in all stages", key.name);
            return Err(Mistake::at(pair.place, message).with_hint("let it stand outside of `stages`"));
        }
        if let Some(first) = self.entries.iter().find(|entry| entry.key.id == key.id) {
            return Err(Mistake::twice(&key.name, pair.place, first.place));
        }
        let reading = Reading {
            keys: self.keys,
            key,
            variables: self.variables,
            scope: self.scope,
        };
        let (setting, values) = reading.read(&pair.value)?;
        self.entries.push(Entry {
            key: key.clone(),
            values,
            setting,
            place: pair.place,
        });
        Ok(())
    }

    fn unknown(&self, pair: &Pair, group: Option<&str>) -> Mistake {
        if STAGE_KEYS.contains(&pair.key.as_str()) {
            return self.not_of_a_stage(pair, group);
        }
        let is_group = pair.key == STAGES || self.keys.groups().contains(&pair.key.as_str());
        if let (true, Some(group)) = (is_group, group) {
            let message = format!("`{}` cannot be within `{group}`", pair.key);
            return Mistake::at(pair.place, message).with_hint("let it stand beside it");
        }
        if pair.key == STAGES {
            let message = format!("`{STAGES}` cannot be within a stage");
            return Mistake::at(pair.place, message).with_hint("write one stage after the other");
        }
        let mistake = Mistake::at(pair.place, format!("there is no key `{}`", shown(&pair.key)));
        match self.meant(&pair.key, group) {
            Some(near) => mistake.with_hint(format!("did you mean `{near}`?")),
            None => mistake.with_hint("`loadspan profile --help` lists the flags: each is a key"),
        }
    }

    /// The key that was probably meant.
    fn meant(&self, word: &str, group: Option<&str>) -> Option<&str> {
        let fits = |key: &&Key| {
            group.is_none_or(|group| group == key.group) && (self.scope == Scope::Run || key.is_for_stages)
        };
        let keys = self.keys.all().iter().filter(fits).map(|key| key.name.as_str());
        let others: Vec<&str> = match (group, self.scope) {
            (Some(_), _) => Vec::new(),
            (None, Scope::Run) => self.keys.groups().into_iter().chain([STAGES]).collect(),
            (None, Scope::Stage) => STAGE_KEYS.to_vec(),
        };
        let near = nearest(word, keys.chain(others));
        // What is in no such place may be known elsewhere.
        let near = near.or_else(|| nearest(word, self.keys.all().iter().map(|key| key.name.as_str())));
        near.or_else(|| self.keys.of_short(word).map(|key| key.name.as_str()))
    }

    /// A key of stages, in another place.
    fn not_of_a_stage(&self, pair: &Pair, group: Option<&str>) -> Mistake {
        let mistake = Mistake::at(pair.place, format!("`{}` is a key of a stage", pair.key));
        match (self.scope, group) {
            (Scope::Stage, Some(group)) => {
                mistake.with_hint(format!("let it stand in the stage itself, outside of `{group}`"))
            }
            _ => mistake.with_hint(format!("let it stand in a stage: `{STAGES}: [{{{}: …}}]`", pair.key)),
        }
    }
}

/// A key as it may be shown: letters that look like others are told apart.
fn shown(key: &str) -> String {
    if key.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        key.to_owned()
    } else {
        key.escape_default().to_string()
    }
}
