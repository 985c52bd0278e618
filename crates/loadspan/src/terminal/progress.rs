//! The progress of a run on stderr: a bar on a terminal, a line now and then elsewhere.

mod goal;

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use loadspan_loadgen::{Progress, SessionEnd};
use loadspan_record::{LiveCounts, LiveView, Phase, RunOffset};

pub(crate) use self::goal::StageGoal;
use self::goal::{Done, Reached};

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
    /// Measured sessions of that stage that have ended.
    sessions: u64,
    last_line: Instant,
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
            sessions: 0,
            last_line: Instant::now(),
        }
    }

    /// The load of a stage begins, with these counts so far.
    pub(crate) fn begin_stage(&mut self, so_far: LiveCounts) {
        self.before = so_far;
        self.sessions = 0;
    }

    /// Sessions of the stage that is being run have ended.
    pub(crate) fn end_sessions(&mut self, ended: &[SessionEnd]) {
        let measured = ended.iter().filter(|end| end.phase == Phase::Measure);
        self.sessions += measured.count() as u64;
    }

    /// Shows where the run stands.
    pub(crate) fn update(&mut self, progress: Progress, view: &LiveView) {
        let done = self.done(progress, view);
        let message = self.message(progress, view, done.as_ref());
        match &self.bar {
            Some(bar) => {
                let share = done.and_then(|done| done.share).unwrap_or(0.0);
                bar.set_position((share * 1000.0) as u64);
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

    /// How far the stage is; `None` in the warm-up.
    fn done(&self, progress: Progress, view: &LiveView) -> Option<Done> {
        let began = progress.measure_started_at.filter(|began| *began <= progress.at)?;
        let goal = self.stages.get(progress.stage as usize)?;
        let (now, before) = (view.counts, self.before);
        Some(goal.done(Reached {
            requests: (now.completed + now.failed).saturating_sub(before.completed + before.failed),
            sessions: self.sessions,
            time: measured(began, progress),
        }))
    }

    fn message(&self, progress: Progress, view: &LiveView, done: Option<&Done>) -> String {
        if done.is_none() && view.counts == self.before && progress.in_flight == 0 {
            // Connections are opened, or a log is read up to what is sent of it.
            return self.titled(progress, "starting".to_owned());
        }
        let mut parts = vec![
            self.stage(progress, view, done),
            format!("{} req/s", short(view.request_rate)),
        ];
        if view.output_token_rate > 0.0 {
            parts.push(format!("{} tok/s", short(view.output_token_rate)));
        }
        match (view.time_to_first_token_p50_ms, view.request_latency_p50_ms) {
            (Some(ttft), _) => parts.push(format!("TTFT {} ms", short(ttft))),
            (None, Some(latency)) => parts.push(format!("latency {} ms", short(latency))),
            (None, None) => {}
        }
        parts.push(format!("{} in flight", progress.in_flight));
        parts.push(format!("{} failed", view.counts.failed));
        let share = done.and_then(|done| done.share);
        parts.extend(time_left(progress, share).map(|left| format!("{left} left")));
        parts.join(" · ")
    }

    /// What of the stage has ended.
    fn stage(&self, progress: Progress, view: &LiveView, done: Option<&Done>) -> String {
        let (counts, before) = (view.counts, self.before);
        let stage = match done {
            None => format!("warm-up {}", counts.warmup.saturating_sub(before.warmup)),
            Some(_) if progress.draining => {
                let completed = counts.completed.saturating_sub(before.completed);
                format!("{completed} done, draining {}", progress.in_flight)
            }
            Some(done) => done.told.clone(),
        };
        self.titled(progress, stage)
    }

    /// With the name of the stage, where there are several.
    fn titled(&self, progress: Progress, text: String) -> String {
        let goal = self.stages.get(progress.stage as usize);
        match goal.map_or("", |goal| &goal.title) {
            "" => text,
            title => format!("{title} {}/{}: {text}", progress.stage + 1, self.stages.len()),
        }
    }
}

fn measured(began: RunOffset, progress: Progress) -> Duration {
    Duration::from_nanos(progress.at.nanos_since(began))
}

/// The time that is left at the present pace.
fn time_left(progress: Progress, share: Option<f64>) -> Option<String> {
    let share = share.filter(|share| (0.02..1.0).contains(share) && !progress.draining)?;
    let seconds = measured(progress.measure_started_at?, progress).as_secs_f64() * (1.0 - share) / share;
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
    use loadspan_loadgen::SessionFate;

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
                sessions: None,
                duration: Some(Duration::from_secs(100)),
            }],
            before: LiveCounts::default(),
            sessions: 0,
            last_line: Instant::now(),
        }
    }

    fn at_second(now: u64, measured_from: u64) -> Progress {
        let at = |seconds| RunOffset::from_duration(Duration::from_secs(seconds));
        Progress {
            at: at(now),
            stage: 0,
            in_flight: 8,
            sent: 60,
            sessions: None,
            measure_started_at: Some(at(measured_from)),
            draining: false,
        }
    }

    #[test]
    fn a_line_says_where_the_run_stands() {
        let progress = at_second(25, 5);
        let line = line(Some(84));
        let said = |line: &ProgressLine, progress| {
            let done = line.done(progress, &view());
            line.message(progress, &view(), done.as_ref())
        };
        assert_eq!(
            said(&line, progress),
            "42/84 (50 %) · 8.33 req/s · 1066 tok/s · TTFT 31.2 ms · 8 in flight · 2 failed · 20 s left"
        );
        let mut endless = self::line(None);
        endless.stages[0].duration = None;
        assert!(said(&endless, progress).starts_with("42 done · "));
        let warm = Progress {
            measure_started_at: None,
            ..progress
        };
        assert!(said(&line, warm).starts_with("warm-up 5 · "));
    }

    #[test]
    fn a_stage_of_which_nothing_was_sent_is_starting() {
        let mut line = line(Some(84));
        let nothing = Progress {
            measure_started_at: None,
            in_flight: 0,
            ..at_second(25, 5)
        };
        line.begin_stage(view().counts);
        assert_eq!(line.message(nothing, &view(), None), "starting");
    }

    #[test]
    fn sessions_that_were_measured_say_how_far_a_stage_is_and_how_long_it_takes() {
        let mut line = line(None);
        (line.stages[0].sessions, line.stages[0].duration) = (Some(8), None);
        let end = |session, phase| SessionEnd {
            session,
            phase,
            fate: SessionFate::Completed,
        };
        line.begin_stage(LiveCounts::default());
        line.end_sessions(&[end(0, Phase::Warmup), end(1, Phase::Measure)]);
        line.end_sessions(&[end(2, Phase::Measure)]);
        let progress = at_second(15, 5);
        let done = line.done(progress, &view());
        let message = line.message(progress, &view(), done.as_ref());
        assert!(message.starts_with("2/8 sessions (25 %) · "), "{message}");
        assert!(message.ends_with(" · 30 s left"), "{message}");
        line.begin_stage(view().counts);
        assert!(line.done(progress, &view()).is_some_and(|done| done.share == Some(0.0)));
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
        let progress = at_second(25, 20);
        let done = line.done(progress, &view());
        let message = line.message(progress, &view(), done.as_ref());
        assert!(message.starts_with("peak 1/1: 10/20 (50 %) · "), "{message}");
    }
}
