//! Where samples go: two files, which exist once there is something to write, and whoever listens.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};

use loadspan_record::{LiveNotice, ObservedSample};
use serde::Serialize;

/// Opens a file when there is something to write.
pub type FileOpener = Box<dyn FnOnce() -> io::Result<File> + Send>;

/// Where samples and notices go. Everything is called on the thread of the scraper.
pub struct ScrapeOutputs {
    /// `server_metrics.jsonl`.
    pub server_file: FileOpener,
    /// `gpu_metrics.jsonl`.
    pub gpu_file: FileOpener,
    /// Takes each sample. It must not block.
    pub on_sample: Box<dyn FnMut(&ObservedSample) + Send>,
    /// Takes each notice when it comes up; all of them are in the report, too.
    pub on_notice: Box<dyn FnMut(&LiveNotice) + Send>,
}

impl fmt::Debug for ScrapeOutputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScrapeOutputs")
    }
}

/// The outputs, in use.
pub(crate) struct Sinks {
    server: Lines,
    gpu: Lines,
    on_sample: Box<dyn FnMut(&ObservedSample) + Send>,
    on_notice: Box<dyn FnMut(&LiveNotice) + Send>,
    notices: Vec<LiveNotice>,
}

/// A file of JSON lines.
enum Lines {
    Unopened(FileOpener),
    Open(File),
    /// It could not be opened or written, and is left alone.
    Broken,
}

impl Sinks {
    pub(crate) fn new(outputs: ScrapeOutputs) -> Self {
        Self {
            server: Lines::Unopened(outputs.server_file),
            gpu: Lines::Unopened(outputs.gpu_file),
            on_sample: outputs.on_sample,
            on_notice: outputs.on_notice,
            notices: Vec::new(),
        }
    }

    pub(crate) fn sample(&mut self, sample: &ObservedSample) {
        let written = match sample {
            ObservedSample::Server(sample) => self.server.append(sample),
            ObservedSample::Gpu(sample) => self.gpu.append(sample),
        };
        if let Err(error) = written {
            self.notice(LiveNotice::warning(
                format!("cannot write what the server and its GPUs say: {error}"),
                "make room on the disk; the rest of the run is not affected",
            ));
        }
        (self.on_sample)(sample);
    }

    pub(crate) fn notice(&mut self, notice: LiveNotice) {
        (self.on_notice)(&notice);
        self.notices.push(notice);
    }

    pub(crate) fn into_notices(self) -> Vec<LiveNotice> {
        self.notices
    }
}

impl Lines {
    /// The first error is told; after it nothing is written any more, so that a line cannot be torn in the middle of the file.
    fn append(&mut self, value: &impl Serialize) -> io::Result<()> {
        match std::mem::replace(self, Self::Broken) {
            Self::Broken => Ok(()),
            Self::Unopened(open) => self.write(open()?, value),
            Self::Open(file) => self.write(file, value),
        }
    }

    fn write(&mut self, mut file: File, value: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        file.write_all(&line)?;
        *self = Self::Open(file);
        Ok(())
    }
}
