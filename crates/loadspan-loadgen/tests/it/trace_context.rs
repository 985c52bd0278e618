//! What the server is told of the trace: checked against what it saw.

use std::collections::HashSet;

use loadspan_loadgen::HttpPreference;
use loadspan_record::{Propagation, RequestRecord, SampleRatio, Secret, TraceIds, TracePlan, Traceparent};
use loadspan_testkit::{DurationExt, FakeServer, RunningServer, every};

use crate::harness::{Load, Running, preflight_of, run_preflight};

const HTTP: [HttpPreference; 2] = [HttpPreference::Http11, HttpPreference::Http2];

fn server() -> RunningServer {
    FakeServer::new().tokens(2, every(0.ms())).capture(500).start().unwrap()
}

fn plan(trace_ids: TraceIds, ratio: f64) -> TracePlan {
    TracePlan {
        trace_ids,
        sampling: SampleRatio::new(ratio).unwrap(),
        propagation: Propagation::Traceparent,
    }
}

/// The records of 200 requests of two workers.
fn traced(server: &RunningServer, http: HttpPreference, trace: Option<TracePlan>) -> Vec<RequestRecord> {
    let change = |load: &mut Load| {
        load.preflight.target.http = http;
        load.trace = trace;
    };
    let report = Load::closed(server.url(), 8, 200).workers(2).change(change).run();
    report.assert_completed(200);
    report.records
}

/// The `traceparent` that came with the request of a record, if it was a valid one.
fn told(server: &RunningServer, record: &RequestRecord) -> Option<String> {
    let stats = server.stats();
    let truth = stats.request(&record.id.to_string()).unwrap();
    truth.traceparent.as_deref().map(str::to_owned)
}

fn assert_told(server: &RunningServer, records: &[RequestRecord], plan: TracePlan) {
    let mut flags = HashSet::new();
    for record in records {
        let sampled = plan.is_sampled(record.trace_id, record.span_id);
        let expected = Traceparent::new(record.trace_id, record.span_id, sampled);
        assert_eq!(told(server, record).as_deref(), Some(expected.as_str()));
        flags.insert(sampled);
    }
    let spans: HashSet<_> = records.iter().map(|record| record.span_id).collect();
    assert_eq!(spans.len(), records.len());
    let both = plan.sampling != SampleRatio::ALL;
    assert_eq!(flags.len(), if both { 2 } else { 1 }, "{plan:?}");
}

#[test]
fn each_request_carries_the_ids_of_its_span() {
    for http in HTTP {
        let (server, plan) = (server(), plan(TraceIds::PerRequest, 1.0));
        let records = traced(&server, http, Some(plan));
        assert_told(&server, &records, plan);
        let traces: HashSet<_> = records.iter().map(|record| record.trace_id).collect();
        assert_eq!(traces.len(), records.len());
    }
}

#[test]
fn the_flag_says_whether_the_request_is_sampled() {
    for http in HTTP {
        for ids in [TraceIds::PerRequest, TraceIds::Shared(0xabc)] {
            let (server, plan) = (server(), plan(ids, 0.5));
            assert_told(&server, &traced(&server, http, Some(plan)), plan);
        }
    }
}

#[test]
fn a_shared_trace_is_that_of_every_request() {
    let (server, plan) = (server(), plan(TraceIds::Shared(0xabc << 64), 1.0));
    let records = traced(&server, HttpPreference::Http11, Some(plan));
    assert_told(&server, &records, plan);
    assert!(records.iter().all(|record| record.trace_id == 0xabc << 64));
}

#[test]
fn a_server_that_is_not_to_be_told_is_told_nothing() {
    for http in HTTP {
        let server = server();
        let silent = TracePlan {
            propagation: Propagation::Off,
            ..plan(TraceIds::Shared(0xabc), 1.0)
        };
        let quiet = traced(&server, http, Some(silent));
        assert!(quiet.iter().all(|record| record.trace_id == 0xabc));
        traced(&server, http, None);
        assert!(
            server
                .requests()
                .iter()
                .all(|request| request.header("traceparent").is_none())
        );
    }
}

#[test]
fn the_preflight_belongs_to_no_trace() {
    let server = server();
    run_preflight(preflight_of(&server.url())).unwrap();
    traced(&server, HttpPreference::Http11, Some(plan(TraceIds::PerRequest, 1.0)));
    let (with, without): (Vec<_>, Vec<_>) = server
        .requests()
        .into_iter()
        .partition(|request| request.header("traceparent").is_some());
    assert_eq!(with.len(), 200);
    assert!(
        without
            .iter()
            .any(|request| request.header("x-request-id") == Some("preflight"))
    );
}

#[test]
fn a_traceparent_of_the_users_own_is_sent_or_refused() {
    let server = server();
    let start = |propagation| {
        let mut load = Load::closed(server.url(), 1, 1);
        load.preflight.target.headers = vec![("TraceParent".to_owned(), Secret::new("mine"))];
        load.trace = Some(TracePlan {
            propagation,
            ..plan(TraceIds::PerRequest, 1.0)
        });
        let (plan, clock) = load.plan();
        Running::start(plan, clock)
    };
    let refused = start(Propagation::Traceparent).err().unwrap().to_string();
    assert!(
        refused.contains("`traceparent`") && refused.contains("--no-propagate"),
        "{refused}"
    );
    start(Propagation::Off).unwrap().report().assert_completed(1);
    assert_eq!(server.requests().pop().unwrap().header("traceparent"), Some("mine"));
}
