//! Who has the last word: flag, then environment, then the file (its stage before what all have in common), then the default.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, FromArgMatches};
use loadspan_record::Notice;

use super::entries::{Entry, Setting};
use super::keys::{Key, Keys};
use super::mistake::Mistake;
use super::substitute::Variables;
use crate::cli::ProfileArgs;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Flag,
    Environment(String),
    /// A line of the file.
    File(usize),
    Default,
}

/// What was typed, and what the environment says.
pub(super) struct Typed {
    words: Vec<OsString>,
    matches: ArgMatches,
}

/// The settings that hold in a run, or in one of its stages.
pub(super) struct Layered {
    /// Those of the file that nobody overrides.
    pub(super) entries: Vec<Entry>,
    pub(super) matches: ArgMatches,
    pub(super) args: ProfileArgs,
    pub(super) displaced: Vec<Displaced>,
}

/// A setting of the file that is for a place which something with more say has put another in for.
pub(super) struct Displaced {
    entry: Entry,
    /// The key that names the place.
    place: Key,
    by: Origin,
}

impl Typed {
    /// # Errors
    ///
    /// What clap says of words that are no flags of `loadspan profile`.
    pub(super) fn parse(keys: &Keys, words: Vec<OsString>) -> Result<Self, clap::Error> {
        let matches = keys.command.clone().try_get_matches_from(words.clone())?;
        Ok(Self { words, matches })
    }

    /// Where a value comes from, if a flag or the environment sets it.
    pub(super) fn origin_of(&self, key: &Key, keys: &Keys, variables: Variables<'_>) -> Option<Origin> {
        let is_set = |name: &&str| variables(name).is_some_and(|value| !value.trim().is_empty());
        match self.matches.value_source(&key.id) {
            Some(ValueSource::CommandLine) => Some(Origin::Flag),
            Some(ValueSource::EnvVariable) => {
                let name = keys.argument(key).and_then(clap::Arg::get_env);
                let name = name.map(|name| name.to_string_lossy().into_owned());
                name.filter(|name| is_set(&name.as_str())).map(Origin::Environment)
            }
            _ => {
                let mut variables = key.variables.iter().copied();
                variables.find(is_set).map(|name| Origin::Environment(name.to_owned()))
            }
        }
    }

    /// Puts the settings of the file below what was typed, those of a stage above those of the run.
    ///
    /// # Errors
    ///
    /// Settings that exclude each other.
    pub(super) fn over(
        &self,
        (stage, common): (&[Entry], &[Entry]),
        keys: &Keys,
        variables: Variables<'_>,
    ) -> Result<Layered, Mistake> {
        let mut taken: Vec<&Key> = keys.all().iter().collect();
        taken.retain(|key| self.origin_of(key, keys, variables).is_some());
        let displaced = self.displaced(common, keys, variables);
        taken.extend(displaced.iter().map(|displaced| &displaced.entry.key));
        let mut entries = Vec::new();
        for layer in [stage, common] {
            let yields = |entry: &&Entry| {
                let is_beaten = |key: &&Key| key.id == entry.key.id || keys.are_rivals(key, &entry.key);
                !taken.iter().any(is_beaten)
            };
            let holding: Vec<&Entry> = layer.iter().filter(yields).collect();
            taken.extend(layer.iter().map(|entry| &entry.key));
            entries.extend(
                holding
                    .into_iter()
                    .filter(|entry| entry.setting != Setting::Unset)
                    .cloned(),
            );
        }
        let words = entries.iter().flat_map(words_of).chain(self.words.iter().cloned());
        let matches = keys.command.clone().try_get_matches_from(words);
        let matches = matches.map_err(|error| together(&error, &entries, keys))?;
        let args = ProfileArgs::from_arg_matches(&matches).map_err(|error| together(&error, &entries, keys))?;
        Ok(Layered {
            entries,
            matches,
            args,
            displaced,
        })
    }
}

impl Typed {
    /// What the file says of a place that is not used. A credential for one place is not sent to another.
    fn displaced(&self, entries: &[Entry], keys: &Keys, variables: Variables<'_>) -> Vec<Displaced> {
        let said = |key: &Key| entries.iter().find(|entry| entry.key.id == key.id);
        let mut displaced = Vec::new();
        for (place, satellites) in keys.places() {
            let (Some(of_file), Some(by)) = (said(place), self.origin_of(place, keys, variables)) else {
                continue;
            };
            if is_same_place(&of_file.values, self.value_of(place, &by, variables)) {
                continue;
            }
            let unsaid = |key: &&Key| self.origin_of(key, keys, variables).is_none();
            let lost = satellites.into_iter().filter(unsaid).filter_map(said);
            displaced.extend(lost.map(|entry| Displaced {
                entry: entry.clone(),
                place: place.clone(),
                by: by.clone(),
            }));
        }
        displaced
    }

    /// What a key is set to by a flag or by the environment.
    fn value_of(&self, key: &Key, origin: &Origin, variables: Variables<'_>) -> Option<String> {
        match origin {
            Origin::Environment(name) => variables(name),
            _ => {
                let mut raw = self.matches.get_raw(&key.id)?;
                raw.next().map(|value| value.to_string_lossy().into_owned())
            }
        }
    }
}

fn is_same_place(of_file: &[String], other: Option<String>) -> bool {
    let bare = |text: &str| text.trim().trim_end_matches('/').to_owned();
    other.map(|other| bare(&other)) == of_file.first().map(|said| bare(said))
}

impl Displaced {
    pub(super) fn notice(&self, file: &str) -> Notice {
        let (key, place) = (&self.entry.key, &self.place.name);
        let by = match &self.by {
            Origin::Environment(name) => name.clone(),
            _ => self.place.flag.clone(),
        };
        let variables = key.variables.iter().map(|name| format!(", or set {name}"));
        Notice {
            message: format!(
                "{file}:{}: `{}` has no effect: it is for the `{place}` of the file, and {by} names another",
                self.entry.place.line, key.name
            ),
            advice: Some(format!("use {}{}", key.flag, variables.collect::<String>())),
        }
    }
}

impl Layered {
    pub(super) fn entry(&self, key: &Key) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.id == key.id)
    }
}

/// A setting as it would be typed.
fn words_of(entry: &Entry) -> Vec<OsString> {
    match entry.setting {
        Setting::On => vec![entry.key.flag.clone().into()],
        Setting::Off | Setting::Unset => Vec::new(),
        Setting::Values => {
            let word = |value: &String| format!("{}={value}", entry.key.flag).into();
            entry.values.iter().map(word).collect()
        }
    }
}

/// What clap says of settings that cannot stand together: each was read by itself before.
fn together(error: &clap::Error, entries: &[Entry], keys: &Keys) -> Mistake {
    let named = |kind| match error.get(kind) {
        Some(ContextValue::String(usage)) => vec![usage.clone()],
        Some(ContextValue::Strings(usages)) => usages.clone(),
        _ => Vec::new(),
    };
    let key_of = |usage: &String| {
        let flag = usage.split([' ', '=']).next().unwrap_or_default();
        keys.of_flag(flag)
    };
    let entry_of = |key: &Key| entries.iter().find(|entry| entry.key.id == key.id);
    let mut involved = named(ContextKind::InvalidArg);
    involved.extend(named(ContextKind::PriorArg));
    let involved: Vec<&Key> = involved.iter().filter_map(key_of).collect();
    let places: Vec<&Entry> = involved.iter().filter_map(|key| entry_of(key)).collect();
    let (Some(last), ErrorKind::ArgumentConflict) = (places.iter().max_by_key(|entry| entry.place), error.kind())
    else {
        let text = error.to_string();
        return Mistake::of_file(text.trim().trim_start_matches("error: ").to_owned());
    };
    let others = involved.iter().filter(|key| key.id != last.key.id);
    let others = others.map(|key| match entry_of(key) {
        Some(entry) => format!("`{}` in line {}", key.name, entry.place.line),
        None => key.flag.clone(),
    });
    let others: Vec<String> = others.collect();
    let message = format!("`{}` cannot be combined with {}", last.key.name, others.join(" and "));
    Mistake::at(last.place, message).with_hint("leave one of them out")
}
