//! `loadspan verify`: what loadspan measures, against what is true.
//!
//! Each row of the [`table`] starts the built-in mock server in this process, sends a load to it with the load generator that
//! `loadspan profile` uses, and compares what came out with what the server knows of each request.

mod bench;
mod ca_file;
mod check;
mod evidence;
mod finding;
mod render;
mod table;

use std::time::Instant;

use self::finding::Finding;
use self::render::{Outcome, Row};
use self::table::{Case, Group};
use crate::cli::{OutputFormat, VerifyArgs};
use crate::exit::{Exit, UsageError};
use crate::terminal;

/// A run in which only times were off is made again, up to so many times in all: something else may have kept the machine busy.
const ATTEMPTS: u32 = 3;

pub(crate) fn run(args: &VerifyArgs) -> anyhow::Result<Exit> {
    let groups = select(table::groups(), args.filter.as_deref())?;
    let started = Instant::now();
    let mut rows = Vec::new();
    for group in &groups {
        for (place, case) in group.cases.iter().enumerate() {
            let from = rows.len();
            rows.extend(judge(group.title, case));
            if args.output_format == OutputFormat::Text {
                let heading = (place == 0).then_some(group.title);
                terminal::print_result(&render::text(heading, &rows[from..], style()));
            }
        }
    }
    let outcome = Outcome {
        rows,
        seconds: started.elapsed().as_secs_f64(),
    };
    terminal::print_result(&match args.output_format {
        OutputFormat::Text => render::totals(&outcome),
        OutputFormat::Json => render::json(&outcome)?,
    });
    Ok(if outcome.failed() == 0 {
        Exit::Success
    } else {
        Exit::Failure
    })
}

/// The rows whose group or name contains the filter, in whatever case.
fn select(groups: Vec<Group>, filter: Option<&str>) -> Result<Vec<Group>, UsageError> {
    let Some(filter) = filter else { return Ok(groups) };
    let wanted = filter.to_lowercase();
    let selected: Vec<_> = groups
        .into_iter()
        .map(|mut group| {
            let title = group.title;
            group
                .cases
                .retain(|case| format!("{title}: {}", case.name).to_lowercase().contains(&wanted));
            group
        })
        .filter(|group| !group.cases.is_empty())
        .collect();
    if selected.is_empty() {
        let hint = "run `loadspan verify` without a filter to see their names";
        return Err(UsageError::with_hint(format!("no check is called `{filter}`"), hint));
    }
    Ok(selected)
}

/// Makes the run of a case, again if only times were off, and compares.
fn judge(group: &'static str, case: &Case) -> Vec<Row> {
    let mut attempt = 1;
    loop {
        let findings = compare(case);
        let only_times_are_off = findings
            .iter()
            .filter(|finding| !finding.passes())
            .all(Finding::is_inexact);
        let all_pass = findings.iter().all(Finding::passes);
        if all_pass || !only_times_are_off || attempt == ATTEMPTS {
            let row = |finding| Row {
                group,
                check: case.name,
                finding,
                attempts: attempt,
            };
            return findings.into_iter().map(row).collect();
        }
        attempt += 1;
    }
}

fn compare(case: &Case) -> Vec<Finding> {
    match case.bench.clone().run() {
        Ok(evidence) => case.checks.iter().map(|check| check.apply(&evidence)).collect(),
        Err(error) => vec![Finding::label("the run", "ends", format!("{error:#}"))],
    }
}

fn style() -> render::Style {
    if terminal::stdout_takes_colour() {
        render::Style::Colour
    } else {
        render::Style::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(filter: &str) -> Vec<&'static str> {
        let groups = select(table::groups(), Some(filter)).unwrap();
        groups
            .iter()
            .flat_map(|group| &group.cases)
            .map(|case| case.name)
            .collect()
    }

    #[test]
    fn a_filter_finds_rows_by_their_own_name_and_by_that_of_their_group() {
        assert_eq!(names("tool CALL"), ["tool call"]);
        assert_eq!(
            names("open load:"),
            ["constant arrivals", "Poisson arrivals", "server stalls for 0.5 s"]
        );
    }

    #[test]
    fn a_filter_that_finds_nothing_is_an_error() {
        assert_eq!(
            select(table::groups(), Some("nonsense")).unwrap_err().to_string(),
            "no check is called `nonsense`\n  hint: run `loadspan verify` without a filter to see their names"
        );
    }

    #[test]
    fn a_run_that_measures_right_passes() {
        let groups = select(table::groups(), Some("no space after data:")).unwrap();
        let rows = judge("Event streams", &groups[0].cases[0]);
        assert!(
            rows.len() == 3 && rows.iter().all(|row| row.finding.passes()),
            "{rows:?}"
        );
    }
}
