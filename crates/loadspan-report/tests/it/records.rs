//! `records.jsonl`, written and read back.

use std::path::Path;

use loadspan_record::{Failure, FailureKind, Outcome, RequestRecord};
use loadspan_report::LinesError;
use loadspan_report::records_jsonl::{decode, encode};
use proptest::prelude::*;

use crate::runs::{stream, whole};

fn file_of(records: &[RequestRecord]) -> Vec<u8> {
    let mut file = Vec::new();
    encode(records, &mut file);
    file
}

fn read(file: &[u8]) -> Result<Vec<RequestRecord>, LinesError> {
    decode(file, Path::new("artifacts/run/records.jsonl")).collect()
}

#[test]
fn a_line_of_a_stream() {
    let mut record = stream(0.0, 100.0, 10.0);
    record.chunk_gaps = loadspan_record::ChunkGaps::Each([10_000, 10_001].into());
    insta::assert_snapshot!(String::from_utf8(file_of(&[record])).unwrap(), @r#"{"request_id":"00000000-0","phase":"measure","stage":0,"target":0,"worker":0,"timings":{"scheduled_ns":0,"sent_ns":0,"first_chunk_ns":100000000,"first_token_ns":100000000,"first_answer_token_ns":100000000,"last_token_ns":1370000000,"finished_ns":1370000000},"chunk_gaps_us":[10000,10001],"chunks":128,"outcome":{"status":"completed"},"tokens":{"input":550,"output":128,"source":"server_usage"},"finish_reason":"length","response_id":"chatcmpl-1","response_model":"mock-model","http":{"version":"1.1","status":200,"connection":"reused","bytes_sent":4000,"bytes_received":900,"server_request_id":"req-1"},"trace_id":"00000000000000000000000000000abc","span_id":"0000000000000def"}"#);
}

#[test]
fn a_line_of_a_failure() {
    let mut record = whole(0.0, 5.0);
    record.outcome = Outcome::Failed(Failure::with_message(
        FailureKind::HttpStatus(429),
        "slow down\n\"please\"",
    ));
    insta::assert_snapshot!(String::from_utf8(file_of(&[record])).unwrap(), @r#"{"request_id":"00000000-0","phase":"measure","stage":0,"target":0,"worker":0,"timings":{"scheduled_ns":0,"sent_ns":0,"first_chunk_ns":5000000,"finished_ns":5000000},"chunks":0,"outcome":{"status":"failed","error":"http_status","http_status":429,"message":"slow down\n\"please\""},"tokens":{"input":550,"output":16,"source":"server_usage"},"finish_reason":"length","response_id":"chatcmpl-1","response_model":"mock-model","http":{"version":"1.1","status":200,"connection":"reused","bytes_sent":4000,"bytes_received":900,"server_request_id":"req-1"},"trace_id":"00000000000000000000000000000abc","span_id":"0000000000000def"}"#);
}

#[test]
fn a_torn_last_line_is_left_out_and_told() {
    let file = file_of(&[whole(0.0, 5.0), whole(5.0, 5.0)]);
    for cut in [file.len() - 2, file.len() / 2 + 1] {
        let mut reader = decode(&file[..cut], Path::new("records.jsonl"));
        assert_eq!(reader.by_ref().filter_map(Result::ok).count(), 1);
        assert!(reader.has_torn_line());
    }
}

#[test]
fn a_last_line_that_only_lacks_its_end_counts() {
    let file = file_of(&[whole(0.0, 5.0)]);
    assert_eq!(read(&file[..file.len() - 1]).unwrap().len(), 1);
}

#[test]
fn a_broken_line_in_the_middle_is_named() {
    let mut file = file_of(&[whole(0.0, 5.0)]);
    file.extend_from_slice(b"\n{\"index\":1}\n");
    insta::assert_snapshot!(read(&file).unwrap_err(), @"artifacts/run/records.jsonl:3: not a record: missing field `request_id` at line 1 column 11; the file was changed or written by another version, delete the line to go on without it");
}

#[test]
fn an_empty_file_has_no_records() {
    assert!(read(b"").unwrap().is_empty());
}

proptest! {
    #[test]
    fn any_bytes_are_records_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
    }

    #[test]
    fn a_file_cut_anywhere_has_every_whole_line(cut in 0.0_f64..1.0) {
        let file = file_of(&[whole(0.0, 5.0), stream(5.0, 2.0, 1.0), whole(9.0, 5.0)]);
        let kept = &file[..(file.len() as f64 * cut) as usize];
        let whole_lines = kept.iter().filter(|byte| **byte == b'\n').count();
        let read = read(kept).unwrap().len();
        // A line that only lacks its line feed is whole, too.
        prop_assert!(read == whole_lines || read == whole_lines + 1);
    }
}
