//! What differs between runs, which names a point, and what they share, which stands above the chart.

use std::collections::{BTreeMap, BTreeSet};

use loadspan_record::{LoadModel, Summary};

use super::ComparedRun;

/// Settings with a name that says nothing that their value does not say itself.
const SELF_EXPLAINING: [&str; 3] = ["load", "model", STAGES];
/// The setting that tells the loads of several stages.
const STAGES: &str = "stages";

/// The settings of each run, with those that its summary knows, and the tags that count as settings.
fn settings(runs: &[ComparedRun<'_>]) -> Vec<BTreeMap<String, String>> {
    let load = LoadWords::of(runs);
    let of = |run: &ComparedRun<'_>| {
        let summary = run.summary;
        let known = [
            ("model", summary.run.model.clone()),
            ("endpoint-type", summary.run.endpoint_type.clone()),
            ("streaming", summary.run.streaming.to_string()),
            ("url", summary.run.urls.join(" ")),
        ];
        let mut all: BTreeMap<String, String> = known.map(|(name, value)| (name.to_owned(), value)).into();
        all.extend(load.settings(summary));
        all.extend(run.settings.clone());
        all
    };
    let mut all: Vec<BTreeMap<String, String>> = runs.iter().map(of).collect();
    let is_everywhere = |name: &str| runs.iter().all(|run| run.tags.contains_key(name));
    add_tags(&mut all, runs, is_everywhere);
    if differing(&all).is_empty() {
        add_tags(&mut all, runs, |_| true);
    }
    all
}

/// Tags with these names become settings, unless there is a setting of their name.
fn add_tags(all: &mut [BTreeMap<String, String>], runs: &[ComparedRun<'_>], is_wanted: impl Fn(&str) -> bool) {
    for (settings, run) in all.iter_mut().zip(runs) {
        for (name, value) in run.tags.iter().filter(|(name, _)| is_wanted(name)) {
            settings.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
}

/// How loads are told apart: by one number where that is enough, else by what a person calls them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LoadWords {
    Numbers,
    Description,
}

impl LoadWords {
    /// Loads of one kind differ in their numbers only.
    fn of(runs: &[ComparedRun<'_>]) -> Self {
        let kind = |run: &ComparedRun<'_>| match run.summary.load.asked.model {
            LoadModel::Closed { .. } => Some(false),
            LoadModel::Open {
                target_rate: Some(_), ..
            } => Some(true),
            LoadModel::Open { .. }
            | LoadModel::OpenSessions { .. }
            | LoadModel::ClosedSessions { .. }
            | LoadModel::Recorded { .. }
            | LoadModel::Staged => None,
        };
        let first = runs.first().and_then(kind);
        if first.is_some() && runs.iter().all(|run| kind(run) == first) {
            Self::Numbers
        } else {
            Self::Description
        }
    }

    fn settings(self, summary: &Summary) -> BTreeMap<String, String> {
        let asked = &summary.load.asked;
        let mut settings = BTreeMap::new();
        let mut set = |name: &str, value: String| settings.insert(name.to_owned(), value);
        match (self, asked.model) {
            (Self::Numbers, LoadModel::Closed { concurrency }) => {
                set("concurrency", concurrency.to_string());
            }
            (
                Self::Numbers,
                LoadModel::Open {
                    target_rate,
                    max_concurrency,
                },
            ) => {
                if let Some(rate) = target_rate {
                    set("request-rate", rate.to_string());
                }
                if let Some(most) = max_concurrency {
                    set("max-concurrency", most.to_string());
                }
            }
            // How many there are: what each is, is a setting of its own.
            (_, LoadModel::Staged) => {
                let count = asked.description.split(':').next().unwrap_or_default();
                set("load", count.to_owned());
            }
            _ => {
                set("load", asked.description.clone());
            }
        }
        settings
    }
}

/// The names of the settings whose values are not the same in all runs.
fn differing(all: &[BTreeMap<String, String>]) -> BTreeSet<&str> {
    let names: BTreeSet<&str> = all.iter().flat_map(|run| run.keys().map(String::as_str)).collect();
    let differs = |name: &&str| all.windows(2).any(|pair| pair[0].get(*name) != pair[1].get(*name));
    names.into_iter().filter(differs).collect()
}

/// The same without what tells no runs apart that are not told apart by fewer words: the loads of stages take many.
fn telling(all: &[BTreeMap<String, String>]) -> BTreeSet<&str> {
    let names = differing(all);
    let fewer: BTreeSet<&str> = names.iter().copied().filter(|name| *name != STAGES).collect();
    let differ = |names: &BTreeSet<&str>, one: usize, other: usize| {
        names.iter().any(|name| all[one].get(*name) != all[other].get(*name))
    };
    let mut pairs = (0..all.len()).flat_map(|one| (0..one).map(move |other| (one, other)));
    if pairs.all(|(one, other)| differ(&names, one, other) == differ(&fewer, one, other)) {
        fewer
    } else {
        names
    }
}

/// For each run what is different about it: of one setting the value, of several their names, too. Runs that differ in nothing are
/// named after their common load.
pub(super) fn labels(runs: &[ComparedRun<'_>]) -> Vec<String> {
    let all = settings(runs);
    let names = telling(&all);
    if names.is_empty() {
        let load = |run: &ComparedRun<'_>| run.summary.load.asked.description.clone();
        return runs.iter().map(load).collect();
    }
    let is_single = names.len() == 1;
    let label = |run: &BTreeMap<String, String>| {
        let parts = names.iter().map(|name| match run.get(*name) {
            Some(value) if is_single || SELF_EXPLAINING.contains(name) => value.clone(),
            Some(value) => format!("{name}={value}"),
            None => format!("no {name}"),
        });
        parts.collect::<Vec<_>>().join(", ")
    };
    all.iter().map(label).collect()
}

/// Model and load, as far as all runs share them, and the names of what differs.
pub(super) fn shared(runs: &[ComparedRun<'_>]) -> String {
    let all = settings(runs);
    let differ = telling(&all);
    let Some(first) = runs.first() else {
        return String::new();
    };
    let mut parts = Vec::new();
    if !differ.contains("model") {
        parts.push(first.summary.run.model.clone());
    }
    let load = &first.summary.load.asked.description;
    if runs.iter().all(|run| run.summary.load.asked.description == *load) {
        parts.push(load.clone());
    }
    let names: Vec<&str> = differ.into_iter().collect();
    match names[..] {
        [] => {}
        [name] => parts.push(format!("each point is labelled with its {name}")),
        _ => parts.push(format!("points differ in {}", names.join(", "))),
    }
    parts.join("  ·  ")
}
