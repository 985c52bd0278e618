//! Reading while spans come in at full speed, on a copy of the database that is kept.

use anyhow::ensure;

use super::child::{Backend, Scratch};
use super::drive::{Protocol, Question, Work};
use super::kept::Kept;
use super::load::{self, CLIENTS};
use super::question::Asked;
use super::spans::Shape;
use super::{figure, samples};
use crate::bench::experiment::Findings;
use crate::bench::figure::{Bar, Figure, Samples};
use crate::bench::setup::Setup;

/// What a page asks for that somebody looks at.
fn questions(kept: &Kept) -> Vec<(&'static str, Asked)> {
    vec![
        ("search of traces", Asked::traces(("status = 'ERROR'", ""), kept)),
        ("get a trace", Asked::trace(kept.contents.traces / 2)),
        ("get a run", Asked::run(&kept.contents.long_run)),
    ]
}

pub(crate) fn measure(setup: &Setup) -> anyhow::Result<Findings> {
    let kept = Kept::open(setup)?;
    let folder = Scratch::new(setup);
    kept.copy_to(folder.path())?;
    let asked = questions(&kept);
    let (mut answers, mut rates, mut peaks) = (vec![Vec::new(); asked.len()], Vec::new(), Vec::new());
    for _ in 0..setup.rounds() {
        let backend = Backend::start(setup, folder.path())?;
        for (_, asked) in &asked {
            asked.check(&backend)?;
        }
        let round = Round::of(setup, &backend, &asked)?;
        rates.push(round.spans_per_second);
        peaks.push(backend.usage()?.peak_memory_mb);
        for (answers, times) in answers.iter_mut().zip(round.answers) {
            answers.push(times);
        }
        backend.stop()?;
    }
    let mut figures = Vec::new();
    for ((name, _), rounds) in asked.iter().zip(&answers) {
        figures.extend(of_question(name, rounds)?);
    }
    figures.extend([
        figure("Spans over HTTP meanwhile", ("spans/s", Bar::Open), samples(rates)?),
        figure(
            "Peak memory, reading and ingesting",
            ("MB", Bar::AtMost(250.0)),
            samples(peaks)?,
        ),
    ]);
    Ok(Findings::of(figures))
}

fn of_question(name: &str, rounds: &[Samples]) -> anyhow::Result<[Figure; 2]> {
    let at = |quantile| samples(rounds.iter().map(|times| times.quantile(quantile)).collect());
    let name = format!("During ingest at full speed: {name}");
    Ok([
        figure(&format!("{name}, p50"), ("ms", Bar::Open), at(0.5)?),
        figure(&format!("{name}, p99"), ("ms", Bar::AtMost(50.0)), at(0.99)?),
    ])
}

/// What came of writing and reading at once.
struct Round {
    spans_per_second: f64,
    /// Milliseconds, for each question.
    answers: Vec<Samples>,
}

impl Round {
    /// Spans from all clients, and one more that asks.
    fn of(setup: &Setup, backend: &Backend, asked: &[(&str, Asked)]) -> anyhow::Result<Self> {
        let questions: Vec<Question> = asked.iter().map(|(_, asked)| asked.question.clone()).collect();
        let mut clients = vec![Work::Spans(Protocol::Http, Shape::Agents); CLIENTS];
        clients.push(Work::Ask(questions));
        let report = load::run(setup, backend.ports(), clients)?;
        ensure!(
            report.refused() == 0,
            "the server refused {} requests",
            report.refused()
        );
        let requests: usize = report.clients[..CLIENTS].iter().map(|client| client.taken.len()).sum();
        // The first question was asked before the clock was started.
        let reader = &report.clients[CLIENTS].taken;
        let answers = (0..asked.len()).map(|question| {
            let first = (question + asked.len() - 1) % asked.len();
            let times = reader.iter().skip(first).step_by(asked.len());
            samples(times.map(|micros| *micros as f64 / 1e3).collect())
        });
        Ok(Self {
            spans_per_second: (requests * Shape::Agents.spans()) as f64 / report.seconds,
            answers: answers.collect::<anyhow::Result<_>>()?,
        })
    }
}
