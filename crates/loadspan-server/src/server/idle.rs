//! When bytes last went over a connection, so that one that nobody uses can be closed, in whatever state it is.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// When bytes last went.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<Times>);

#[derive(Debug)]
struct Times {
    begun: Instant,
    /// Milliseconds after that.
    last: AtomicU64,
    /// What the first two bytes that came were, and one more to say that some came.
    first: AtomicU64,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self(Arc::new(Times {
            begun: Instant::now(),
            last: AtomicU64::new(0),
            first: AtomicU64::new(0),
        }))
    }

    fn note(&self) {
        let now = u64::try_from(self.0.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.last.store(now, Ordering::Relaxed);
    }

    /// Whether what came began as a handshake of TLS does.
    pub(super) fn began_with_tls(&self) -> bool {
        const HANDSHAKE: u64 = 0x0001_1603;
        self.0.first.load(Ordering::Relaxed) == HANDSHAKE
    }

    fn read(&self, bytes: &[u8]) {
        if let [one, two, ..] = bytes
            && self.0.first.load(Ordering::Relaxed) == 0
        {
            let first = (1 << 16) | (u64::from(*one) << 8) | u64::from(*two);
            self.0.first.store(first, Ordering::Relaxed);
        }
    }

    /// Waits until there has been none for so long.
    pub(super) async fn over(&self, quiet: Duration) {
        loop {
            let last = self.0.begun + Duration::from_millis(self.0.last.load(Ordering::Relaxed));
            if last.elapsed() >= quiet {
                return;
            }
            tokio::time::sleep_until(last + quiet).await;
        }
    }
}

/// A stream whose activity is noted.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    activity: Activity,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, activity: Activity) -> Self {
        Self { stream, activity }
    }

    fn noted<T>(&self, polled: Poll<T>) -> Poll<T> {
        if polled.is_ready() {
            self.activity.note();
        }
        polled
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.activity.read(&buffer.filled()[before..]);
        self.noted(polled)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.noted(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.noted(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_a_quiet_connection_is_over() {
        let (mut near, mut far) = tokio::io::duplex(64);
        let activity = Activity::new();
        let mut watched = Watched::new(&mut near, activity.clone());
        let begun = Instant::now();
        let talk = async {
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_secs(8)).await;
                far.write_all(b"x").await.unwrap();
                watched.read_u8().await.unwrap();
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = talk => {}
            () = activity.over(Duration::from_secs(10)) => {}
        }
        assert_eq!(begun.elapsed().as_secs(), 50);
    }
}
