//! What the server and its GPUs were doing: scraped while the load runs, summed up from the files.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use anyhow::Context;
use loadspan_loadgen::RunClock;
use loadspan_record::{
    GpuSample, GpuSummary, LiveNotice, Notice, ObservedSample, RunOffset, ServerSample, ServerSummary, Summary,
};
use loadspan_report::LinesError;
use loadspan_report::observed_jsonl::{decode_gpu_samples, decode_server_samples};
use loadspan_scrape::{FileOpener, Named, ScrapeConfig, ScrapeOutputs, Scraper};

use crate::artifacts::{GPU_METRICS_FILE, RunFolder, SERVER_METRICS_FILE};
use crate::terminal;

/// What is scraped beside the load.
pub(super) struct Observation {
    /// `None` when there is nothing to scrape, or nothing to scrape with.
    scraper: Option<Scraper>,
    notices: Vec<Notice>,
}

impl Observation {
    /// Starts to scrape, and waits until everybody has been asked once: what the server had counted before the load is then known.
    /// A benchmark does not fail for want of it.
    pub(super) fn start(
        config: &ScrapeConfig,
        clock: RunClock,
        folder: &RunFolder,
        listener: Option<SyncSender<ObservedSample>>,
    ) -> Self {
        let mut observation = Self {
            scraper: None,
            notices: Vec::new(),
        };
        if config.servers.is_empty() && config.gpus.is_empty() {
            return observation;
        }
        match Scraper::start(config, move || clock.now(), outputs(folder, listener)) {
            Ok(scraper) => {
                scraper.wait_until_asked();
                observation.scraper = Some(scraper);
            }
            Err(error) => {
                let notice = unwatched(config, &error);
                terminal::print_live_notice(&notice);
                observation.notices.push(notice.notice);
            }
        }
        observation
    }

    /// Ends the scraping; what a reader of the report should know of it.
    pub(super) fn finish(self) -> Vec<Notice> {
        let scraped = self.scraper.map(|scraper| scraper.finish().notices);
        let scraped = scraped.into_iter().flatten().map(|notice| notice.notice);
        self.notices.into_iter().chain(scraped).collect()
    }
}

fn outputs(folder: &RunFolder, listener: Option<SyncSender<ObservedSample>>) -> ScrapeOutputs {
    ScrapeOutputs {
        server_file: opener(folder.file(SERVER_METRICS_FILE)),
        gpu_file: opener(folder.file(GPU_METRICS_FILE)),
        on_sample: Box::new(move |sample| {
            if let Some(listener) = &listener {
                // One that is behind gets the next sample instead.
                let _ = listener.try_send(sample.clone());
            }
        }),
        on_notice: Box::new(terminal::print_live_notice),
    }
}

fn opener(path: PathBuf) -> FileOpener {
    Box::new(move || File::create_new(path))
}

/// A warning if the user has named something that shall be watched.
fn unwatched(config: &ScrapeConfig, error: &io::Error) -> LiveNotice {
    let message = format!("cannot watch the server and its GPUs: {error}");
    if config.gpus.is_empty() && config.servers.iter().all(|server| server.named == Named::ByDefault) {
        return LiveNotice::note(message);
    }
    LiveNotice::warning(message, "allow more threads and open files (`ulimit -u`, `ulimit -n`)")
}

/// Adds what the files say to the summary of a run that has just ended. One that cannot be read costs its part of the report and
/// nothing else, for which the load would have to be made again.
pub(super) fn add_observed_if_readable(summary: &mut Summary, folder: &RunFolder) {
    if let Err(error) = add_observed(summary, folder) {
        let notice = Notice {
            message: format!("the report lacks figures of the server or its GPUs: {error:#}"),
            advice: None,
        };
        terminal::print_notice(&notice);
        summary.notices.push(notice);
    }
}

/// Adds to a summary what the files in its folder say of server and GPUs.
///
/// # Errors
///
/// A file cannot be read, or is none of ours.
pub(crate) fn add_observed(summary: &mut Summary, folder: &RunFolder) -> anyhow::Result<()> {
    let run = &summary.run;
    let (Some(from), Some(until)) = (run.measured_from_s, run.measured_until_s) else {
        return Ok(());
    };
    let [from, until] = [from, until].map(|seconds| RunOffset::from_duration(Duration::from_secs_f64(seconds)));
    let samples = ObservedSamples::read(folder)?;
    summary.server = ServerSummary::of(&samples.server, from, until);
    summary.gpus = GpuSummary::of(&samples.gpus, from, until);
    Ok(())
}

/// What was seen of server and GPUs while the run went on.
#[derive(Default)]
pub(crate) struct ObservedSamples {
    pub(crate) server: Vec<ServerSample>,
    pub(crate) gpus: Vec<GpuSample>,
}

impl ObservedSamples {
    /// Those of a folder; none where it has no such file.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or is none of ours.
    pub(crate) fn read(folder: &RunFolder) -> anyhow::Result<Self> {
        Ok(Self {
            server: read(folder, SERVER_METRICS_FILE, decode_server_samples)?.unwrap_or_default(),
            gpus: read(folder, GPU_METRICS_FILE, decode_gpu_samples)?.unwrap_or_default(),
        })
    }
}

/// `None` when there is no such file.
fn read<T>(
    folder: &RunFolder,
    name: &str,
    decode: impl Fn(BufReader<File>, &std::path::Path) -> Result<Vec<T>, LinesError>,
) -> anyhow::Result<Option<Vec<T>>> {
    let path = folder.file(name);
    match File::open(&path) {
        Ok(file) => Ok(Some(decode(BufReader::new(file), &path)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use loadspan_record::{NoticeLevel, RunFacts, SummaryBuilder};
    use loadspan_scrape::GpuSource;
    use serde_json::json;

    use super::*;

    fn facts() -> RunFacts {
        let facts = json!({
            "run": {
                "id": "1", "name": "a", "model": "m", "endpoint_type": "chat", "streaming": true, "urls": [],
                "loadspan_version": "0", "started_unix_ns": 0, "measured_from_s": 0.0, "measured_until_s": 1.0,
                "completeness": { "status": "complete" },
            },
            "load": { "description": "1 concurrent", "mode": "closed", "concurrency": 1 },
        });
        serde_json::from_value(facts).unwrap()
    }

    #[test]
    fn a_file_that_cannot_be_read_costs_a_notice_and_not_the_report() {
        let parent = tempfile::tempdir().unwrap();
        let folder = RunFolder::open(parent.path());
        std::fs::write(folder.file(SERVER_METRICS_FILE), "not ours\n{}\n").unwrap();
        let mut summary = SummaryBuilder::new().finish(facts());
        assert!(add_observed(&mut summary, &folder).is_err());
        add_observed_if_readable(&mut summary, &folder);
        let [notice] = &summary.notices[..] else {
            panic!("{:?}", summary.notices)
        };
        assert!(notice.message.contains(SERVER_METRICS_FILE), "{notice:?}");
    }

    #[test]
    fn what_nobody_named_and_nobody_watches_is_no_warning() {
        let error = io::Error::other("no threads left");
        assert_eq!(unwatched(&ScrapeConfig::default(), &error).level, NoticeLevel::Note);
        let named = ScrapeConfig {
            gpus: vec![GpuSource::Nvml],
            ..ScrapeConfig::default()
        };
        assert_eq!(unwatched(&named, &error).level, NoticeLevel::Warning);
    }
}
