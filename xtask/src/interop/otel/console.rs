//! Spans on the standard output, as users of inference-perf get them without an endpoint.

use std::fs;

use super::super::Workplace;
use super::super::check::Checks;
use super::super::loadspan::profile;
use super::super::{otlp_json, python};
use super::server;

pub(super) fn check(place: &Workplace, checks: &mut Checks) -> anyhow::Result<()> {
    let server = server().start()?;
    let run = profile(place, "console", &server.url())
        .env("OTEL_TRACES_ENABLED", "true")
        .env("OTEL_SERVICE_NAME", "my-benchmark")
        .args(&["--request-count", "12"])
        .run()?;
    checks.equal("console: exit code", run.code, Some(0));
    let folder = place.scratch.join("console");
    fs::create_dir_all(&folder)?;
    let mut payloads = Vec::new();
    for (number, line) in run.stdout.lines().filter(|line| line.starts_with('{')).enumerate() {
        fs::write(folder.join(format!("{number:04}.traces.json")), line)?;
        payloads.push(serde_json::from_str(line)?);
    }
    let spans = otlp_json::spans(&payloads);
    checks.equal(
        "console: spans on stdout",
        spans.len() as u64,
        run.ledger("traces", "delivered"),
    );
    checks.equal(
        "console: Python reads each line",
        python::decode(place, &folder)?.spans,
        spans.len() as u64,
    );
    let service = payloads
        .first()
        .map(|payload| otlp_json::attributes(&payload["resourceSpans"][0]["resource"]));
    let service = service.and_then(|attributes| attributes.get("service.name").cloned());
    checks.equal("console: OTEL_SERVICE_NAME", service, Some("my-benchmark".into()));
    Ok(())
}
