//! Bodies, from their first byte to when there is room to work on them.

use std::time::Duration;

use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt;

use super::inflate::Encoding;
use crate::app::App;
use crate::error::{ApiError, Code};
use crate::gate::{Admission, Patience, SMALL_BODY};
use crate::ingest::beside;
use crate::operation::Mistake;

/// How long a whole body may take. It keeps others out for as long, and exporters give up long before.
const WHOLE: Duration = Duration::from_secs(60);
/// How many times its size a compressed body is taken for, to decide where to work on it.
const COMPRESSION: usize = 8;

/// A body that has come, with the room that it takes.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) bytes: Bytes,
    room: Vec<Admission>,
    patience: Patience,
}

/// A body that may be worked on.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) bytes: Bytes,
    /// What it takes in memory with what it becomes, at most.
    pub(crate) weight: usize,
    /// The right to that; to be kept for as long as anything of it is there.
    pub(crate) room: Admission,
}

/// The whole body of a request, of at most `limit` bytes.
///
/// # Errors
///
/// It is larger, it broke off or took too long, or there is no room for it.
pub(crate) async fn collect(app: &App, request: Request, limit: usize) -> Result<Arrived, ApiError> {
    let announced = announced(request.headers(), limit)?;
    let arriving = Arriving {
        app,
        limit,
        announced,
        claimed: 0,
        arrived: Arrived {
            bytes: Bytes::new(),
            room: Vec::new(),
            patience: Patience::default(),
        },
    };
    match tokio::time::timeout(WHOLE, arriving.all(request)).await {
        Ok(arrived) => arrived,
        Err(_) => {
            let message = format!(
                "the body took more than {} s to come: send smaller ones",
                WHOLE.as_secs()
            );
            Err(ApiError::new(Code::TemporarilyUnavailable, message))
        }
    }
}

/// A body on its way.
struct Arriving<'a> {
    app: &'a App,
    limit: usize,
    /// How many bytes its client says it has.
    announced: Option<usize>,
    /// For how many there is room.
    claimed: usize,
    arrived: Arrived,
}

impl Arriving<'_> {
    async fn all(mut self, request: Request) -> Result<Arrived, ApiError> {
        let mut body = request.into_body();
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| ApiError::new(Code::BadRequest, "the body broke off"))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            self.claim(whole.len() + data.len()).await?;
            whole.extend_from_slice(&data);
        }
        self.arrived.bytes = whole.freeze();
        Ok(self.arrived)
    }

    /// Sees that there is room for so many bytes. It is asked for twice at most, when bytes are there: a client that only announces many
    /// keeps nobody out.
    async fn claim(&mut self, length: usize) -> Result<(), ApiError> {
        if length <= self.claimed {
            return Ok(());
        }
        if length > self.limit {
            return Err(too_large(length, self.limit));
        }
        let expected = self.announced.unwrap_or(self.limit).max(length);
        let claimed = if length <= SMALL_BODY {
            expected.min(SMALL_BODY)
        } else {
            expected
        };
        let room = self.app.gates().arrival.enter(claimed, &mut self.arrived.patience);
        self.arrived.room.push(room.await?);
        self.claimed = claimed;
        Ok(())
    }
}

impl Arrived {
    /// The body as it was before it was compressed.
    ///
    /// # Errors
    ///
    /// It is not compressed as it says, becomes larger than a request may be, or the server is busy.
    pub(crate) async fn inflated(mut self, app: &App, encoding: Encoding) -> Result<Self, ApiError> {
        let limit = app.limits.body_bytes;
        if encoding == Encoding::Identity {
            self.bytes = encoding.inflate(self.bytes, limit)?;
            return Ok(self);
        }
        let turn = app.gates().inflate(&mut self.patience).await?;
        let expected = self.bytes.len().saturating_mul(COMPRESSION);
        // What is asked for goes where the bytes go, which stay when the client leaves.
        beside(expected, move || {
            self.bytes = encoding.inflate(self.bytes, limit)?;
            self.room = vec![turn];
            Ok(self)
        })
        .await?
    }

    /// Waits until there is room for what it becomes, which `weigh` finds.
    ///
    /// # Errors
    ///
    /// It becomes too large, or the server is busy.
    pub(crate) async fn admitted<W>(self, app: &App, weigh: W) -> Result<Admitted, ApiError>
    where
        W: FnOnce(&[u8]) -> Result<usize, ApiError> + Send + 'static,
    {
        let weighed = beside(self.bytes.len(), move || {
            weigh(&self.bytes).map(|weight| (self, weight))
        });
        let (mut arrived, weight) = weighed.await??;
        let room = app.gates().work.enter(weight, &mut arrived.patience).await?;
        Ok(Admitted {
            bytes: arrived.bytes,
            weight,
            room,
        })
    }
}

/// How many bytes a request says to have. One that says too many need not be looked at.
fn announced(headers: &HeaderMap, limit: usize) -> Result<Option<usize>, ApiError> {
    let length = headers.get(header::CONTENT_LENGTH);
    let length: Option<usize> = length.and_then(|length| length.to_str().ok()?.parse().ok());
    match length {
        Some(length) if length > limit => Err(too_large(length, limit)),
        length => Ok(length),
    }
}

fn too_large(length: usize, limit: usize) -> ApiError {
    let message = format!("the body has {length} bytes or more, and at most {limit} are taken");
    ApiError::new(Code::RequestTooLarge, message).because(Mistake::TooLarge)
}

#[cfg(test)]
mod tests;
