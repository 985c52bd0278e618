//! `cargo xtask images`: makes the reference pictures under `docs/images/` again, from real runs of the release build against
//! `loadspan mock`, and from the page of `loadspan serve`. The figures in them are the mock's: they show what pictures look like, not how fast anything is.

mod page;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

use crate::cargo;

/// Where the pictures lie, and the README finds them.
const IMAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/images");

/// Together they stay below this: everybody who clones the repository gets them.
const MOST_BYTES: u64 = 1_200_000;

/// A benchmark, and the charts of it that are kept.
struct Shown {
    name: &'static str,
    mock: &'static str,
    profile: &'static str,
    charts: &'static [&'static str],
}

const HEALTHY: Shown = Shown {
    name: "healthy",
    mock: "--server-kind vllm --ttft 45ms --itl 6ms --jitter 0.35 --max-concurrency 24 --seed 3",
    profile: "--concurrency 16 --request-count 2400 --warmup-request-count 120 --isl 200 --isl-stddev 60 --osl 24 --osl-stddev 6 \
              --goodput ttft:75",
    charts: &[
        "ttft_over_time",
        "latency_cdf",
        "inter_chunk_latency_over_time",
        "token_lengths",
    ],
};

/// More is offered than the mock serves, and some requests fail of themselves.
const OVERLOADED: Shown = Shown {
    name: "overloaded",
    mock: "--server-kind vllm --ttft 45ms --itl 6ms --jitter 0.35 --max-concurrency 24 --seed 5 --fault 503@2% --fault truncated@1%",
    profile: "--request-rate 150 --benchmark-duration 25 --warmup-duration 3 --isl 200 --isl-stddev 60 --osl 24 --osl-stddev 6 \
              --first-byte-timeout-seconds 2.5 --goodput ttft:500",
    charts: &[
        "throughput_over_time",
        "errors_over_time",
        "timeline_first",
        "gpu_and_server",
    ],
};

/// Concurrencies that are compared, each as often as [`REPEATS`] says.
const SWEEP: [u32; 7] = [1, 2, 4, 8, 16, 32, 64];
const REPEATS: usize = 3;
const SWEEP_MOCK: &str = "--ttft 45ms --itl 6ms --jitter 0.35 --max-concurrency 32 --seed 7";
const SWEEP_CHARTS: &str = "latency_by_throughput,interactivity_by_throughput";

/// # Errors
///
/// A run or a picture could not be made, or the pictures have become too large.
pub(crate) fn run() -> anyhow::Result<()> {
    cargo::run(&["build", "--release", "--package", "loadspan"])?;
    let target = cargo::target_dir()?;
    let studio = Studio {
        loadspan: target.join("release/loadspan"),
        scratch: target.join("images"),
    };
    let _ = fs::remove_dir_all(&studio.scratch);
    for folder in [&studio.scratch, Path::new(IMAGES)] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    studio.show(&HEALTHY)?;
    studio.show(&OVERLOADED)?;
    studio.compare()?;
    page::run(&studio)?;
    check_size()
}

struct Studio {
    loadspan: PathBuf,
    scratch: PathBuf,
}

impl Studio {
    fn show(&self, shown: &Shown) -> anyhow::Result<()> {
        let mock = Mock::start(&self.loadspan, shown.mock)?;
        let folder = self.profile(&mock, shown.name, shown.profile)?;
        self.plot(&[folder], (shown.name, &shown.charts.join(",")))
    }

    fn compare(&self) -> anyhow::Result<()> {
        let mock = Mock::start(&self.loadspan, SWEEP_MOCK)?;
        let mut folders = Vec::new();
        for repeat in 0..REPEATS {
            for concurrency in SWEEP {
                let requests = (concurrency * 25).max(60);
                let flags = format!("--concurrency {concurrency} --request-count {requests} --isl 200 --osl 24");
                folders.push(self.profile(&mock, &format!("sweep-{concurrency}-{repeat}"), &flags)?);
            }
        }
        self.plot(&folders, ("sweep", SWEEP_CHARTS))
    }

    /// Gives the folder of the run.
    fn profile(&self, mock: &Mock, name: &str, flags: &str) -> anyhow::Result<PathBuf> {
        let folder = self.scratch.join(name);
        let mut command = Command::new(&self.loadspan);
        command
            .args(["profile", "--streaming", "--random-seed", "1", "--url", &mock.url])
            .arg("--artifact-dir")
            .arg(&folder)
            .args(flags.split_whitespace());
        // A verdict other than valid has an exit code of its own; what matters is that there is a run to show.
        let output = command.output().context("cannot start loadspan")?;
        ensure!(
            folder.join("summary.json").exists(),
            "run `{name}` has no summary: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(folder)
    }

    fn plot(&self, runs: &[PathBuf], (name, charts): (&str, &str)) -> anyhow::Result<()> {
        let drawn = self.scratch.join("drawn").join(name);
        let output = Command::new(&self.loadspan)
            .args(["plot", "--format", "png", "--chart", charts, "--output"])
            .arg(&drawn)
            .arg("--paths")
            .args(runs)
            .output()
            .context("cannot start loadspan")?;
        ensure!(
            output.status.success(),
            "`{name}` cannot be drawn: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        for chart in charts.split(',') {
            let to = Path::new(IMAGES).join(format!("{name}-{}.png", chart.replace('_', "-")));
            let from = drawn.join(format!("{chart}.png"));
            fs::copy(&from, &to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
            println!("docs/images/{}", to.file_name().unwrap_or_default().display());
        }
        Ok(())
    }
}

fn check_size() -> anyhow::Result<()> {
    let mut total = 0;
    for entry in fs::read_dir(IMAGES).with_context(|| format!("cannot read {IMAGES}"))? {
        total += entry?.metadata()?.len();
    }
    ensure!(
        total <= MOST_BYTES,
        "docs/images holds {total} bytes, which is more than {MOST_BYTES}: keep fewer charts"
    );
    println!("{} kB in all", total / 1_000);
    Ok(())
}

/// `loadspan mock` on a port of its own, ended when dropped.
struct Mock {
    process: Child,
    url: String,
}

impl Mock {
    fn start(loadspan: &Path, flags: &str) -> anyhow::Result<Self> {
        let mut process = Command::new(loadspan)
            .args(["mock", "--port", "0"])
            .args(flags.split_whitespace())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start loadspan mock")?;
        let output = process.stdout.take().context("the mock has no stdout")?;
        let mut mock = Self {
            process,
            url: String::new(),
        };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let words = line.split_whitespace();
        let url = words.into_iter().find(|word| word.starts_with("http://"));
        mock.url = url.context("the mock does not say where it listens")?.to_owned();
        Ok(mock)
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
