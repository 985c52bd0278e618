//! What sessions cost that think most of the time: memory for each of them, calls a second, and how late the calls are. The server
//! is in the same process, so that all figures are those of client and server together.
//!
//! `cargo run --release -p loadspan-loadgen --example session_scale -- 100000 0.1 60`
//!
//! The arguments are the sessions in flight, the share of them that has a call in flight at any time, and the seconds from the end of
//! one call to the end of the next. Each call in flight takes two file descriptors: `ulimit -n 32768`. The URL of a server of your own
//! may follow, such as that of `loadspan mock`; it has to take as long for 8 tokens.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::{Duration, Instant};

use loadspan_loadgen::openai::{EndpointType, ServerKind, StreamUsage};
use loadspan_loadgen::preflight::{self, CalibrationNeed, PreflightConfig};
use loadspan_loadgen::sessions::{Answer, ComposedCall, DueCall, Session, Sessions, TextForm, Unsendable};
use loadspan_loadgen::{
    BaseUrl, Deadlines, HttpPreference, Limits, Listeners, LoadConfig, LoadModel, OnFailedTurn, RunClock, RunEvent,
    RunPlan, StageEnd, StagePlan, StageRole, TargetConfig, TextCapture, TlsConfig, Traffic, Warmup,
};
use loadspan_record::{RequestRecord, RunId};
use loadspan_testkit::{FakeServer, every};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// Time over which the sessions begin.
const RAMP: Duration = Duration::from_secs(2);
const WORKERS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);

/// Sessions without end, each of which thinks before its first call, too.
#[derive(Debug)]
struct Thinkers {
    think: Duration,
}

struct Thinker {
    first: Duration,
    think: Duration,
    calls: u32,
}

fn main() -> Fallible<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let number = |place: usize, usual: f64| arguments.get(place).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let sessions = NonZeroU32::new(number(0, 10_000.0) as u32).unwrap_or(NonZeroU32::MIN);
    let (busy, period) = (number(1, 0.1), number(2, 30.0));
    let latency = Duration::from_secs_f64(period * busy);
    let server = FakeServer::new()
        .ttft(latency / 2)
        .tokens(8, every(latency / 16))
        .keep_truths(0)
        .threads(WORKERS)
        .start()?;
    let url = arguments.get(3).cloned().unwrap_or_else(|| server.url());

    let before = resident_bytes();
    let idle = run(plan(
        &url,
        sessions,
        (Duration::from_secs(3_600), Duration::from_secs(3)),
    )?)?;
    let held = idle.resident.saturating_sub(before);
    println!(
        "{sessions} sessions that only think: {} MB, {} bytes each",
        held >> 20,
        held / u64::from(sessions.get())
    );

    let think = Duration::from_secs_f64(period * (1.0 - busy));
    let load = run(plan(&url, sessions, (think, Duration::from_secs_f64(2.0 * period)))?)?;
    tell(&load);
    Ok(())
}

fn tell(load: &Came) {
    let seconds = load.end.ended_at.nanos_since(load.end.load_started_at) as f64 / 1e9;
    println!(
        "{} calls, {:.0} a second; {} in flight at most; {} failed; {} MB",
        load.calls,
        load.calls as f64 / seconds,
        load.in_flight,
        load.failed,
        load.resident >> 20
    );
    let late = |share: f64| {
        let place = (load.late_us.len() as f64 * share) as usize;
        load.late_us.get(place).map_or(0.0, |micros| f64::from(*micros) / 1e3)
    };
    println!(
        "late: p50 {:.2} ms, p99 {:.2} ms, most {:.2} ms",
        late(0.5),
        late(0.99),
        late(1.0 - 1e-9)
    );
    println!("{:?}; {:.1} s of CPU", load.end.sessions, load.end.cpu_seconds);
}

/// What came of a load.
struct Came {
    calls: u64,
    failed: u64,
    /// The most calls that were seen in flight.
    in_flight: u64,
    /// How much later than due each call was sent, in order.
    late_us: Vec<u32>,
    /// The most memory that was seen.
    resident: u64,
    end: StageEnd,
}

fn run((plan, clock): (RunPlan, RunClock)) -> Fallible<Came> {
    let mut listeners = Listeners::default();
    let events = listeners.subscribe(10_000);
    let began = Instant::now();
    let run = loadspan_loadgen::start(plan, clock, listeners)?;
    let (mut late_us, mut failed, mut in_flight, mut resident, mut looked) = (Vec::new(), 0, 0, 0, began);
    let end = loop {
        match events.next() {
            Some(RunEvent::Records(batch)) => {
                late_us.extend(
                    batch
                        .iter()
                        .filter_map(RequestRecord::dispatch_delay_ns)
                        .map(|nanos| (nanos / 1_000) as u32),
                );
                failed += batch.iter().filter(|record| record.outcome.failure().is_some()).count() as u64;
            }
            Some(RunEvent::StageEnded(end)) => break end,
            Some(RunEvent::Progress(progress)) => in_flight = progress.in_flight.max(in_flight),
            Some(_) => {}
            None => return Err("the run is gone".into()),
        }
        if looked.elapsed() > Duration::from_millis(200) {
            looked = Instant::now();
            resident = resident_bytes().max(resident);
        }
    };
    run.join()?;
    late_us.sort_unstable();
    Ok(Came {
        calls: end.sessions.map_or(0, |counts| counts.calls),
        failed,
        in_flight,
        late_us,
        resident,
        end: StageEnd::clone(&end),
    })
}

fn plan(url: &str, sessions: NonZeroU32, (think, duration): (Duration, Duration)) -> Fallible<(RunPlan, RunClock)> {
    let clock = RunClock::start();
    let target_config = target(url)?;
    let prepared = preflight::run(preflight_of(&target_config), clock)?;
    let plan = RunPlan {
        run_id: RunId::new(1),
        target: prepared.target,
        target_config,
        body: prepared.body,
        stages: vec![StagePlan {
            name: None,
            load: load(sessions, duration),
            traffic: Traffic::Sessions(Arc::new(Thinkers { think })),
            pause: Duration::ZERO,
            role: StageRole::Measured,
        }],
        tokenizer: None,
        gap_limit: 1_000,
        trace: None,
        output_text: TextCapture::Off,
    };
    Ok((plan, clock))
}

fn target(url: &str) -> Fallible<TargetConfig> {
    Ok(TargetConfig {
        urls: vec![BaseUrl::parse(url)?],
        endpoint_type: EndpointType::Chat,
        endpoint_path: None,
        api_key: None,
        headers: Vec::new(),
        session_header: None,
        tls: TlsConfig::SystemRoots,
        http: HttpPreference::Http11,
        deadlines: Deadlines::default(),
    })
}

fn preflight_of(target: &TargetConfig) -> PreflightConfig {
    PreflightConfig {
        target: target.clone(),
        model: None,
        server: Some(ServerKind::OpenAi),
        streaming: true,
        stream_usage: StreamUsage::AtEnd,
        max_tokens_field: None,
        extra: serde_json::Map::new(),
        wait: Duration::ZERO,
        calibration: CalibrationNeed::OnePrompt,
        seed: 1,
    }
}

fn load(sessions: NonZeroU32, duration: Duration) -> LoadConfig {
    LoadConfig {
        model: LoadModel::Closed {
            concurrency: sessions,
            ramp: Some(RAMP),
        },
        warmup: Warmup::None,
        limits: Limits {
            requests: None,
            sessions: None,
            duration: Some(duration),
            grace: Duration::ZERO,
            drain: Duration::ZERO,
            failures: None,
        },
        workers: WORKERS,
        on_failed_turn: OnFailedTurn::EndSession,
    }
}

/// Memory of this process that is in use now.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

impl Sessions for Thinkers {
    fn session(&self, number: u64) -> Option<Box<dyn Session>> {
        // Golden ratio: however many there are, they are spread evenly over the time of a thought.
        let share = (number as f64 * 0.618_033_988_749_895).fract();
        let think = self
            .think
            .mul_f64(if self.think.as_secs() >= 3_600 { 1.0 } else { share });
        Some(Box::new(Thinker {
            first: think,
            think: self.think,
            calls: 0,
        }))
    }

    fn arrival(&self, _: u64) -> Option<Duration> {
        None
    }

    fn count(&self) -> Option<u64> {
        None
    }

    fn description(&self) -> serde_json::Value {
        serde_json::Value::Null
    }
}

impl Session for Thinker {
    fn begin(&mut self, due: &mut Vec<DueCall>) {
        due.push(self.next(self.first));
    }

    fn compose(&mut self, call: u32, text: &mut String) -> Result<ComposedCall, Unsendable> {
        text.clear();
        text.push_str("a short thought, number ");
        text.push_str(&call.to_string());
        Ok(ComposedCall {
            form: TextForm::Text,
            output_tokens: Some(8),
            input_tokens: None,
        })
    }

    fn answered(&mut self, _: u32, _: Answer, due: &mut Vec<DueCall>) {
        due.push(self.next(self.think));
    }

    fn remaining(&self) -> u64 {
        0
    }
}

impl Thinker {
    fn next(&mut self, wait: Duration) -> DueCall {
        self.calls += 1;
        DueCall {
            call: self.calls - 1,
            wait,
            not_before: None,
        }
    }
}
