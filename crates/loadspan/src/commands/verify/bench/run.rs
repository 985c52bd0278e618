//! Makes the run: server, preflight, load, and what either side saw.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use loadspan_loadgen::openai::ServerKind;
use loadspan_loadgen::preflight::{self, CalibrationNeed, Preflight, PreflightConfig};
use loadspan_loadgen::workload::{LengthDistribution, LengthModel, SamplingStrategy, SyntheticConfig};
use loadspan_loadgen::{
    BaseUrl, Limits, Listeners, LoadConfig, OnFailedTurn, RunClock, RunEvent, RunPlan, StagePlan, StageRole,
    Subscription, TargetConfig, TextCapture, TlsConfig, Traffic,
};
use loadspan_record::RequestRecord;
use loadspan_testkit::{FakeServer, RunningServer};

use super::super::ca_file::CaFile;
use super::super::evidence::{Evidence, Seen};
use super::{BeforeLoad, Bench, DEADLINES, Delivery, RUN_ID, SEED};

const INPUT_TOKENS: u32 = 32;
/// Events that may wait until the load is over; there are some hundred a second.
const QUEUE_EVENTS: usize = 4096;

impl Bench {
    /// Starts the server, makes the load and gathers what either side knows of it.
    ///
    /// # Errors
    ///
    /// The load could not be made at all.
    pub(in super::super) fn run(self) -> anyhow::Result<Evidence> {
        let server = self.server.clone().start()?;
        let ca = server.ca_pem().map(CaFile::write).transpose();
        let ca = ca.context("cannot write the CA certificate")?;
        let target = self.target(&server, ca.as_ref())?;
        let preflight = preflight::run(self.preflight(&target), RunClock::start())?;
        let server = self.before_load.apply(server, &self.server)?;
        let (asked, slo, notices) = (self.model.clone(), self.slo.clone(), preflight.notices.clone());
        let clock = RunClock::start();
        let records = make_load(self.plan(target, preflight)?, clock)?;
        let stats = server.as_ref().map(RunningServer::stats);
        let anchor = clock.anchor();
        let seen = Seen {
            records,
            stats,
            notices,
            anchor,
        };
        Ok(Evidence::new(seen, &asked, slo))
    }

    fn target(&self, server: &RunningServer, ca: Option<&CaFile>) -> anyhow::Result<TargetConfig> {
        Ok(TargetConfig {
            urls: vec![BaseUrl::parse(&server.url())?],
            endpoint_type: self.endpoint_type,
            endpoint_path: None,
            api_key: None,
            headers: Vec::new(),
            session_header: None,
            tls: ca.map_or(TlsConfig::SystemRoots, |ca| TlsConfig::CaFile(ca.path().to_owned())),
            http: self.http,
            deadlines: self.deadlines,
        })
    }

    fn preflight(&self, target: &TargetConfig) -> PreflightConfig {
        PreflightConfig {
            // The first request is always answered well; only the load shall meet the deadlines of a check.
            target: TargetConfig {
                deadlines: DEADLINES,
                ..target.clone()
            },
            model: None,
            server: Some(ServerKind::OpenAi),
            streaming: self.delivery == Delivery::Stream,
            stream_usage: self.stream_usage,
            max_tokens_field: None,
            extra: self.extra.clone(),
            wait: Duration::ZERO,
            calibration: CalibrationNeed::OnePrompt,
            seed: SEED,
        }
    }

    fn plan(self, target_config: TargetConfig, preflight: Preflight) -> anyhow::Result<RunPlan> {
        let workload = SyntheticConfig {
            input_tokens: LengthDistribution::exactly(INPUT_TOKENS),
            output_tokens: None,
            entries: None,
            seed: SEED,
            sampling: SamplingStrategy::Sequential,
        };
        Ok(RunPlan {
            run_id: RUN_ID,
            target: preflight.target,
            target_config,
            body: preflight.body,
            tokenizer: None,
            stages: vec![StagePlan {
                name: None,
                load: LoadConfig {
                    model: self.model,
                    warmup: self.warmup,
                    limits: Limits {
                        requests: Some(self.requests),
                        sessions: None,
                        duration: None,
                        grace: Duration::ZERO,
                        drain: Duration::ZERO,
                        failures: None,
                    },
                    workers: self.workers,
                    on_failed_turn: OnFailedTurn::default(),
                },
                traffic: Traffic::Requests(Arc::new(workload.build(LengthModel::Words)?)),
                pause: Duration::ZERO,
                role: StageRole::Measured,
            }],
            gap_limit: usize::MAX,
            trace: None,
            output_text: TextCapture::Off,
        })
    }
}

impl BeforeLoad {
    /// The server that runs then, if there is one.
    fn apply(self, server: RunningServer, settings: &FakeServer) -> anyhow::Result<Option<RunningServer>> {
        let address = server.address();
        match self {
            Self::Nothing => return Ok(Some(server)),
            Self::StopServer | Self::RestartServer => server.shutdown(),
        }
        if self == Self::StopServer {
            return Ok(None);
        }
        Ok(Some(settings.clone().start_on(TcpListener::bind(address)?)?))
    }
}

/// The records of the whole load, by number.
fn make_load(plan: RunPlan, clock: RunClock) -> anyhow::Result<Vec<RequestRecord>> {
    let mut listeners = Listeners::default();
    let events = listeners.subscribe(QUEUE_EVENTS);
    let end = loadspan_loadgen::start(plan, clock, listeners)?.join()?;
    let missed = events.missed() + end.records_lost;
    anyhow::ensure!(missed == 0, "{missed} records did not fit into a queue");
    Ok(collect(&events))
}

fn collect(events: &Subscription) -> Vec<RequestRecord> {
    let mut records = Vec::new();
    while let Some(event) = events.next() {
        match event {
            RunEvent::Records(batch) => records.extend_from_slice(&batch),
            RunEvent::LoadStarted { .. } | RunEvent::StageEnded(_) | RunEvent::Progress(_) => {}
            RunEvent::Finished(_) => break,
        }
    }
    records.sort_unstable_by_key(|record| record.id.index);
    records
}
