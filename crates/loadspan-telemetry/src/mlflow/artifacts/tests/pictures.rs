//! Pictures for a run that is there.

use std::time::Duration;

use loadspan_testkit::MlflowSink;

use super::harness::{Bench, arrived, limit, server, stored};
use crate::mlflow::upload_pictures;

#[test]
fn pictures_go_to_plots_and_nothing_else_of_the_run_is_touched() {
    let sink = MlflowSink::new().start().unwrap();
    let bench = Bench::new(&sink)
        .file("out/cdf.svg", "<svg/>")
        .file("out/page.html", "<html>");
    let before = sink.runs();
    let pictures = ["out/cdf.svg", "out/page.html", "out/gone.png"].map(|name| bench.dir.path().join(name));
    let upload = upload_pictures(&bench.server, &bench.run_id, &pictures, &bench.limit).unwrap();
    assert_eq!(arrived(&upload), ["plots/cdf.svg", "plots/page.html"]);
    assert_eq!(stored(&sink)[0], ("plots/cdf.svg".to_owned(), b"<svg/>".to_vec()));
    assert_eq!(upload.failed.len(), 1);
    assert!(upload.failed[0].0.ends_with("gone.png"));
    assert_eq!(sink.runs(), before);
    assert_eq!(sink.requests_to("runs/update"), 0);
}

#[test]
fn a_run_that_is_not_there_is_named() {
    let sink = MlflowSink::new().start().unwrap();
    let error = upload_pictures(&server(&sink.url()), "nobody", &[], &limit(Duration::from_secs(5))).unwrap_err();
    let error = error.to_string();
    assert!(
        error.starts_with("cannot find the MLflow run `nobody` at http://127.0.0.1:"),
        "{error}"
    );
}
