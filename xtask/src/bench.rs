//! `cargo xtask bench`: what loadspan costs and how well it measures, against a server that knows the truth.
//!
//! Every figure is measured from outside: CPU time as the operating system counts it for the process, latencies by comparing
//! `records.jsonl` with what the server says of the same requests.

mod backend;
mod client;
mod experiment;
mod figure;
mod footprint;
mod host;
mod mlflow;
mod open_loop;
mod page;
mod peer;
mod process;
mod sdk;
mod server;
mod setup;
mod telemetry;
mod throughput;
mod truth;

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};

pub(crate) use self::backend::{DRIVE, drive};
use self::experiment::{EXPERIMENTS, Experiment, Findings};
use self::host::Host;
use self::page::Section;
pub(crate) use self::server::{COLLECT, SERVE, TRACK, collect, serve, track};
use self::setup::{Build, Length, Setup};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/performance.md");

/// What is to be measured.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// Only experiments whose name contains this.
    filter: Option<String>,
    runs: usize,
    length: Length,
    /// The loadspan that is measured, in place of a release build of this tree.
    binary: Option<PathBuf>,
}

impl Options {
    /// # Errors
    ///
    /// An option is unknown, or its value no number.
    pub(crate) fn parse(words: &[&str]) -> anyhow::Result<Self> {
        let mut options = Self {
            filter: None,
            runs: 5,
            length: Length::Usual,
            binary: None,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--long" => options.length = Length::Long,
                "--short" => options.length = Length::Short,
                "--binary" => options.binary = Some(words.next().context("--binary takes a file")?.into()),
                "--runs" => {
                    let runs = words.next().and_then(|runs| runs.parse().ok()).filter(|runs| *runs > 0);
                    options.runs = runs.context("--runs takes a number above zero")?;
                }
                word if word.starts_with('-') => bail!("no such option: {word}"),
                word => options.filter = Some(word.to_owned()),
            }
        }
        Ok(options)
    }

    fn chooses(&self, experiment: &Experiment) -> bool {
        let by_name = self
            .filter
            .as_ref()
            .is_none_or(|filter| experiment.name().contains(filter.as_str()));
        by_name
            && match self.length {
                Length::Short => experiment.section() == Section::Serve && !experiment.is_long(),
                Length::Usual => !experiment.is_long(),
                Length::Long => true,
            }
    }

    /// What is measured, and the other side of it. The SDK's experiments build more themselves.
    fn packages(&self) -> &'static [&'static str] {
        let is_of_sdk = |experiment: &Experiment| experiment.section() == Section::Sdk;
        if EXPERIMENTS
            .iter()
            .any(|experiment| self.chooses(experiment) && !is_of_sdk(experiment))
        {
            &["loadspan", "xtask"]
        } else {
            &["xtask"]
        }
    }

    fn build(&self) -> Build<'_> {
        match &self.binary {
            Some(file) => Build::Binary(file),
            None => Build::Packages(self.packages()),
        }
    }

    /// Whether a section can be written again: everything in it is measured properly, but for what has to be asked for.
    fn covers(&self, section: Section) -> bool {
        self.length != Length::Short
            && self.binary.is_none()
            && section
                .experiments()
                .all(|experiment| self.chooses(experiment) || experiment.is_long())
    }
}

/// Measures and prints. Sections of the page whose experiments were all measured are written again.
///
/// # Errors
///
/// Something cannot be built or started, or what it says makes no sense.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    ensure!(
        EXPERIMENTS.iter().any(|experiment| options.chooses(experiment)),
        "no experiment has such a name, or it needs --long; there are: {}",
        experiment::names()
    );
    // First, so that the load of the build is not among what is said of the machine.
    let host = Host::describe()?;
    let setup = Setup::build(options.runs, options.length, options.build())?;
    if host.load_average > 0.5 {
        eprintln!(
            "warning: the machine is busy (load average {:.1}); figures will be worse than they are",
            host.load_average
        );
    }
    for section in Section::ALL {
        let findings = measure(options, &setup, section)?;
        if options.covers(section) {
            let described = page::describe(&host, &setup, section);
            write_section(section, section.render(&described, &findings))?;
        }
    }
    Ok(())
}

/// What is asked for of a section.
fn measure(options: &Options, setup: &Setup, section: Section) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    for experiment in section.experiments().filter(|experiment| options.chooses(experiment)) {
        eprintln!("measuring {}", experiment.name());
        let found = experiment
            .measure(setup)
            .with_context(|| format!("experiment {}", experiment.name()))?;
        print!("{}", page::render_findings(&found));
        findings.append(found);
    }
    Ok(findings)
}

fn write_section(section: Section, body: String) -> anyhow::Result<()> {
    let page = std::fs::read_to_string(PAGE).context("cannot read docs/performance.md")?;
    std::fs::write(PAGE, page::render(&page, &[(section, body)])).context("cannot write docs/performance.md")?;
    eprintln!("a section of docs/performance.md is written");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_in_any_order() {
        let expected = Options {
            filter: Some("truth".to_owned()),
            runs: 3,
            length: Length::Long,
            binary: None,
        };
        for words in [["--long", "--runs", "3", "truth"], ["truth", "--runs", "3", "--long"]] {
            assert_eq!(Options::parse(&words).unwrap(), expected);
        }
    }

    #[test]
    fn bad_options_are_named() {
        let error = |words: &[&str]| Options::parse(words).unwrap_err().to_string();
        assert_eq!(error(&["--fast"]), "no such option: --fast");
        assert_eq!(error(&["--runs", "0"]), "--runs takes a number above zero");
    }

    #[test]
    fn the_long_experiment_has_to_be_asked_for() {
        let names = |words: &[&str]| {
            let options = Options::parse(words).unwrap();
            EXPERIMENTS
                .iter()
                .filter(|experiment| options.chooses(experiment))
                .map(Experiment::name)
                .collect::<Vec<_>>()
        };
        assert!(!names(&[]).contains(&"ten-million"));
        assert_eq!(names(&["--long", "ten-million"]), ["ten-million"]);
        assert_eq!(names(&["truth-1"]), ["truth-100", "truth-1000"]);
    }

    #[test]
    fn what_is_not_measured_properly_is_not_written() {
        for words in [["--short", "server"].as_slice(), &["--binary", "loadspan", "server"]] {
            let options = Options::parse(words).unwrap();
            assert!(!options.covers(Section::Serve), "{words:?}");
        }
    }

    #[test]
    fn a_section_is_covered_when_all_of_it_is_measured() {
        let covered = |word: &str| {
            let options = Options::parse(&[word]).unwrap();
            Section::ALL
                .into_iter()
                .filter(|section| options.covers(*section))
                .collect::<Vec<_>>()
        };
        assert_eq!(covered("sdk"), [Section::Sdk]);
        assert_eq!(covered("sdk-cost"), []);
        assert_eq!(covered("server"), [Section::Serve]);
        assert_eq!(covered("mlflow"), [Section::MlflowLive, Section::MlflowEnd]);
        assert!(
            Section::ALL
                .into_iter()
                .all(|section| Options::parse(&[]).unwrap().covers(section))
        );
    }
}
