//! Windows in place of points.

use loadspan_record::RunOffset;

use super::*;

#[test]
fn a_server_that_is_too_slow_gets_windows_of_the_whole_run() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::to(&sink);
    bench.wait_for_run();
    sink.answer_path_with("runs/log-batch", MlflowAnswer::Slow(Duration::from_millis(100)));
    record_ten_seconds(&mut bench);
    sink.restore();
    let ended = bench.finish();
    let export = MlflowExport::load(ended.folder.path()).unwrap().unwrap();
    assert_eq!((export.live, export.live_points_missing), (LiveMode::Windows, None));
    let run = only(&sink);
    let counts: Vec<_> = run.metrics["live.window.requests.count"]
        .iter()
        .map(|point| (point.step, point.value))
        .collect();
    assert!(
        counts.iter().copied().eq((0..10).map(|step| (step, 1_000.0))),
        "{counts:?}"
    );
    let points = points_of_requests(&run);
    assert_eq!(fates(&ended.points), [points + 10 * 14, 0, 0, 0]);
    assert_eq!(ended.points.produced, points + 10 * 14);
    let [notice] = &ended.notices[..] else {
        panic!("{:?}", ended.notices)
    };
    let second = number_after("of the requests before second ", &notice.message);
    assert_eq!(
        points + ended.points.sampled_out,
        second * 1_000 * 5,
        "each point that was made was logged or withdrawn"
    );
    assert!((20_000..50_000).contains(&(points + ended.points.sampled_out)));
    assert!(
        notice.message.contains("summary of each second of the whole run"),
        "{notice:?}"
    );
    assert!(
        notice
            .advice
            .as_deref()
            .unwrap()
            .starts_with("records.jsonl has every request"),
        "{notice:?}"
    );
}

#[test]
fn a_batch_under_way_when_points_are_withdrawn_is_not_owed() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::to(&sink);
    bench.wait_for_run();
    bench.record(0..200);
    bench.export_aged();
    bench.wait_for_points(|points| points.delivered == 1_000);
    let before = sink.requests_to("runs/log-batch");
    sink.answer_path_with("runs/log-batch", MlflowAnswer::RetryAfter(503, Duration::from_secs(1)));
    bench.record(200..6_200);
    assert!(sink.wait_until(PATIENCE, |sink| sink.requests_to("runs/log-batch") > before));
    bench.export_aged();
    sink.restore();
    let ended = bench.finish();
    let windows = only(&sink).metrics["live.window.requests.count"].len() as u64;
    assert_eq!(windows, 1);
    assert_eq!(fates(&ended.points), [1_000 + 14, 0, 0, 0]);
    assert_eq!(ended.points.sampled_out, 30_000);
    assert_eq!(missing_points(&ended), None);
}

#[test]
fn points_that_there_was_no_room_for_are_not_owed_when_there_are_windows() {
    for records in [RecordsOnDisk::Written, RecordsOnDisk::NotWritten] {
        let sink = MlflowSink::new().start().unwrap();
        let mut bench = Bench::start(&config(&sink), records);
        bench.wait_for_run();
        sink.answer_path_with("runs/log-batch", MlflowAnswer::Slow(Duration::from_millis(20)));
        bench.record(0..30_000);
        bench.wait_for_points(|points| points.delivered >= 1_000);
        let ledger = bench.points();
        assert!(ledger.spooled + ledger.dropped > 10_000, "{ledger:?}");
        bench.export_aged();
        let ended = bench.finish();
        let delivered = ended.points.delivered;
        assert_eq!(fates(&ended.points), [delivered, 0, 0, 0]);
        assert_eq!(delivered - 14 + ended.points.sampled_out, 150_000);
        assert_eq!(missing_points(&ended), None);
    }
}

#[test]
fn a_server_that_has_kept_up_for_an_hour_gets_windows_from_then_on() {
    let sink = MlflowSink::new().start().unwrap();
    let mut bench = Bench::to(&sink);
    bench.wait_for_run();
    let second = |second: u64| RunOffset::from_duration(Duration::from_secs(second));
    let keeping_up = 3_610;
    bench.record_at(0..keeping_up, |index| index * 1_000);
    bench.telemetry.export_due(second(keeping_up));
    bench.wait_for_points(|points| points.delivered == keeping_up * 5);
    sink.answer_path_with("runs/log-batch", MlflowAnswer::Slow(Duration::from_millis(100)));
    bench.record_at(keeping_up..keeping_up + 5_000, |_| keeping_up * 1_000);
    bench.wait_for_points(|points| points.delivered > keeping_up * 5);
    bench.telemetry.export_due(second(keeping_up));
    bench.record_at(keeping_up + 5_000..keeping_up + 5_003, |_| keeping_up * 1_000 + 1_000);
    sink.restore();
    let ended = bench.finish();
    let export = MlflowExport::load(ended.folder.path()).unwrap().unwrap();
    assert_eq!(export.live, LiveMode::WindowsFrom { window: keeping_up + 1 });
    assert_eq!(fates(&ended.points), [(keeping_up + 5_000) * 5 + 14, 0, 0, 0]);
    assert_eq!(ended.points.sampled_out, 0);
    assert_eq!(only(&sink).metrics["live.window.requests.count"].len(), 1);
    assert!(
        messages(&ended.notices)[0].contains(&format!("from second {} on", keeping_up + 1)),
        "{:?}",
        ended.notices
    );
}

#[test]
fn a_server_that_does_not_answer_gets_no_windows_and_memory_is_bounded() {
    let mut sink = MlflowSink::new().start().unwrap();
    sink.stop();
    let mut bench = Bench::to(&sink);
    bench.record(0..30_000);
    bench.export_aged();
    let ledger = bench.points();
    assert!(ledger.spooled >= 50_000 && ledger.spooled < 55_000, "{ledger:?}");
    let ended = bench.finish();
    assert_eq!(fates(&ended.points), [0, 0, 150_000, 0]);
    let export = MlflowExport::load(ended.folder.path()).unwrap().unwrap();
    assert_eq!(export.live, LiveMode::Points);
    let messages = messages(&ended.notices);
    assert!(
        messages.len() == 1 && messages[0].contains("Connection refused"),
        "that it is behind goes without saying: {messages:?}"
    );
}

#[test]
fn windows_from_the_start_are_what_the_user_asks_for() {
    let sink = MlflowSink::new().start().unwrap();
    let mut config = config(&sink);
    config.mlflow.as_mut().unwrap().live = LiveMetrics::Windows;
    let mut bench = Bench::start(&config, RecordsOnDisk::Written);
    bench.record_at(0..3_000, |index| index);
    let ended = bench.finish();
    let run = only(&sink);
    assert_eq!(run.metrics["live.window.requests.count"].len(), 3);
    assert!(!run.metrics.contains_key("live.gen_ai.client.operation.duration"));
    assert_eq!(fates(&ended.points), [42, 0, 0, 0]);
}

#[test]
fn requests_that_never_arrived_are_lost_to_windows_and_without_records() {
    let sink = MlflowSink::new().start().unwrap();
    let mut windows = config(&sink);
    windows.mlflow.as_mut().unwrap().live = LiveMetrics::Windows;
    for (config, records, missing) in [
        (windows, RecordsOnDisk::Written, Some(3)),
        (config(&sink), RecordsOnDisk::NotWritten, None),
    ] {
        let mut bench = Bench::start(&config, records);
        bench.telemetry.count_missed(3);
        let ended = bench.finish();
        assert_eq!(fates(&ended.points), [0, 0, 0, 3]);
        assert_eq!(missing_points(&ended), missing);
    }
}

/// With a thousand requests each, which come to 50,000 points.
fn record_ten_seconds(bench: &mut Bench) {
    for second in 0..10_u64 {
        bench.record_at(second * 1_000..(second + 1) * 1_000, |index| index);
        bench.wait_for_points(|points| second == 0 || points.delivered > 0);
        bench
            .telemetry
            .export_due(RunOffset::from_duration(Duration::from_millis(second * 1_000 + 999)));
    }
}

fn points_of_requests(run: &SinkRun) -> u64 {
    let metrics = run.metrics.iter();
    let of_requests = metrics.filter(|(key, _)| key.starts_with("live.gen_ai."));
    of_requests.map(|(_, points)| points.len() as u64).sum()
}

fn number_after(words: &str, text: &str) -> u64 {
    let (_, rest) = text.split_once(words).unwrap_or_else(|| panic!("{text}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}
