//! What is left of a log: where nothing is, nothing is sent.

use super::{LOG, Loadspan, arrivals, inspect, messages, replay, server};

#[test]
fn where_nothing_of_a_log_is_left_nothing_is_sent() {
    let server = server();
    let refused = |flags: &str| {
        let flags = format!("--replay-block-tokens 20 {flags}");
        let run = replay(&server, LOG, &flags).expect_code(2);
        assert!(!run.path("run").exists(), "{flags}");
        // From the name of the recording on, whatever names the flag or stage before it.
        let start = run.stderr.find("recording: ").unwrap();
        run.stderr[start..].trim_end().to_owned()
    };
    insta::assert_snapshot!(
        refused("--replay-window 1h.."),
        @"recording: nothing is left to send: of 3 calls, 3 are outside --replay-window 1h..; the recording is 0.09 s long; 1 line cannot be read, the first of them recording:3: expected value, at column 1"
    );
    insta::assert_snapshot!(
        refused("--replay-sample 0.0000001%"),
        @"recording: nothing is left to send: of 3 calls, 3 are not in --replay-sample 0.000000001; the recording is 0.09 s long; 1 line cannot be read, the first of them recording:3: expected value, at column 1"
    );
    assert_eq!(
        refused("--replay-window 1h.. --num-sessions 2"),
        refused("--replay-window 1h..")
    );
    assert_eq!(server.stats().requests_total, 0);
}

#[test]
fn a_window_takes_what_begins_in_it() {
    let server = server();
    let run = replay(&server, LOG, "--replay-block-tokens 20 --replay-window 50ms..1h").expect_code(0);
    assert_eq!(arrivals(&run), [0, 30]);
    // Two are from before the load: they measure how the server counts.
    assert_eq!(server.stats().generation_requests, 2 + 2);
    let lengths: Vec<usize> = messages(&server, 2)
        .iter()
        .map(|said| said[0]["content"].as_str().unwrap().split(' ').count())
        .collect();
    assert_eq!(lengths, [40, 20]);
    let replay = &run.summary()["replays"][0];
    assert_eq!((&replay["calls"], &replay["left"]["by_window"]), (&2.into(), &1.into()));
}

#[test]
fn single_calls_are_no_sessions() {
    let server = server();
    let run = replay(&server, LOG, "--replay-block-tokens 20 --auto-plot --replay-speed 2").expect_code(0);
    let summary = run.summary();
    assert_eq!(summary["replays"][0]["single_calls"], 3);
    assert!(summary.get("sessions").is_none(), "{summary}");
    assert!(!run.stdout.contains("By turn"), "{}", run.stdout);
    let sequence = summary["replays"][0]["sequence"].as_str().unwrap();
    assert!(
        run.stdout.contains(&format!("Sequence {}…\n", &sequence[..19])),
        "{}",
        run.stdout
    );
    let page = run.read("run/report.html");
    assert!(!page.contains("id=\"sessions\"") && page.contains(sequence));

    let turns = r#"{"timestamp": 0, "session_id": "a", "input_length": 9, "output_length": 2}
{"timestamp": 9, "session_id": "a", "input_length": 5, "output_length": 2}
"#;
    let run = super::replay(&server, turns, "").expect_code(0);
    assert_eq!(run.summary()["sessions"]["by_turn"].as_array().unwrap().len(), 2);
    assert!(run.stdout.contains("By turn"), "{}", run.stdout);
}

#[test]
fn inspect_refuses_what_has_no_calls() {
    let refused = |text: &str, flags: &str| {
        let run = inspect(text, flags).expect_code(2);
        assert_eq!(run.stdout, "");
        run.stderr
    };
    insta::assert_snapshot!(refused("", ""), @"error: recording: it is empty");
    insta::assert_snapshot!(refused(" \n", ""), @"error: recording: it is empty");
    insta::assert_snapshot!(refused("{\"resourceSpans\": []}", ""), @"error: recording: there are no calls in it");
    insta::assert_snapshot!(
        refused("{\"timestamp\": 0, \"input_length\": []}\nno\n", ""),
        @"error: recording: there are no calls in it: 2 lines cannot be read, the first of them recording:1: invalid type: sequence, expected u64, at column 33"
    );
    insta::assert_snapshot!(
        refused("{\"spans\": [{\"span_id\": 1}]}", ""),
        @r#"error: recording: there are no calls in it: 1 line cannot be read, the first of them recording:1: span 1: invalid type: integer `1`, expected a string"#
    );
    insta::assert_snapshot!(
        refused("{\"resourceSpans\": [", "--replay-format otlp-json"),
        @"error: recording: there are no calls in it: 1 line cannot be read, the first of them recording:1: EOF while parsing a list, at column 19"
    );
}

#[test]
fn a_torn_last_line_is_told_and_strictly_an_error() {
    let log = "{\"timestamp\": 0, \"input_length\": 1}\n{\"timestamp\": 1, \"inp";
    insta::assert_snapshot!(inspect(log, "").expect_code(0).stdout, @r"
    recording (mooncake)
    1 call over 0.0 s
    input: 1 token, 1 a call, at most 1
    output: unknown
    not read: recording:2: EOF while parsing a string, at column 21
    ");
    let table = "Timestamp,Request tokens,Response tokens\n1,2,3\n4,5";
    let conversations = "{\"conversations\": [{\"from\": \"human\", \"value\": \"a\"}, {\"from\": \"gpt\", \"value\": \"b\"}]}\n{\"conv";
    let spans = "{\"spans\": [{\"span_id\": \"a\", \"start_time\": 1, \"attributes\": {\"gen_ai.operation.name\": \"chat\", \
                 \"gen_ai.usage.input_tokens\": 3}}]}\n{\"spans\": [{\"span_id\"";
    for text in [log, table, conversations, spans] {
        let told = inspect(text, "").expect_code(0);
        assert_eq!(told.stdout.matches("not read: ").count(), 1, "{}", told.stdout);
        let strict = inspect(text, "--strict").expect_code(2);
        assert!(strict.stderr.starts_with("error: recording:"), "{}", strict.stderr);
    }
}

#[test]
fn a_bad_line_far_behind_the_first_ones_is_an_error_of_the_recording() {
    let mut log: String = (0..3_000)
        .map(|at| format!("{{\"timestamp\": {at}, \"input_length\": 1}}\n"))
        .collect();
    log.push_str("oops\n");
    let strict = inspect(&log, "--strict").expect_code(2);
    insta::assert_snapshot!(strict.stderr, @"error: recording:3001: expected value, at column 1");
    let missing = Loadspan::new(&["replay", "inspect", "nothing"]).run().expect_code(2);
    assert!(missing.stderr.contains("nothing: cannot be read"), "{}", missing.stderr);
}
