//! Takes finished requests and hands over live metrics: points, or windows where the server does not take so many.

use std::sync::Arc;
use std::time::Duration;

use loadspan_record::{LiveNotice, Notice, NoticeLevel, ObservedSample, RequestRecord, RunOffset};
use loadspan_wire::mlflow::runs::Metric;

use super::batch::PointBatch;
use super::beside::BesideRecorder;
use super::kept::KeptWindows;
use super::{LiveFile, Share, WindowRecorder, WindowSummary, window_after};
use crate::config::LiveMetrics;
use crate::export::{Notices, Payload, Pipeline, RecordsOnDisk};
use crate::mlflow::export_file::LiveMode;

/// How long a point may wait for others to be sent with.
const DELAY: Duration = Duration::from_secs(1);
/// Points that may wait for a server that takes some, before windows take the place of points.
const MOST_WAITING: u64 = 20_000;
/// A server that has taken nothing for so long is not slow but away.
const ALIVE_WITHIN: Duration = Duration::from_secs(5);

/// Makes the live metrics of a run. Owned by one thread, and never waits.
pub(crate) struct LiveRecorder {
    setup: LiveSetup,
    mode: LiveMode,
    windows: WindowRecorder,
    /// The windows of the run so far, where they may take the place of points. `None`: they will not, or have.
    kept: Option<KeptWindows>,
    beside: BesideRecorder,
    batch: PointBatch,
}

/// What a [`LiveRecorder`] works with.
pub(crate) struct LiveSetup {
    /// What the user wants.
    pub(crate) choice: LiveMetrics,
    /// Wall clock at offset zero.
    pub(crate) run_start_unix_ns: u64,
    /// Where payloads go.
    pub(crate) pipeline: Pipeline,
    /// Where it is noted when the mode changes.
    pub(crate) file: Arc<LiveFile>,
    /// Whether every request can be found again.
    pub(crate) records: RecordsOnDisk,
    pub(crate) notices: Notices,
    /// The server, without credentials.
    pub(crate) destination: String,
}

impl LiveRecorder {
    pub(crate) fn new(setup: LiveSetup) -> Self {
        Self {
            mode: setup.file.live_mode(),
            windows: WindowRecorder::default(),
            kept: (setup.choice == LiveMetrics::Auto).then(KeptWindows::default),
            beside: BesideRecorder::new(setup.run_start_unix_ns),
            batch: PointBatch::default(),
            setup,
        }
    }

    /// Takes a finished request. Of no use are more of them to a server that does not take live metrics.
    pub(crate) fn record(&mut self, record: &RequestRecord) {
        if !self.setup.pipeline.is_taken() {
            return;
        }
        if let Some(kept) = &mut self.kept {
            kept.record(record);
        }
        self.beside.record(record);
        match self.mode.share_of(record) {
            Share::Points => {
                let full = self.batch.push_request(record, self.setup.run_start_unix_ns);
                self.submit(full);
            }
            Share::Window => self.windows.record(record),
            Share::None => {}
        }
    }

    /// Takes what a server or GPUs said of themselves.
    pub(crate) fn observe(&mut self, sample: &ObservedSample) {
        if self.setup.pipeline.is_taken() {
            self.beside.observe(sample);
        }
    }

    /// Hands over what is due.
    pub(crate) fn export_due(&mut self, now: RunOffset) {
        self.switch_if_behind(now);
        self.kept = self.kept.take().and_then(|kept| kept.advanced(now));
        let whole = self.windows.take(now);
        self.push_windows(&whole, now);
        let beside = self.beside.take(now);
        self.push_all(beside, now);
        let is_due = |since: RunOffset| now.nanos_since(since) >= RunOffset::from_duration(DELAY).as_nanos();
        if self.batch.waits_since().is_some_and(is_due) {
            let aged = self.batch.take();
            self.submit(aged);
        }
    }

    /// Counts requests whose records never arrived here, as a point each, and tells of them. When the run is over, their points are made
    /// from the records on disk. A window that was sent without them stays as it was sent: then they are lost.
    pub(crate) fn count_missed(&self, requests: u64) {
        let pipeline = &self.setup.pipeline;
        pipeline.tell_missed(requests);
        match self.mode {
            LiveMode::Points | LiveMode::WindowsFrom { .. } => pipeline.count_missed(requests),
            LiveMode::Windows | LiveMode::Off => pipeline.count_dropped(requests),
        }
    }

    /// Hands over what is left.
    pub(crate) fn finish(mut self) {
        let whole = self.windows.take_rest();
        let end = RunOffset::from_nanos(u64::MAX);
        self.push_windows(&whole, end);
        let beside = self.beside.take_rest();
        self.push_all(beside, end);
        let rest = self.batch.take();
        self.submit(rest);
    }

    fn push_windows(&mut self, windows: &[WindowSummary], now: RunOffset) {
        let start = self.setup.run_start_unix_ns;
        self.push_all(windows.iter().flat_map(|window| window.points(start)), now);
    }

    fn push_all(&mut self, points: impl IntoIterator<Item = Metric>, now: RunOffset) {
        for point in points {
            let full = self.batch.push(&point, now);
            self.submit(full);
        }
    }

    fn submit(&self, payload: Option<Payload>) {
        if let Some(payload) = payload {
            self.setup.pipeline.submit(payload);
        }
    }

    fn switch_if_behind(&mut self, now: RunOffset) {
        if self.setup.choice != LiveMetrics::Auto || self.mode != LiveMode::Points {
            return;
        }
        let intake = self.setup.pipeline.intake();
        if self.setup.pipeline.backlog() > MOST_WAITING && intake.is_alive(ALIVE_WITHIN) {
            self.mode = match self.kept.take() {
                Some(kept) => self.replace_points(kept, now),
                None => LiveMode::WindowsFrom {
                    window: window_after(now),
                },
            };
            self.setup.file.note_mode(self.mode);
            (self.setup.notices)(self.switched(window_after(now), intake.per_second()));
        }
    }

    /// Windows of the whole run instead of the points that wait. What was logged of points stays. What waits beside them is of no
    /// request, and waits again.
    fn replace_points(&mut self, kept: KeptWindows, now: RunOffset) -> LiveMode {
        let pipeline = &self.setup.pipeline;
        pipeline.withdraw();
        let unsent = self.batch.take().map_or(0, |payload| payload.items);
        pipeline.count_sampled_out(unsent);
        let (recorder, whole) = kept.into_parts();
        self.windows = recorder;
        self.push_windows(&whole, now);
        self.push_all(self.beside.recent(), now);
        LiveMode::Windows
    }

    /// `window`: the first that no request had ended in.
    fn switched(&self, window: u64, per_second: Option<f64>) -> LiveNotice {
        let destination = &self.setup.destination;
        let taken = per_second.map_or_else(String::new, |rate| format!(" ({rate:.0} a second)"));
        let (instead, spared) = match self.mode {
            LiveMode::WindowsFrom { .. } => (
                format!("from second {window} on it gets a summary of each second instead, live.window.*"),
                "--mlflow-live windows has windows from the start",
            ),
            _ => (
                format!(
                    "it gets a summary of each second of the whole run instead, live.window.*; of the requests before second \
                     {window} it keeps the points that it has taken"
                ),
                "--mlflow-live windows spares it the points",
            ),
        };
        let advice = match self.setup.records {
            RecordsOnDisk::Written => format!("records.jsonl has every request; {spared}"),
            RecordsOnDisk::NotWritten => spared.to_owned(),
        };
        LiveNotice {
            level: NoticeLevel::Note,
            notice: Notice {
                message: format!(
                    "{destination} takes points of requests more slowly than the run makes them{taken}: {instead}"
                ),
                advice: Some(advice),
            },
        }
    }
}

impl std::fmt::Debug for LiveRecorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveRecorder")
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}
