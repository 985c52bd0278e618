//! The exports of a run: a pipeline for each signal, one thread that sends, one that spools.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use loadspan_record::{SignalLedger, Sink, TelemetrySummary};
use thiserror::Error;

pub use self::cutter::FlushCutter;
use self::plan::{SignalPlan, spool_record};
use super::client::{ClientError, OtlpClient};
use super::console::Console;
use super::notice::{Announcer, Notices};
use super::pipeline::{Dispatcher, LaneSpec, Leftovers, Pipeline};
use super::runtime::ExportThread;
use super::spool::{SpoolWriter, Spooler};
use super::transport::Transport;
use crate::config::{ExporterConfig, TelemetryConfig};

mod cutter;
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

/// The exports of a run. Dropping it ends them at once and spools what is left.
#[derive(Debug)]
pub(crate) struct Exporters {
    traces: Option<Pipeline>,
    metrics: Option<Pipeline>,
    threads: Option<Threads>,
}

#[derive(Debug)]
struct Threads {
    exports: JoinHandle<()>,
    spooler: Spooler,
}

impl Exporters {
    /// Starts the exports. Nothing is sent yet, and nobody is connected to. `spool_dir` is made when there is something to put into
    /// it; `console` takes what goes to [`ExporterConfig::Console`].
    ///
    /// # Errors
    ///
    /// A certificate cannot be read, an endpoint makes no sense, or the system refuses a thread.
    pub(crate) fn start(
        config: &TelemetryConfig,
        spool_dir: PathBuf,
        notices: Notices,
        console: Box<dyn Write + Send>,
    ) -> Result<Self, StartError> {
        let writer = SpoolWriter::new(spool_dir.clone(), config.spool_max_bytes, spool_record(config));
        let mut assembly = Assembly {
            thread: ExportThread::build()?,
            spooler: Spooler::start(writer)?,
            spool_dir,
            notices,
        };
        let console = Console::new(console);
        let mut add = |plan: Option<SignalPlan<'_>>| plan.map(|plan| assembly.add_signal(&plan, &console)).transpose();
        let traces = add(config.traces.as_ref().map(SignalPlan::of_traces))?;
        let metrics = add(config.metrics.as_ref().map(SignalPlan::of_metrics))?;
        Ok(Self {
            traces,
            metrics,
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
        let traces = config.traces.as_ref().map(SignalPlan::of_traces);
        let metrics = config.metrics.as_ref().map(SignalPlan::of_metrics);
        for plan in traces.into_iter().chain(metrics) {
            if let ExporterConfig::Otlp(otlp) = plan.exporter {
                OtlpClient::build(otlp, plan.signal)?;
            }
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

    /// The ledgers as they stand.
    pub(crate) fn ledgers(&self) -> Vec<SignalLedger> {
        self.pipelines().map(Pipeline::ledger).collect()
    }

    /// Ends a [`Exporters::finish`] early.
    pub(crate) fn flush_cutter(&self) -> FlushCutter {
        FlushCutter(self.pipelines().map(|pipeline| Arc::downgrade(&pipeline.0)).collect())
    }

    /// Sends what is left until `deadline`, then spools it. Blocks for that long at most, and for as long as the spool takes.
    pub(crate) fn finish(mut self, deadline: Instant) -> TelemetrySummary {
        self.end(deadline);
        let signals = self.pipelines().map(|pipeline| pipeline.0.close_books()).collect();
        TelemetrySummary { signals }
    }

    fn end(&mut self, deadline: Instant) {
        let Some(Threads { exports, spooler }) = self.threads.take() else {
            return;
        };
        for pipeline in self.pipelines() {
            pipeline.0.close(deadline);
        }
        // A panic has left payloads without a fate, which the lanes count as dropped.
        let _ = exports.join();
        spooler.finish();
    }

    fn pipelines(&self) -> impl Iterator<Item = &Pipeline> {
        self.traces.iter().chain(&self.metrics)
    }
}

impl Drop for Exporters {
    fn drop(&mut self) {
        self.end(Instant::now());
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
        let (signal, limits) = (plan.signal, plan.limits);
        let lane = |sink, destination: String, leftovers| LaneSpec {
            sink,
            signal,
            limits,
            leftovers,
            announcer: Announcer::new(signal, destination.clone(), &self.spool_dir, self.notices.clone()),
            destination,
        };
        match plan.exporter {
            ExporterConfig::Otlp(otlp) => {
                let client = {
                    let _entered = self.thread.enter();
                    OtlpClient::build(otlp, signal)?
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
        let lane = Arc::new(lane.build());
        let dispatcher = Dispatcher::new(Arc::clone(&lane), transport, plan.pace);
        self.thread.add(dispatcher);
        Pipeline(lane)
    }

    fn start(self) -> io::Result<Threads> {
        Ok(Threads {
            exports: self.thread.start()?,
            spooler: self.spooler,
        })
    }
}
