//! Rows as a table for people and as JSON for scripts.

use std::fmt::Write;

use loadspan_record::counted;
use serde::Serialize;

use super::finding::{Finding, Tolerance, Unit, Value};

/// One line of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) group: &'static str,
    pub(super) check: &'static str,
    pub(super) finding: Finding,
    /// How often the run was made.
    pub(super) attempts: u32,
}

/// Everything that was checked.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) rows: Vec<Row>,
    pub(super) seconds: f64,
}

/// Whether a failure is red as well as in capitals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Colour,
}

impl Outcome {
    /// Comparisons that did not come out right.
    pub(super) fn failed(&self) -> usize {
        self.rows.iter().filter(|row| !row.finding.passes()).count()
    }

    /// Runs that were made more than once.
    fn repeated(&self) -> usize {
        let mut names: Vec<_> = self
            .rows
            .iter()
            .filter(|row| row.attempts > 1)
            .map(|row| row.check)
            .collect();
        names.dedup();
        names.len()
    }
}

/// The rows of one run, below the heading of their group if they are its first.
pub(super) fn text(heading: Option<&str>, rows: &[Row], style: Style) -> String {
    let mut text = String::new();
    if let Some(heading) = heading {
        let [expected, measured, tolerance] = ["expected", "measured", "tolerance"];
        let _ = writeln!(text, "\n{heading:<55}{expected:>13}{measured:>14}  {tolerance}");
    }
    for (place, row) in rows.iter().enumerate() {
        let check = if place == 0 { row.check } else { "" };
        let Finding {
            figure,
            expected,
            measured,
            unit,
            tolerance,
        } = &row.finding;
        let _ = writeln!(
            text,
            "  {check:<27}{figure:<26}{:>13}{:>14}  {:<10} {}",
            show(expected, *unit),
            show(measured, *unit),
            show_tolerance(*tolerance, *unit),
            verdict(&row.finding, style)
        );
    }
    text
}

/// The last line.
pub(super) fn totals(outcome: &Outcome) -> String {
    let (all, failed) = (outcome.rows.len(), outcome.failed());
    let checks = counted(all as u64, "check");
    let mut text = match failed {
        0 => format!("\nall {checks} passed in {:.1} s", outcome.seconds),
        _ => format!("\n{failed} of {checks} FAILED in {:.1} s", outcome.seconds),
    };
    match outcome.repeated() {
        0 => {}
        1 => text.push_str("; 1 run was made again because its times were off"),
        runs => {
            let _ = write!(text, "; {runs} runs were made again because their times were off");
        }
    }
    text.push('\n');
    text
}

/// Everything as one object.
///
/// # Errors
///
/// None that is known: numbers that JSON lacks become `null`.
pub(super) fn json(outcome: &Outcome) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Line<'a> {
        group: &'a str,
        check: &'a str,
        figure: &'a str,
        expected: &'a Value,
        measured: &'a Value,
        unit: Unit,
        tolerance: Tolerance,
        pass: bool,
        attempts: u32,
    }
    #[derive(Serialize)]
    struct Report<'a> {
        rows: Vec<Line<'a>>,
        checks: usize,
        passed: usize,
        failed: usize,
        seconds: f64,
    }
    let rows = outcome.rows.iter().map(|row| Line {
        group: row.group,
        check: row.check,
        figure: &row.finding.figure,
        expected: &row.finding.expected,
        measured: &row.finding.measured,
        unit: row.finding.unit,
        tolerance: row.finding.tolerance,
        pass: row.finding.passes(),
        attempts: row.attempts,
    });
    let (checks, failed) = (outcome.rows.len(), outcome.failed());
    let report = Report {
        rows: rows.collect(),
        checks,
        passed: checks - failed,
        failed,
        seconds: outcome.seconds,
    };
    Ok(serde_json::to_string_pretty(&report)? + "\n")
}

fn show(value: &Value, unit: Unit) -> String {
    match (value, unit) {
        (Value::Absent, _) => "none".to_owned(),
        (Value::Text(text), _) => text.clone(),
        (Value::Number(number), Unit::Millis | Unit::PerSecond) => format!("{number:.2}"),
        (Value::Number(number), Unit::Ratio) if number.abs() < 1e-3 => show_small(*number),
        (Value::Number(number), Unit::Ratio) => format!("{number:.3}"),
        (Value::Number(number), Unit::Count | Unit::Label) => number.to_string(),
    }
}

fn show_small(number: f64) -> String {
    if number == 0.0 {
        "0".to_owned()
    } else {
        format!("{number:.0e}")
    }
}

fn show_tolerance(tolerance: Tolerance, unit: Unit) -> String {
    let Tolerance::Within(distance) = tolerance else {
        return "exact".to_owned();
    };
    let number = match distance {
        distance if distance < 5e-4 => show_small(distance),
        distance if distance.fract() == 0.0 => distance.to_string(),
        distance if distance < 0.1 => format!("{distance:.3}"),
        distance => format!("{distance:.2}"),
    };
    let space = if unit == Unit::Millis { " " } else { "" };
    format!("±{number}{space}{}", unit.as_str())
}

fn verdict(finding: &Finding, style: Style) -> &'static str {
    match (finding.passes(), style) {
        (true, _) => "pass",
        (false, Style::Plain) => "FAIL",
        (false, Style::Colour) => "\x1b[1;31mFAIL\x1b[0m",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome() -> Outcome {
        let row = |finding, attempts| Row {
            group: "First token",
            check: "plain stream",
            finding,
            attempts,
        };
        let ttft = |measured: Option<f64>, tolerance| {
            Finding::number("time to first token", Unit::Millis, (25.0, measured), tolerance)
        };
        let rows = vec![
            row(ttft(Some(25.125), Tolerance::Within(1.0)), 2),
            row(ttft(None, Tolerance::Within(0.25)), 2),
            row(Finding::count("requests completed", 12, 11), 1),
            row(
                Finding::number("achieved rate", Unit::PerSecond, (400.0, 400.1), Tolerance::Within(2.0)),
                1,
            ),
            row(
                Finding::number(
                    "worst of all percentiles",
                    Unit::Ratio,
                    (0.0, 3e-8),
                    Tolerance::Within(1e-6),
                ),
                1,
            ),
        ];
        Outcome { rows, seconds: 1.25 }
    }

    #[test]
    fn the_table_lines_up_and_fits_into_100_columns() {
        let outcome = outcome();
        let table = text(Some("First token"), &outcome.rows, Style::Plain) + &totals(&outcome);
        assert!(table.lines().all(|line| line.chars().count() <= 100));
        assert_eq!(
            table,
            "
First token                                                 expected      measured  tolerance
  plain stream               time to first token               25.00         25.12  ±1 ms      pass
                             time to first token               25.00          none  ±0.25 ms   FAIL
                             requests completed                   12            11  exact      FAIL
                             achieved rate                    400.00        400.10  ±2/s       pass
                             worst of all percentiles              0          3e-8  ±1e-6      pass

2 of 5 checks FAILED in 1.2 s; 1 run was made again because its times were off
"
        );
    }

    #[test]
    fn a_failure_is_in_capitals_with_and_without_colour() {
        let rows = outcome().rows;
        assert_eq!(verdict(&rows[1].finding, Style::Plain), "FAIL");
        assert!(verdict(&rows[1].finding, Style::Colour).contains("FAIL"));
    }

    #[test]
    fn scripts_get_every_row_and_the_totals() {
        let json: serde_json::Value = serde_json::from_str(&json(&outcome()).unwrap()).unwrap();
        let expected = serde_json::json!({
            "group": "First token",
            "check": "plain stream",
            "figure": "time to first token",
            "expected": 25.0,
            "measured": null,
            "unit": "ms",
            "tolerance": 0.25,
            "pass": false,
            "attempts": 2,
        });
        assert_eq!(json["rows"][1], expected);
        assert_eq!(
            (&json["checks"], &json["passed"], &json["failed"]),
            (&5.into(), &3.into(), &2.into())
        );
    }
}
