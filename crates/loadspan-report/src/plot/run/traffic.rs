//! What was offered, what was achieved, and how much was in flight.

use super::super::NoData;
use super::super::axis::Axis;
use super::super::chart::{Line, Mark, Panel, Stacking};
use super::super::number::round_length;
use super::super::requests::{Fate, Request, secs};
use super::super::theme::Ink;
use super::super::windows::Windows;
use super::{Drawing, RunData};

const NONE: NoData = NoData {
    what: "throughput over time",
    why: "no request was sent",
};

pub(super) fn draw(run: &RunData<'_>) -> Result<Drawing, NoData> {
    let rows = &run.requests.rows;
    let extent = run.requests.extent_s().ok_or(NONE)?;
    if rows.iter().all(|row| row.sent_ns.is_none()) || extent.1 <= extent.0 {
        return Err(NONE);
    }
    let time = run.time_axis().ok_or(NONE)?;
    let windows = Windows::covering(extent, (rows.len() / 20).clamp(8, 120));
    let scene = Traffic {
        run,
        windows,
        extent,
        time,
    };
    let mut panels = vec![scene.requests()];
    panels.extend(scene.tokens());
    panels.push(scene.in_flight());
    let offered = if run.summary.is_open() {
        "Offered: when the schedule wanted requests sent. "
    } else {
        "A closed load offers no rate of its own: a request is sent when another ends. "
    };
    Ok(Drawing {
        title: "Throughput and requests in flight",
        caption: format!(
            "{offered}Rates and averages over windows of {}; requests and tokens count when their request ended, \
             the last window only as far as the run goes.",
            round_length(windows.length_s)
        ),
        panels,
        stacking: Stacking::SharedAxis,
    })
}

struct Traffic<'a> {
    run: &'a RunData<'a>,
    windows: Windows,
    extent: (f64, f64),
    time: Axis,
}

impl Traffic<'_> {
    fn rows(&self) -> impl Iterator<Item = &Request> {
        self.run.requests.rows.iter()
    }

    /// The part of a window that lies within the run, in seconds.
    fn length_s(&self, index: usize) -> f64 {
        let start = self.windows.start_s(index);
        let (from, until) = (
            start.max(self.extent.0),
            (start + self.windows.length_s).min(self.extent.1),
        );
        (until - from).max(1e-9)
    }

    /// Sums per second as a line. Windows of which little lies within the run are left out: their rates jump.
    fn rates(&self, sums: &[f64]) -> Vec<(f64, f64)> {
        self.line(|index| sums[index] / self.length_s(index))
    }

    fn line(&self, value: impl Fn(usize) -> f64) -> Vec<(f64, f64)> {
        (0..self.windows.count)
            .filter(|index| self.length_s(*index) >= self.windows.length_s * 0.3)
            .map(|index| (self.windows.middle_s(index).min(self.extent.1), value(index)))
            .collect()
    }

    fn counted(&self, moment: impl Fn(&Request) -> Option<f64>) -> Vec<f64> {
        let counts = self.windows.counts(self.rows().filter_map(moment));
        counts.into_iter().map(|count| count as f64).collect()
    }

    fn requests(&self) -> Panel {
        let ended = |row: &Request, wanted: fn(Fate) -> bool| wanted(row.fate).then(|| secs(row.finished_ns));
        let sent = self.rates(&self.counted(Request::sent_s));
        let completed = self.rates(&self.counted(|row| ended(row, |fate| fate == Fate::Completed)));
        let failed = self.counted(|row| ended(row, |fate| matches!(fate, Fate::Failed(_))));
        // When nothing is due any more, there is no rate to send at.
        let last_due = self.rows().map(|row| secs(row.scheduled_ns)).fold(0.0, f64::max);
        let while_due = |points: Vec<(f64, f64)>| -> Vec<(f64, f64)> {
            let whole = points.into_iter().filter(|(at, _)| *at <= last_due);
            whole.collect()
        };
        let mut lines = vec![
            Line::new(completed, Ink::Series(0), "completed"),
            Line::new(while_due(sent), Ink::Series(2), "sent"),
        ];
        if self.run.summary.is_open() {
            // Above what was sent: where one hides the other, they are the same.
            let offered = self.rates(&self.counted(|row| Some(secs(row.scheduled_ns))));
            lines.push(Line::new(while_due(offered), Ink::Text, "offered").dashed());
        }
        if failed.iter().any(|count| *count > 0.0) {
            lines.push(Line::new(self.rates(&failed), Ink::Error, "failed"));
        }
        self.panel("requests per second (req/s)", 190.0, lines)
    }

    fn tokens(&self) -> Option<Panel> {
        let mut tokens = vec![0.0; self.windows.count];
        for row in self.rows().filter(|row| row.fate == Fate::Completed) {
            tokens[self.windows.index_of(secs(row.finished_ns))] += f64::from(row.output_tokens.unwrap_or(0));
        }
        tokens.iter().any(|count| *count > 0.0).then(|| {
            let line = Line::new(self.rates(&tokens), Ink::Series(3), "output tokens");
            self.panel("output tokens per second (tok/s)", 130.0, vec![line])
        })
    }

    fn in_flight(&self) -> Panel {
        let busy = self.busy_secs();
        let line = Line::new(self.rates(&busy), Ink::Series(0), "in flight, mean");
        let mut panel = self.panel("requests in flight", 150.0, vec![line]);
        if let Some(concurrency) = self.run.concurrency() {
            let most = f64::from(concurrency);
            let what = if self.run.summary.is_open() {
                "at most"
            } else {
                "asked for:"
            };
            let is_near = most <= panel.y.range.1 * 4.0;
            if is_near {
                panel.y = Axis::from_zero("requests in flight", panel.y.range.1.max(most * 1.05));
                panel.marks.push(Mark::Rule {
                    y: most,
                    text: format!("{what} {concurrency} at once"),
                    ink: Ink::Muted,
                });
            }
        }
        panel
    }

    /// Seconds that requests spent in flight in each window. What spans whole windows is added as a difference at its ends.
    fn busy_secs(&self) -> Vec<f64> {
        let mut busy = vec![0.0; self.windows.count];
        let mut spanning = vec![0_i64; self.windows.count + 1];
        for row in self.rows() {
            let Some(sent) = row.sent_s() else { continue };
            let ended = secs(row.finished_ns);
            let (first, last) = (self.windows.index_of(sent), self.windows.index_of(ended));
            if first == last {
                busy[first] += (ended - sent).max(0.0);
            } else {
                busy[first] += self.windows.start_s(first + 1) - sent;
                busy[last] += ended - self.windows.start_s(last);
                spanning[first + 1] += 1;
                spanning[last] -= 1;
            }
        }
        let mut through = 0;
        for (index, busy) in busy.iter_mut().enumerate() {
            through += spanning[index];
            *busy += through as f64 * self.length_s(index);
        }
        busy
    }

    fn panel(&self, label: &str, height: f64, lines: Vec<Line>) -> Panel {
        let values = lines.iter().flat_map(|line| line.points.iter().map(|point| point.1));
        let y = Axis::from_zero(label, values.fold(0.0, f64::max));
        let marks = self
            .run
            .stretches()
            .into_iter()
            .chain(lines.into_iter().map(Mark::Line));
        Panel {
            height,
            x: self.time.clone(),
            y,
            marks: marks.collect(),
            key: Vec::new(),
        }
    }
}
