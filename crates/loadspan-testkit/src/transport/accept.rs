//! Accepts connections and deals them out.

use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::{Arrival, Worker};

/// How long to wait when the operating system has no more file descriptors: until other connections end.
const RETRY: Duration = Duration::from_millis(10);

/// Accepts connections and deals them out to all workers in turn.
pub(crate) struct Acceptor {
    pub(crate) listener: TcpListener,
    /// The worker on the acceptor's own thread.
    pub(crate) own: Worker,
    pub(crate) others: Vec<mpsc::UnboundedSender<Arrival>>,
}

impl Acceptor {
    /// Runs until it is dropped. No error ends it.
    pub(crate) async fn run(self) {
        let mut turn = 0;
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    self.deal(stream, turn);
                    turn = (turn + 1) % (self.others.len() + 1);
                }
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        }
    }

    fn deal(&self, stream: TcpStream, turn: usize) {
        // Without it only latency is lost.
        let _ = stream.set_nodelay(true);
        match turn.checked_sub(1).and_then(|other| self.others.get(other)) {
            None => self.own.spawn(stream),
            Some(worker) => {
                if let Ok(stream) = stream.into_std() {
                    // Fails only when the server ends.
                    let _ = worker.send(stream);
                }
            }
        }
    }
}
