//! Writes `records.jsonl` while the run goes on. A listener like any other: a slow disk delays no request.

use std::fs::File;
use std::io::Write;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use loadspan_loadgen::{RunEvent, Subscription};
use loadspan_report::records_jsonl;

/// Events that may wait for the disk: at full speed some seconds' worth, below 100 MB.
pub(crate) const QUEUE_EVENTS: usize = 1024;
/// Written at the latest after so long: what SIGKILL can cost.
const FLUSH_AFTER: Duration = Duration::from_millis(250);
/// Where workers share their core with this thread, they get it back after so many records: some tens of microseconds.
pub(crate) const RECORDS_AT_A_TIME: usize = 16;
/// Written at the latest when there is so much.
const FLUSH_SIZE: usize = 256 << 10;

/// The thread that writes.
#[derive(Debug)]
pub(crate) struct RecordsWriter {
    thread: JoinHandle<Written>,
}

/// What became of the records.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// Records that are not in the file.
    pub(crate) missed: u64,
    /// Why, if the disk was the reason.
    pub(crate) error: Option<std::io::Error>,
}

impl RecordsWriter {
    pub(crate) fn spawn(file: File, events: Subscription) -> std::io::Result<Self> {
        let thread = std::thread::Builder::new()
            .name("loadspan-records".to_owned())
            .spawn(move || {
                Writer {
                    file,
                    buffer: Vec::with_capacity(2 * FLUSH_SIZE),
                    unwritten: 0,
                    written: Written::default(),
                }
                .run(&events)
            })?;
        Ok(Self { thread })
    }

    /// Waits until everything is written. Call after the run has ended.
    pub(crate) fn finish(self) -> Written {
        self.thread.join().unwrap_or_else(|_| Written {
            missed: 0,
            error: Some(std::io::Error::other(
                "the thread that writes records panicked; please report this",
            )),
        })
    }
}

struct Writer {
    file: File,
    buffer: Vec<u8>,
    /// Records in the buffer.
    unwritten: u64,
    written: Written,
}

impl Writer {
    fn run(mut self, events: &Subscription) -> Written {
        let mut last_flush = Instant::now();
        loop {
            match events.next_within(FLUSH_AFTER) {
                Some(RunEvent::Records(batch)) => {
                    for records in batch.chunks(RECORDS_AT_A_TIME) {
                        records_jsonl::encode(records, &mut self.buffer);
                        std::thread::yield_now();
                    }
                    self.unwritten += batch.len() as u64;
                }
                Some(RunEvent::Finished(_)) => {
                    self.flush();
                    self.written.missed += events.missed();
                    return self.written;
                }
                Some(RunEvent::LoadStarted { .. } | RunEvent::StageEnded(_) | RunEvent::Progress(_)) | None => {}
            }
            if self.buffer.len() >= FLUSH_SIZE || last_flush.elapsed() >= FLUSH_AFTER {
                self.flush();
                last_flush = Instant::now();
            }
        }
    }

    fn flush(&mut self) {
        if let Err(error) = self.file.write_all(&self.buffer) {
            self.written.missed += self.unwritten;
            self.written.error.get_or_insert(error);
        }
        self.unwritten = 0;
        self.buffer.clear();
    }
}
