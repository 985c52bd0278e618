//! Everything that is printed: data on stdout, the rest on stderr.

mod progress;
mod run_log;

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::sync::Arc;

use loadspan_record::{LiveNotice, Notice, NoticeLevel};
use loadspan_telemetry::Notices;

pub(crate) use self::progress::{ProgressLine, StageGoal};
use self::run_log::Level;

/// Keeps a copy of every note, warning and error from here on in a file.
pub(crate) fn keep_log(file: File) {
    run_log::keep_in(file);
}

/// Keeps nothing any more: the file is finished.
pub(crate) fn close_log() {
    run_log::close();
}

/// Prints an error and its causes, as the last thing.
pub(crate) fn print_error(error: &anyhow::Error) {
    say(Level::Error, &format!("{error:#}"));
}

/// Prints something that went wrong, or may be wrong, without ending anything.
pub(crate) fn print_warning(message: &str) {
    say(Level::Warning, message);
}

/// Prints a notice as a warning, with what to do about it.
pub(crate) fn print_notice(notice: &Notice) {
    let hint = notice
        .advice
        .as_ref()
        .map_or(String::new(), |advice| format!("\n  hint: {advice}"));
    print_warning(&format!("{}{hint}", notice.message));
}

/// Prints what has come up in a run.
pub(crate) fn print_live_notice(LiveNotice { level, notice }: &LiveNotice) {
    match level {
        NoticeLevel::Warning => print_notice(notice),
        NoticeLevel::Note => print_note(&notice.message),
    }
}

/// Takes live notices and prints them.
pub(crate) fn notices() -> Notices {
    Arc::new(|notice| print_live_notice(&notice))
}

/// Prints what is going on.
pub(crate) fn print_note(message: &str) {
    say(Level::Note, message);
}

/// Prints a message, and keeps it in the log of the run.
fn say(level: Level, message: &str) {
    let message = printable(message);
    print_line(&match level {
        Level::Note => message.clone(),
        Level::Warning => format!("{} {message}", label("warning:", "1;33")),
        Level::Error => format!("{} {message}", label("error:", "1;31")),
    });
    if let Err(error) = run_log::keep(level, &message) {
        print_line(&format!(
            "{} loadspan.log of this run is incomplete: {error}",
            label("warning:", "1;33")
        ));
    }
}

/// A closed stderr is not an error: nobody wants to know.
fn print_line(line: &str) {
    let _ = progress::aside(|| writeln!(std::io::stderr().lock(), "{line}"));
}

/// Servers have a say in some messages. None of them commands the terminal.
fn printable(message: &str) -> String {
    message.replace(|c: char| c.is_control() && c != '\n', "")
}

/// Prints a result.
///
/// A closed stdout (`loadspan … | head`) is not an error: nobody wants the rest.
pub(crate) fn print_result(text: &str) {
    let _ = progress::aside(|| {
        let mut stdout = std::io::stdout();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
    });
}

/// The width of the terminal for tables; 100 columns where there is none.
pub(crate) fn width() -> u16 {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let asked = || {
        rustix::termios::tcgetwinsize(std::io::stdout())
            .ok()
            .map(|size| size.ws_col)
            .filter(|width| *width > 0)
    };
    columns.or_else(asked).unwrap_or(100)
}

/// Whether stdout takes colours: a terminal, and no `NO_COLOR`.
pub(crate) fn stdout_takes_colour() -> bool {
    std::io::stdout().is_terminal() && colour_is_wanted()
}

fn colour_is_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn label(text: &str, colour: &str) -> String {
    if std::io::stderr().is_terminal() && colour_is_wanted() {
        format!("\x1b[{colour}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_command_the_terminal() {
        assert_eq!(printable("model \x1b]0;x\x07\u{9b}2J\nnext"), "model ]0;x2J\nnext");
    }
}
