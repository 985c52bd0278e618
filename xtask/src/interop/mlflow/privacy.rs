//! What was sent to the model, and what opens doors, is nowhere in MLflow.

use std::fs;

use super::super::mlflow_reader::LoggedRun;
use super::Suite;

/// Looks for texts in everything that a run has: parameters, tags, traces, and the bytes of its artifacts.
pub(super) fn holds_none_of(
    suite: &mut Suite<'_>,
    (what, run): (&str, &LoggedRun),
    texts: &[String],
) -> anyhow::Result<()> {
    let mut places = vec![("what MLflow's pages show".to_owned(), format!("{run:?}").into_bytes())];
    for artifact in run.artifacts.keys() {
        places.push((artifact.clone(), fs::read(suite.reader.downloaded(run, artifact))?));
    }
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let found: Vec<&String> = places
        .iter()
        .filter(|(_, bytes)| texts.iter().any(|text| holds(bytes, text)))
        .map(|(place, _)| place)
        .collect();
    suite.checks.that(what, found.is_empty() && !texts.is_empty(), found);
    Ok(())
}
