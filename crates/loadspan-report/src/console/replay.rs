//! How faithfully recordings were sent again.

use loadspan_record::{ReplayLengths, ReplaySummary, Summary};

use super::number::count;
use super::{Layout, about};

/// Empty where nothing was replayed.
pub(super) fn replays(summary: &Summary, layout: Layout) -> String {
    let is_staged = !summary.stages.is_empty();
    let lines = summary.replays.iter().flat_map(|replay| remarks(replay, is_staged));
    lines
        .map(|(label, text)| about::labelled(label, &text, layout))
        .collect()
}

/// What is said of one in words.
pub(crate) fn remarks(replay: &ReplaySummary, is_staged: bool) -> Vec<(&'static str, String)> {
    let planned = &replay.facts.planned;
    let stage = if is_staged {
        format!("stage {}: ", replay.facts.stage)
    } else {
        String::new()
    };
    let files = match planned.sources.as_slice() {
        [first, others @ ..] if !others.is_empty() => format!("{first} and {} more", others.len()),
        sources => sources.concat(),
    };
    let mut sent = vec![format!(
        "{stage}{} of {} calls of {files} sent",
        count(replay.sent + replay.warmup),
        count(planned.calls)
    )];
    let others = [
        (replay.failed, "failed"),
        (replay.cancelled, "cancelled"),
        (replay.facts.never_sent, "never sent"),
        (planned.made_up, "with made-up texts"),
    ];
    sent.extend(parts(&others));
    if planned.sequence.is_none() {
        sent.push("the rest of it was not read".to_owned());
    }
    let mut remarks = vec![("Replay", sent.join(", "))];
    if let Some(error) = &replay.arrival_error {
        let text = format!(
            "late by p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
            error.p50, error.p99, error.max
        );
        remarks.push(("Arrivals", text));
    }
    let lengths = [("in", replay.input), ("out", replay.output)];
    let lengths: Vec<String> = lengths.into_iter().filter_map(length).collect();
    if !lengths.is_empty() {
        remarks.push(("Lengths", lengths.join("; ")));
    }
    let answers = [
        (planned.answers.substituted, "of this run"),
        (planned.answers.recorded, "recorded, for want of one of this run"),
    ];
    let answers = parts(&answers);
    if !answers.is_empty() {
        remarks.push(("Answers", format!("repeated {}", answers.join(", "))));
    }
    remarks.extend(left(replay).map(|text| ("Left", text)));
    remarks
}

/// `1,600 tokens out, 1,600 recorded`
fn length((name, lengths): (&str, ReplayLengths)) -> Option<String> {
    (lengths.calls > 0).then(|| {
        format!(
            "{} tokens {name}, {} recorded",
            count(lengths.got),
            count(lengths.wanted)
        )
    })
}

/// What was not to be sent.
fn left(replay: &ReplaySummary) -> Option<String> {
    let left = replay.facts.planned.left;
    let counts = [
        (left.by_window, "outside the window"),
        (left.by_sample, "not sampled"),
        (left.failed, "had failed"),
        (left.unused_spans, "spans that cannot be sent again"),
        (left.unread_lines, "lines that cannot be read"),
    ];
    let parts = parts(&counts);
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn parts(counts: &[(u64, &str)]) -> Vec<String> {
    let some = counts.iter().filter(|(number, _)| *number > 0);
    some.map(|(number, what)| format!("{} {what}", count(*number)))
        .collect()
}
