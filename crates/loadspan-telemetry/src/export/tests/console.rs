//! The standard output as a backend.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loadspan_wire::otlp::json;

use super::harness::{Run, config, fates};
use crate::config::{ExporterConfig, TelemetryConfig};

#[test]
fn payloads_are_written_as_lines_of_json() {
    let written = Shared::default();
    let run = Run::with_console(&console(), Box::new(written.clone()));
    run.submit_spans(3);
    run.submit_spans(2);
    run.submit_points(4);
    let finished = run.finish();
    assert_eq!(fates(&finished.traces), [5, 0, 0, 0]);
    assert_eq!(fates(&finished.metrics), [4, 0, 0, 0]);
    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    let spans = text.lines().filter(|line| line.contains("resourceSpans"));
    let counts: Vec<_> = spans
        .map(|line| {
            json::decode_traces(line.as_bytes()).unwrap().resource_spans[0].scope_spans[0]
                .spans
                .len()
        })
        .collect();
    assert_eq!((text.lines().count(), counts), (3, vec![3, 2]));
}

#[test]
fn a_closed_pipe_costs_the_payloads_and_one_warning() {
    let run = Run::with_console(&console(), Box::new(Closed));
    for _ in 0..5 {
        run.submit_spans(2);
    }
    let finished = run.finish();
    assert_eq!(fates(&finished.traces), [0, 0, 0, 10]);
    assert_eq!(finished.notices.len(), 1, "{:?}", finished.notices);
    assert!(
        finished.notices[0]
            .message
            .starts_with("traces cannot be written to stdout: ")
    );
    assert!(!finished.folder.spool_dir().exists());
}

#[test]
fn a_reader_that_takes_a_break_does_not_hold_up_the_end_of_a_run() {
    let (reader, stuck) = Stuck::new();
    let run = Run::with_console(&console(), Box::new(stuck));
    run.submit_spans(2);
    let finished = run.finish_within(Duration::from_millis(200));
    assert!(finished.took < Duration::from_secs(1), "{:?}", finished.took);
    assert_eq!(fates(&finished.traces), [0, 0, 0, 2]);
    drop(reader);
}

/// Both signals to the standard output.
fn console() -> TelemetryConfig {
    let mut config = config("http://127.0.0.1:1");
    if let (Some(traces), Some(metrics)) = (&mut config.traces, &mut config.metrics) {
        (traces.exporter, metrics.exporter) = (Some(ExporterConfig::Console), ExporterConfig::Console);
    }
    config
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::from(io::ErrorKind::BrokenPipe))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Takes nothing until its reader is gone.
struct Stuck(Receiver<()>);

impl Stuck {
    fn new() -> (Sender<()>, Self) {
        let (reader, stuck) = channel();
        (reader, Self(stuck))
    }
}

impl Write for Stuck {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        let _ = self.0.recv();
        Err(io::Error::from(io::ErrorKind::BrokenPipe))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
