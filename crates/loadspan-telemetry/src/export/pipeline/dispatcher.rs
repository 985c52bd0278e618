//! Sends what waits in a lane, several payloads at a time, and sees to what comes of it.
//!
//! A backend that does not answer may still have taken a payload: it is sent again, as OTLP's specification wants it, and the
//! backend may then have it twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::{Id, JoinError, JoinSet};

use super::Lane;
use super::lane::{Answer, Destination};
use crate::export::notice::Trouble;
use crate::export::queue::Waiting;
use crate::export::retry::{Health, News, Setback, Waits, random};
use crate::export::split::halves;
use crate::export::spool::Room;
use crate::export::transport::Transport;
use crate::export::{Delivery, Payload};

/// A backend that fails for the first time may only have hiccuped. From so many failures in a row on it is worth a word.
const WORTH_A_WORD: u32 = 2;

/// How a lane is sent.
#[derive(Debug, Clone, Copy)]
pub(in crate::export) struct Pace {
    /// Most payloads under way.
    pub(in crate::export) in_flight: usize,
    /// Longest time that a payload is tried for. `None`: as long as it takes.
    pub(in crate::export) export_timeout: Option<Duration>,
    /// Most attempts at a payload. `None`: there is no limit.
    pub(in crate::export) max_attempts: Option<u32>,
    /// How long the closed lane waits for a backend that gives no answer; after an outage, a single attempt. `None`: until its deadline.
    pub(in crate::export) silence: Option<Duration>,
    /// Between attempts.
    pub(in crate::export) waits: Waits,
}

/// Sends the payloads of one lane.
#[derive(Debug)]
pub(in crate::export) struct Dispatcher<T> {
    lane: Arc<Lane>,
    transport: Arc<T>,
    pace: Pace,
    health: Health,
    last_answer_at: Option<Instant>,
    /// The lane was closed during an outage, and a last attempt has failed, too.
    has_given_up: bool,
    sending: JoinSet<Delivery>,
    in_flight: HashMap<Id, Attempt>,
}

#[derive(Debug)]
struct Attempt {
    started_at: Instant,
    waiting: Waiting,
}

impl<T: Transport> Dispatcher<T> {
    pub(in crate::export) fn new(lane: Arc<Lane>, transport: T, pace: Pace) -> Self {
        Self {
            lane,
            transport: Arc::new(transport),
            pace,
            health: Health::new(pace.waits),
            last_answer_at: None,
            has_given_up: false,
            sending: JoinSet::new(),
            in_flight: HashMap::new(),
        }
    }

    /// Sends until the lane is closed, and then until it is empty or its deadline has come.
    pub(in crate::export) async fn run(mut self) {
        while !self.is_over(Instant::now()) {
            self.start_attempts(Instant::now());
            let wake_at = self.wake_at();
            tokio::select! {
                biased;
                Some(ended) = self.sending.join_next_with_id() => self.settle(ended),
                () = self.lane.changed() => self.hurry_if_closed(),
                () = sleep_until(wake_at) => {}
            }
        }
        self.abandon();
    }

    /// As [`Dispatcher::run`], from when there is something to send to. An `Err`, of which the user was told, says that there will
    /// be nothing: then all there is is set aside, and what comes until the lane is closed.
    pub(in crate::export) async fn run_after(self, ready: impl Future<Output = Result<(), String>>) {
        self.lane.note_destination(Destination::Awaited);
        match ready.await {
            Ok(()) => {
                self.lane.note_destination(Destination::There);
                self.run().await;
            }
            Err(reason) => {
                self.lane.note_error(&Trouble::Failing { reason });
                self.set_aside_until_closed().await;
            }
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        let Some(deadline) = self.deadline() else {
            return false;
        };
        let is_idle = self.in_flight.is_empty();
        let probes_too_late = self.health.probe_at().is_some_and(|probe_at| probe_at >= deadline);
        now >= deadline || (is_idle && (self.lane.is_empty() || probes_too_late || self.has_given_up))
    }

    /// When a closed lane ends at the latest, as far as is known.
    fn deadline(&self) -> Option<Instant> {
        let closing = self.lane.closing()?;
        let heard_at = self.last_answer_at.map_or(closing.at, |at| at.max(closing.at));
        let patience_ends = self.pace.silence.map(|silence| heard_at + silence);
        patience_ends.into_iter().chain([closing.deadline]).min()
    }

    fn start_attempts(&mut self, now: Instant) {
        while self.in_flight.len() < self.pace.in_flight && self.health.permits(now, self.in_flight.len()) {
            let Some(waiting) = self.lane.take() else { return };
            self.start(waiting, now);
        }
    }

    fn start(&mut self, mut waiting: Waiting, now: Instant) {
        let tried_since = *waiting.tried_since.get_or_insert(now);
        if waiting.attempts > 0 {
            self.lane.count_retry();
        }
        waiting.attempts += 1;
        let until = self.pace.export_timeout.map(|timeout| tried_since + timeout);
        let (transport, payload) = (Arc::clone(&self.transport), waiting.payload.clone());
        let task = self
            .sending
            .spawn(async move { send_until(&*transport, &payload, until).await });
        let attempt = Attempt {
            started_at: now,
            waiting,
        };
        self.in_flight.insert(task.id(), attempt);
    }

    /// When something is due though nothing happens. `None`: not before something happens.
    fn wake_at(&self) -> Option<Instant> {
        let probe_at = self
            .health
            .probe_at()
            .filter(|_| self.in_flight.is_empty() && !self.lane.is_empty());
        probe_at.into_iter().chain(self.deadline()).min()
    }

    fn hurry_if_closed(&mut self) {
        if self.lane.closing().is_some() {
            self.health.hurry(Instant::now());
        }
    }

    fn settle(&mut self, ended: Result<(Id, Delivery), JoinError>) {
        let (id, delivery) = ended.unwrap_or_else(|error| {
            let reason = format!("the exporter failed: {error}");
            (error.id(), Delivery::Refused { reason })
        });
        let Some(attempt) = self.in_flight.remove(&id) else {
            return;
        };
        match delivery {
            Delivery::Retry { after, reason } => {
                self.lane.note_answer(Answer::None);
                self.postpone(attempt, after, reason);
            }
            answer => {
                self.lane.note_answer(Answer::Given);
                self.health.answered(attempt.started_at);
                self.last_answer_at = Some(Instant::now());
                if matches!(answer, Delivery::Accepted { .. }) {
                    let took = attempt.started_at.elapsed();
                    self.lane.count_intake(attempt.waiting.payload.items, took);
                }
                self.conclude(attempt.waiting, answer);
            }
        }
    }

    fn postpone(&mut self, attempt: Attempt, wish: Option<Duration>, reason: String) {
        let failed_at = Instant::now();
        let news = self.health.failed(Setback {
            started_at: attempt.started_at,
            failed_at,
            wish,
            random: random(),
        });
        let began_after_closing = self
            .lane
            .closing()
            .is_some_and(|closing| attempt.started_at >= closing.at);
        let is_outage = matches!(news, News::Failing(failures) if failures >= WORTH_A_WORD);
        self.has_given_up |= self.pace.silence.is_some() && began_after_closing && is_outage;
        let mut waiting = attempt.waiting;
        // While another payload probes, the time of this one does not run.
        waiting.tried_since = waiting.tried_since.filter(|_| news != News::Old);
        let gives_up = self.gives_up(&waiting, self.health.probe_at().unwrap_or(failed_at));
        let trouble = Trouble::Failing { reason };
        match news {
            News::Failing(failures) if gives_up || failures >= WORTH_A_WORD => self.lane.trouble(&trouble),
            _ => self.lane.note_error(&trouble),
        }
        if gives_up {
            self.lane.give_up(waiting, Room::Bounded);
        } else {
            self.lane.put_back(waiting);
        }
    }

    /// Whether the time of a payload is over before it can be tried again, or it has had its attempts.
    fn gives_up(&self, waiting: &Waiting, next_at: Instant) -> bool {
        let limit = waiting.tried_since.zip(self.pace.export_timeout);
        limit.is_some_and(|(since, timeout)| next_at >= since + timeout)
            || self.pace.max_attempts.is_some_and(|most| waiting.attempts >= most)
    }

    fn conclude(&mut self, waiting: Waiting, answer: Delivery) {
        let items = waiting.payload.items;
        match answer {
            Delivery::Accepted { rejected, message } => {
                self.lane.delivered(items, rejected);
                if rejected > 0 {
                    let reason = message.unwrap_or_else(|| "it does not say why".to_owned());
                    self.lane.trouble(&Trouble::PartlyRejected { reason });
                }
            }
            Delivery::TooLarge { reason } => self.split(waiting, reason),
            // A backend that has taken the signal before takes it: then this is a fault on the way, as of a proxy.
            Delivery::NotTaken { reason } if self.lane.has_delivered() => self.refuse(waiting, reason),
            Delivery::NotTaken { reason } => self.lane.turn_off(items, &Trouble::NotTaken { reason }),
            Delivery::Gone { reason } => self.lane.turn_off(items, &Trouble::Gone { reason }),
            Delivery::Invalid { reason } => self.reject(items, reason),
            Delivery::Refused { reason } | Delivery::Retry { reason, .. } => self.refuse(waiting, reason),
        }
    }

    fn split(&self, waiting: Waiting, reason: String) {
        let Some(halves) = halves(&waiting.payload) else {
            return self.reject(waiting.payload.items, reason);
        };
        for payload in halves.into_iter().rev() {
            self.lane.put_back(Waiting {
                order: waiting.order,
                tried_since: None,
                attempts: 0,
                payload,
            });
        }
    }

    fn reject(&self, items: u64, reason: String) {
        self.lane.rejected(items);
        self.lane.trouble(&Trouble::Invalid { reason });
    }

    fn refuse(&self, waiting: Waiting, reason: String) {
        self.lane.trouble(&self.lane.refusal(reason));
        self.lane.give_up(waiting, Room::Bounded);
    }

    /// Gives up what is under way, and sets aside all there is, oldest first.
    fn abandon(mut self) {
        while let Some(ended) = self.sending.try_join_next_with_id() {
            self.settle(ended);
        }
        self.sending.abort_all();
        if self.has_fallen_silent() {
            self.lane.note_answer(Answer::None);
        }
        for (_, attempt) in self.in_flight.drain() {
            self.lane.put_back(attempt.waiting);
        }
        if !self.lane.is_empty() {
            self.lane.trouble(&self.lane.left_over(&self.health));
        }
        self.set_aside_all(Room::Unbounded);
    }

    /// Whether the backend has left an attempt without an answer for so long that it may not answer at all: all the time since the lane
    /// was closed will do, where that is short. One that was merely busy when the time was over has not.
    fn has_fallen_silent(&self) -> bool {
        let long = self.pace.silence.map_or(Duration::ZERO, |silence| silence / 2);
        let closed_for = self.lane.closing().map(|closing| closing.at.elapsed());
        let long = closed_for.map_or(long, |closed_for| long.min(closed_for));
        self.in_flight
            .values()
            .any(|attempt| attempt.started_at.elapsed() >= long)
    }

    async fn set_aside_until_closed(&self) {
        while self.lane.closing().is_none() {
            self.set_aside_all(Room::Bounded);
            self.lane.changed().await;
        }
        self.set_aside_all(Room::Unbounded);
    }

    fn set_aside_all(&self, room: Room) {
        while let Some(waiting) = self.lane.take() {
            self.lane.give_up(waiting, room);
        }
    }
}

async fn send_until<T: Transport>(transport: &T, payload: &Payload, until: Option<Instant>) -> Delivery {
    let Some(until) = until else {
        return transport.send(payload).await;
    };
    tokio::time::timeout_at(until.into(), transport.send(payload))
        .await
        .unwrap_or_else(|_| Delivery::Retry {
            after: None,
            reason: "no answer in time".to_owned(),
        })
}

async fn sleep_until(wake_at: Option<Instant>) {
    match wake_at {
        Some(wake_at) => tokio::time::sleep_until(wake_at.into()).await,
        None => std::future::pending().await,
    }
}
