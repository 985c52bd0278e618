//! The progress of a run on stderr: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use loadspan_loadgen::{Limits, Progress};
use loadspan_record::{LiveCounts, LiveView, RunOffset};

/// How often a line is printed where there is no bar.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// The bar that is drawn. There is one at most: a terminal has one last line.
static DRAWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Prints something while the bar, if one is drawn, is out of the way.
pub(super) fn aside<T>(print: impl FnOnce() -> T) -> T {
    // Not held while printing: whoever prints may wait for a terminal that was stopped.
    let drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match drawn {
        Some(bar) => bar.suspend(print),
        None => print(),
    }
}

/// Shows the progress of one run.
#[derive(Debug)]
pub(crate) struct ProgressLine {
    bar: Option<ProgressBar>,
    stages: Vec<StageGoal>,
    /// What the stages before the one that is being run have come to.
    before: LiveCounts,
    last_line: Instant,
}

/// When a stage is done.
#[derive(Debug)]
pub(crate) struct StageGoal {
    /// What it is called beside its progress. Empty where there is but one.
    pub(crate) title: String,
    /// Measured requests until its end, if their number ends it.
    requests: Option<u64>,
    /// Measured time until its end, if it ends it.
    duration: Option<Duration>,
}

impl StageGoal {
    pub(crate) fn new(title: String, limits: &Limits) -> Self {
        Self {
            title,
            requests: limits.requests,
            duration: limits.duration,
        }
    }

    /// Whether it can be told how much of it is done. Where sessions end it, their turns are not known in advance.
    fn is_foreseeable(&self) -> bool {
        self.requests.is_some() || self.duration.is_some()
    }
}

impl ProgressLine {
    pub(crate) fn new(stages: Vec<StageGoal>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::stderr_with_hz(10));
            let style = ProgressStyle::with_template("{bar:24.cyan/dim} {msg}");
            bar.set_style(
                style
                    .unwrap_or_else(|_| ProgressStyle::default_bar())
                    .progress_chars("━━─"),
            );
            *DRAWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.clone());
            bar
        });
        Self {
            bar,
            stages,
            before: LiveCounts::default(),
            last_line: Instant::now(),
        }
    }

    /// The load of a stage begins, with these counts so far.
    pub(crate) fn begin_stage(&mut self, so_far: LiveCounts) {
        self.before = so_far;
    }

    /// Shows where the run stands.
    pub(crate) fn update(&mut self, progress: Progress, view: &LiveView) {
        let share = self.share(progress, view);
        let message = self.message(progress, view, share);
        match &self.bar {
            Some(bar) => {
                bar.set_position((share.unwrap_or(0.0) * 1000.0) as u64);
                bar.set_message(message);
            }
            None if self.last_line.elapsed() >= LINE_EVERY => {
                self.last_line = Instant::now();
                super::print_note(&message);
            }
            None => {}
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            *DRAWN.lock().unwrap_or_else(PoisonError::into_inner) = None;
            bar.finish_and_clear();
        }
    }

    /// How much of the stage is done, 0 to 1; `None` in the warm-up.
    fn share(&self, progress: Progress, view: &LiveView) -> Option<f64> {
        let began = progress.measure_started_at.filter(|began| *began <= progress.at)?;
        let goal = self.stages.get(progress.stage as usize)?;
        let by_count = goal.requests.map(|total| self.ended(view) as f64 / total.max(1) as f64);
        let by_time = goal
            .duration
            .map(|total| measured(began, progress) / total.as_secs_f64().max(1e-9));
        let share = by_count.into_iter().chain(by_time).fold(0.0, f64::max);
        Some(share.min(1.0))
    }

    /// Measured requests of the stage that have ended.
    fn ended(&self, view: &LiveView) -> u64 {
        let (now, before) = (view.counts, self.before);
        (now.completed + now.failed).saturating_sub(before.completed + before.failed)
    }

    fn message(&self, progress: Progress, view: &LiveView, share: Option<f64>) -> String {
        let (counts, before) = (view.counts, self.before);
        let goal = self.stages.get(progress.stage as usize);
        let ended = self.ended(view);
        let stage = match share {
            None => format!("warm-up {}", counts.warmup.saturating_sub(before.warmup)),
            Some(_) if progress.draining => {
                let completed = counts.completed.saturating_sub(before.completed);
                format!("{completed} done, draining {}", progress.in_flight)
            }
            Some(share) => match goal.and_then(|goal| goal.requests) {
                Some(total) => format!("{ended}/{total} ({:.0} %)", share * 100.0),
                None if goal.is_some_and(StageGoal::is_foreseeable) => format!("{ended} done ({:.0} %)", share * 100.0),
                None => format!("{ended} done"),
            },
        };
        let stage = match goal.map_or("", |goal| &goal.title) {
            "" => stage,
            title => format!("{title} {}/{}: {stage}", progress.stage + 1, self.stages.len()),
        };
        let mut parts = vec![stage, format!("{} req/s", short(view.request_rate))];
        if view.output_token_rate > 0.0 {
            parts.push(format!("{} tok/s", short(view.output_token_rate)));
        }
        match (view.time_to_first_token_p50_ms, view.request_latency_p50_ms) {
            (Some(ttft), _) => parts.push(format!("TTFT {} ms", short(ttft))),
            (None, Some(latency)) => parts.push(format!("latency {} ms", short(latency))),
            (None, None) => {}
        }
        parts.push(format!("{} in flight", progress.in_flight));
        parts.push(format!("{} failed", counts.failed));
        parts.extend(time_left(progress, share).map(|left| format!("{left} left")));
        parts.join(" · ")
    }
}

fn measured(began: RunOffset, progress: Progress) -> f64 {
    progress.at.nanos_since(began) as f64 / 1e9
}

/// The time that is left at the present pace.
fn time_left(progress: Progress, share: Option<f64>) -> Option<String> {
    let share = share.filter(|share| (0.02..1.0).contains(share) && !progress.draining)?;
    let seconds = measured(progress.measure_started_at?, progress) * (1.0 - share) / share;
    let seconds = seconds.ceil() as u64;
    Some(match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{}:{:02} min", seconds / 60, seconds % 60),
        _ => format!("{}:{:02} h", seconds / 3600, seconds % 3600 / 60),
    })
}

/// Three significant digits, more before the point where they are there.
fn short(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> LiveView {
        LiveView {
            counts: LiveCounts {
                completed: 40,
                failed: 2,
                cancelled: 0,
                warmup: 5,
            },
            request_rate: 8.333,
            output_token_rate: 1066.2,
            time_to_first_token_p50_ms: Some(31.23),
            request_latency_p50_ms: Some(400.0),
        }
    }

    fn line(requests: Option<u64>) -> ProgressLine {
        ProgressLine {
            bar: None,
            stages: vec![StageGoal {
                title: String::new(),
                requests,
                duration: Some(Duration::from_secs(100)),
            }],
            before: LiveCounts::default(),
            last_line: Instant::now(),
        }
    }

    #[test]
    fn a_line_says_where_the_run_stands() {
        let at = |seconds| RunOffset::from_duration(Duration::from_secs(seconds));
        let progress = Progress {
            at: at(25),
            stage: 0,
            in_flight: 8,
            sent: 60,
            sessions: None,
            measure_started_at: Some(at(5)),
            draining: false,
        };
        let line = line(Some(84));
        let share = line.share(progress, &view());
        assert_eq!(
            line.message(progress, &view(), share),
            "42/84 (50 %) · 8.33 req/s · 1066 tok/s · TTFT 31.2 ms · 8 in flight · 2 failed · 20 s left"
        );
        let mut sessions = self::line(None);
        sessions.stages[0].duration = None;
        let share = sessions.share(progress, &view());
        assert!(sessions.message(progress, &view(), share).starts_with("42 done · "));
        let warm = Progress {
            measure_started_at: None,
            ..progress
        };
        assert!(
            line.message(warm, &view(), line.share(warm, &view()))
                .starts_with("warm-up 5 · ")
        );
    }

    #[test]
    fn each_of_several_stages_counts_from_its_own_beginning() {
        let mut line = line(Some(20));
        line.stages[0].title = "peak".to_owned();
        line.begin_stage(LiveCounts {
            completed: 30,
            failed: 2,
            cancelled: 0,
            warmup: 5,
        });
        let progress = Progress {
            at: RunOffset::from_duration(Duration::from_secs(25)),
            stage: 0,
            in_flight: 8,
            sent: 60,
            sessions: None,
            measure_started_at: Some(RunOffset::from_duration(Duration::from_secs(20))),
            draining: false,
        };
        let share = line.share(progress, &view());
        let message = line.message(progress, &view(), share);
        assert!(message.starts_with("peak 1/1: 10/20 (50 %) · "), "{message}");
    }
}
