//! Requests as bars: waiting to be sent, until the first token, streaming.

use super::super::NoData;
use super::super::axis::Axis;
use super::super::chart::{KeyEntry, Mark, Panel, Span, Stacking};
use super::super::number::counted;
use super::super::requests::{Fate, Request, secs};
use super::super::theme::Ink;
use super::{Drawing, RunData};

/// Rows that one picture holds.
const MOST: usize = 60;

const NOTHING: &str = "there are no requests";
const WAITING: Ink = Ink::Muted;
const FIRST_TOKEN: Ink = Ink::Series(6);
const STREAMING: Ink = Ink::Series(0);
const WHOLE: Ink = Ink::Series(2);

/// The slowest requests of a long run, in the order in which they were due; all of a short one.
pub(super) fn draw_slowest(run: &RunData<'_>) -> Result<Drawing, NoData> {
    let what = "the timeline of the slowest requests";
    let all: Vec<&Request> = run.requests.rows.iter().collect();
    if all.is_empty() {
        return Err(NoData { what, why: NOTHING });
    }
    if all.len() <= MOST {
        let caption = format!(
            "All {}, in the order in which they were due.",
            counted(all.len() as u64, "request")
        );
        return Ok(timeline(all, "Timeline of all requests", caption));
    }
    let count = all.len() as u64;
    let mut rows: Vec<&Request> = run.requests.measured().collect();
    if rows.is_empty() {
        rows = all;
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.finished_ns.saturating_sub(row.scheduled_ns)));
    rows.truncate(MOST);
    let caption = format!(
        "The {} measured requests of {} that took longest from due to ended, in the order in which they were due.",
        rows.len(),
        counted(count, "request")
    );
    Ok(timeline(rows, "Timeline of the slowest requests", caption))
}

/// The first requests of a run that is too long to show all.
pub(super) fn draw_first(run: &RunData<'_>) -> Result<Drawing, NoData> {
    let what = "the timeline of the first requests";
    let mut rows: Vec<&Request> = run.requests.rows.iter().collect();
    let count = rows.len() as u64;
    if rows.len() <= MOST {
        let why = if rows.is_empty() {
            NOTHING
        } else {
            "the run is so short that the other timeline shows all of them"
        };
        return Err(NoData { what, why });
    }
    rows.select_nth_unstable_by_key(MOST, |row| (row.scheduled_ns, row.index));
    rows.truncate(MOST);
    let caption = format!("The first {MOST} of {}, warm-up included.", counted(count, "request"));
    Ok(timeline(rows, "Timeline of the first requests", caption))
}

fn timeline(mut rows: Vec<&Request>, title: &'static str, caption: String) -> Drawing {
    rows.sort_by_key(|row| (row.scheduled_ns, row.index));
    let bars = Bars::of(&rows);
    let from = rows.first().map_or(0, |row| row.scheduled_ns);
    let until = rows.iter().map(|row| row.finished_ns).max().unwrap_or(0);
    let names = rows.iter().map(|row| format!("#{}", row.index)).collect();
    Drawing {
        title,
        caption: caption + bars.remark(),
        panels: vec![Panel {
            height: (rows.len() as f64 * 9.0).max(80.0),
            x: Axis::run_time(secs(from), secs(until) + (secs(until) - secs(from)) * 0.01),
            y: Axis::rows("request", names),
            key: bars.key(),
            marks: bars.marks(),
        }],
        stacking: Stacking::SharedAxis,
    }
}

/// The parts of all bars, by what they mean.
#[derive(Default)]
struct Bars {
    waiting: Vec<Span>,
    until_first_token: Vec<Span>,
    streaming: Vec<Span>,
    whole: Vec<Span>,
    failed: Vec<(f64, f64)>,
    cancelled: Vec<(f64, f64)>,
}

impl Bars {
    fn of(rows: &[&Request]) -> Self {
        let mut bars = Self::default();
        for (index, row) in rows.iter().enumerate() {
            bars.add(row, index as f64);
        }
        bars
    }

    fn add(&mut self, request: &Request, row: f64) {
        let span = |from: u64, to: u64| Span {
            from: secs(from),
            to: secs(to),
            row,
        };
        let end = request.finished_ns;
        let sent = request.sent_ns.unwrap_or(end);
        if sent > request.scheduled_ns {
            self.waiting.push(span(request.scheduled_ns, sent));
        }
        match request.first_token_ns {
            Some(first) => {
                self.until_first_token.push(span(sent, first));
                self.streaming.push(span(first, end));
            }
            None if request.sent_ns.is_some() => self.whole.push(span(sent, end)),
            None => {}
        }
        match request.fate {
            Fate::Completed => {}
            Fate::Failed(_) => self.failed.push((secs(end), row)),
            Fate::Cancelled => self.cancelled.push((secs(end), row)),
        }
    }

    fn key(&self) -> Vec<KeyEntry> {
        [
            (self.waiting.is_empty(), WAITING, "due, not yet sent"),
            (
                self.until_first_token.is_empty(),
                FIRST_TOKEN,
                "sent, until the first token",
            ),
            (self.streaming.is_empty(), STREAMING, "from the first token to the end"),
            (
                self.whole.is_empty(),
                WHOLE,
                "sent, until the end, without a first token",
            ),
            (self.failed.is_empty(), Ink::Error, "failed"),
            (self.cancelled.is_empty(), Ink::Text, "given up at the end of the run"),
        ]
        .into_iter()
        .filter(|(is_empty, ..)| !is_empty)
        .map(|(_, ink, text)| KeyEntry::new(ink, text))
        .collect()
    }

    fn remark(&self) -> &'static str {
        if self.failed.is_empty() {
            " Each bar begins when the request was due."
        } else {
            " Each bar begins when the request was due; an upright stroke ends one that failed."
        }
    }

    fn marks(self) -> Vec<Mark> {
        let spans = |spans, ink| Mark::Spans { spans, ink };
        vec![
            spans(self.waiting, WAITING),
            spans(self.until_first_token, FIRST_TOKEN),
            spans(self.streaming, STREAMING),
            spans(self.whole, WHOLE),
            Mark::Strokes {
                points: self.failed,
                ink: Ink::Error,
            },
            Mark::Strokes {
                points: self.cancelled,
                ink: Ink::Text,
            },
        ]
    }
}
