//! The thread that scrapes.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use loadspan_record::{LiveNotice, RunOffset};
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::task::LocalSet;
use tokio::time::MissedTickBehavior;

use crate::config::{GpuSource, ScrapeConfig};
use crate::outputs::{ScrapeOutputs, Sinks};
use crate::report::{ScrapeReport, SourceReport};
use crate::source::{Next, Source};

/// The longest that the last scrape may take.
const LAST_SCRAPE: Duration = Duration::from_secs(1);

/// How much longer than the last scrape [`Scraper::finish`] waits: a disk may hang, or a driver that is being closed.
const GRACE: Duration = Duration::from_secs(2);

/// A thread that scrapes until [`Scraper::finish`]. Dropped without it, the thread still ends.
#[derive(Debug)]
pub struct Scraper {
    stop: watch::Sender<bool>,
    /// Disconnected once every source has been asked.
    asked: mpsc::Receiver<()>,
    /// Disconnected once the thread has nothing more to do.
    done: mpsc::Receiver<()>,
    thread: JoinHandle<ScrapeReport>,
    timeout: Duration,
}

/// What all sources of a run share.
struct Shared {
    now: Box<dyn Fn() -> RunOffset + Send>,
    interval: Duration,
    timeout: Duration,
    sinks: RefCell<Sinks>,
}

impl Scraper {
    /// Starts to scrape at once. `now` is the clock of the run, from which it may be read on any thread. What cannot even be asked
    /// is among the notices.
    ///
    /// # Errors
    ///
    /// There is no thread to be had.
    pub fn start(
        config: &ScrapeConfig,
        now: impl Fn() -> RunOffset + Send + 'static,
        outputs: ScrapeOutputs,
    ) -> io::Result<Self> {
        let (sources, unusable) = sources(config);
        let (interval, timeout) = (config.interval.max(Duration::from_millis(1)), config.timeout);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = watch::channel(false);
        let (asking, asked) = mpsc::channel();
        let (doing, done) = mpsc::channel();
        let scrape = move || {
            let mut sinks = Sinks::new(outputs);
            unusable.into_iter().for_each(|notice| sinks.notice(notice));
            let shared = Rc::new(Shared {
                now: Box::new(now),
                interval,
                timeout,
                sinks: RefCell::new(sinks),
            });
            let sources = LocalSet::new().block_on(&runtime, scrape_all(sources, &shared, Waits { stopped, asking }));
            // A driver that hangs cannot be called back. It is left behind.
            runtime.shutdown_background();
            let notices = Rc::into_inner(shared).map(|shared| shared.sinks.into_inner().into_notices());
            drop::<mpsc::Sender<()>>(doing);
            ScrapeReport {
                sources,
                notices: notices.unwrap_or_default(),
            }
        };
        let thread = std::thread::Builder::new()
            .name("loadspan-scrape".to_owned())
            .spawn(scrape)?;
        Ok(Self {
            stop,
            asked,
            done,
            thread,
            timeout,
        })
    }

    /// Waits until every source has answered or failed once, which takes as long as a scrape may: what the server had counted
    /// before the load is then known.
    pub fn wait_until_asked(&self) {
        // Nothing is ever sent: it ends when the last source has let go of its sender, or by its time.
        let _ = self.asked.recv_timeout(self.timeout + GRACE);
    }

    /// Asks every source that is worth it a last time, and ends: within a second, since that is how long the last scrape may take.
    /// Only a disk that hangs, or a driver that is being closed, cannot be called back; after three seconds the thread is left
    /// behind, and the report says so.
    #[must_use]
    pub fn finish(self) -> ScrapeReport {
        self.stop.send_replace(true);
        if self.done.recv_timeout(LAST_SCRAPE + GRACE) == Err(mpsc::RecvTimeoutError::Timeout) {
            return stuck();
        }
        self.thread.join().unwrap_or_else(|_| panicked())
    }
}

fn stuck() -> ScrapeReport {
    let notice = LiveNotice::warning(
        "scraping did not come to its end in time; the figures of server and GPUs may lack their last second"
            .to_owned(),
        "check that the disk of the results answers, and nvidia-smi",
    );
    ScrapeReport {
        sources: Vec::new(),
        notices: vec![notice],
    }
}

fn panicked() -> ScrapeReport {
    let notice = LiveNotice::warning(
        "the thread that scrapes panicked; the figures of server and GPUs are incomplete".to_owned(),
        "please report this",
    );
    ScrapeReport {
        sources: Vec::new(),
        notices: vec![notice],
    }
}

/// What can be asked, and what is to be told of the rest.
fn sources(config: &ScrapeConfig) -> (Vec<Source>, Vec<LiveNotice>) {
    let servers = config.servers.iter().map(Source::server);
    let gpus = config.gpus.iter().map(|gpu| match gpu {
        GpuSource::Dcgm(page) => Source::dcgm(page),
        GpuSource::Nvml => Ok(Source::nvml()),
    });
    let (mut sources, mut notices) = (Vec::new(), Vec::new());
    for source in servers.chain(gpus) {
        match source {
            Ok(source) => sources.push(source),
            Err(notice) => notices.push(notice),
        }
    }
    (sources, notices)
}

/// How a source learns of the world and the world of a source.
#[derive(Clone)]
struct Waits {
    stopped: watch::Receiver<bool>,
    asking: mpsc::Sender<()>,
}

async fn scrape_all(sources: Vec<Source>, shared: &Rc<Shared>, waits: Waits) -> Vec<SourceReport> {
    let tasks: Vec<_> = sources
        .into_iter()
        .map(|source| tokio::task::spawn_local(scrape(source, Rc::clone(shared), waits.clone())))
        .collect();
    drop(waits);
    let mut reports = Vec::new();
    for task in tasks {
        reports.extend(task.await);
    }
    reports
}

/// Each source has its own task: a slow one is late for itself alone.
async fn scrape(mut source: Source, shared: Rc<Shared>, waits: Waits) -> SourceReport {
    let Waits { mut stopped, asking } = waits;
    let mut ticks = tokio::time::interval(shared.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut asking = Some(asking);
    let mut next = Next::AskAgain;
    while next == Next::AskAgain {
        let asked = async {
            ticks.tick().await;
            shared.ask(&mut source, shared.timeout).await
        };
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => break,
            after = asked => next = after,
        }
        asking = None;
    }
    drop(asking);
    if next == Next::AskAgain {
        shared.ask(&mut source, shared.timeout.min(LAST_SCRAPE)).await;
    }
    source.into_report()
}

impl Shared {
    async fn ask(&self, source: &mut Source, limit: Duration) -> Next {
        let asked = source.ask(limit, &self.now).await;
        let mut sinks = self.sinks.borrow_mut();
        if let Some(notice) = asked.notice {
            sinks.notice(notice);
        }
        if let Some(sample) = asked.sample {
            sinks.sample(&sample);
        }
        asked.next
    }
}
