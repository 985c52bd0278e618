//! A browser for a page. Without one there is still the link.

use std::io;
use std::process::{Command, ExitStatus, Stdio};

use crate::terminal;

/// What opens an address with the program of the user's choice.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// Opens it, and waits for nothing: some openers end when the browser does. A failure is said.
pub(super) fn open(url: &str) {
    let opener = Command::new(OPENER)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let spawned = opener.and_then(|mut opener| {
        let waiter = std::thread::Builder::new().name("loadspan-browser".to_owned());
        waiter.spawn(move || tell(opener.wait()))
    });
    if let Err(error) = spawned {
        tell(Err(error));
    }
}

fn tell(ended: io::Result<ExitStatus>) {
    let reason = match ended {
        Ok(status) if status.success() => return,
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    terminal::print_note(&format!(
        "--open: {OPENER} opens no browser ({reason}): the link is above"
    ));
}
