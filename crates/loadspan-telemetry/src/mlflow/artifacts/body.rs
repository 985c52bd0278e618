//! A file as the body of a request: streamed, with its length told ahead, and with a sign of life for as long as it moves.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use super::reading::Reading;

/// The pieces of a file, as they come from its thread.
#[derive(Debug)]
pub(super) struct FileBody {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    left: u64,
    progress: Progress,
}

/// How much of a body has been taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress(Arc<AtomicU64>);

impl FileBody {
    /// The body, and what is left of the reading: its checksum.
    pub(super) fn of(reading: &mut Reading, progress: Progress) -> Self {
        let (_, nothing) = mpsc::channel(1);
        Self {
            pieces: std::mem::replace(&mut reading.pieces, nothing),
            left: reading.bytes,
            progress,
        }
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = std::task::ready!(self.pieces.poll_recv(context));
        Poll::Ready(piece.map(|piece| {
            piece.map(|piece| {
                self.left = self.left.saturating_sub(piece.len() as u64);
                self.progress.moved();
                Frame::data(piece)
            })
        }))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl Progress {
    fn moved(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Resolves when nothing has moved for `patience`, and for twice as long at the most. A limit on the whole request would be
    /// wrong for both a small file and a large one.
    pub(super) async fn stalled(&self, patience: Duration) {
        let mut seen = None;
        loop {
            let now = self.0.load(Ordering::Relaxed);
            if seen == Some(now) {
                return;
            }
            seen = Some(now);
            tokio::time::sleep(patience).await;
        }
    }
}
