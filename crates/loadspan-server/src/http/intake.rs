//! Bodies of OTLP, taken in as they come: memory is asked for when bytes are there, so that a client that only announces many keeps
//! nobody out.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use crate::error::{ApiError, Code};
use crate::ingest::Admission;

/// How much room is asked for at a time.
const STEP: usize = 256 << 10;

/// The whole body, of at most `limit` bytes, for which there is room then.
///
/// # Errors
///
/// It is larger, it broke off, or there is no room for it.
pub(crate) async fn collect(mut body: Body, limit: usize, admission: &mut Admission) -> Result<Bytes, ApiError> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::new(Code::BadRequest, "the body broke off"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let length = whole.len() + data.len();
        if length > limit {
            let message = format!("the body has more than {limit} bytes, which is the most that is taken");
            return Err(ApiError::new(Code::RequestTooLarge, message));
        }
        admission.grow(length.next_multiple_of(STEP).min(limit)).await?;
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::Gate;

    async fn taken(body: &'static str, limit: usize) -> Result<Bytes, ApiError> {
        let mut admission = Gate::default().enter(0).await.unwrap();
        collect(Body::from(body), limit, &mut admission).await
    }

    #[tokio::test]
    async fn a_body_is_taken_up_to_its_limit() {
        assert_eq!(taken("body", 4).await.unwrap(), "body");
        assert_eq!(taken("", 0).await.unwrap(), "");
        assert_eq!(taken("body", 3).await.unwrap_err().code, Code::RequestTooLarge);
    }
}
