//! The records of a run, for the live points that are made of them.

use std::cell::RefCell;
use std::fs::File;
use std::io::BufReader;

use loadspan_record::{ObservedSample, RequestRecord};
use loadspan_report::LineReader;
use loadspan_telemetry::mlflow::{LivePoints, RecordSource, RecordedRequests};

use crate::artifacts::{RunFile, RunFolder};
use crate::benchmark::ObservedSamples;

/// The records of a run, up to the first that cannot be read.
pub(super) struct Records<'a> {
    folder: &'a RunFolder,
    pub(super) start_unix_ns: u64,
    broken: RefCell<Option<anyhow::Error>>,
}

impl<'a> Records<'a> {
    /// `None`: the run kept none.
    pub(super) fn find(folder: &'a RunFolder, run: &RunFile) -> Option<Self> {
        folder.read_records().ok()?;
        Some(Self {
            folder,
            start_unix_ns: run.facts.run.started_unix_ns,
            broken: RefCell::new(None),
        })
    }

    pub(super) fn points(&self) -> LivePoints<'_> {
        LivePoints::Complete(RecordedRequests {
            start_unix_ns: self.start_unix_ns,
            source: self,
        })
    }

    /// # Errors
    ///
    /// A record could not be read. Nothing was made of it and of those after it.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        self.broken.into_inner().map_or(Ok(()), Err)
    }
}

impl RecordSource for Records<'_> {
    fn records(&self) -> Box<dyn Iterator<Item = RequestRecord> + '_> {
        match self.folder.read_records() {
            Ok(lines) => Box::new(Whole {
                lines,
                broken: &self.broken,
            }),
            Err(error) => {
                self.broken.replace(Some(error.into()));
                Box::new(std::iter::empty())
            }
        }
    }

    /// Those of a file that cannot be read are not made again: they are in no figure of a request.
    fn samples(&self) -> Vec<ObservedSample> {
        let ObservedSamples { server, gpus } = ObservedSamples::read(self.folder).unwrap_or_default();
        let server = server.into_iter().map(ObservedSample::Server);
        server.chain(gpus.into_iter().map(ObservedSample::Gpu)).collect()
    }
}

struct Whole<'a> {
    lines: LineReader<BufReader<File>, RequestRecord>,
    broken: &'a RefCell<Option<anyhow::Error>>,
}

impl Iterator for Whole<'_> {
    type Item = RequestRecord;

    fn next(&mut self) -> Option<RequestRecord> {
        match self.lines.next()? {
            Ok(record) => Some(record),
            Err(error) => {
                self.broken.replace(Some(error.into()));
                None
            }
        }
    }
}
