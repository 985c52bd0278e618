//! Answers in JSON.

use std::io;
use std::marker::PhantomData;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::answer;
use crate::app::App;
use crate::database::Connection;
use crate::error::{ApiError, Code};

/// A body that becomes JSON.
#[derive(Debug, Clone)]
pub(crate) struct Json<T>(pub(crate) T);

/// A body that is JSON of a `T`. What may be large is written on the thread that has read it, so that nobody waits for that.
#[derive(Debug, Clone)]
pub(crate) struct Written<T>(Vec<u8>, PhantomData<fn() -> T>);

/// Finds a thing by its id, and writes it.
pub(crate) async fn looked_up<T, J>(app: &App, job: J) -> Result<Written<T>, ApiError>
where
    T: Serialize + 'static,
    J: FnOnce(&mut dyn Connection) -> Result<T, ApiError> + Send + 'static,
{
    let job = move |connection: &mut dyn Connection| Written::of(&job(connection)?);
    app.store.read(job).await
}

/// Searches, or reads all there is of something, and writes what was found.
pub(crate) async fn found<T, J>(app: &App, job: J) -> Result<Written<T>, ApiError>
where
    T: Serialize + 'static,
    J: FnOnce(&mut dyn Connection) -> Result<T, ApiError> + Send + 'static,
{
    let job = move |connection: &mut dyn Connection| Written::of(&job(connection)?);
    app.store.search(job).await
}

impl<T: Serialize> Written<T> {
    /// # Errors
    ///
    /// It has more than [`answer::BODY`] bytes.
    fn of(value: &T) -> Result<Self, ApiError> {
        let mut written = Bounded(Vec::new());
        match serde_json::to_writer(&mut written, value) {
            Ok(()) => Ok(Self(written.0, PhantomData)),
            Err(error) if error.is_io() => {
                let message = format!(
                    "the answer has more than {} bytes: ask for less at a time",
                    answer::BODY
                );
                Err(ApiError::new(Code::RequestTooLarge, message))
            }
            Err(error) => Err(ApiError::new(Code::InternalError, error.to_string())),
        }
    }
}

/// Bytes that do not become more than an answer has.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > answer::BODY {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => of_bytes(body),
            // Maps with keys that are no strings, which no answer has.
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

impl<T> IntoResponse for Written<T> {
    fn into_response(self) -> Response {
        of_bytes(self.0)
    }
}

fn of_bytes(body: Vec<u8>) -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_becomes_too_large_is_refused_while_it_is_written() {
        // Six bytes for each of these.
        let control = |bytes: usize| "\u{1}".repeat(bytes);
        assert!(Written::of(&control(answer::BODY / 6 - 2)).is_ok());
        let error = Written::of(&control(answer::BODY / 6 + 1)).expect_err("too large");
        assert_eq!(error.code, Code::RequestTooLarge);
    }
}
