//! Renders `docs/performance.md`.

use std::fmt;

use super::experiment::Findings;
use super::figure::{Bar, Comparison, Figure, Short};
use super::host::Host;
use super::setup::{Pinning, Setup};
use super::truth::TruthRow;

const INTRO: &str = include_str!("page/intro.md");
const METHOD: &str = include_str!("page/method.md");
const PUBLISHED: &str = include_str!("page/published.md");

/// The part of the page that is measured, from the first section to the end of the last.
const END: &str = "<!-- bench:end -->";

/// A part of the page that is written as a whole when all of its experiments were measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// The load generator.
    Load,
    MlflowLive,
    MlflowEnd,
    /// loadspan-sdk.
    Sdk,
    /// loadspan serve.
    Serve,
}

impl Section {
    /// In the order of the page.
    pub(crate) const ALL: [Self; 5] = [Self::Load, Self::MlflowLive, Self::MlflowEnd, Self::Sdk, Self::Serve];

    const fn begin(self) -> &'static str {
        match self {
            Self::Load => "<!-- bench:load -->",
            Self::MlflowLive => "<!-- bench:mlflow-live -->",
            Self::MlflowEnd => "<!-- bench:mlflow-end -->",
            Self::Sdk => "<!-- bench:sdk -->",
            Self::Serve => "<!-- bench:serve -->",
        }
    }

    /// `None`: it has headings of its own.
    const fn heading(self) -> Option<&'static str> {
        match self {
            Self::Load => None,
            Self::MlflowLive => Some("## Live MLflow"),
            Self::MlflowEnd => Some("## The end of a run in MLflow"),
            Self::Sdk => Some("## loadspan-sdk"),
            Self::Serve => Some("## loadspan serve"),
        }
    }

    /// Which cores the two sides have.
    const fn placement(self, pinning: Pinning) -> &'static str {
        match (self, pinning) {
            (Self::Serve, Pinning::Pinned) => "server and clients share two cores",
            (Self::Serve, Pinning::Unpinned) => "server and clients share all cores, for want of `taskset`",
            (_, Pinning::Pinned) => "server and client pinned to a core each",
            (_, Pinning::Unpinned) => "**server and client not pinned**, for want of `taskset`: expect worse figures",
        }
    }

    pub(crate) fn render(self, described: &str, findings: &Findings) -> String {
        let figures = format!("{}\n{}", FigureTable(&findings.figures), Gaps(&findings.figures));
        let mut parts = vec![described.to_owned()];
        match self.heading() {
            Some(heading) => {
                parts.insert(0, format!("{heading}\n"));
                parts.push(figures);
            }
            None => {
                parts.push(format!("## Figures\n\n{figures}"));
                parts.push(format!(
                    "## Truth\n\nTime to first token, ms; medians of the runs.\n\n{}",
                    TruthTable(&findings.truths)
                ));
                parts.push(format!(
                    "## Beside other clients here\n\n{}",
                    clients(&findings.comparisons)
                ));
            }
        }
        if matches!(self, Self::Sdk | Self::Serve) && !findings.comparisons.is_empty() {
            parts.push(ComparisonTable(&findings.comparisons).to_string());
        }
        parts.extend(findings.remarks.iter().map(|remark| format!("{remark}\n")));
        parts.join("\n")
    }
}

/// The whole page: the sections of the one that there is, but for those that were measured now.
pub(crate) fn render(page: &str, measured: &[(Section, String)]) -> String {
    let sections = Section::ALL.map(|section| {
        let now = measured.iter().find(|(known, _)| *known == section);
        let body = match (now, body_in(page, section)) {
            (Some((_, body)), _) => body.clone(),
            (None, Some(body)) => body.to_owned(),
            (None, None) => format!("{}\n\nNot measured yet.", section.heading().unwrap_or("## Figures")),
        };
        format!("{}\n\n{}\n", section.begin(), body.trim_end())
    });
    let end = format!("{END}\n");
    [INTRO, &sections.join("\n"), &end, METHOD, PUBLISHED].join("\n")
}

fn body_in(page: &str, section: Section) -> Option<&str> {
    let (_, rest) = page.split_once(section.begin())?;
    let (body, _) = rest.split_once("<!-- bench:")?;
    Some(body.trim())
}

/// The tables of one experiment, for the terminal.
pub(crate) fn render_findings(findings: &Findings) -> String {
    let mut out = String::new();
    if !findings.figures.is_empty() {
        out += &FigureTable(&findings.figures).to_string();
    }
    if !findings.truths.is_empty() {
        out += &format!("\n{}", TruthTable(&findings.truths));
    }
    if !findings.comparisons.is_empty() {
        out += &format!("\n{}", ComparisonTable(&findings.comparisons));
    }
    for remark in &findings.remarks {
        out += &format!("\n{remark}\n");
    }
    out + "\n"
}

/// loadspan beside other load generators.
fn clients(comparisons: &[Comparison]) -> String {
    if comparisons.is_empty() {
        return "Neither `wrk` nor `oha` is installed on this machine.\n".to_owned();
    }
    format!(
        "{}\n`wrk` and `oha` count responses: they make no prompts, read no tokens and record nothing.\n",
        ComparisonTable(comparisons)
    )
}

/// What sections say of the machine and the runs.
pub(crate) fn describe(host: &Host, setup: &Setup, section: Section) -> String {
    let Host {
        date,
        cpu,
        cores,
        memory_gib,
        kernel,
        rustc,
        load_average,
    } = host;
    let cores_word = if *cores == 1 { "core" } else { "cores" };
    let runs = match setup.runs {
        1 => "One run of each".to_owned(),
        runs => format!("Up to {runs} runs of each"),
    };
    let placement = section.placement(setup.pinning());
    format!(
        "Measured on {date}: {cpu}, {cores} {cores_word}, {memory_gib:.0} GiB, Linux {kernel}, {rustc}, load average before the start \
         {load_average:.2}. {runs}; {placement}.\n"
    )
}

struct FigureTable<'a>(&'a [Figure]);

impl fmt::Display for FigureTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("| figure | unit | bar | measured: median (min–max) | reached |\n|---|---|--:|--:|---|\n")?;
        for figure in self.0 {
            let Figure {
                name,
                unit,
                bar,
                samples,
            } = figure;
            let reached = match bar {
                Bar::Open => "",
                _ if figure.is_reached() => "yes",
                _ => "**no**",
            };
            writeln!(f, "| {name} | {unit} | {bar} | {samples} | {reached} |")?;
        }
        Ok(())
    }
}

/// What is missing, in sentences.
struct Gaps<'a>(&'a [Figure]);

impl fmt::Display for Gaps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missed: Vec<&Figure> = self.0.iter().filter(|figure| !figure.is_reached()).collect();
        let bars = self.0.iter().filter(|figure| figure.bar != Bar::Open).count();
        if missed.is_empty() {
            return f.write_str("Every bar is reached.\n");
        }
        writeln!(f, "{} of {} bars are not reached:\n", missed.len(), bars)?;
        for figure in missed {
            let (median, percent) = (Short(figure.samples.median()), Short(figure.gap() * 100.0));
            let Figure { name, unit, bar, .. } = figure;
            writeln!(
                f,
                "- {name}: {median} {unit} where the bar is {bar}, off by {percent} %."
            )?;
        }
        Ok(())
    }
}

struct TruthTable<'a>(&'a [TruthRow]);

impl fmt::Display for TruthTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "| streams | requests | server p50 | p99 | loadspan p50 | p99 | error p50 | p99 | of it to the server p50 | p99 | \
             to the client p50 | p99 | memory, MB | verdict |\n\
             |--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|\n",
        )?;
        for row in self.0 {
            write!(f, "| {} | {} |", Short(f64::from(row.streams)), Short(row.requests))?;
            for time in [row.truth, row.reported].concat() {
                write!(f, " {time:.1} |")?;
            }
            for time in [row.error, row.to_server, row.to_client].concat() {
                write!(f, " {time:.3} |")?;
            }
            writeln!(f, " {} | {} |", Short(row.memory_mb), row.verdict)?;
        }
        Ok(())
    }
}

struct ComparisonTable<'a>(&'a [Comparison]);

impl fmt::Display for ComparisonTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("| | unit | loadspan | other | | loadspan ÷ other |\n|---|---|--:|---|--:|--:|\n")?;
        for comparison in self.0 {
            let Comparison {
                figure,
                unit,
                peer,
                ours,
                theirs,
                ratios,
            } = comparison;
            writeln!(f, "| {figure} | {unit} | {ours} | {peer} | {theirs} | {ratios} |")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figure::Samples;

    fn figure(name: &str, bar: Bar, values: &[f64]) -> Figure {
        let samples = Samples::new(values.to_vec()).unwrap();
        Figure {
            name: name.to_owned(),
            unit: "ms",
            bar,
            samples,
        }
    }

    #[test]
    fn each_experiment_is_shown_with_its_bar() {
        let samples = |values: &[f64]| Samples::new(values.to_vec()).unwrap();
        let findings = Findings {
            figures: vec![
                figure("speed", Bar::AtLeast(80_000.0), &[90_000.0, 85_000.0]),
                figure("error", Bar::AtMost(1.0), &[1.25]),
            ],
            comparisons: vec![Comparison {
                figure: "speed".to_owned(),
                unit: "requests/s",
                peer: "wrk",
                ours: samples(&[100.0]),
                ratios: samples(&[0.5]),
                theirs: samples(&[200.0]),
            }],
            truths: vec![TruthRow {
                streams: 1_000,
                requests: 4_000.0,
                reported: [200.4, 239.96],
                truth: [200.1, 239.8],
                error: [0.31, 1.2],
                to_server: [0.21, 1.0],
                to_client: [0.1, 0.2],
                memory_mb: 90.4,
                verdict: "valid".to_owned(),
            }],
            remarks: vec!["Nothing else was there.".to_owned()],
        };
        insta::assert_snapshot!(render_findings(&findings), @r"
        | figure | unit | bar | measured: median (min–max) | reached |
        |---|---|--:|--:|---|
        | speed | ms | ≥ 80,000 | 87,500 (85,000–90,000) | yes |
        | error | ms | ≤ 1 | 1.25 | **no** |

        | streams | requests | server p50 | p99 | loadspan p50 | p99 | error p50 | p99 | of it to the server p50 | p99 | to the client p50 | p99 | memory, MB | verdict |
        |--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|
        | 1,000 | 4,000 | 200.1 | 239.8 | 200.4 | 240.0 | 0.310 | 1.200 | 0.210 | 1.000 | 0.100 | 0.200 | 90.4 | valid |

        | | unit | loadspan | other | | loadspan ÷ other |
        |---|---|--:|---|--:|--:|
        | speed | requests/s | 100 | wrk | 200 | 0.5 |

        Nothing else was there.
        ");
    }

    #[test]
    fn sections_that_were_not_measured_stay() {
        let first = render("", &[(Section::Load, "load, then\n".to_owned())]);
        assert!(
            first.contains("<!-- bench:sdk -->\n\n## loadspan-sdk\n\nNot measured yet.\n"),
            "{first}"
        );

        let second = render(&first, &[(Section::Sdk, "the SDK".to_owned())]);
        assert!(
            second.contains("<!-- bench:load -->\n\nload, then\n\n<!-- bench:mlflow-live -->"),
            "{second}"
        );
        assert!(
            second.contains("<!-- bench:sdk -->\n\nthe SDK\n\n<!-- bench:serve -->"),
            "{second}"
        );
        assert_eq!(render(&second, &[]), second);
    }

    /// Run with `LOADSPAN_UPDATE_DOCS=1`, it writes the page instead.
    #[test]
    fn the_page_has_the_words_of_the_generator() {
        let path = crate::bench::PAGE;
        let page = std::fs::read_to_string(path).unwrap();
        let expected = render(&page, &[]);
        if std::env::var_os("LOADSPAN_UPDATE_DOCS").is_some() {
            std::fs::write(path, expected).unwrap();
            return;
        }
        assert!(
            page == expected,
            "docs/performance.md is out of date: run this test with LOADSPAN_UPDATE_DOCS=1"
        );
    }

    #[test]
    fn what_has_no_bar_is_shown_and_not_judged() {
        let open = figure("memory", Bar::Open, &[3.0]);
        assert!(
            FigureTable(std::slice::from_ref(&open))
                .to_string()
                .ends_with("| memory | ms | – | 3 |  |\n")
        );
        assert_eq!(Gaps(&[open]).to_string(), "Every bar is reached.\n");
    }

    #[test]
    fn gaps_are_said_plainly() {
        let reached = figure("size", Bar::AtMost(20.0), &[10.0]);
        let missed = figure("error", Bar::AtMost(1.0), &[1.25]);
        assert_eq!(
            Gaps(std::slice::from_ref(&reached)).to_string(),
            "Every bar is reached.\n"
        );
        insta::assert_snapshot!(Gaps(&[reached, missed]), @r"
        1 of 2 bars are not reached:

        - error: 1.25 ms where the bar is ≤ 1, off by 25 %.
        ");
    }
}
