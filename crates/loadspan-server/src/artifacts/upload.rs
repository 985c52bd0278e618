//! A file on its way from a client.

use std::io;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use crate::error::{ApiError, Code};
use crate::operation::Mistake;

/// A file on its way from a client, piece by piece, up to a limit.
pub(crate) struct Upload {
    content: BoxStream<'static, io::Result<Bytes>>,
    limit: u64,
    come: u64,
}

impl Upload {
    pub(crate) fn new(content: BoxStream<'static, io::Result<Bytes>>, limit: u64) -> Self {
        Self {
            content,
            limit,
            come: 0,
        }
    }

    /// The next piece. `None`: that was all.
    ///
    /// # Errors
    ///
    /// The client is gone, or has sent too much.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        match self.content.next().await {
            None => Ok(None),
            Some(Err(_)) => Err(ApiError::new(Code::BadRequest, "the upload broke off")),
            Some(Ok(piece)) => {
                self.come += piece.len() as u64;
                if self.come > self.limit {
                    return Err(too_large(self.limit));
                }
                Ok(Some(piece))
            }
        }
    }
}

/// What is said of a file that is too large.
pub(crate) fn too_large(limit: u64) -> ApiError {
    let message = format!("an artifact has at most {limit} bytes");
    ApiError::new(Code::RequestTooLarge, message).because(Mistake::TooLarge)
}
