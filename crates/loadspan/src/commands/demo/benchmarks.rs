//! The three benchmarks of the demo: what the mock can do, what it can just do, and more than that.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::Timestamp;
use loadspan_telemetry::config::Environment;
use loadspan_telemetry::mlflow::MlflowExport;

use super::place::DemoPlace;
use super::{EXPERIMENT, browser, mock, sketch};
use crate::artifacts::RunFolder;
use crate::benchmark;
use crate::cli::{Cli, Command, ProfileArgs, Seconds};
use crate::config::{RunConfig, Voice};
use crate::exit::Exit;
use crate::{signals, terminal};

/// Requests a second.
const RATES: [u32; 3] = [10, 30, 50];
/// All runs of all demos have the same prompts and can be compared. Its arrivals come close to the rates within six seconds.
const SEED: u64 = 6;
/// How long the page may take to have the run. It takes some hundredths of a second.
const PATIENCE: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What the runs have in common.
#[derive(Debug)]
pub(super) struct Benchmarks<'a> {
    pub(super) place: &'a DemoPlace,
    /// URL of the page, and of everything that telemetry goes to.
    pub(super) page: String,
    /// URL of the mock.
    pub(super) target: String,
    pub(super) duration: Seconds,
    /// Whether a browser is opened.
    pub(super) opens: bool,
}

/// What became of them.
#[derive(Debug)]
pub(super) struct Measured {
    /// Their ids, as far as the page has them.
    pub(super) runs: Vec<String>,
    /// How the program ends.
    pub(super) exit: Exit,
}

impl Benchmarks<'_> {
    /// Runs them one after the other, each told in a line; the rest are left out when somebody interrupts.
    ///
    /// # Errors
    ///
    /// loadspan itself failed.
    pub(super) fn run(&self) -> anyhow::Result<Measured> {
        let title = Title::of(Timestamp::now(), self.place.folder());
        let mut measured = Measured {
            runs: Vec::new(),
            exit: Exit::Success,
        };
        for rate in RATES {
            let folder = title.folder(self.place.folder(), rate);
            let greeting = (rate == RATES[0]).then(|| self.greet(&folder)).transpose()?;
            let config = self.config(rate, &title.parent(), &folder);
            let exit = config.and_then(benchmark::run);
            if let Some(Err(_)) = greeting.map(JoinHandle::join) {
                terminal::print_warning("the thread that looks for the run panicked; please report this");
            }
            let exit = exit?;
            if let Some(summary) = RunFolder::open(&folder).read_summary()? {
                terminal::print_result(&sketch::line(rate, &summary));
            }
            measured.runs.extend(run_id(&folder));
            // A run that a busy machine has spoilt is shown as what it is; the demo has done its part.
            if !matches!(exit, Exit::Success | Exit::InvalidRun) {
                measured.exit = exit;
            }
            if signals::heard() {
                measured.exit = Exit::Interrupted;
                break;
            }
        }
        Ok(measured)
    }

    /// Says where the first run is to be seen as soon as it is there, beside the run.
    fn greet(&self, folder: &Path) -> anyhow::Result<JoinHandle<()>> {
        let (page, folder, opens) = (self.page.clone(), folder.to_path_buf(), self.opens);
        let about = self.about();
        std::thread::Builder::new()
            .name("loadspan-greeting".to_owned())
            .spawn(move || {
                let url = match wait_for_run(&folder) {
                    Some(run) => format!("{page}/runs/{run}"),
                    None => page,
                };
                terminal::print_result(&format!("see it live: {url}\n\n{about}\n\n{}", sketch::HEAD));
                if opens {
                    browser::open(&url);
                }
            })
            .context("cannot start a thread")
    }

    fn about(&self) -> String {
        let seconds = self.duration.0.as_secs_f64();
        format!(
            "A mock server, which can do 41 requests a second and fails one in 150 on purpose, is offered\n10, 30 and 50, for {seconds} s each."
        )
    }

    /// The benchmark, in the words of its command line, so that nothing can be done here that a user cannot do.
    fn config(&self, rate: u32, parent: &str, folder: &Path) -> anyhow::Result<RunConfig> {
        let (page, target) = (&self.page, &self.target);
        let words = format!(
            "loadspan profile --url {target} --model {model} --streaming --request-rate {rate} --warmup-request-count 8 --random-seed {SEED} \
             --isl 256 --osl {tokens} --mlflow-tracking-uri {page} --mlflow-experiment {EXPERIMENT} --mlflow-traces --capture-content --otel-url {page}",
            model = mock::MODEL,
            tokens = mock::OUTPUT_TOKENS,
        );
        let name = format!("{rate} requests a second");
        let words = words.split(' ').map(str::to_owned).chain([
            "--mlflow-parent-run-name".to_owned(),
            parent.to_owned(),
            "--mlflow-run-name".to_owned(),
            name,
            "--goodput".to_owned(),
            "time_to_first_token:200 inter_token_latency:20".to_owned(),
        ]);
        let Command::Profile(mut profile) = <Cli as clap::Parser>::try_parse_from(words)?.command else {
            anyhow::bail!("the demo's command line is not a profile");
        };
        let ProfileArgs {
            endpoint, load, output, ..
        } = &mut *profile;
        // The user's key is for the user's server.
        endpoint.api_key = None;
        load.benchmark_duration = Some(self.duration);
        output.artifact_dir = Some(folder.to_path_buf());
        let mut config = RunConfig::resolve_in(*profile, &Environment::of(&[]))?;
        config.output.voice = Voice::Progress;
        Ok(config)
    }
}

/// What the runs of this demo are called, unlike those of the others in its folder.
#[derive(Debug)]
struct Title {
    started: Timestamp,
    /// Of the demos that began in this second.
    number: u32,
}

impl Title {
    fn of(started: Timestamp, place: &Path) -> Self {
        let mut title = Self { started, number: 1 };
        while title.folder(place, RATES[0]).exists() {
            title.number += 1;
        }
        title
    }

    fn folder(&self, place: &Path, rate: u32) -> PathBuf {
        let time = self.started.strftime("%Y%m%d-%H%M%S");
        place.join(match self.number {
            1 => format!("{time}-rate-{rate}"),
            number => format!("{time}-{number}-rate-{rate}"),
        })
    }

    fn parent(&self) -> String {
        let time = self.started.strftime("%Y-%m-%d %H:%M:%S UTC");
        match self.number {
            1 => format!("demo of {time}"),
            number => format!("demo of {time}, {number}"),
        }
    }
}

fn wait_for_run(folder: &Path) -> Option<String> {
    let until = Instant::now() + PATIENCE;
    loop {
        match run_id(folder) {
            None if Instant::now() < until => std::thread::sleep(LOOK_EVERY),
            found => return found,
        }
    }
}

/// The run of the page that belongs to a folder.
fn run_id(folder: &Path) -> Option<String> {
    let export = MlflowExport::load(folder).ok().flatten()?;
    Some(export.run_id).filter(|id| !id.is_empty())
}
