//! Runs that came to nothing are FAILED, whatever telemetry did.

use loadspan_testkit::{DurationExt, FakeServer, Fault, Script, When, every};

use super::super::mlflow_reader::Histories;
use super::recorded::{Recorded, Records};
use super::{Suite, figures};

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let works = Script::new().ttft(5.ms()).tokens(16, every(1.ms()));
    // What is asked before the load is answered; without that there is no run.
    let asked_before = When::First(3);
    for (name, exit, flags) in [
        ("invalid", 4, &["--request-count", "40"][..]),
        (
            "too-many-failures",
            3,
            &["--request-count", "40", "--failed-request-threshold", "10"],
        ),
    ] {
        let server = FakeServer::new()
            .script(Script::new().fault(Fault::status(500)))
            .on(asked_before, works.clone())
            .start()?;
        let run = suite.profile(name, &server.url()).args(flags).run()?;
        suite.checks.equal(format!("{name}: exit code"), run.code, Some(exit));
        let logged = suite.reader.only_run(name, Histories::Live)?;
        suite.ended(name, &logged, ("FAILED", "false"));
        Recorded::load(&run.folder)?.compare_points(suite.checks, (name, &logged), Records::All);
        figures::compare(suite.checks, name, (&logged, &run.summary));
    }
    Ok(())
}
