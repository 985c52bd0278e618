//! However the bytes of an event stream are cut and spelled, the same tokens come out.

use std::num::NonZeroUsize;
use std::time::Duration;

use loadspan_testkit::{DataSpace, DurationExt, Ending, LineEnding, Script, TokenText, Writes, every};

use super::super::check::{chunks, completed, output_tokens};
use super::{Case, bench, case};

/// Sixteen tokens of two to four bytes a character.
fn script() -> Script {
    Script::new().tokens(16, every(Duration::ZERO)).text(TokenText::Unicode)
}

fn split(bytes: usize, pause: Duration) -> Writes {
    Writes::Split {
        bytes: NonZeroUsize::new(bytes).unwrap_or(NonZeroUsize::MIN),
        pause,
    }
}

pub(super) fn cases() -> Vec<Case> {
    let row = |name, script| case(name, bench(script), [completed(12), chunks(12 * 16), output_tokens()]);
    vec![
        row("lines end in CR LF", script().line_ending(LineEnding::CrLf)),
        row("no space after data:", script().data_space(DataSpace::Absent)),
        row("many events a write", script().writes(Writes::Together)),
        row("one event a write", script().writes(Writes::OnePerEvent)),
        row("cut every 3 bytes", script().writes(split(3, Duration::ZERO))),
        row("cut every 101 bytes, apart", script().writes(split(101, 1.ms()))),
        row(
            "cut in CR LF",
            script().line_ending(LineEnding::CrLf).writes(split(1, Duration::ZERO)),
        ),
        row("[DONE] missing", script().ending(Ending::WithoutDone)),
    ]
}
