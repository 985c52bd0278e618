//! Sessions: how they ended and how long they lasted, then their requests by turn and by context.

use loadspan_record::{Distribution, SessionBucket, SessionSummary, Summary};

use super::grid::Grid;
use super::stages::millis;
use super::{Layout, about};
use crate::number::{average, count, counted, duration, percent};

/// Empty without sessions.
pub(super) fn sessions(summary: &Summary, layout: Layout) -> String {
    let Some(sessions) = &summary.sessions else {
        return String::new();
    };
    let lines = remarks(sessions).into_iter();
    let lines: String = lines
        .map(|(label, text)| about::labelled(label, &text, layout))
        .collect();
    let turns = buckets("By turn, ms", &sessions.by_turn, layout);
    let contexts = buckets("By input tokens, ms", &sessions.by_context, layout);
    let tables = [turns, contexts];
    let tables = tables.into_iter().filter(|table| !table.is_empty());
    let blocks: Vec<String> = std::iter::once(lines).chain(tables).collect();
    blocks.join("\n")
}

/// What is said of them in words.
pub(crate) fn remarks(sessions: &SessionSummary) -> Vec<(&'static str, String)> {
    let mut ends = vec![match sessions.failed + sessions.cut {
        0 => format!("{} completed", count(sessions.completed)),
        _ => format!("{} of {} completed", count(sessions.completed), count(sessions.seen)),
    }];
    let others = [(sessions.failed, "failed"), (sessions.cut, "cut short")];
    let others = others.into_iter().filter(|(number, _)| *number > 0);
    ends.extend(others.map(|(number, what)| format!("{} {what}", count(number))));
    if let Some(turns) = &sessions.turns {
        let mean = average(turns.mean);
        let plural = if mean == "1" { "" } else { "s" };
        ends.push(format!("{mean} turn{plural} each"));
    }
    if sessions.retries > 0 {
        let plural = if sessions.retries == 1 { "y" } else { "ies" };
        ends.push(format!("{} retr{plural}", count(sessions.retries)));
    }
    if sessions.never_sent > 0 {
        ends.push(format!("{} never sent", counted(sessions.never_sent, "turn")));
    }
    let mut remarks = vec![("Sessions", ends.join(", "))];
    let lasted = |stats: &Distribution| format!("p50 {}, p99 {}", duration(stats.p50), duration(stats.p99));
    if let (Some(whole), Some(busy)) = (&sessions.duration, &sessions.busy_duration) {
        let text = format!("{}; without think time {}", lasted(whole), lasted(busy));
        remarks.push(("Lasted", text));
    }
    if let Some(share) = sessions.cached_input_share {
        let share = percent((share * 1e3).round() / 1e3);
        remarks.push(("Cached", format!("{share} of the input tokens of sessions")));
    }
    remarks
}

/// `3`, `4–7`, `256–511`
pub(crate) fn range(bucket: &SessionBucket) -> String {
    if bucket.from == bucket.to {
        count(bucket.from)
    } else {
        format!("{}–{}", count(bucket.from), count(bucket.to))
    }
}

fn buckets(title: &str, buckets: &[SessionBucket], layout: Layout) -> String {
    if buckets.is_empty() {
        return String::new();
    }
    let each = |text: fn(&SessionBucket) -> Option<String>| buckets.iter().map(text);
    let mut grid = Grid::default();
    grid.column((title, 0), buckets.iter().map(|bucket| Some(range(bucket))));
    grid.column(("requests", 0), each(|bucket| Some(count(bucket.requests))));
    grid.column(
        ("TTFT p50", 0),
        each(|bucket| millis(bucket.time_to_first_token.as_ref(), "p50")),
    );
    grid.column(
        ("TTFT p99", 0),
        each(|bucket| millis(bucket.time_to_first_token.as_ref(), "p99")),
    );
    grid.column(
        ("lat. p50", 0),
        each(|bucket| millis(bucket.request_latency.as_ref(), "p50")),
    );
    grid.column(
        ("lat. p99", 0),
        each(|bucket| millis(bucket.request_latency.as_ref(), "p99")),
    );
    let cached = |bucket: &SessionBucket| Some(percent((bucket.cached_input_share? * 1e3).round() / 1e3));
    grid.column(("cached", 1), buckets.iter().map(cached));
    grid.draw(layout, 0)
}
