//! What is kept for later, and what is not.

use std::fs;
use std::time::Duration;

use super::harness::{Run, config, dead_sink, fates, spans};

const DEADLINE: Duration = Duration::from_millis(100);

#[test]
fn the_spool_takes_no_more_than_it_may() {
    let sink = dead_sink();
    let size = spans(10).body.len() as u64;
    let mut config = config(&sink.url());
    config.spool_max_bytes = size * 3 + size / 2;
    let run = Run::start(&config);
    for _ in 0..10 {
        run.submit_spans(10);
    }
    let finished = run.finish_within(DEADLINE);
    assert_eq!(fates(&finished.traces), [0, 0, 30, 70]);
    assert_eq!(finished.folder.payloads().len(), 3);
    let full: Vec<_> = finished
        .notices
        .iter()
        .filter(|notice| notice.message.contains("is full"))
        .collect();
    assert_eq!(full.len(), 1, "{:?}", finished.notices);
}

#[test]
fn a_spool_that_cannot_be_written_costs_the_payloads_and_one_warning() {
    let sink = dead_sink();
    let run = Run::to(&sink);
    fs::write(run.folder.spool_dir(), "in the way").unwrap();
    run.submit_spans(10);
    run.submit_spans(10);
    let finished = run.finish_within(DEADLINE);
    assert_eq!(fates(&finished.traces), [0, 0, 0, 20]);
    let failed: Vec<_> = finished
        .notices
        .iter()
        .filter(|notice| notice.message.contains("cannot be spooled"))
        .collect();
    assert_eq!(failed.len(), 1, "{:?}", finished.notices);
}

#[test]
fn the_oldest_payloads_make_room_in_a_full_queue_while_the_run_goes_on() {
    let sink = dead_sink();
    let mut config = config(&sink.url());
    if let Some(traces) = &mut config.traces {
        traces.batch.queue = 100;
    }
    let run = Run::start(&config);
    for _ in 0..30 {
        run.submit_spans(10);
    }
    // Ten payloads fit into the queue, and at most four are under way.
    run.wait_for_traces(|traces| traces.spooled >= 160);
    let finished = run.finish_within(DEADLINE);
    assert_eq!(fates(&finished.traces), [0, 0, 300, 0]);
}

#[test]
fn the_spool_tells_where_to_and_no_secret() {
    let sink = dead_sink();
    let mut config = config(&sink.url());
    if let Some(traces) = &mut config.traces
        && let Some(crate::config::ExporterConfig::Otlp(otlp)) = &mut traces.exporter
    {
        otlp.endpoint.set_query(Some("api_key=canary"));
        otlp.headers = vec![("authorization".to_owned(), loadspan_record::Secret::new("canary"))];
    }
    let run = Run::start(&config);
    run.submit_spans(10);
    let finished = run.finish_within(DEADLINE);
    for file in fs::read_dir(finished.folder.spool_dir()).unwrap() {
        let content = fs::read(file.unwrap().path()).unwrap();
        assert!(!content.windows(6).any(|window| window == b"canary"));
    }
    let text = fs::read_to_string(finished.folder.spool_dir().join("spool.json")).unwrap();
    assert!(text.contains(&sink.url()) && text.contains("http/protobuf"), "{text}");
    assert!(
        finished
            .notices
            .iter()
            .all(|notice| !format!("{notice:?}").contains("canary"))
    );
}
