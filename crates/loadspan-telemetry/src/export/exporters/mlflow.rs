//! The exports to MLflow: the keeper of the run, a lane for live metrics, one for traces.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use loadspan_record::Sink;

use super::Assembly;
use super::plan::{POINTS_LIMITS, SILENCE, mlflow_pace, trace_store_limits};
use crate::config::{LiveMetrics, MlflowConfig, TraceStore, TracesConfig};
use crate::export::pipeline::{Dispatcher, LaneSpec, Leftovers, Pipeline};
use crate::export::queue::QueueLimits;
use crate::export::transport::Transport;
use crate::export::{ClientError, Contents};
use crate::mlflow::{
    Keeper, LiveFile, MlflowClient, PointsTransport, RunDescription, RunGate, StageTags, TracesTransport, keep_written,
};

/// What a run in MLflow is made of.
#[derive(Debug, Clone)]
pub struct MlflowOutlet {
    /// The run, as it begins.
    pub description: RunDescription,
    /// The folder of the run, which is there.
    pub run_dir: PathBuf,
    /// Whether live metrics can be made again.
    pub records: RecordsOnDisk,
}

/// Whether every request can be found again when the run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordsOnDisk {
    /// In `records.jsonl`.
    Written,
    /// It cannot: there is no such file.
    NotWritten,
}

/// Whether MLflow answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MlflowReach {
    /// No run in MLflow is wanted.
    Unwanted,
    /// It has the run, and answered when it was last sent something.
    Answers,
    /// It has not made the run, or did not answer when it was last sent something, of which the user was told. There is little use
    /// in waiting for it.
    Silent,
}

/// The exports of a run to MLflow.
#[derive(Debug)]
pub(crate) struct MlflowExports {
    /// `None`: there are no live metrics.
    pub(crate) points: Option<Pipeline>,
    /// `None`: no traces go there.
    pub(crate) traces: Option<Pipeline>,
    /// What a push needs to know.
    pub(crate) file: Arc<LiveFile>,
    /// Takes when stages begin and end.
    pub(crate) stages: StageTags,
    records: RecordsOnDisk,
    pub(super) gate: Arc<RunGate>,
}

impl MlflowExports {
    /// No more payloads come. Those that are there may be sent until `deadline`, by a server that answers.
    pub(crate) fn close(&self, deadline: Instant) {
        self.gate.close(deadline.min(Instant::now() + SILENCE));
        for lane in self.lanes() {
            lane.0.close(deadline);
        }
    }

    /// Leaves word of live points that are missing and can be made again. To be called when every one of them has its fate.
    pub(super) fn note_missing_points(&self) {
        let Some(points) = self.points.as_ref().filter(|_| self.records == RecordsOnDisk::Written) else {
            return;
        };
        let ledger = points.ledger();
        let missing = ledger.produced - ledger.delivered;
        if missing > 0 {
            self.file.note_missing_points(missing);
        }
    }

    pub(super) fn reach(&self) -> MlflowReach {
        // The trace store may be busy for long where everything else is well: it counts where there is nothing else.
        let is_answered = self.lanes().next().is_none_or(|lane| lane.0.is_answered());
        if self.gate.run().is_some() && is_answered {
            MlflowReach::Answers
        } else {
            MlflowReach::Silent
        }
    }

    pub(super) fn lanes(&self) -> impl Iterator<Item = &Pipeline> {
        self.points.iter().chain(&self.traces)
    }
}

/// Exports to MLflow that are being put together.
pub(super) struct MlflowAssembly<'a> {
    assembly: &'a mut Assembly,
    config: &'a MlflowConfig,
    client: MlflowClient,
    gate: Arc<RunGate>,
}

impl<'a> MlflowAssembly<'a> {
    pub(super) fn new(assembly: &'a mut Assembly, config: &'a MlflowConfig) -> Result<Self, ClientError> {
        let client = {
            let _entered = assembly.thread.enter();
            MlflowClient::build(&config.server)?
        };
        let gate = Arc::new(RunGate::new());
        Ok(Self {
            assembly,
            config,
            client,
            gate,
        })
    }

    /// `traces`: those of the run, if it has any.
    pub(super) fn build(mut self, outlet: MlflowOutlet, traces: Option<&TracesConfig>) -> MlflowExports {
        let file = self.add_keeper(&outlet);
        let points = (self.config.live != LiveMetrics::Off).then(|| self.add_points(outlet.records));
        let traces = traces.filter(|_| self.config.traces == TraceStore::On);
        let traces = traces.map(|traces| self.add_traces(traces));
        let (stages, tagger) = StageTags::new(self.client.clone(), Arc::clone(&self.gate));
        self.assembly.thread.add(tagger.keep());
        MlflowExports {
            points,
            traces,
            file,
            stages,
            records: outlet.records,
            gate: self.gate,
        }
    }

    fn add_keeper(&mut self, outlet: &MlflowOutlet) -> Arc<LiveFile> {
        let (description, notices) = (outlet.description.clone(), self.assembly.notices.clone());
        let file = LiveFile::begin(self.config, &description, outlet.run_dir.clone(), notices.clone());
        let file = Arc::new(file);
        let keeper = Keeper {
            client: self.client.clone(),
            config: self.config.clone(),
            description,
            gate: Arc::clone(&self.gate),
            file: Arc::clone(&file),
            notices,
        };
        self.assembly.thread.add(keeper.keep());
        self.assembly
            .thread
            .add(keep_written(Arc::clone(&file), Arc::clone(&self.gate)));
        file
    }

    fn add_points(&mut self, records: RecordsOnDisk) -> Pipeline {
        let leftovers = match records {
            RecordsOnDisk::Written => Leftovers::Records,
            RecordsOnDisk::NotWritten => Leftovers::Drop,
        };
        let transport = PointsTransport::new(self.client.clone(), Arc::clone(&self.gate));
        let spec = self.spec(Contents::MlflowPoints, POINTS_LIMITS, leftovers);
        self.add(spec, transport)
    }

    fn add_traces(&mut self, traces: &TracesConfig) -> Pipeline {
        let transport = TracesTransport {
            client: self.client.clone(),
            gate: Arc::clone(&self.gate),
        };
        let leftovers = Leftovers::Spool(self.assembly.spooler.handle());
        let spec = self.spec(Contents::MlflowTraces, trace_store_limits(traces), leftovers);
        self.add(spec, transport)
    }

    fn spec(&self, contents: Contents, limits: QueueLimits, leftovers: Leftovers) -> LaneSpec {
        LaneSpec {
            sink: Sink::Mlflow,
            contents,
            destination: self.client.destination(),
            limits,
            leftovers,
        }
    }

    /// A lane that waits for the run.
    fn add<T: Transport>(&mut self, spec: LaneSpec, transport: T) -> Pipeline {
        let pace = mlflow_pace(spec.contents, &self.config.server.retries);
        let lane = Arc::new(spec.build(&self.assembly.spool_dir, self.assembly.notices.clone()));
        let dispatcher = Dispatcher::new(Arc::clone(&lane), transport, pace);
        let gate = Arc::clone(&self.gate);
        self.assembly
            .thread
            .add(async move { dispatcher.run_after(gate.opened()).await });
        Pipeline(lane)
    }
}
