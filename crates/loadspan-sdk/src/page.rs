//! Holds `docs/sdk.md`, which is linked to as `sdk.md` for the package, to the table of variables. Run with `LOADSPAN_UPDATE_DOCS=1`, the test writes the section instead.

use std::fmt::Write as _;

use crate::config::VARIABLES;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sdk.md");
const BEGIN: &str = "<!-- environment:begin -->\n";
const END: &str = "<!-- environment:end -->";

#[test]
fn the_page_says_what_the_code_says() {
    let written = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = written.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let expected = format!("{before}{BEGIN}\n{}\n{END}{after}", environment());
    if std::env::var_os("LOADSPAN_UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, expected).unwrap();
        return;
    }
    assert!(
        written == expected,
        "docs/sdk.md is out of date: run this test with LOADSPAN_UPDATE_DOCS=1"
    );
}

fn environment() -> String {
    let mut table = "| variable | effect |\n|---|---|\n".to_owned();
    for variable in VARIABLES {
        writeln!(table, "| `{}` | {} |", variable.name, variable.effect).unwrap();
    }
    table
}
