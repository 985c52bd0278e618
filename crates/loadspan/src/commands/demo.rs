//! `loadspan demo`: the mock, the tracking server and three benchmarks, in one process.

mod benchmarks;
mod browser;
mod mock;
mod page;
mod place;
mod server_spans;
mod sketch;

use std::io::IsTerminal;
use std::sync::Arc;

use anyhow::Context;

use self::benchmarks::{Benchmarks, Measured};
use self::page::Page;
use self::place::DemoPlace;
use self::server_spans::ServerSpans;
use crate::cli::DemoArgs;
use crate::exit::Exit;
use crate::{signals, terminal};

/// The experiment of the runs and of the server's spans.
const EXPERIMENT: &str = "demo";

/// When it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// When the benchmarks are over.
    ByItself,
    /// When somebody ends it.
    BySignal,
}

impl Ending {
    /// Where nobody looks, nobody would end it.
    fn of(args: &DemoArgs) -> Self {
        let is_watched = std::io::stdin().is_terminal() || std::io::stdout().is_terminal();
        if is_watched && !args.exit {
            Self::BySignal
        } else {
            Self::ByItself
        }
    }
}

pub(crate) fn run(args: DemoArgs) -> anyhow::Result<Exit> {
    signals::listen().context("cannot listen for signals")?;
    let ending = Ending::of(&args);
    let place = DemoPlace::claim(&args)?;
    let mock = Arc::new(mock::start()?);
    let page = Page::serve(&place)?;
    let spans = ServerSpans::follow(Arc::clone(&mock), page.address())?;
    let benchmarks = Benchmarks {
        place: &place,
        page: page.url(),
        target: mock.url(),
        duration: args.benchmark_duration,
        opens: args.open,
    };
    let measured = benchmarks.run();
    // What the mock has seen is sent before anybody is told that everything is there.
    spans.rest();
    let closing = Closing {
        page: page.url(),
        target: mock.url(),
        place: &place,
    };
    if let Ok(measured) = &measured
        && !signals::heard()
    {
        terminal::print_result(&closing.text(measured, ending));
        if ending == Ending::BySignal {
            signals::wait();
        }
    }
    spans.finish();
    let stopped = page.stop();
    let measured = measured?;
    Ok(if stopped == Exit::Success {
        measured.exit
    } else {
        stopped
    })
}

/// Where to go on from here.
struct Closing<'a> {
    /// The addresses of the page and of the mock.
    page: String,
    target: String,
    place: &'a DemoPlace,
}

impl Closing<'_> {
    fn text(&self, measured: &Measured, ending: Ending) -> String {
        let Self { page, target, place } = self;
        let later = format!(
            "\nresults         {}\nthe page again  loadspan serve --backend-store-uri {}\n",
            place.folder().display(),
            place.database()
        );
        match ending {
            Ending::ByItself => later,
            Ending::BySignal => format!(
                "\ncompare them    {page}/compare?runs={}\nload it again   loadspan profile --url {target} --streaming --request-rate 40 \
                 --benchmark-duration 10 --mlflow-tracking-uri {page} --mlflow-experiment {EXPERIMENT} --mlflow-traces{later}\nThe page stays until you press Ctrl-C.\n",
                measured.runs.join(",")
            ),
        }
    }
}
