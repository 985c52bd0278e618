//! The exports of a run: a pipeline for each signal, one thread that sends, one that spools.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use loadspan_record::{SignalLedger, Sink, TelemetrySummary};
use thiserror::Error;

pub use self::cutter::FlushCutter;
use self::mlflow::MlflowAssembly;
pub(crate) use self::mlflow::MlflowExports;
pub use self::mlflow::{MlflowOutlet, MlflowReach, RecordsOnDisk};
use self::plan::{SignalPlan, spool_record};
use super::client::{ClientError, OtlpClient};
use super::console::Console;
use super::notice::Notices;
use super::pipeline::{Dispatcher, LaneSpec, Leftovers, Pipeline};
use super::runtime::ExportThread;
use super::spool::{SpoolWriter, Spooler};
use super::transport::Transport;
use crate::config::{ExporterConfig, TelemetryConfig};
use crate::mlflow::MlflowClient;

mod cutter;
mod mlflow;
mod plan;

/// Why the exports of a run did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// There can be no client for an endpoint.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The system refuses a thread or an event loop.
    #[error("cannot start the exports: {0}")]
    Thread(#[from] io::Error),
}

/// What telemetry is written to and told to, beside its endpoints.
pub struct Outlets {
    /// Where what cannot be delivered goes. Made when it is needed.
    pub spool_dir: PathBuf,
    /// Takes notices; must not block.
    pub notices: Notices,
    /// Where the console exporter writes.
    pub console: Box<dyn Write + Send>,
    /// What the run in MLflow is made of. `None`: there is none, whatever the configuration says.
    pub mlflow: Option<MlflowOutlet>,
}

impl fmt::Debug for Outlets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlets")
            .field("spool_dir", &self.spool_dir)
            .field("mlflow", &self.mlflow)
            .finish_non_exhaustive()
    }
}

/// The exports of a run. Dropping it ends them at once and spools what is left.
#[derive(Debug)]
pub(crate) struct Exporters {
    traces: Option<Pipeline>,
    metrics: Option<Pipeline>,
    mlflow: Option<MlflowExports>,
    threads: Option<Threads>,
}

/// When the end of a run waits no longer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    /// For OTLP and the console.
    pub(crate) otlp: Instant,
    /// For MLflow.
    pub(crate) mlflow: Instant,
}

/// What became of the telemetry of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flushed {
    /// The ledgers: traces and metrics to OTLP, then metrics and traces to MLflow.
    pub telemetry: TelemetrySummary,
    /// Whether MLflow answers.
    pub mlflow: MlflowReach,
}

#[derive(Debug)]
struct Threads {
    exports: JoinHandle<()>,
    spooler: Spooler,
}

impl Exporters {
    /// Starts the exports. Nothing is sent yet, and nobody is connected to.
    ///
    /// # Errors
    ///
    /// A certificate cannot be read, an endpoint makes no sense, or the system refuses a thread.
    pub(crate) fn start(config: &TelemetryConfig, outlets: Outlets) -> Result<Self, StartError> {
        let writer = SpoolWriter::new(outlets.spool_dir.clone(), config.spool_max_bytes, spool_record(config));
        let mut assembly = Assembly {
            thread: ExportThread::build()?,
            spooler: Spooler::start(writer)?,
            spool_dir: outlets.spool_dir,
            notices: outlets.notices,
        };
        let console = Console::new(outlets.console);
        let mut add = |plan: Option<SignalPlan<'_>>| plan.map(|plan| assembly.add_signal(&plan, &console)).transpose();
        let traces = add(config.traces.as_ref().and_then(SignalPlan::of_traces))?;
        let metrics = add(config.metrics.as_ref().map(SignalPlan::of_metrics))?;
        let mlflow = config.mlflow.as_ref().zip(outlets.mlflow);
        let mlflow = mlflow.map(|(mlflow, outlet)| {
            let assembly = MlflowAssembly::new(&mut assembly, mlflow)?;
            Ok::<_, ClientError>(assembly.build(outlet, config.traces.as_ref()))
        });
        Ok(Self {
            traces,
            metrics,
            mlflow: mlflow.transpose()?,
            threads: Some(assembly.start()?),
        })
    }

    /// Whether [`Exporters::start`] can make its clients.
    ///
    /// # Errors
    ///
    /// A certificate cannot be read, an endpoint makes no sense, or the system refuses an event loop.
    pub(crate) fn check(config: &TelemetryConfig) -> Result<(), StartError> {
        let thread = ExportThread::build()?;
        let _entered = thread.enter();
        let traces = config.traces.as_ref().and_then(SignalPlan::of_traces);
        let metrics = config.metrics.as_ref().map(SignalPlan::of_metrics);
        for plan in traces.into_iter().chain(metrics) {
            if let ExporterConfig::Otlp(otlp) = plan.exporter {
                OtlpClient::build(otlp, plan.contents.signal())?;
            }
        }
        if let Some(mlflow) = &config.mlflow {
            MlflowClient::build(&mlflow.server)?;
        }
        Ok(())
    }

    /// Takes spans, if traces are exported.
    pub(crate) fn traces(&self) -> Option<&Pipeline> {
        self.traces.as_ref()
    }

    /// Takes data points, if metrics are exported.
    pub(crate) fn metrics(&self) -> Option<&Pipeline> {
        self.metrics.as_ref()
    }

    /// What goes to MLflow, if anything does.
    pub(crate) fn mlflow(&self) -> Option<&MlflowExports> {
        self.mlflow.as_ref()
    }

    /// The ledgers as they stand.
    pub(crate) fn ledgers(&self) -> Vec<SignalLedger> {
        self.pipelines().map(Pipeline::ledger).collect()
    }

    /// Ends a [`Exporters::finish`] early.
    pub(crate) fn flush_cutter(&self) -> FlushCutter {
        let gate = self.mlflow.as_ref().map(|mlflow| Arc::downgrade(&mlflow.gate));
        FlushCutter {
            lanes: self.pipelines().map(|pipeline| Arc::downgrade(&pipeline.0)).collect(),
            gate: gate.unwrap_or_default(),
        }
    }

    /// Sends what is left until its deadline, then spools it. Blocks until the later deadline at most, and for as long as the spool
    /// takes.
    pub(crate) fn finish(mut self, deadlines: Deadlines) -> Flushed {
        self.end(deadlines);
        let signals = self.pipelines().map(|pipeline| pipeline.0.close_books()).collect();
        if let Some(mlflow) = &self.mlflow {
            mlflow.note_missing_points();
        }
        Flushed {
            telemetry: TelemetrySummary { signals },
            mlflow: self.mlflow.as_ref().map_or(MlflowReach::Unwanted, MlflowExports::reach),
        }
    }

    fn end(&mut self, deadlines: Deadlines) {
        let Some(Threads { exports, spooler }) = self.threads.take() else {
            return;
        };
        for pipeline in self.traces.iter().chain(&self.metrics) {
            pipeline.0.close(deadlines.otlp);
        }
        if let Some(mlflow) = &self.mlflow {
            mlflow.close(deadlines.mlflow);
        }
        // A panic has left payloads without a fate, which the lanes count as dropped.
        let _ = exports.join();
        spooler.finish();
        if let Some(mlflow) = &self.mlflow {
            mlflow.file.write_changes();
        }
    }

    fn pipelines(&self) -> impl Iterator<Item = &Pipeline> {
        let mlflow = self.mlflow.iter().flat_map(MlflowExports::lanes);
        self.traces.iter().chain(&self.metrics).chain(mlflow)
    }
}

impl Drop for Exporters {
    fn drop(&mut self) {
        let now = Instant::now();
        self.end(Deadlines { otlp: now, mlflow: now });
    }
}

/// Exports that are being put together.
struct Assembly {
    thread: ExportThread,
    spooler: Spooler,
    spool_dir: PathBuf,
    notices: Notices,
}

impl Assembly {
    fn add_signal(&mut self, plan: &SignalPlan<'_>, console: &Console) -> Result<Pipeline, ClientError> {
        let lane = |sink, destination, leftovers| LaneSpec {
            sink,
            contents: plan.contents,
            destination,
            limits: plan.limits,
            leftovers,
        };
        match plan.exporter {
            ExporterConfig::Otlp(otlp) => {
                let client = {
                    let _entered = self.thread.enter();
                    OtlpClient::build(otlp, plan.contents.signal())?
                };
                let spool = Leftovers::Spool(self.spooler.handle());
                Ok(self.add(lane(Sink::Otlp, client.destination(), spool), plan, client))
            }
            ExporterConfig::Console => {
                let lane = lane(Sink::Console, "stdout".to_owned(), Leftovers::Drop);
                Ok(self.add(lane, plan, console.clone()))
            }
        }
    }

    fn add<T: Transport>(&mut self, lane: LaneSpec, plan: &SignalPlan<'_>, transport: T) -> Pipeline {
        let lane = Arc::new(lane.build(&self.spool_dir, self.notices.clone()));
        let dispatcher = Dispatcher::new(Arc::clone(&lane), transport, plan.pace);
        self.thread.add(dispatcher.run());
        Pipeline(lane)
    }

    fn start(self) -> io::Result<Threads> {
        Ok(Threads {
            exports: self.thread.start()?,
            spooler: self.spooler,
        })
    }
}
