//! How faithfully recordings were sent again.

use loadspan_record::{ReplayLengths, ReplaySummary, Summary};

use super::{Layout, about};
use crate::number::{count, counted, number};

/// Empty where nothing was replayed.
pub(super) fn replays(summary: &Summary, layout: Layout) -> String {
    let stage = |replay: &ReplaySummary| {
        let stage = summary.stages.iter().find(|stage| stage.number == replay.facts.stage)?;
        Some(stage.label())
    };
    let lines = summary.replays.iter().flat_map(|replay| remarks(replay, stage(replay)));
    lines
        .map(|(label, text)| about::labelled(label, &text, layout))
        .collect()
}

/// What is said of one in words.
fn remarks(replay: &ReplaySummary, stage: Option<String>) -> Vec<(&'static str, String)> {
    let planned = &replay.facts.planned;
    let stage = stage.map_or_else(String::new, |stage| format!("{stage}: "));
    let files = match planned.sources.as_slice() {
        [first, others @ ..] if !others.is_empty() => format!("{first} and {} more", others.len()),
        sources => sources.concat(),
    };
    let mut sent = vec![format!(
        "{stage}{} of {} of {files} sent",
        count(replay.sent + replay.warmup),
        counted(planned.calls, "call")
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
            "late by p50 {} ms, p99 {} ms, max {} ms",
            number(error.p50),
            number(error.p99),
            number(error.max)
        );
        remarks.push(("Arrivals", text));
    }
    if let Some(sequence) = &planned.sequence {
        remarks.push(("Sequence", short(sequence)));
    }
    let lengths = [("in", replay.input), ("out", replay.output)];
    let lengths: Vec<String> = lengths.into_iter().filter_map(length).collect();
    if !lengths.is_empty() {
        remarks.push(("Lengths", lengths.join("; ")));
    }
    remarks.extend(answers(replay).map(|text| ("Answers", text)));
    remarks.extend(left(replay).map(|text| ("Left", text)));
    remarks
}

/// As much of a hash as people compare by eye.
fn short(sequence: &str) -> String {
    const SHOWN: usize = "sha256:".len() + 12;
    match sequence.get(..SHOWN) {
        Some(start) => format!("{start}…"),
        None => sequence.to_owned(),
    }
}

/// `1,600 tokens out, 1,600 recorded`
fn length((name, lengths): (&str, ReplayLengths)) -> Option<String> {
    (lengths.calls > 0).then(|| {
        format!(
            "{} {name}, {} recorded",
            counted(lengths.got, "token"),
            count(lengths.wanted)
        )
    })
}

/// What became of answers that later calls repeat.
pub(crate) fn answers(replay: &ReplaySummary) -> Option<String> {
    let answers = replay.facts.planned.answers;
    let repeated = parts(&[
        (answers.substituted, "of this run"),
        (answers.recorded, "recorded, for want of one of this run"),
    ]);
    let mut parts: Vec<String> = Vec::new();
    if !repeated.is_empty() {
        parts.push(format!("repeated {}", repeated.join(", ")));
    }
    if answers.tool_calls_left_out > 0 {
        parts.push(format!(
            "{} left out",
            counted(answers.tool_calls_left_out, "tool call")
        ));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// What was not to be sent.
pub(crate) fn left(replay: &ReplaySummary) -> Option<String> {
    let left = replay.facts.planned.left;
    let mut parts = parts(&[
        (left.by_window, "outside the window"),
        (left.by_sample, "not sampled"),
        (left.failed, "had failed"),
    ]);
    let unusable = [
        (left.unused_spans, "span", "that cannot be sent again"),
        (left.unread_lines, "line", "that cannot be read"),
    ];
    let unusable = unusable.iter().filter(|(number, ..)| *number > 0);
    parts.extend(unusable.map(|(number, what, why)| format!("{} {why}", counted(*number, what))));
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn parts(counts: &[(u64, &str)]) -> Vec<String> {
    let some = counts.iter().filter(|(number, _)| *number > 0);
    some.map(|(number, what)| format!("{} {what}", count(*number)))
        .collect()
}
