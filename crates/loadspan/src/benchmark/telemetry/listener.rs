//! The listener that exports: hands what the run says to its telemetry, on a thread of its own.

use std::io;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use loadspan_loadgen::{Listeners, Progress, RecordBatch, RunClock, RunEvent, SessionFate, StageEnd, Subscription};
use loadspan_record::{ObservedSample, Phase};
use loadspan_telemetry::config::TelemetryConfig;
use loadspan_telemetry::{FlushCutter, LoadState, SessionOutcome, StageConclusion, StageResult, Telemetry};

use super::incomplete;
use crate::artifacts::completeness;
use crate::records_file::RECORDS_AT_A_TIME;
use crate::terminal;

/// Events that may wait for this listener; far more than ever do.
const QUEUE_EVENTS: usize = 4096;
/// The same where answers come with them, which may have 128 KiB each: 256 MiB at worst.
const QUEUE_EVENTS_WITH_CONTENT: usize = 8;
/// Scrapes that may wait. There are some a second.
const QUEUE_SCRAPES: usize = 256;
/// How often this thread looks whether something is due for export.
const TICK: Duration = Duration::from_millis(50);

/// The thread that exports.
pub(in crate::benchmark) struct TelemetryListener {
    thread: JoinHandle<Telemetry>,
    inbox: Inbox,
    cutter: FlushCutter,
}

/// Where this thread is told what is not among the events of a run.
#[derive(Clone)]
pub(in crate::benchmark) struct Inbox {
    /// What servers and GPUs say. A full queue costs a sample.
    pub(in crate::benchmark) scrapes: SyncSender<ObservedSample>,
    /// What stages have come to. There are as many as stages.
    pub(in crate::benchmark) results: Sender<StageResult>,
}

/// The other end.
struct Told {
    scrapes: Receiver<ObservedSample>,
    results: Receiver<StageResult>,
}

impl TelemetryListener {
    /// A place among the listeners, with the text of answers if that is exported.
    pub(in crate::benchmark) fn subscribe(config: &TelemetryConfig, listeners: &mut Listeners) -> Subscription {
        if config.captures_content() {
            listeners.subscribe_with_output(QUEUE_EVENTS_WITH_CONTENT)
        } else {
            listeners.subscribe(QUEUE_EVENTS)
        }
    }

    /// Starts the exporters and the thread that feeds them.
    pub(in crate::benchmark) fn spawn(telemetry: Telemetry, events: Subscription, clock: RunClock) -> io::Result<Self> {
        let (scrapes, scraped) = sync_channel(QUEUE_SCRAPES);
        let (results, resulted) = channel();
        let told = Told {
            scrapes: scraped,
            results: resulted,
        };
        let cutter = telemetry.flush_cutter();
        let thread = std::thread::Builder::new()
            .name("loadspan-telemetry".to_owned())
            .spawn(move || listen(telemetry, &events, &told, clock))?;
        Ok(Self {
            thread,
            inbox: Inbox { scrapes, results },
            cutter,
        })
    }

    /// Where others tell it something.
    pub(in crate::benchmark) fn inbox(&self) -> Inbox {
        self.inbox.clone()
    }

    /// Ends the flush early, also when it has not begun.
    pub(in crate::benchmark) fn flush_cutter(&self) -> FlushCutter {
        self.cutter.clone()
    }

    /// The telemetry, with everything recorded. Call after the run has ended. `None` when its thread panicked, of which the user
    /// is told: the run has its report all the same.
    pub(in crate::benchmark) fn finish(self) -> Option<Telemetry> {
        let telemetry = self.thread.join().ok();
        if telemetry.is_none() {
            terminal::print_warning("the thread that exports telemetry panicked; please report this");
        }
        telemetry
    }
}

fn listen(telemetry: Telemetry, events: &Subscription, told: &Told, clock: RunClock) -> Telemetry {
    let mut ear = Ear { telemetry, sent: 0 };
    loop {
        match events.next_within(TICK) {
            Some(RunEvent::Finished(_)) => break,
            Some(event) => ear.take(event),
            None => {}
        }
        ear.take_told(told);
        ear.telemetry.export_due(clock.now());
    }
    ear.telemetry.count_missed(events.missed());
    ear.telemetry
}

/// The telemetry, and what it has to remember of the load.
struct Ear {
    telemetry: Telemetry,
    /// Requests so far: they go on being counted over stages.
    sent: u64,
}

impl Ear {
    fn take(&mut self, event: RunEvent) {
        match event {
            RunEvent::Records(batch) => self.take_records(&batch),
            RunEvent::Progress(progress) => {
                self.sent = progress.sent;
                self.telemetry.record_load(load_state(progress));
            }
            RunEvent::LoadStarted { at, stage } => {
                self.telemetry.begin_stage(stage, at);
                self.telemetry.record_load(LoadState {
                    at,
                    stage,
                    in_flight: 0,
                    sent: self.sent,
                    phase: Phase::Warmup,
                    sessions: None,
                });
            }
            RunEvent::StageEnded(end) => self.telemetry.end_stage(&stage_conclusion(&end)),
            RunEvent::Finished(_) => {}
        }
    }

    fn take_records(&mut self, batch: &RecordBatch) {
        for (position, record) in batch.iter().enumerate() {
            self.telemetry.record(record, batch.output_of(position));
            if position % RECORDS_AT_A_TIME == RECORDS_AT_A_TIME - 1 {
                std::thread::yield_now();
            }
        }
        for ended in batch.ended_sessions() {
            self.telemetry.end_session(ended.session, session_outcome(ended.fate));
        }
    }

    fn take_told(&mut self, told: &Told) {
        for sample in told.scrapes.try_iter() {
            self.telemetry.record_observed(&sample);
        }
        for result in told.results.try_iter() {
            self.telemetry.judge_stage(result);
        }
    }
}

fn load_state(progress: Progress) -> LoadState {
    let phase = match progress.measure_started_at {
        _ if progress.draining => Phase::Drain,
        Some(start) if start <= progress.at => Phase::Measure,
        _ => Phase::Warmup,
    };
    LoadState {
        at: progress.at,
        stage: progress.stage,
        in_flight: progress.in_flight,
        sent: progress.sent,
        phase,
        sessions: progress.sessions,
    }
}

fn stage_conclusion(end: &StageEnd) -> StageConclusion {
    StageConclusion {
        stage: end.stage,
        load_started_at: end.load_started_at,
        ended_at: end.ended_at,
        incomplete: incomplete(&completeness(end.reason)),
    }
}

const fn session_outcome(fate: SessionFate) -> SessionOutcome {
    match fate {
        SessionFate::Completed => SessionOutcome::Completed,
        SessionFate::Failed => SessionOutcome::Failed,
        SessionFate::Cut => SessionOutcome::Cut,
    }
}
