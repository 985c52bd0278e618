//! The keys of a run file: one for each flag of `loadspan profile`, made from the flags themselves, so that none can be forgotten.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, Command, CommandFactory};

use crate::cli::{Cli, Milliseconds, Seconds};

/// What a help heading is called as a group of keys, where its first word is not it.
const GROUPS: [(&str, &str); 1] = [("Server and GPUs", "observation")];
/// Groups whose keys may differ from stage to stage.
const STAGE_GROUPS: [&str; 4] = ["load", "workload", "sessions", "replay"];
/// Those of their keys that are one for the whole run.
const ONE_FOR_THE_RUN: [&str; 4] = ["random_seed", "tokenizer", "session_header", "workers_max"];
/// Keys whose value is, or may hold, a credential.
const SECRETS: [&str; 5] = ["api_key", "header", "otel_header", "mlflow_tracking_uri", "otel_url"];
/// Keys whose values may be written as a map, and what stands between name and value on the command line.
const MAPS: [(&str, Form); 6] = [
    ("extra_inputs", Form::Json),
    ("goodput", Form::Words(":")),
    ("header", Form::Items(": ")),
    ("mlflow_tag", Form::Items("=")),
    ("otel_header", Form::Items("=")),
    ("otel_resource_attributes", Form::Items("=")),
];
/// What is said of a place, and of no other: keys that have no say where what names the place is displaced.
const SATELLITES: [(&str, &[&str]); 1] = [("otel_url", &["otel_header", "otel_protocol"])];
/// Variables that beat the file, beside those that the flags themselves name.
const VARIABLES: [(&str, &[&str]); 9] = [
    (
        "capture_content",
        &["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"],
    ),
    ("mlflow_experiment", &["MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID"]),
    ("mlflow_tracking_uri", &["MLFLOW_TRACKING_URI"]),
    ("otel_export_interval", &["OTEL_METRIC_EXPORT_INTERVAL"]),
    ("otel_header", &["OTEL_EXPORTER_OTLP_HEADERS"]),
    ("otel_protocol", &["OTEL_EXPORTER_OTLP_PROTOCOL"]),
    ("otel_url", &["OTEL_EXPORTER_OTLP_ENDPOINT"]),
    ("trace_sample_ratio", &["OTEL_TRACES_SAMPLER"]),
    ("trace_scope", &["OTEL_TRACE_PER_STAGE"]),
];

/// The flags of `loadspan profile`.
pub(super) struct Keys {
    /// The command with nothing but them, to read values with.
    pub(super) command: Command,
    keys: Vec<Key>,
}

/// A key.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// What clap calls it.
    pub(super) id: String,
    /// Its name in the file: `request_rate`.
    pub(super) name: String,
    /// Its flag: `--request-rate`.
    pub(super) flag: String,
    /// Other names that it has.
    aliases: Vec<String>,
    pub(super) group: String,
    pub(super) shape: Shape,
    /// How its value may be written as a map.
    pub(super) map: Option<Form>,
    pub(super) is_secret: bool,
    /// Whether a stage may have its own.
    pub(super) is_for_stages: bool,
    /// Variables that beat the file.
    pub(super) variables: Vec<&'static str>,
}

/// How many values a key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `true` or `false`.
    Switch,
    One,
    Many,
}

/// What a map becomes on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A JSON object.
    Json,
    /// A value for each pair, with this between name and value.
    Items(&'static str),
    /// One value: all pairs, with blanks between them.
    Words(&'static str),
}

/// What JSON a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueKind {
    Text,
    /// From so much.
    Integer(u64),
    Number,
    /// A number of seconds, or a text with a unit.
    Time,
}

impl Keys {
    pub(super) fn of_profile() -> Self {
        let command = command();
        let keys = command.get_arguments().filter_map(Key::of).collect();
        Self { command, keys }
    }

    pub(super) fn all(&self) -> &[Key] {
        &self.keys
    }

    /// By any of its names, with `-` or `_`.
    pub(super) fn find(&self, name: &str) -> Option<&Key> {
        let name = name.replace('-', "_");
        let mut keys = self.keys.iter();
        keys.find(|key| key.name == name || key.aliases.contains(&name))
    }

    /// By its flag: `--request-rate`.
    pub(super) fn of_flag(&self, flag: &str) -> Option<&Key> {
        flag.strip_prefix("--").and_then(|name| self.find(name))
    }

    /// By its short flag, with or without the dash: `m`, `-H`.
    pub(super) fn of_short(&self, word: &str) -> Option<&Key> {
        let mut letters = word.trim_start_matches('-').chars();
        let (Some(letter), None) = (letters.next(), letters.next()) else {
            return None;
        };
        let mut keys = self.keys.iter();
        keys.find(|key| self.argument(key).and_then(Arg::get_short) == Some(letter))
    }

    pub(super) fn of_id(&self, id: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The groups, in the order of the help.
    pub(super) fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<&str> = Vec::new();
        for key in &self.keys {
            if !groups.contains(&key.group.as_str()) {
                groups.push(&key.group);
            }
        }
        groups
    }

    /// What clap knows of a key.
    pub(super) fn argument(&self, key: &Key) -> Option<&Arg> {
        self.command.get_arguments().find(|arg| arg.get_id().as_str() == key.id)
    }

    /// Each key that names a place, with those that say something of this place.
    pub(super) fn places(&self) -> impl Iterator<Item = (&Key, Vec<&Key>)> {
        let found = |(place, satellites): (&str, &[&str])| {
            let satellites = satellites.iter().filter_map(|name| self.find(name)).collect();
            self.find(place).map(|place| (place, satellites))
        };
        SATELLITES.into_iter().filter_map(found)
    }

    /// Whether the two cannot be said together.
    pub(super) fn are_rivals(&self, one: &Key, other: &Key) -> bool {
        let conflicts = |a: &Key, b: &Key| {
            let arg = self.argument(a);
            let conflicts = arg.map(|arg| self.command.get_arg_conflicts_with(arg));
            conflicts.into_iter().flatten().any(|arg| arg.get_id().as_str() == b.id)
        };
        let both = [one.name.as_str(), other.name.as_str()];
        let are_keys = both.contains(&"api_key") && both.contains(&"api_key_file");
        one.id != other.id && (are_keys || conflicts(one, other) || conflicts(other, one))
    }
}

impl Key {
    /// `None` for what is no setting of a run: the file itself, help and version.
    fn of(arg: &Arg) -> Option<Self> {
        let long = arg.get_long()?;
        if matches!(long, "config" | "help" | "version") {
            return None;
        }
        let name = long.replace('-', "_");
        let group = group_of(arg.get_help_heading().unwrap_or("Output"));
        let aliases = arg.get_all_aliases().unwrap_or_default();
        let listed = |list: &[&str]| list.contains(&name.as_str());
        let shape = match arg.get_action() {
            ArgAction::SetTrue | ArgAction::SetFalse => Shape::Switch,
            ArgAction::Append => Shape::Many,
            _ => Shape::One,
        };
        Some(Self {
            id: arg.get_id().to_string(),
            flag: format!("--{long}"),
            aliases: aliases.iter().map(|alias| alias.replace('-', "_")).collect(),
            is_for_stages: STAGE_GROUPS.contains(&group.as_str()) && !listed(&ONE_FOR_THE_RUN),
            shape,
            map: MAPS.iter().find(|(key, _)| *key == name).map(|(_, form)| *form),
            is_secret: listed(&SECRETS),
            variables: variables_of(&name),
            group,
            name,
        })
    }

    /// A value as it may be shown.
    pub(super) fn shown(&self, value: &str) -> String {
        match self.name.as_str() {
            "header" => secret_after(value, ':'),
            "otel_header" => secret_after(value, '='),
            "api_key" => loadspan_record::Secret::new(value).to_string(),
            _ if value.contains("://") || self.is_secret => loadspan_record::redact_url(value),
            _ => value.to_owned(),
        }
    }
}

fn variables_of(name: &str) -> Vec<&'static str> {
    let known = VARIABLES.iter().find(|(key, _)| *key == name);
    known.map(|(_, variables)| variables.to_vec()).unwrap_or_default()
}

/// A pair without its value.
fn secret_after(pair: &str, separator: char) -> String {
    let secret = loadspan_record::Secret::new(pair);
    match pair.split_once(separator) {
        Some((name, _)) => format!("{name}{separator} {secret}"),
        None => secret.to_string(),
    }
}

fn group_of(heading: &str) -> String {
    let special = GROUPS.iter().find(|(title, _)| *title == heading);
    special.map_or_else(
        || heading.to_ascii_lowercase().replace(' ', "_"),
        |(_, group)| (*group).to_owned(),
    )
}

/// `loadspan profile`, by itself.
pub(super) fn command() -> Command {
    let cli = Cli::command();
    let profile = cli.find_subcommand("profile").cloned();
    profile
        .unwrap_or_else(|| Command::new("profile"))
        .no_binary_name(true)
        .bin_name("loadspan profile")
}

/// What JSON the values of an argument are.
pub(super) fn value_kind(parser: &ValueParser) -> ValueKind {
    let id = parser.type_id();
    macro_rules! is {
        ($($kind:ty),*) => { $(id == std::any::TypeId::of::<$kind>())||* };
    }
    if is!(NonZeroU32, NonZeroU64, NonZeroUsize) {
        ValueKind::Integer(1)
    } else if is!(u8, u16, u32, u64, usize) {
        ValueKind::Integer(0)
    } else if is!(f64) {
        ValueKind::Number
    } else if is!(Seconds, Milliseconds) {
        ValueKind::Time
    } else {
        ValueKind::Text
    }
}
