//! Any text becomes rows of spans or an error, and what is read as JSON is the same when it is written as protobuf.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loadspan_server::probe::{rows_of_json, rows_of_protobuf};
use loadspan_wire::otlp::{Message, json};

fuzz_target!(|body: &[u8]| {
    let rows = rows_of_json(body);
    if let Ok(request) = json::decode_traces(body) {
        assert_eq!(rows_of_protobuf(&request.encode_to_vec()), rows);
    }
});
