//! Everything that is checked, by group. A row is a server, a load and what must come of it.

mod arithmetic;
mod endpoints;
mod events;
mod failures;
mod first_token;
mod load;
mod open_load;
mod tokens;

use loadspan_testkit::{DurationExt, FakeServer, Script, every};

use super::bench::Bench;
use super::check::Check;

/// Rows that belong together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) cases: Vec<Case>,
}

/// A run and what is checked of it.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) bench: Bench,
    pub(super) checks: Vec<Check>,
}

/// Every group, in the order in which they are run and shown.
pub(super) fn groups() -> Vec<Group> {
    vec![
        Group {
            title: "First token",
            cases: first_token::cases(),
        },
        Group {
            title: "Tokens and chunks",
            cases: tokens::cases(),
        },
        Group {
            title: "Event streams",
            cases: events::cases(),
        },
        Group {
            title: "Failures",
            cases: failures::cases(),
        },
        Group {
            title: "Closed load",
            cases: load::cases(),
        },
        Group {
            title: "Open load",
            cases: open_load::cases(),
        },
        Group {
            title: "Endpoints and transport",
            cases: endpoints::cases(),
        },
        Group {
            title: "Arithmetic",
            cases: arithmetic::cases(),
        },
    ]
}

fn case(name: &'static str, bench: Bench, checks: impl Into<Vec<Check>>) -> Case {
    Case {
        name,
        bench,
        checks: checks.into(),
    }
}

/// Four tokens, 4 ms apart after 15 ms, each a fifth earlier or later.
fn paced() -> Script {
    Script::new().ttft(15.ms()).tokens(4, every(4.ms())).jitter(0.2)
}

/// A server that answers everything in this way.
fn server(script: Script) -> FakeServer {
    FakeServer::new().script(script)
}

/// A load on a server that answers everything in this way.
fn bench(script: Script) -> Bench {
    Bench::new(server(script))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_row_has_a_name_of_its_own_and_checks_something() {
        let groups = groups();
        let cases: Vec<_> = groups.iter().flat_map(|group| &group.cases).collect();
        let names: HashSet<_> = cases.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), cases.len());
        assert!(cases.iter().all(|case| !case.checks.is_empty()));
    }
}
