//! A log of times and lengths: read once, whatever its size, and summed up.

use std::time::Duration;

use loadspan_loadgen::recorded::replay::{BadLines, Format, Lengths, TimedCall};
use loadspan_loadgen::recorded::{RecordedError, RecordedLog};
use loadspan_record::counted;
use serde_json::{Value, json};

use super::sessions::{bad_json, put};

/// What a log comes to.
pub(super) struct LogOverview {
    calls: u64,
    sessions: u64,
    later_turns: u64,
    timed: u64,
    last_at: Duration,
    failed: u64,
    with_blocks: u64,
    input: Sum,
    output: Sum,
    lengths: Option<Lengths>,
    bad: BadLines,
}

/// Lengths in tokens.
#[derive(Default)]
struct Sum {
    count: u64,
    total: u64,
    largest: u64,
}

impl LogOverview {
    /// Reads a log to its end.
    ///
    /// # Errors
    ///
    /// It cannot be read on.
    pub(super) fn of(mut log: RecordedLog) -> Result<Self, RecordedError> {
        let mut overview = Self {
            calls: 0,
            sessions: 0,
            later_turns: 0,
            timed: 0,
            last_at: Duration::ZERO,
            failed: 0,
            with_blocks: 0,
            input: Sum::default(),
            output: Sum::default(),
            lengths: None,
            bad: BadLines::default(),
        };
        for call in log.by_ref() {
            overview.add(&call?);
        }
        overview.lengths = log.lengths();
        overview.bad.clone_from(log.bad());
        Ok(overview)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.calls == 0
    }

    pub(super) const fn bad(&self) -> &BadLines {
        &self.bad
    }

    fn add(&mut self, call: &TimedCall) {
        let is_later = call.turn.as_ref().is_some_and(|turn| turn.number > 0);
        self.calls += 1;
        self.sessions += u64::from(!is_later);
        self.later_turns += u64::from(is_later);
        self.failed += u64::from(call.failed);
        self.with_blocks += u64::from(!call.hash_ids.is_empty());
        self.input.add(call.input_tokens);
        call.output_tokens
            .into_iter()
            .for_each(|tokens| self.output.add(tokens));
        if let Some(at) = call.at {
            self.timed += 1;
            self.last_at = self.last_at.max(at);
        }
    }

    pub(super) fn text(&self, (sources, format): (&[String], Format)) -> String {
        let mut text = String::new();
        put(
            &mut text,
            format_args!("{} ({})\n", sources.join(", "), format.as_str()),
        );
        put(&mut text, format_args!("{}", counted(self.calls, "call")));
        if self.later_turns > 0 {
            put(&mut text, format_args!(" in {}", counted(self.sessions, "session")));
        }
        if self.timed == 0 {
            put(&mut text, format_args!(", without times\n"));
        } else {
            let seconds = self.last_at.as_secs_f64();
            put(
                &mut text,
                format_args!(" over {seconds:.1} s{}\n", rate(self.timed, seconds)),
            );
        }
        put(
            &mut text,
            format_args!("input: {}\noutput: {}\n", self.input.text(), self.output.text()),
        );
        if let Some(lengths) = self.lengths {
            put(
                &mut text,
                format_args!("lengths of later turns are {}\n", lengths.as_str()),
            );
        }
        if self.with_blocks > 0 {
            put(&mut text, format_args!("calls with hash_ids: {}\n", self.with_blocks));
        }
        if self.failed > 0 {
            put(&mut text, format_args!("calls that had failed: {}\n", self.failed));
        }
        for bad in &self.bad.first {
            put(
                &mut text,
                format_args!("not read: {}:{}: {}\n", bad.file, bad.line, bad.reason),
            );
        }
        let others = self.bad.total.saturating_sub(self.bad.first.len() as u64);
        if others > 0 {
            put(&mut text, format_args!("not read: {others} more\n"));
        }
        text
    }

    pub(super) fn json(&self, (sources, format): (&[String], Format)) -> Value {
        json!({
            "sources": sources,
            "format": format.as_str(),
            "calls": self.calls,
            "sessions": self.sessions,
            "calls_with_times": self.timed,
            "duration_s": self.last_at.as_secs_f64(),
            "input_tokens": self.input.json(),
            "output_tokens": self.output.json(),
            "lengths": self.lengths.map(Lengths::as_str),
            "calls_with_hash_ids": self.with_blocks,
            "failed": self.failed,
            "unread": bad_json(&self.bad),
        })
    }
}

impl Sum {
    fn add(&mut self, tokens: u64) {
        self.count += 1;
        self.total = self.total.saturating_add(tokens);
        self.largest = self.largest.max(tokens);
    }

    fn text(&self) -> String {
        match self.mean() {
            Some(mean) => format!(
                "{}, {mean:.0} a call, at most {}",
                counted(self.total, "token"),
                self.largest
            ),
            None => "unknown".to_owned(),
        }
    }

    fn json(&self) -> Value {
        json!({"calls": self.count, "total": self.total, "mean": self.mean(), "max": self.largest})
    }

    fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.total as f64 / self.count as f64)
    }
}

fn rate(calls: u64, seconds: f64) -> String {
    if seconds > 0.0 {
        format!(", {:.2} a second", calls as f64 / seconds)
    } else {
        String::new()
    }
}
