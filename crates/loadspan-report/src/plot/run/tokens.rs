//! How long prompts and answers were.

use loadspan_record::{Distribution, Metric};

use super::super::NoData;
use super::super::axis::{Axis, Scale, step_at_least};
use super::super::chart::{Bar, Mark, Panel, Stacking};
use super::super::number::{counted, grouped, number, plain};
use super::super::requests::{Fate, Request};
use super::super::theme::Ink;
use super::{Drawing, ENOUGH_FOR_P99, RunData};

const NONE: NoData = NoData {
    what: "token lengths",
    why: "no completed request has a token count",
};

/// Bars at most.
const MOST_BARS: f64 = 40.0;

/// One of the two panels.
struct Length {
    name: &'static str,
    ink: Ink,
    metric: Metric,
    tokens: fn(&Request) -> Option<u32>,
}

const LENGTHS: [Length; 2] = [
    Length {
        name: "input",
        ink: Ink::Series(2),
        metric: Metric::InputSequenceLength,
        tokens: |row| row.input_tokens,
    },
    Length {
        name: "output",
        ink: Ink::Series(0),
        metric: Metric::OutputSequenceLength,
        tokens: |row| row.output_tokens,
    },
];

pub(super) fn draw(run: &RunData<'_>) -> Result<Drawing, NoData> {
    let mut count = 0;
    let mut panels = Vec::new();
    for length in &LENGTHS {
        let completed = run.requests.measured().filter(|row| row.fate == Fate::Completed);
        let mut tokens: Vec<u32> = completed.filter_map(length.tokens).collect();
        if !tokens.is_empty() {
            tokens.sort_unstable();
            count = count.max(tokens.len());
            panels.push(panel(length, &tokens, run.summary.metrics.get(length.metric)));
        }
    }
    if panels.is_empty() {
        return Err(NONE);
    }
    Ok(Drawing {
        title: "Token lengths",
        caption: format!(
            "Histograms over {} that were measured and completed; {}.",
            counted(count as u64, "request"),
            sources(run)
        ),
        panels,
        stacking: Stacking::OwnAxes,
    })
}

/// Who counted the output tokens.
fn sources(run: &RunData<'_>) -> String {
    let shares = &run.summary.tokens.source_share;
    if shares.is_empty() {
        return "nobody counted the output".to_owned();
    }
    let named = shares.iter().map(|(source, share)| {
        let source = source.replace('_', " ");
        if *share < 1.0 {
            format!("{source} ({} %)", number(share * 100.0))
        } else {
            source
        }
    });
    format!("output counted by {}", named.collect::<Vec<_>>().join(", "))
}

fn panel(length: &Length, sorted: &[u32], stats: Option<&Distribution>) -> Panel {
    let (low, high) = (f64::from(sorted[0]), f64::from(sorted[sorted.len() - 1]));
    let step = step_at_least(((high - low) / MOST_BARS).max(1.0));
    let (first, last) = ((low / step).floor(), (high / step).floor());
    let mut counts = vec![0_u64; (last - first) as usize + 1];
    for tokens in sorted {
        let index = (f64::from(*tokens) / step).floor() - first;
        counts[(index as usize).min((last - first) as usize)] += 1;
    }
    // A bar for whole numbers stands around its number.
    let shift = if step == 1.0 { 0.5 } else { 0.0 };
    let bars = counts.iter().enumerate().map(|(index, count)| {
        let from = (first + index as f64) * step - shift;
        Bar {
            from,
            to: from + step,
            value: *count as f64,
        }
    });
    let bars: Vec<Bar> = bars.collect();
    let most = counts.iter().max().map_or(0.0, |count| *count as f64);
    let step_text = if step == 1.0 {
        "token".to_owned()
    } else {
        format!("{} tokens", grouped(step, 0))
    };
    let mut marks = vec![Mark::Bars { bars, ink: length.ink }];
    // Above the highest bar there is room for a label; below four there would be ticks at halves.
    let y = Axis::from_zero(
        format!("requests per {step_text} of {} length", length.name),
        most.max(4.0) * 1.15,
    );
    if let Some(stats) = stats {
        let top = y.range.1;
        marks.extend(
            [("p50", stats.p50, 2), ("p99", stats.p99, ENOUGH_FOR_P99)]
                .into_iter()
                .filter(|(.., least)| stats.count >= *least)
                .flat_map(|(name, tokens, _)| {
                    [
                        Mark::Whisker {
                            from: (tokens, 0.0),
                            to: (tokens, top * 0.96),
                            ink: Ink::Text,
                        },
                        Mark::Note {
                            at: (tokens, top * 0.93),
                            text: format!("{name} {}", plain(tokens)),
                        },
                    ]
                }),
        );
    }
    let room = ((high - low) * 0.06 + step).max(MOST_BARS / 8.0 * step - (high - low) / 2.0);
    Panel {
        height: 170.0,
        x: Axis {
            label: format!("{} length (tokens)", length.name),
            scale: Scale::Linear,
            range: ((low - room).max(-shift).min(first * step - shift), high + room),
        },
        y,
        marks,
        key: Vec::new(),
    }
}
