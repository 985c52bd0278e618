//! A scraper whose samples and notices can be waited for.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use loadspan_record::{GpuSample, LiveNotice, ObservedSample, RunOffset, ServerSample};
use loadspan_scrape::{
    GpuSource, Named, ScrapeConfig, ScrapeOutputs, ScrapePage, ScrapeReport, ScrapeTarget, Scraper, TlsTrust,
};
use tempfile::TempDir;

/// Longer than any test waits for something that must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A scraper that runs.
pub(crate) struct Rig {
    scraper: Scraper,
    samples: Receiver<ObservedSample>,
    notices: Receiver<LiveNotice>,
    folder: TempDir,
}

/// A scraper that has come to its end.
pub(crate) struct Finished {
    pub(crate) report: ScrapeReport,
    pub(crate) took: Duration,
    folder: TempDir,
}

pub(crate) fn config() -> ScrapeConfig {
    ScrapeConfig {
        interval: Duration::from_millis(25),
        timeout: PATIENCE,
        ..ScrapeConfig::default()
    }
}

pub(crate) fn target(url: &str, named: Named) -> ScrapeTarget {
    ScrapeTarget {
        page: page(url, TlsTrust::SystemRoots),
        named,
    }
}

pub(crate) fn page(url: &str, tls: TlsTrust) -> ScrapePage {
    ScrapePage {
        url: url.parse().unwrap(),
        tls,
    }
}

/// A server that the user named.
pub(crate) fn server(url: &str) -> ScrapeConfig {
    ScrapeConfig {
        servers: vec![target(url, Named::ByUser)],
        ..config()
    }
}

pub(crate) fn dcgm(url: &str) -> ScrapeConfig {
    ScrapeConfig {
        gpus: vec![GpuSource::Dcgm(page(url, TlsTrust::SystemRoots))],
        ..config()
    }
}

impl Rig {
    pub(crate) fn start(config: &ScrapeConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let open = |name: &str| {
            let path = folder.path().join(name);
            Box::new(move || File::create(path))
        };
        let outputs = (open("server_metrics.jsonl"), open("gpu_metrics.jsonl"));
        let (on_sample, samples) = channel();
        let (on_notice, notices) = channel();
        let started = Instant::now();
        let scraper = Scraper::start(
            config,
            move || RunOffset::from_duration(started.elapsed()),
            ScrapeOutputs {
                server_file: outputs.0,
                gpu_file: outputs.1,
                on_sample: Box::new(move |sample: &ObservedSample| send(&on_sample, sample)),
                on_notice: Box::new(move |notice: &LiveNotice| send(&on_notice, notice)),
            },
        )
        .unwrap();
        scraper.wait_until_asked();
        Self {
            scraper,
            samples,
            notices,
            folder,
        }
    }

    /// The next sample of a server.
    pub(crate) fn server_sample(&self) -> ServerSample {
        match self.samples.recv_timeout(PATIENCE).unwrap() {
            ObservedSample::Server(sample) => sample,
            ObservedSample::Gpu(sample) => panic!("a sample of a server was due, and not {sample:?}"),
        }
    }

    /// The first sample of a server that is as wanted.
    pub(crate) fn server_sample_with(&self, wanted: impl Fn(&ServerSample) -> bool) -> ServerSample {
        let until = Instant::now() + PATIENCE;
        loop {
            let sample = self.server_sample();
            if wanted(&sample) {
                return sample;
            }
            assert!(
                Instant::now() < until,
                "no sample is as wanted; the last one: {sample:?}"
            );
        }
    }

    pub(crate) fn gpu_sample(&self) -> GpuSample {
        match self.samples.recv_timeout(PATIENCE).unwrap() {
            ObservedSample::Gpu(sample) => sample,
            ObservedSample::Server(sample) => panic!("a sample of GPUs was due, and not {sample:?}"),
        }
    }

    pub(crate) fn notice(&self) -> LiveNotice {
        self.notices.recv_timeout(PATIENCE).unwrap()
    }

    pub(crate) fn finish(self) -> Finished {
        let before = Instant::now();
        let report = self.scraper.finish();
        Finished {
            report,
            took: before.elapsed(),
            folder: self.folder,
        }
    }
}

impl Finished {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        Path::join(self.folder.path(), name)
    }

    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.path(name)).unwrap();
        assert!(text.ends_with('\n'), "the last line has no end");
        text.lines().map(str::to_owned).collect()
    }
}

/// A test that has ended does not listen any more.
fn send<T: Clone>(to: &Sender<T>, value: &T) {
    let _ = to.send(value.clone());
}
