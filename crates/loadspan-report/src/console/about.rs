//! What is said in words: the outcome, where the numbers come from, errors, notices.

use std::mem::discriminant;

use loadspan_record::{
    Finding, GoodputSummary, Metric, RunMetric, SloTarget, StageSummary, SteadyState, Summary, TargetSummary,
    TokenSource,
};

use super::{Layout, Paint, single_line};
use crate::number::{average, count, counted, mebibytes, number, percent};

/// Width of the labels.
const LABEL: usize = 9;

/// How the requests ended, in one line.
pub(crate) fn outcome(summary: &Summary) -> String {
    let counts = &summary.counts;
    let mut parts = vec![match counts.failed + counts.cancelled {
        0 => format!("{} completed", counted(counts.completed, "request")),
        _ => format!(
            "{} of {} completed",
            count(counts.completed),
            counted(counts.requests, "request")
        ),
    }];
    let others = [
        (counts.failed, "failed"),
        (counts.cancelled, "cancelled"),
        (counts.unsent, "never sent"),
    ];
    parts.extend(
        others
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, what)| format!("{} {what}", count(number))),
    );
    parts.join(", ")
}

/// What speaks against the run, with what to do about it. What is told of several stages is told of the worst, and then where else.
pub(crate) fn reasons(summary: &Summary) -> Vec<(&Finding, String)> {
    let findings = &summary.verdict.reasons;
    let is_alike = |one: &Finding, other: &Finding| {
        one.stage.is_some()
            && other.stage.is_some()
            && discriminant(&one.reason) == discriminant(&other.reason)
            && one.advice == other.advice
    };
    let mut reasons = Vec::new();
    for (place, finding) in findings.iter().enumerate() {
        if findings[..place].iter().any(|earlier| is_alike(earlier, finding)) {
            continue;
        }
        let others = findings[place + 1..].iter().filter(|later| is_alike(finding, later));
        let others: Vec<String> = others.filter_map(|other| stage_label(summary, other.stage?)).collect();
        let also = match others.len() {
            0 => String::new(),
            _ => format!("; also {}", others.join(", ")),
        };
        reasons.push((finding, finding.message.clone() + &also));
    }
    reasons
}

fn stage_label(summary: &Summary, number: u32) -> Option<String> {
    let stage = summary.stages.iter().find(|stage| stage.number == number);
    stage.map(StageSummary::label)
}

/// Where the numbers come from: one line each for load, tokens, steady part and client.
pub(super) fn about(summary: &Summary, layout: Layout) -> String {
    remarks(summary)
        .map(|(label, text)| labelled(label, &text, layout))
        .collect()
}

/// The same as labels and texts.
pub(crate) fn remarks(summary: &Summary) -> impl Iterator<Item = (&'static str, String)> {
    let remarks = [
        ("Load", load(summary)),
        ("Tokens", tokens(summary)),
        ("SLO", summary.goodput.as_ref().map(slo)),
        ("Steady", steady(summary)),
        ("Warm-up", warmup(summary)),
        ("Client", client(summary)),
    ];
    remarks.into_iter().filter_map(|(label, text)| Some((label, text?)))
}

/// Errors by class, the most frequent first.
pub(super) fn errors(summary: &Summary, layout: Layout) -> String {
    let mut errors: Vec<_> = summary.counts.by_error.iter().collect();
    errors.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
    if errors.is_empty() {
        return String::new();
    }
    let mut text = layout.style.paint(Paint::Bold, "Errors") + "\n";
    let class_width = errors.iter().map(|(class, _)| class.len()).max().unwrap_or(0);
    let count_width = errors
        .iter()
        .map(|(_, number)| count(**number).len())
        .max()
        .unwrap_or(0);
    for (class, number) in errors {
        let example = summary
            .counts
            .error_examples
            .get(class)
            .map(|example| single_line(example))
            .unwrap_or_default();
        let head = format!("  {:>count_width$}  {class:<class_width$}  ", count(*number));
        let room = usize::from(layout.width).saturating_sub(head.chars().count());
        text.push_str(format!("{head}{}", shortened(&example, room)).trim_end());
        text.push('\n');
    }
    text
}

/// What was noticed besides.
pub(super) fn notices(summary: &Summary, layout: Layout) -> String {
    if summary.notices.is_empty() {
        return String::new();
    }
    let notices = summary
        .notices
        .iter()
        .map(|notice| hinted(&notice.message, notice.advice.as_deref(), layout));
    layout.style.paint(Paint::Bold, "Notices") + "\n" + &notices.collect::<String>()
}

/// A message with its hint below, both wrapped.
pub(super) fn hinted(message: &str, advice: Option<&str>, layout: Layout) -> String {
    let mut text = wrapped("  - ", &single_line(message), layout);
    if let Some(advice) = advice {
        text.push_str(&wrapped("    hint: ", &single_line(advice), layout));
    }
    text
}

fn load(summary: &Summary) -> Option<String> {
    let load = &summary.load;
    let (scheduled, achieved) = (load.scheduled_rate?, load.achieved_rate?);
    // Single calls of a recording are arrivals of sessions only in name.
    let unit = if load.asked.model.is_of_sessions() && summary.sessions.is_some() {
        "sessions/s begun"
    } else {
        "req/s sent"
    };
    let mut text = format!("{} {unit}, {} scheduled", number(achieved), number(scheduled));
    if let Some(delay) = &load.dispatch_delay {
        text.push_str(&format!(
            "; dispatch delay p99 {} ms, max {} ms",
            number(delay.p99),
            number(delay.max)
        ));
    }
    if load.held_back > 0 {
        text.push_str(&format!("; {} waited for a free slot", count(load.held_back)));
    }
    Some(text)
}

fn tokens(summary: &Summary) -> Option<String> {
    let mean = |metric| {
        summary
            .metrics
            .get(metric)
            .map(|distribution| average(distribution.mean))
    };
    let mut parts = Vec::new();
    parts.extend(mean(Metric::InputSequenceLength).map(|input| format!("{input} in")));
    parts.extend(mean(Metric::OutputSequenceLength).map(|output| format!("{output} out per request")));
    if parts.is_empty() {
        return None;
    }
    let mut text = parts.join(", ");
    let sources = TokenSource::ALL.into_iter().filter_map(|source| {
        let share = summary.tokens.source_share.get(source.as_str())?;
        let whole = if *share < 1.0 {
            format!(" {}", percent(*share))
        } else {
            String::new()
        };
        Some(format!("{}{whole}", counted_by(source)))
    });
    let sources: Vec<_> = sources.collect();
    if !sources.is_empty() {
        text.push_str(&format!("; output counted by {}", sources.join(", ")));
    }
    if let Some(share) = summary.tokens.cached_input_share {
        text.push_str(&format!("; {} of input cached", percent(share)));
    }
    Some(text)
}

/// How many requests kept to each target.
fn slo(goodput: &GoodputSummary) -> String {
    let target = |target: &TargetSummary| {
        let SloTarget { metric, limit } = target.target;
        format!(
            "{} {}: {} of {}",
            metric.tag(),
            number(limit),
            count(target.met),
            count(goodput.of)
        )
    };
    goodput.targets.iter().map(target).collect::<Vec<_>>().join("; ")
}

fn counted_by(source: TokenSource) -> &'static str {
    match source {
        TokenSource::ServerUsage => "the server",
        TokenSource::ChunkUsage => "the server, in chunks",
        TokenSource::ClientTokenizer => "the client's tokenizer",
        TokenSource::ChunkCount => "chunks",
    }
}

fn steady(summary: &Summary) -> Option<String> {
    match &summary.steady_state {
        SteadyState::Found { window, .. } => Some(format!(
            "{:.1} s of {:.1} s measured ({}), {}",
            window.end_s - window.start_s,
            summary.metrics.scalar(RunMetric::BenchmarkDuration).unwrap_or_default(),
            percent((window.share * 1e3).round() / 1e3),
            counted(window.requests, "request")
        )),
        SteadyState::Absent { absent } if summary.counts.completed > 0 => Some(format!("none: {absent}")),
        SteadyState::Absent { .. } => None,
    }
}

fn warmup(summary: &Summary) -> Option<String> {
    let warmup = summary.counts.warmup;
    (warmup > 0).then(|| format!("{}, excluded", counted(warmup, "request")))
}

fn client(summary: &Summary) -> Option<String> {
    let client = summary.client.as_ref()?;
    let mut text = format!("{} CPUs", number(client.cpus_used()));
    if let (Some(busy), Some(lag)) = (client.busiest_share(), client.worst_loop_lag_p99_ms()) {
        let busy = percent((busy * 1e3).round() / 1e3);
        text.push_str(&format!(", busiest worker {busy}, loop lag p99 {} ms", number(lag)));
    }
    text.push_str(&format!(", {}", mebibytes(client.peak_rss_bytes)));
    let connections = &summary.connections;
    let ahead: u64 = connections.preopened.iter().map(|preopened| preopened.opened).sum();
    if ahead > 0 {
        let slowest = connections.preopened.iter().map(|preopened| preopened.connect_max_ms);
        let slowest = number(slowest.fold(0.0, f64::max));
        text.push_str(&format!(
            "; {} opened ahead, in {slowest} ms at most",
            counted(ahead, "connection")
        ));
    }
    if let Some(connect) = &connections.connect {
        text.push_str(&format!(
            "; {}, connect p50 {} ms",
            counted(connections.opened, "connection"),
            number(connect.p50)
        ));
    }
    Some(text)
}

pub(super) fn labelled(label: &str, text: &str, layout: Layout) -> String {
    let padded = format!("{label:<LABEL$}");
    let wrapped = wrapped(&padded, text, layout);
    wrapped.replacen(label, &layout.style.paint(Paint::Bold, label), 1)
}

/// Text broken at spaces, its following lines below its first word.
fn wrapped(first: &str, text: &str, layout: Layout) -> String {
    let indent = first.chars().count();
    let room = usize::from(layout.width).saturating_sub(indent);
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    format!("{first}{}\n", lines.join(&format!("\n{}", " ".repeat(indent))))
}

pub(super) fn shortened(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{kept}…")
}
