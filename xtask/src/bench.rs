//! `cargo xtask bench`: what loadspan costs and how well it measures, against a server that knows the truth.
//!
//! Every figure is measured from outside: CPU time as the operating system counts it for the process, latencies by comparing
//! `records.jsonl` with what the server says of the same requests.

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

use anyhow::{Context, bail, ensure};

use self::experiment::{EXPERIMENTS, Experiment, Findings};
use self::host::Host;
use self::page::Section;
pub(crate) use self::server::{COLLECT, SERVE, TRACK, collect, serve, track};
use self::setup::Setup;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/performance.md");

/// What is to be measured.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// Only experiments whose name contains this.
    filter: Option<String>,
    runs: usize,
    length: Length,
}

/// Whether the experiment that takes minutes is among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Short,
    Long,
}

impl Options {
    /// # Errors
    ///
    /// An option is unknown, or its value no number.
    pub(crate) fn parse(words: &[&str]) -> anyhow::Result<Self> {
        let mut options = Self {
            filter: None,
            runs: 5,
            length: Length::Short,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--long" => options.length = Length::Long,
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
        by_name && (self.length == Length::Long || !experiment.is_long())
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

    /// Whether everything in a section is measured, but for what has to be asked for.
    fn covers(&self, section: Section) -> bool {
        section
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
    let setup = Setup::build(options.runs, options.packages())?;
    if host.load_average > 0.5 {
        eprintln!(
            "warning: the machine is busy (load average {:.1}); figures will be worse than they are",
            host.load_average
        );
    }
    let described = page::describe(&host, &setup);
    for section in Section::ALL {
        let findings = measure(options, &setup, section)?;
        if options.covers(section) {
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
        assert_eq!(covered("mlflow"), [Section::MlflowLive, Section::MlflowEnd]);
        assert!(
            Section::ALL
                .into_iter()
                .all(|section| Options::parse(&[]).unwrap().covers(section))
        );
    }
}
