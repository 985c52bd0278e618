//! Places for connections, of which there are only so many. When all are taken, one whose client is not being answered gives way: first
//! those that have never asked for anything, and of these, or of those that have, the one that has been quiet for the longest. So nobody
//! keeps others out by connecting and saying nothing. Clients connect again when they have something to ask.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::app::App;
use crate::operation::Gauge;

/// How long to wait for one to give way, before another is asked.
const AGAIN: Duration = Duration::from_millis(100);

/// All places. Cloning them is cheap.
#[derive(Clone)]
pub(super) struct Places {
    room: Arc<Semaphore>,
    most: u32,
    register: Arc<Register>,
    begun: Instant,
    app: App,
}

/// Who has a place.
#[derive(Default)]
struct Register {
    states: Mutex<HashMap<u64, Arc<State>>>,
    next: AtomicU64,
}

/// The place of a connection, which it keeps until this is dropped.
pub(super) struct Place {
    number: u64,
    state: Arc<State>,
    register: Arc<Register>,
    _room: OwnedSemaphorePermit,
    _counted: Gauge,
}

/// What a connection is at.
struct State {
    /// Requests that are being answered.
    in_flight: AtomicUsize,
    /// When there last were any, or when it came: milliseconds since the server began.
    since: AtomicU64,
    begun: Instant,
    /// It has asked for something.
    has_asked: AtomicBool,
    gives_way: AtomicBool,
    told: Notify,
}

/// A request that is being answered, until this is dropped.
pub(super) struct InFlight(Arc<State>);

/// An answer: its request is in flight until all of it is sent.
pub(super) struct Sending {
    body: Body,
    _in_flight: InFlight,
}

impl Places {
    pub(super) fn new(app: &App) -> Self {
        let most = app.limits.connections.max(1);
        Self {
            room: Arc::new(Semaphore::new(most as usize)),
            most,
            register: Arc::default(),
            begun: Instant::now(),
            app: app.clone(),
        }
    }

    /// Waits for a place. One that is not needed at the moment is made free.
    pub(super) async fn take(&self) -> Place {
        loop {
            let room = tokio::time::timeout(AGAIN, Arc::clone(&self.room).acquire_owned());
            if self.room.available_permits() == 0 {
                self.free_one();
            }
            match room.await {
                Ok(Ok(room)) => return self.place(room),
                // Nobody closes the semaphore.
                Ok(Err(_)) => std::future::pending().await,
                Err(_) => {}
            }
        }
    }

    /// Waits until all are free, but not for ever; how many are not.
    pub(super) async fn all_free(&self, patience: Duration) -> usize {
        let all = self.room.acquire_many(self.most);
        match tokio::time::timeout(patience, all).await {
            Ok(_) => 0,
            Err(_) => (self.most as usize).saturating_sub(self.room.available_permits()),
        }
    }

    fn place(&self, room: OwnedSemaphorePermit) -> Place {
        let state = Arc::new(State {
            in_flight: AtomicUsize::new(0),
            since: AtomicU64::new(0),
            begun: self.begun,
            has_asked: AtomicBool::new(false),
            gives_way: AtomicBool::new(false),
            told: Notify::new(),
        });
        state.note();
        let number = self.register.next.fetch_add(1, Ordering::Relaxed);
        self.register.states().insert(number, Arc::clone(&state));
        Place {
            number,
            state,
            register: Arc::clone(&self.register),
            _room: room,
            _counted: self.app.meters.connection(),
        }
    }

    /// Tells the one that is needed least to give way.
    fn free_one(&self) {
        let states = self.register.states();
        let least = states
            .values()
            .filter(|state| state.may_give_way())
            .min_by_key(|state| state.rank());
        if let Some(state) = least {
            state.gives_way.store(true, Ordering::Relaxed);
            state.told.notify_one();
        }
    }
}

impl Register {
    fn states(&self) -> MutexGuard<'_, HashMap<u64, Arc<State>>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Waits until it has to be given up: others need it, or nothing was asked for `patience` long from now.
    pub(super) async fn needed(&self, patience: Duration) {
        let told = tokio::time::timeout(patience, self.state.told.notified()).await;
        if told.is_err() && self.has_asked() {
            self.state.told.notified().await;
        }
    }

    /// Whether its connection has asked for anything.
    pub(super) fn has_asked(&self) -> bool {
        self.state.has_asked.load(Ordering::Relaxed)
    }

    /// What notes the requests of its connection.
    pub(super) fn requests(&self) -> impl Fn() -> InFlight + Clone + Send + 'static {
        let state = Arc::clone(&self.state);
        move || InFlight::new(&state)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.register.states().remove(&self.number);
    }
}

impl State {
    fn note(&self) {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since.store(now, Ordering::Relaxed);
    }

    fn may_give_way(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) == 0 && !self.gives_way.load(Ordering::Relaxed)
    }

    fn rank(&self) -> (bool, u64) {
        (
            self.has_asked.load(Ordering::Relaxed),
            self.since.load(Ordering::Relaxed),
        )
    }
}

impl InFlight {
    fn new(state: &Arc<State>) -> Self {
        state.in_flight.fetch_add(1, Ordering::Relaxed);
        state.has_asked.store(true, Ordering::Relaxed);
        Self(Arc::clone(state))
    }

    /// Goes with the answer until that is sent.
    pub(super) fn with(self, body: Body) -> Sending {
        Sending { body, _in_flight: self }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.note();
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl HttpBody for Sending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestApp;

    const LONG: Duration = Duration::from_secs(3600);

    fn places(most: u32) -> Places {
        Places {
            room: Arc::new(Semaphore::new(most as usize)),
            most,
            ..Places::new(TestApp::sqlite().app())
        }
    }

    /// Connections that go when they have to.
    fn obedient(place: Place) {
        tokio::spawn(async move { place.needed(LONG).await });
    }

    #[tokio::test(start_paused = true)]
    async fn the_one_that_is_needed_least_gives_way() {
        let places = places(3);
        let [busy, quiet, silent] = [places.take().await, places.take().await, places.take().await];
        let _answering = busy.requests()();
        drop(quiet.requests()());
        let waits = places.clone();
        let waits = tokio::spawn(async move { waits.take().await });
        silent.needed(LONG).await;
        drop(silent);
        let _third = waits.await.unwrap();
        // Those that have never asked are gone but for the new one, which is told next.
        assert!(quiet.state.may_give_way() && busy.state.in_flight.load(Ordering::Relaxed) == 1);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_being_answered_is_waited_for() {
        let places = places(1);
        let busy = places.take().await;
        let answering = busy.requests()();
        obedient(busy);
        let waits = tokio::spawn({
            let places = places.clone();
            async move { places.take().await }
        });
        tokio::time::sleep(LONG).await;
        assert!(!waits.is_finished());
        drop(answering);
        drop(waits.await.unwrap());
        assert_eq!(places.all_free(LONG).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_for_nothing_goes_by_itself() {
        let places = places(2);
        let [silent, quiet] = [places.take().await, places.take().await];
        drop(quiet.requests()());
        let patience = Duration::from_secs(10);
        let begun = Instant::now();
        silent.needed(patience).await;
        assert_eq!(begun.elapsed(), patience);
        assert!(tokio::time::timeout(LONG, quiet.needed(patience)).await.is_err());
    }
}
