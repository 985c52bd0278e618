//! Sends what waits in a lane, several payloads at a time, and sees to what comes of it.
//!
//! A backend that does not answer may still have taken a payload: it is sent again, as OTLP's specification wants it, and the
//! backend may then have it twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::{Id, JoinError, JoinSet};

use super::Lane;
use crate::export::notice::Trouble;
use crate::export::queue::Waiting;
use crate::export::retry::{Health, News, Setback, random};
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
}

/// Sends the payloads of one lane.
#[derive(Debug)]
pub(in crate::export) struct Dispatcher<T> {
    lane: Arc<Lane>,
    transport: Arc<T>,
    pace: Pace,
    health: Health,
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
            health: Health::default(),
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

    fn is_over(&self, now: Instant) -> bool {
        let Some(deadline) = self.lane.deadline() else {
            return false;
        };
        let is_idle = self.in_flight.is_empty();
        let probes_too_late = self.health.probe_at().is_some_and(|probe_at| probe_at >= deadline);
        now >= deadline || (is_idle && (self.lane.is_empty() || probes_too_late))
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
        probe_at.into_iter().chain(self.lane.deadline()).min()
    }

    fn hurry_if_closed(&mut self) {
        if self.lane.deadline().is_some() {
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
            Delivery::Retry { after, reason } => self.postpone(attempt, after, reason),
            answer => {
                self.health.answered(attempt.started_at);
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
            self.lane.set_aside(waiting.payload, Room::Bounded);
        } else {
            self.lane.put_back(waiting);
        }
    }

    /// Whether the time of a payload is over before it can be tried again.
    fn gives_up(&self, waiting: &Waiting, next_at: Instant) -> bool {
        let limit = waiting.tried_since.zip(self.pace.export_timeout);
        limit.is_some_and(|(since, timeout)| next_at >= since + timeout)
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
            Delivery::NotTaken { reason } if self.lane.has_delivered() => self.refuse(waiting.payload, reason),
            Delivery::NotTaken { reason } => self.lane.turn_off(items, reason),
            Delivery::Invalid { reason } => self.reject(items, reason),
            Delivery::Refused { reason } | Delivery::Retry { reason, .. } => self.refuse(waiting.payload, reason),
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

    fn refuse(&self, payload: Payload, reason: String) {
        self.lane.trouble(&self.lane.refusal(reason));
        self.lane.set_aside(payload, Room::Bounded);
    }

    /// Gives up what is under way, and sets aside all there is, oldest first.
    fn abandon(mut self) {
        while let Some(ended) = self.sending.try_join_next_with_id() {
            self.settle(ended);
        }
        self.sending.abort_all();
        for (_, attempt) in self.in_flight.drain() {
            self.lane.put_back(attempt.waiting);
        }
        if !self.lane.is_empty() {
            self.lane.trouble(&self.lane.left_over(&self.health));
        }
        while let Some(waiting) = self.lane.take() {
            self.lane.set_aside(waiting.payload, Room::Unbounded);
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
