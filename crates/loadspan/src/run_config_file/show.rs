//! The settings of a run as they hold, each with where it comes from.

use serde::Serialize;

use super::entries::{Entry, Setting};
use super::keys::{Key, Shape};
use super::layers::{Layered, Origin};
use super::substitute::Variables;
use super::{RunConfigFile, StageRole};

/// The settings of a run and of its stages.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Shown {
    file: String,
    settings: Vec<ShownSetting>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stages: Vec<ShownStage>,
}

/// A setting, without secrets.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct ShownSetting {
    group: String,
    key: String,
    values: Vec<String>,
    /// `flag`, `env NAME`, `run.yaml:12` or `default`.
    from: String,
}

/// What a stage says itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct ShownStage {
    number: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    role: StageRole,
    pause_seconds: f64,
    settings: Vec<ShownSetting>,
}

impl RunConfigFile {
    /// What holds. What nobody has set and that has no default is left out.
    pub(crate) fn show(&self) -> Shown {
        self.show_in(&|name| std::env::var(name).ok())
    }

    pub(super) fn show_in(&self, variables: Variables<'_>) -> Shown {
        let keys = self.keys.all().iter();
        let settings = keys.filter_map(|key| self.shown(key, &self.common, variables));
        let stages = self.contents.stages.iter().zip(&self.stages).enumerate();
        Shown {
            file: self.identity.name.clone(),
            settings: settings.collect(),
            stages: stages
                .map(|(number, (stage, layered))| ShownStage {
                    number,
                    name: stage.name.clone(),
                    role: stage.role,
                    pause_seconds: stage.pause.as_secs_f64(),
                    settings: self.shown_of_stage(&stage.entries, layered),
                })
                .collect(),
        }
    }

    /// What a stage says itself, as far as no flag beats it.
    fn shown_of_stage(&self, own: &[Entry], layered: &Layered) -> Vec<ShownSetting> {
        let holds = |entry: &&Entry| layered.entry(&entry.key).is_some_and(|held| held.place == entry.place);
        let shown = |entry: &Entry| self.setting(&entry.key, values(entry), &Origin::File(entry.place.line));
        own.iter().filter(holds).map(shown).collect()
    }

    fn shown(&self, key: &Key, layered: &Layered, variables: Variables<'_>) -> Option<ShownSetting> {
        let raw = layered.matches.get_raw(&key.id).into_iter().flatten();
        let mut held: Vec<String> = raw.map(|value| value.to_string_lossy().into_owned()).collect();
        let origin = match (self.typed.origin_of(key, &self.keys, variables), layered.entry(key)) {
            (Some(origin), _) => origin,
            (None, Some(entry)) => {
                held = values(entry);
                Origin::File(entry.place.line)
            }
            (None, None) if held.is_empty() || key.shape == Shape::Switch => return None,
            (None, None) => Origin::Default,
        };
        if let (Origin::Environment(name), true) = (&origin, held.is_empty()) {
            // One that is read where telemetry is set up.
            held.extend(variables(name));
        }
        Some(self.setting(key, held, &origin))
    }

    fn setting(&self, key: &Key, values: Vec<String>, origin: &Origin) -> ShownSetting {
        ShownSetting {
            group: key.group.clone(),
            key: key.name.clone(),
            values: values.iter().map(|value| key.shown(value)).collect(),
            from: match origin {
                Origin::Flag => "flag".to_owned(),
                Origin::Environment(name) => format!("env {name}"),
                Origin::File(line) => format!("{}:{line}", self.identity.name),
                Origin::Default => "default".to_owned(),
            },
        }
    }
}

fn values(entry: &Entry) -> Vec<String> {
    match entry.setting {
        Setting::On => vec!["true".to_owned()],
        Setting::Off => vec!["false".to_owned()],
        Setting::Values | Setting::Unset => entry.values.clone(),
    }
}

impl Shown {
    /// As a table, with a heading for each group.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        let mut groups: Vec<&str> = self.settings.iter().map(|setting| setting.group.as_str()).collect();
        groups.dedup();
        let settings: Vec<&ShownSetting> = self
            .settings
            .iter()
            .chain(self.stages.iter().flat_map(|s| &s.settings))
            .collect();
        let widths = Widths::of(&settings);
        for group in groups {
            let settings = self.settings.iter().filter(|setting| setting.group == group);
            text.push_str(&format!("{group}\n{}", widths.lines(settings)));
        }
        for stage in &self.stages {
            let role = match stage.role {
                StageRole::Measured => "measured",
                StageRole::Warmup => "warm-up",
            };
            let name = stage.name.as_ref().map_or(String::new(), |name| format!(" `{name}`"));
            let settings = widths.lines(&stage.settings);
            text.push_str(&format!("stage {}{name}, {role}\n{settings}", stage.number));
        }
        text
    }
}

/// The columns of a table of settings. A long value does not push the others away.
struct Widths {
    key: usize,
    value: usize,
}

impl Widths {
    const WIDEST: usize = 40;

    fn of(settings: &[&ShownSetting]) -> Self {
        let widest = |width: &dyn Fn(&ShownSetting) -> usize| settings.iter().map(|setting| width(setting)).max();
        Self {
            key: widest(&|setting| setting.key.chars().count()).unwrap_or(0),
            value: widest(&|setting| setting.values.join(", ").chars().count())
                .unwrap_or(0)
                .min(Self::WIDEST),
        }
    }

    fn lines<'a>(&self, settings: impl IntoIterator<Item = &'a ShownSetting>) -> String {
        let line = |setting: &ShownSetting| {
            let (key, value, from) = (&setting.key, setting.values.join(", "), &setting.from);
            format!("  {key:<0$}  {value:<1$}  {from}\n", self.key, self.value)
        };
        settings.into_iter().map(line).collect()
    }
}
