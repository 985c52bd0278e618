//! MLflow's own client does everything that users do with it, against a real MLflow server and against ours. The answers are the same,
//! but for what was decided to be different.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::super::Workplace;
use super::super::check::Checks;
use super::super::mlflow_server::MlflowServer;
use super::decided::{DECIDED, Decided};
use super::served::Served;
use super::{Suite, quiet};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/interop/server/tour.py");

/// What was answered, by what was asked.
pub(super) type Answers = BTreeMap<String, Value>;

/// What a real MLflow server answers. Starts one, which takes its time.
pub(super) fn of_mlflow(place: &Workplace, programs: &Path) -> anyhow::Result<Answers> {
    let home = place.scratch.join("mlflow");
    let server = MlflowServer::start(Command::new(programs.join("mlflow")), &home)?;
    take(programs, &server.url(), &home.join("tour"))
}

/// What ours answers is the same.
pub(super) fn check(suite: &mut Suite<'_>, expected: &Answers) -> anyhow::Result<()> {
    let served = Served::start(suite.place, suite.store, "answers")?;
    let seen = take(suite.programs, &served.url(), &suite.place.scratch.join("answers/tour"))?;
    compare(suite.checks, expected, &seen);
    Ok(())
}

fn take(programs: &Path, url: &str, folder: &Path) -> anyhow::Result<Answers> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let output = quiet(Command::new(programs.join("python")))
        .arg(SCRIPT)
        .arg(url)
        .arg(folder)
        .output()
        .context("cannot start Python")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the tour of {url}: {said}");
    let file: PathBuf = folder.join("answers.json");
    serde_json::from_slice(&fs::read(&file)?).context("answers.json is no JSON")
}

/// One check for each topic: the word before the colon.
fn compare(checks: &mut Checks, expected: &Answers, seen: &Answers) {
    let mut used = BTreeSet::new();
    let mut topics: BTreeMap<&str, (usize, Vec<String>)> = BTreeMap::new();
    let asked: BTreeSet<&String> = expected.keys().chain(seen.keys()).collect();
    for entry in asked {
        let topic = entry.split(':').next().unwrap_or_default();
        let (count, different) = topics.entry(topic).or_default();
        *count += 1;
        let answer = |answers: &Answers| answers.get(entry).cloned().unwrap_or_else(|| "was not asked".into());
        let [mut theirs, mut ours] = [answer(expected), answer(seen)];
        for (number, decided) in DECIDED.iter().enumerate() {
            if decided.settles(entry, [&mut theirs, &mut ours]) {
                used.insert(number);
            }
        }
        if theirs != ours {
            different.push(format!("{entry}: {ours}, not {theirs}"));
        }
    }
    for (topic, (count, different)) in topics {
        let label = format!("{topic}: {count} answers are MLflow's, or differ as decided");
        checks.that(label, different.is_empty(), different);
    }
    let unused = DECIDED.iter().enumerate().filter(|(number, _)| !used.contains(number));
    let unused: Vec<_> = unused.map(|(_, decided)| decided).collect();
    checks.that("each decided difference is still one", unused.is_empty(), unused);
}

impl Decided {
    /// Takes the difference out of both answers, if it is there.
    fn settles(&self, entry: &str, [theirs, ours]: [&mut Value; 2]) -> bool {
        let is_meant = match self.entry.split_once('*') {
            Some((before, after)) => {
                entry.len() >= before.len() + after.len() && entry.starts_with(before) && entry.ends_with(after)
            }
            None => entry == self.entry,
        };
        let (Some(their), Some(our)) = (theirs.pointer_mut(self.at), ours.pointer_mut(self.at)) else {
            return false;
        };
        let has = |value: &Value, text: &str| value.to_string().contains(text);
        let settles = is_meant && their != our && has(their, self.mlflow) && has(our, self.loadspan);
        if settles {
            (*their, *our) = (Value::Null, Value::Null);
        }
        settles
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const EMPTY: Decided = Decided {
        entry: "artifacts: list *",
        at: "/0/2",
        mlflow: "null",
        loadspan: "0",
        because: "an empty file has a size",
    };

    fn settled(entry: &str, theirs: &Value, ours: &Value) -> bool {
        let (mut theirs, mut ours) = (theirs.clone(), ours.clone());
        EMPTY.settles(entry, [&mut theirs, &mut ours]) && theirs == ours
    }

    /// How many checks fail.
    fn failed(expected: &Answers, seen: &Answers) -> usize {
        let mut checks = Checks::default();
        compare(&mut checks, expected, seen);
        checks.failed()
    }

    #[test]
    fn an_answer_that_differs_or_is_missing_fails() {
        // None of these is decided, so that one check fails in any case: each decided difference is still one.
        let expected = Answers::from([
            ("runs: a".to_owned(), json!({"metrics": {"m": 1.0}})),
            ("tags: b".to_owned(), json!(null)),
        ]);
        assert_eq!(failed(&expected, &expected), 1);
        let mut other = expected.clone();
        other.insert("runs: a".to_owned(), json!({"metrics": {"m": 1.5}}));
        assert_eq!(failed(&expected, &other), 2);
        let mut fewer = expected.clone();
        fewer.remove("tags: b");
        assert_eq!(failed(&expected, &fewer), 2);
        assert_eq!(failed(&fewer, &expected), 2);
    }

    #[test]
    fn a_difference_is_decided_where_it_was_decided_only() {
        let (theirs, ours) = (json!([["a", false, null]]), json!([["a", false, 0]]));
        assert!(settled("artifacts: list all", &theirs, &ours));
        assert!(!settled("artifacts: download", &theirs, &ours));
        assert!(!settled("artifacts: list all", &ours, &theirs));
        assert!(!settled("artifacts: list all", &theirs, &theirs));
        assert!(!settled("artifacts: list all", &theirs, &json!([])));
        assert!(!settled("artifacts: list all", &theirs, &json!([["b", false, 0]])));
    }
}
