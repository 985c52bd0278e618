//! `loadspan serve`: the tracking server, until a signal ends it.

mod announce;
mod backup;
mod export;
mod gc;
pub(crate) mod settings;

use std::process;

use anyhow::Context;
use loadspan_record::counted;
use loadspan_server::{Outlet, Server, ServerConfig, ServerError, Stopped, Stored};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::{OperationArgs, ServeArgs, ServeCommand};
use crate::exit::{Exit, UsageError};
use crate::{host, terminal};

pub(crate) fn run(mut args: ServeArgs) -> anyhow::Result<Exit> {
    match args.command.take() {
        None => serve_until_signal(args),
        Some(ServeCommand::Backup(args)) => backup::run(args),
        Some(ServeCommand::Export(args)) => export::run(args),
        Some(ServeCommand::Gc(args)) => gc::run(args),
    }
}

fn serve_until_signal(args: ServeArgs) -> anyhow::Result<Exit> {
    let outlet = outlet(&args.operation);
    let config = settings::resolve(args)?;
    // What is missing shows in time: connections wait until there is a file for them.
    let _ = host::raise_open_files(u64::from(config.limits.connections));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start event loops")?;
    runtime.block_on(serve(config, outlet))
}

/// Serves until a signal comes, then finishes what is in flight. A second signal ends it at once.
async fn serve(config: ServerConfig, outlet: Outlet) -> anyhow::Result<Exit> {
    // Before the lines that say it listens: whoever reads them may send a signal at once.
    let mut signals = Signals::new().context("cannot listen for signals")?;
    let announcement = announce::Announcement::of(&config);
    let server = Server::bind(config, outlet).await.map_err(explain)?;
    let addresses = server.addresses().context("cannot tell where it listens")?;
    terminal::print_result(&announcement.render(addresses));
    let shutdown = async {
        signals.next().await;
        tokio::spawn(async move {
            signals.next().await;
            process::exit(Exit::Interrupted as i32);
        });
    };
    Ok(tell_stopped(server.serve(shutdown).await))
}

/// What the server leaves behind.
fn last_line(Stopped { cut_off, stored, .. }: Stopped) -> String {
    let Stored { spans, points, records } = stored;
    // Who was cut off has no answer, and sends again what was not acknowledged.
    let lost = if cut_off == 0 {
        ", all that was acknowledged"
    } else {
        ""
    };
    let [spans, points, records] =
        [(spans, "span"), (points, "point"), (records, "log record")].map(|(count, noun)| counted(count, noun));
    format!("stopped: {spans}, {points}, {records} stored since the start{lost}\n")
}

/// Says what was left undone, or that nothing was.
pub(crate) fn tell_stopped(stopped: Stopped) -> Exit {
    if stopped.cut_off > 0 {
        terminal::print_warning(&format!(
            "{} cut off because requests took too long",
            counted(stopped.cut_off as u64, "connection")
        ));
    }
    if !stopped.finished {
        terminal::print_warning("the database did not finish what was begun; what was acknowledged is stored");
        return Exit::Failure;
    }
    terminal::print_result(&last_line(stopped));
    Exit::Success
}

/// Ctrl-C and SIGTERM.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

fn outlet(args: &OperationArgs) -> Outlet {
    Outlet {
        access: args.access_log.then(|| Box::new(std::io::stderr()) as Box<_>),
        warnings: Box::new(terminal::print_warning),
    }
}

/// What the user can put right is said as such.
pub(crate) fn explain(error: ServerError) -> anyhow::Error {
    match (error.hint(), &error) {
        (Some(hint), _) => UsageError::with_hint(error.to_string(), hint).into(),
        (None, ServerError::Config(_)) => UsageError::new(error.to_string()).into(),
        (None, _) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_says_what_is_stored() {
        let mut stopped = Stopped {
            cut_off: 0,
            finished: true,
            stored: Stored {
                spans: 12_480,
                points: 3,
                records: 0,
            },
        };
        assert_eq!(
            last_line(stopped),
            "stopped: 12480 spans, 3 points, 0 log records stored since the start, all that was acknowledged\n"
        );
        stopped.cut_off = 1;
        assert!(!last_line(stopped).contains("acknowledged"));
    }
}
