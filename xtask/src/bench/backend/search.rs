//! Reading what is there, on a server that has nothing else to do.

use anyhow::ensure;

use super::child::Backend;
use super::drive::{Limit, Plan, Question, Work};
use super::kept::Kept;
use super::question::Asked;
use super::template::session;
use super::{figure, samples, start};
use crate::bench::experiment::Findings;
use crate::bench::figure::{Bar, Figure};
use crate::bench::setup::Setup;

/// How often each question is asked in a round, after once that fills caches.
const TIMES: u64 = 9;

/// What people search for: rare and frequent values, alone and together, in several orders.
fn searches(kept: &Kept) -> Vec<Asked> {
    let session = format!("metadata.mlflow.trace.session = 'session-{}'", session(40));
    [
        ("", ""),
        ("", "execution_time DESC"),
        ("status = 'OK'", ""),
        ("status = 'ERROR'", ""),
        ("status = 'ERROR'", "execution_time DESC"),
        ("name = 'chat'", "execution_time DESC"),
        ("name = 'needle'", ""),
        ("name ILIKE '%AGENT%'", ""),
        ("tags.model = 'model-7' AND status = 'ERROR'", ""),
        (
            "tags.`deployment.environment.name` = 'dev' AND name = 'chat' AND status = 'OK'",
            "execution_time DESC",
        ),
        ("tags.ticket = 'T77'", ""),
        (session.as_str(), ""),
        ("user_id = 'user-4'", ""),
        ("run_id = 'run-3'", ""),
        ("execution_time > 100 AND execution_time < 110", ""),
    ]
    .map(|search| Asked::traces(search, kept))
    .into()
}

fn questions(kept: &Kept) -> Vec<Asked> {
    let mut asked = searches(kept);
    // It looks at spans one by one, up to 100,000 of them: no bar was ever set for that.
    asked.push(Asked {
        bar: Bar::Open,
        ..Asked::traces(("span.name LIKE 'chat gpt%'", ""), kept)
    });
    let one = "metrics.`metric-7` > 0.5";
    let three = "metrics.`metric-7` > 0.5 AND metrics.`metric-20` < 0.5 AND params.`param-3` LIKE 'value 1%'";
    let by = "metrics.`metric-8` DESC";
    asked.extend([
        Asked::wide_trace(),
        Asked::runs((100, one, by), kept).within_ms(100.0),
        Asked::runs((100, three, by), kept).within_ms(100.0),
        Asked::runs((1_000, one, by), kept),
        Asked::history(
            "/api/2.0/mlflow/metrics/get-history?run_id=RUN&metric_key=metric_0&max_results=25000",
            "First 25,000 of a metric's history",
            kept,
        ),
        Asked::history(
            "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids=RUN&metric_key=metric_0&max_results=320",
            "320 of a metric's history, evenly",
            kept,
        ),
    ]);
    asked
}

pub(crate) fn measure(setup: &Setup) -> anyhow::Result<Findings> {
    let kept = Kept::open(setup)?;
    let ready = figure(
        &format!("Ready after start, {}", kept.describe()?),
        ("ms", Bar::AtMost(1_000.0)),
        start::times_on(setup, &kept.folder)?,
    );
    let asked = questions(&kept);
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); asked.len()];
    for _ in 0..setup.rounds() {
        let backend = Backend::start(setup, &kept.folder)?;
        for (asked, times) in asked.iter().zip(&mut times) {
            asked.check(&backend)?;
            times.extend(answer_times(setup, &backend, &asked.question)?);
        }
        backend.stop()?;
    }
    let answered = asked.iter().zip(times).map(|(asked, times)| {
        let Asked { name, bar, .. } = asked;
        Ok(figure(name, ("ms", *bar), samples(times)?))
    });
    let answered = answered.collect::<anyhow::Result<Vec<Figure>>>()?;
    Ok(Findings::of([vec![ready], answered].concat()))
}

fn answer_times(setup: &Setup, backend: &Backend, question: &Question) -> anyhow::Result<Vec<f64>> {
    let plan = Plan {
        ports: backend.ports(),
        clients: vec![Work::Ask(vec![question.clone()])],
        limit: Limit::Requests(TIMES),
        seed: 0,
        sent: 0,
    };
    let report = plan.run(setup)?;
    ensure!(report.refused() == 0, "the server refused {}", question.path);
    Ok(report.taken().collect())
}
