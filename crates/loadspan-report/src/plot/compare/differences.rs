//! What differs between runs, which names a point, and what they share, which stands above the chart.

use std::collections::{BTreeMap, BTreeSet};

use super::ComparedRun;

/// Settings with a name that says nothing that their value does not say itself.
const SELF_EXPLAINING: [&str; 2] = ["load", "model"];

/// The settings of a run, with those that its summary knows.
fn settings(run: &ComparedRun<'_>) -> BTreeMap<String, String> {
    let summary = run.summary;
    let known = [
        ("model", summary.run.model.clone()),
        ("load", summary.load.asked.description.clone()),
        ("endpoint", summary.run.endpoint_type.clone()),
        ("streaming", summary.run.streaming.to_string()),
        ("url", summary.run.urls.join(" ")),
    ];
    let mut all: BTreeMap<String, String> = known.map(|(name, value)| (name.to_owned(), value)).into();
    all.extend(run.settings.clone());
    all
}

/// The names of the settings whose values are not the same in all runs.
fn differing(all: &[BTreeMap<String, String>]) -> BTreeSet<&str> {
    let names: BTreeSet<&str> = all.iter().flat_map(|run| run.keys().map(String::as_str)).collect();
    let differs = |name: &&str| all.windows(2).any(|pair| pair[0].get(*name) != pair[1].get(*name));
    names.into_iter().filter(differs).collect()
}

/// For each run what is different about it. Runs that differ in nothing are named after their common load.
pub(super) fn labels(runs: &[ComparedRun<'_>]) -> Vec<String> {
    let all: Vec<_> = runs.iter().map(settings).collect();
    let mut names = differing(&all);
    if names.is_empty() {
        names.insert("load");
    }
    let label = |run: &BTreeMap<String, String>| {
        let parts = names.iter().filter_map(|name| {
            let value = run.get(*name)?;
            Some(if SELF_EXPLAINING.contains(name) {
                value.clone()
            } else {
                format!("{name} {value}")
            })
        });
        parts.collect::<Vec<_>>().join(", ")
    };
    all.iter().map(label).collect()
}

/// Model and load, as far as all runs share them.
pub(super) fn shared(runs: &[ComparedRun<'_>]) -> String {
    let all: Vec<_> = runs.iter().map(settings).collect();
    let differ = differing(&all);
    let Some(first) = all.first() else { return String::new() };
    let mut parts: Vec<String> = ["model", "load"]
        .into_iter()
        .filter(|name| !differ.contains(name))
        .filter_map(|name| first.get(name).cloned())
        .collect();
    if !differ.is_empty() {
        let names: Vec<&str> = differ.into_iter().collect();
        parts.push(format!("points differ in {}", names.join(", ")));
    }
    parts.join("  ·  ")
}
