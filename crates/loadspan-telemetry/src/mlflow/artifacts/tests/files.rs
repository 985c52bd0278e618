//! Files that are difficult, and a folder as a destination.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use loadspan_testkit::MlflowSink;

use super::harness::{Bench, arrived};

#[test]
fn a_file_that_changes_for_ever_is_reported_and_not_listed() {
    let sink = MlflowSink::new().start().unwrap();
    // Large enough that it changes while it is read, however busy the machine is.
    let bench = Bench::new(&sink).file("loadspan.log", vec![b'x'; 32 << 20]);
    let (path, over) = (bench.dir.path().join("loadspan.log"), AtomicBool::new(false));
    let upload = thread::scope(|scope| {
        scope.spawn(|| {
            let mut log = fs::OpenOptions::new().append(true).open(&path).unwrap();
            while !over.load(Ordering::Relaxed) {
                std::io::Write::write_all(&mut log, b"+").unwrap();
                thread::yield_now();
            }
        });
        let upload = bench.upload();
        over.store(true, Ordering::Relaxed);
        upload
    });
    assert_eq!(
        upload.failed,
        [("loadspan.log".to_owned(), "it changes while it is sent".to_owned())]
    );
    // Now it is at rest.
    assert_eq!(arrived(&bench.upload()), ["exports/loadspan.log"]);
}

#[test]
fn a_folder_of_this_machine_gets_copies() {
    let sink = MlflowSink::new().start().unwrap();
    let root = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(&sink).file("run.json", "{}").file("plots/a.svg", "<svg/>");
    let folder = root.path().join("1").join(&bench.run_id).join("artifacts");
    bench.artifact_uri = Some(format!("file://{}", folder.display()));
    assert_eq!(arrived(&bench.upload()), ["plots/a.svg", "exports/run.json"]);
    assert_eq!(fs::read(folder.join("plots/a.svg")).unwrap(), b"<svg/>");
}

#[test]
fn a_server_that_only_a_folder_names_writes_into_no_folder_of_this_machine() {
    let (sink, root) = (MlflowSink::new().start().unwrap(), tempfile::tempdir().unwrap());
    let mut bench = Bench::new(&sink).named_by_a_folder().file("run.json", "{}");
    for folder in ["", "1/RUN/artifacts"] {
        let folder = root.path().join(folder.replace("RUN", &bench.run_id));
        bench.artifact_uri = Some(format!("file://{}", folder.display()));
        let upload = bench.upload();
        assert_eq!((upload.arrived.len(), upload.failed.len()), (0, 1), "{upload:?}");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }
}

#[test]
fn a_server_of_the_user_writes_into_no_folder_that_is_none_of_a_run() {
    let (sink, root) = (MlflowSink::new().start().unwrap(), tempfile::tempdir().unwrap());
    let mut bench = Bench::new(&sink).file("run.json", "{}");
    bench.artifact_uri = Some(format!("file://{}", root.path().display()));
    let upload = bench.upload();
    assert!(
        upload.failed[0].1.contains("no folder that MLflow makes for a run"),
        "{upload:?}"
    );
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

#[test]
fn a_destination_that_cannot_be_written_costs_every_file_its_reason() {
    let sink = MlflowSink::new().artifact_root("dbfs:/mlflow").start().unwrap();
    let bench = Bench::new(&sink).file("run.json", "{}").file("summary.json", "{}");
    let upload = bench.upload();
    assert_eq!((upload.arrived.len(), upload.failed.len()), (0, 2));
    assert!(upload.failed[0].1.contains("only Databricks"), "{upload:?}");
}
