//! The records of a run, for the live points that are made of them.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::io::BufRead;
use std::ops::Range;

use loadspan_record::{ObservedSample, RequestRecord};
use loadspan_report::LineReader;
use loadspan_telemetry::mlflow::{LivePoints, RecordSource, RecordedRequests};

use crate::artifacts::{RunFile, RunFolder};
use crate::benchmark::ObservedSamples;

/// The records of a run, up to the first that cannot be read.
pub(super) struct Records<'a> {
    folder: &'a RunFolder,
    pub(super) start_unix_ns: u64,
    /// Where those of each stage are, in bytes. Looked for when somebody asks: what is complete needs no records.
    parts: OnceCell<BTreeMap<u32, Range<u64>>>,
    samples: OnceCell<Vec<ObservedSample>>,
    broken: RefCell<Option<anyhow::Error>>,
}

impl<'a> Records<'a> {
    /// `None`: the run kept none.
    pub(super) fn find(folder: &'a RunFolder, run: &RunFile) -> Option<Self> {
        folder.read_records().ok()?;
        Some(Self {
            folder,
            start_unix_ns: run.facts.run.started_unix_ns,
            parts: OnceCell::new(),
            samples: OnceCell::new(),
            broken: RefCell::new(None),
        })
    }

    /// The records of a stage. What lies between them is read as well, which is next to nothing: a stage begins when the one before
    /// has ended.
    pub(super) fn of_stage(&self, stage: u32) -> Box<dyn Iterator<Item = RequestRecord> + '_> {
        let Some(part) = self.parts.get_or_init(|| self.find_parts()).get(&stage) else {
            return Box::new(std::iter::empty());
        };
        let lines = self.folder.read_records_within(part);
        let whole = lines.map(|lines| self.whole(lines)).map_err(|error| self.note(error));
        Box::new(whole.into_iter().flatten().filter(move |record| record.stage == stage))
    }

    /// What server and GPUs said of themselves, in order of the files. Those of a file that cannot be read are not made again: they
    /// are in no figure of a request.
    pub(super) fn observed(&self) -> &[ObservedSample] {
        self.samples.get_or_init(|| {
            let ObservedSamples { server, gpus } = ObservedSamples::read(self.folder).unwrap_or_default();
            let server = server.into_iter().map(ObservedSample::Server);
            server.chain(gpus.into_iter().map(ObservedSample::Gpu)).collect()
        })
    }

    /// Reads all records once, to see where those of each stage are.
    fn find_parts(&self) -> BTreeMap<u32, Range<u64>> {
        let mut parts: BTreeMap<u32, Range<u64>> = BTreeMap::new();
        let Ok(lines) = self.folder.read_records().map_err(|error| self.note(error)) else {
            return parts;
        };
        let mut whole = self.whole(lines);
        let mut start = 0;
        while let Some(record) = whole.next() {
            let end = whole.lines.bytes_read();
            parts.entry(record.stage).or_insert(start..end).end = end;
            start = end;
        }
        parts
    }

    fn whole<R: BufRead>(&self, lines: LineReader<R, RequestRecord>) -> Whole<'_, R> {
        Whole {
            lines,
            broken: &self.broken,
        }
    }

    fn note(&self, error: impl Into<anyhow::Error>) {
        self.broken.replace(Some(error.into()));
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
        let lines = self.folder.read_records();
        let whole = lines.map(|lines| self.whole(lines)).map_err(|error| self.note(error));
        Box::new(whole.into_iter().flatten())
    }

    fn samples(&self) -> Vec<ObservedSample> {
        self.observed().to_vec()
    }
}

struct Whole<'a, R> {
    lines: LineReader<R, RequestRecord>,
    broken: &'a RefCell<Option<anyhow::Error>>,
}

impl<R: BufRead> Iterator for Whole<'_, R> {
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
