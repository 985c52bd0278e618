use super::*;
use crate::otlp::trace::{ResourceSpans, ScopeSpans, Span};
use crate::otlp::{ExportTraceServiceRequest, InstrumentationScope, Message, Resource};

fn request(names: &[&[&str]]) -> ExportTraceServiceRequest {
    let resource_spans = names.iter().map(|names| ResourceSpans {
        resource: Some(Resource::default()),
        scope_spans: vec![ScopeSpans {
            scope: Some(InstrumentationScope {
                name: "scope-of-all".to_owned(),
                ..InstrumentationScope::default()
            }),
            spans: names
                .iter()
                .map(|name| Span {
                    name: (*name).to_owned(),
                    ..Span::default()
                })
                .collect(),
            schema_url: String::new(),
        }],
        schema_url: "https://schema".to_owned(),
    });
    ExportTraceServiceRequest {
        resource_spans: resource_spans.collect(),
    }
}

/// Makes a text of a request one that is no UTF-8.
fn damaged(request: &ExportTraceServiceRequest, text: &str) -> Vec<u8> {
    let mut body = request.encode_to_vec();
    let place = body
        .windows(text.len())
        .position(|window| window == text.as_bytes())
        .unwrap();
    body[place] = 0xff;
    assert!(ExportTraceServiceRequest::decode(&body[..]).is_err());
    body
}

fn checks() -> Checks {
    Checks {
        resource: |frame| ResourceSpans::decode(frame).map(drop),
        scope: |frame| ScopeSpans::decode(frame).map(drop),
        item: |item| Span::decode(item).map(drop),
    }
}

fn names(salvaged: &Salvaged) -> Vec<String> {
    let request = ExportTraceServiceRequest::decode(&salvaged.request[..]).unwrap();
    let scopes = request.resource_spans.into_iter().flat_map(|spans| spans.scope_spans);
    scopes.flat_map(|scope| scope.spans).map(|span| span.name).collect()
}

#[test]
fn a_damaged_span_is_lost_alone() {
    let body = damaged(&request(&[&["first", "second", "third"], &["fourth"]]), "second");
    let salvaged = salvage(&body, &checks()).unwrap();
    assert_eq!(names(&salvaged), ["first", "third", "fourth"]);
    assert_eq!(salvaged.lost, 1);
    assert!(salvaged.reason.contains("name"), "{}", salvaged.reason);
}

#[test]
fn with_a_damaged_resource_its_spans_are_lost() {
    let body = damaged(&request(&[&["first", "second"], &["third"]]), "https://schema");
    let salvaged = salvage(&body, &checks()).unwrap();
    assert_eq!(names(&salvaged), ["third"]);
    assert_eq!(salvaged.lost, 2);
}

#[test]
fn with_a_damaged_scope_its_spans_are_lost() {
    let body = damaged(&request(&[&["first", "second"], &["third"]]), "scope-of-all");
    let salvaged = salvage(&body, &checks()).unwrap();
    assert_eq!((names(&salvaged), salvaged.lost), (vec!["third".to_owned()], 2));
}

#[test]
fn what_is_whole_stays_as_it_is() {
    let request = request(&[&["first"], &["second"]]);
    let salvaged = salvage(&request.encode_to_vec(), &checks()).unwrap();
    assert_eq!(
        ExportTraceServiceRequest::decode(&salvaged.request[..]).unwrap(),
        request
    );
    assert_eq!(salvaged.lost, 0);
}

#[test]
fn a_request_that_breaks_off_is_an_error() {
    let body = request(&[&["first"]]).encode_to_vec();
    assert!(salvage(&body[..body.len() - 1], &checks()).is_err());
}
