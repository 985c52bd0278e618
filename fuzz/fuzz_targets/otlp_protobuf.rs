//! Any bytes become rows of spans or an error, and what is read as protobuf is the same when it is read from its JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loadspan_server::probe::{rows_of_json, rows_of_protobuf};
use loadspan_wire::otlp::{ExportTraceServiceRequest, Message, json};

fuzz_target!(|body: &[u8]| {
    let rows = rows_of_protobuf(body);
    if let Ok(request) = ExportTraceServiceRequest::decode(body) {
        let json = json::encode_traces(&request);
        // JSON may be nested less deeply than protobuf.
        if let Some(from_json) = rows_of_json(&json) {
            assert_eq!(Some(from_json), rows, "{}", String::from_utf8_lossy(&json));
        }
    }
});
