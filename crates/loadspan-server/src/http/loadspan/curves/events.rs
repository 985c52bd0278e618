//! `loadspan/events?run=`: a run while it goes on, as events that the server sends: the windows that are new, and the end.
//!
//! Whoever looks at a run must not slow down what makes its load, which may be on the same machine: a frame is made when the one before
//! was taken, and after ten times as long as that took: a tenth of a core at most.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use loadspan_wire::mlflow::runs::RunStatus;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::{About, clock, read, read_observed, width};
use crate::app::App;
use crate::curves::{Observed, ObservedReader, Reader, Run, Windows};
use crate::error::{ApiError, Code};
use crate::http::Params;

/// Most runs that are looked at at the same time: each has its requests in memory.
const VIEWERS: usize = 16;
/// Frames a second.
const RATES: std::ops::RangeInclusive<f64> = 0.1..=10.0;
/// Servers and GPUs are asked once a second: more often there is nothing new of them.
const OBSERVED: Duration = Duration::from_secs(1);
/// A frame is made after so many times as long as the one before took.
const LEISURE: u32 = 10;

pub(super) async fn events(State(app): State<App>, params: Params) -> Result<Response, ApiError> {
    let run_id = params.required_text("run")?.to_owned();
    let rate = params.text("rate")?.map_or(Ok(1.0), str::parse::<f64>);
    let rate = rate.ok().filter(|rate| RATES.contains(rate));
    let rate = rate.ok_or_else(|| ApiError::invalid("`rate` is frames a second: 0.1 to 10"))?;
    let viewer = Viewer {
        place: place()?,
        width_ms: width(&params)?,
        pause: Duration::from_secs_f64(1.0 / rate),
        reader: Reader::new(run_id.as_str()),
        observed: ObservedReader::default(),
        observed_next: Instant::now(),
        run_id,
        seq: params.int("after")?.unwrap_or(0),
        before: None,
        next: Instant::now(),
        app,
    };
    // What is wrong with the run is said before the stream begins.
    let known = viewer.reader.clone_empty();
    viewer.app.store.read(move |connection| known.run(connection)).await?;
    let frames = futures_util::stream::unfold(Some(viewer), |viewer| async {
        let (frame, viewer) = viewer?.frame().await;
        Some((Ok::<_, Infallible>(frame), viewer))
    });
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(frames)).into_response())
}

fn place() -> Result<OwnedSemaphorePermit, ApiError> {
    static PLACES: OnceLock<Arc<Semaphore>> = OnceLock::new();
    let places = PLACES.get_or_init(|| Arc::new(Semaphore::new(VIEWERS)));
    Arc::clone(places).try_acquire_owned().map_err(|_| {
        let message = format!("{VIEWERS} pages look at runs already: close one, or load this one again");
        ApiError::new(Code::TemporarilyUnavailable, message)
    })
}

/// Somebody who looks at a run.
struct Viewer {
    app: App,
    run_id: String,
    width_ms: i64,
    pause: Duration,
    reader: Reader,
    observed: ObservedReader,
    observed_next: Instant,
    seq: i64,
    /// What was sent before. `None`: nothing.
    before: Option<Windows>,
    next: Instant,
    place: OwnedSemaphorePermit,
}

#[derive(Debug, Serialize)]
struct Frame {
    seq: i64,
    #[serde(flatten)]
    about: About,
    #[serde(flatten)]
    windows: Windows,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed: Option<Observed>,
}

#[derive(Debug, Serialize)]
struct End {
    seq: i64,
    status: Option<RunStatus>,
    end_time: Option<i64>,
}

impl Viewer {
    /// The next frame, when it is time; and who waits for another one.
    async fn frame(mut self) -> (Bytes, Option<Self>) {
        tokio::select! {
            () = tokio::time::sleep_until(self.next) => {}
            () = self.app.streams_end() => return (Bytes::new(), None),
        }
        let begun = Instant::now();
        let (run, observed) = match self.look(begun).await {
            Ok(seen) => seen,
            // The page asks again, or says what it sees.
            Err(error) => return (event(self.seq, "trouble", &error.message), None),
        };
        let windows = self.reader.windows(clock(&run, self.width_ms));
        self.seq += 1;
        let frame = Frame {
            seq: self.seq,
            about: About::of(&self.run_id, &run, &self.reader),
            windows: self
                .before
                .as_ref()
                .map_or_else(|| windows.clone(), |before| windows.since(before)),
            observed,
        };
        let mut bytes = event(self.seq, "windows", &frame).to_vec();
        if !run.is_live() {
            let end = End {
                seq: self.seq,
                status: run.status,
                end_time: run.end_ms,
            };
            bytes.extend(event(self.seq, "end", &end));
            drop(self.place);
            return (bytes.into(), None);
        }
        self.before = Some(windows);
        self.next = begun + self.pause.max(begun.elapsed() * LEISURE);
        (bytes.into(), Some(self))
    }

    /// Reads what is new; beside the requests where it is time, or there will be no other.
    async fn look(&mut self, now: Instant) -> Result<(Run, Option<Observed>), ApiError> {
        let empty = self.reader.clone_empty();
        let reader = std::mem::replace(&mut self.reader, empty);
        let (run, reader) = read(&self.app, reader).await?;
        self.reader = reader;
        if now < self.observed_next && run.is_live() {
            return Ok((run, None));
        }
        self.observed_next = now + OBSERVED;
        let observed = std::mem::take(&mut self.observed);
        let (told, observed) = read_observed(&self.app, (self.run_id.clone(), run.clone()), observed).await?;
        self.observed = observed;
        Ok((run, Some(told)))
    }
}

fn event(seq: i64, name: &str, data: &impl Serialize) -> Bytes {
    // What is written is plain data; JSON has no line breaks in it.
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("id: {seq}\nevent: {name}\ndata: {data}\n\n").into()
}
