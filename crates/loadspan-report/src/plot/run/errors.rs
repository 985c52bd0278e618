//! What failed when, one row for each class of failure.

use super::super::NoData;
use super::super::axis::Axis;
use super::super::chart::{Bar, Mark, Panel, Stacking};
use super::super::number::{counted, grouped, number, round_length};
use super::super::requests::{Fate, secs};
use super::super::theme::Ink;
use super::super::thin::thin_dots;
use super::super::windows::Windows;
use super::{Drawing, RunData};

const WHAT: &str = "errors over time";

/// Classes that have their own row; what is rarer shares the last one.
const MOST_ROWS: usize = 10;

pub(super) fn draw(run: &RunData<'_>) -> Result<Drawing, NoData> {
    let none = |why| NoData { what: WHAT, why };
    let requests = run.requests;
    let time = run.time_axis().ok_or(none("there are no requests"))?;
    let mut classes: Vec<(&str, Vec<f64>)> = requests
        .failure_classes
        .iter()
        .map(|class| (class.as_str(), Vec::new()))
        .collect();
    for row in &requests.rows {
        if let Fate::Failed(class) = row.fate
            && let Some((_, moments)) = classes.get_mut(usize::from(class))
        {
            moments.push(secs(row.finished_ns));
        }
    }
    let failed: usize = classes.iter().map(|(_, moments)| moments.len()).sum();
    if failed == 0 {
        return Err(none("no request failed"));
    }
    classes.sort_by_key(|(class, moments)| (std::cmp::Reverse(moments.len()), *class));
    let classes = with_few_rows(classes);
    let windows = Windows::covering(time.range, 60);
    let share_of_all = 100.0 * failed as f64 / requests.rows.len() as f64;
    let caption = format!(
        "{} of {} failed ({} %), warm-up included; each counts when it ended. Bars: share of the requests that ended within {}. Below: each failure, by class.",
        grouped(failed as f64, 0),
        counted(requests.rows.len() as u64, "request"),
        number(share_of_all),
        round_length(windows.length_s)
    );
    let moments = classes.iter().flat_map(|(_, moments)| moments.iter().copied());
    let shares = shares(run, windows, moments);
    Ok(Drawing {
        title: "Errors over the run",
        caption,
        panels: vec![share_panel(run, &time, shares), class_panel(run, &time, classes)],
        stacking: Stacking::SharedAxis,
    })
}

/// Everything beyond the last row becomes one row.
fn with_few_rows(mut classes: Vec<(&str, Vec<f64>)>) -> Vec<(String, Vec<f64>)> {
    let rest = classes.split_off(classes.len().min(if classes.len() > MOST_ROWS {
        MOST_ROWS - 1
    } else {
        MOST_ROWS
    }));
    let mut rows: Vec<(String, Vec<f64>)> = classes
        .into_iter()
        .map(|(class, moments)| (class.to_owned(), moments))
        .collect();
    if !rest.is_empty() {
        let name = format!("{} others", rest.len());
        rows.push((name, rest.into_iter().flat_map(|(_, moments)| moments).collect()));
    }
    rows
}

/// The share of failures among what ended, for each window in which something ended.
fn shares(run: &RunData<'_>, windows: Windows, failures: impl Iterator<Item = f64>) -> Vec<Bar> {
    let failed = windows.counts(failures);
    let ended = windows.counts(run.requests.rows.iter().map(|row| secs(row.finished_ns)));
    (0..windows.count)
        .filter(|index| failed[*index] > 0)
        .map(|index| Bar {
            from: windows.start_s(index),
            to: windows.start_s(index) + windows.length_s,
            value: 100.0 * failed[index] as f64 / ended[index].max(1) as f64,
        })
        .collect()
}

fn share_panel(run: &RunData<'_>, time: &Axis, bars: Vec<Bar>) -> Panel {
    let most = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let mut y = Axis::from_zero("failed requests (%)", most);
    y.range.1 = y.range.1.min(100.0);
    Panel {
        height: 150.0,
        x: time.clone(),
        y,
        marks: run
            .stretches()
            .into_iter()
            .chain([Mark::Bars { bars, ink: Ink::Error }])
            .collect(),
        key: Vec::new(),
    }
}

fn class_panel(run: &RunData<'_>, time: &Axis, classes: Vec<(String, Vec<f64>)>) -> Panel {
    let names = classes.iter().map(|(class, _)| class.clone()).collect();
    // The panel above says what each is.
    let mut marks = run.stretches_without_words();
    for (row, (_, moments)) in classes.into_iter().enumerate() {
        let row = row as f64;
        marks.push(Mark::EdgeNote {
            y: row,
            text: grouped(moments.len() as f64, 0),
        });
        marks.push(Mark::Strokes {
            points: thin_dots(moments.into_iter().map(|at| (at, row)).collect()),
            ink: Ink::Error,
        });
    }
    let y = Axis::rows("class of failure", names);
    Panel {
        height: (y.range.1 - y.range.0) * 26.0,
        x: time.clone(),
        y,
        marks,
        key: Vec::new(),
    }
}
