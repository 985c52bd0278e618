//! The thread that all exports of a run share.

use std::io;
use std::thread;

use tokio::runtime::{Builder, EnterGuard, Runtime};
use tokio::task::JoinHandle;

/// The thread of the exports, before it starts.
#[derive(Debug)]
pub(super) struct ExportThread {
    runtime: Runtime,
    tasks: Vec<JoinHandle<()>>,
}

impl ExportThread {
    pub(super) fn build() -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .thread_name("loadspan-export")
            .build()?;
        Ok(Self {
            runtime,
            tasks: Vec::new(),
        })
    }

    /// Clients are built within the event loop that they will run on.
    pub(super) fn enter(&self) -> EnterGuard<'_> {
        self.runtime.enter()
    }

    pub(super) fn add(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.push(self.runtime.spawn(task));
    }

    /// Starts it. It ends when every task is through, and closes every connection.
    pub(super) fn start(self) -> io::Result<thread::JoinHandle<()>> {
        let Self { runtime, tasks } = self;
        thread::Builder::new()
            .name("loadspan-export".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    for task in tasks {
                        // A dispatcher that panicked has left payloads without a fate; its lane counts them as dropped.
                        let _ = task.await;
                    }
                });
                // A look-up of a host or a write to a pipe may hang in a thread that cannot be ended; nobody waits for it.
                runtime.shutdown_background();
            })
    }
}
