//! The loop of a worker that sends sessions: waits for what is due next, and sends it.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use loadspan_record::RunOffset;

use super::agenda::{Agenda, Task};
use super::idle::IdleSlots;
use super::live::{LiveSessions, Seat};
use super::replies::Replies;
use super::source::{NextArrival, Source};
use super::{Report, SessionLoad};
use crate::event::SessionCounts;
use crate::runner::closed::FirstWave;
use crate::runner::pacer::Pacer;
use crate::runner::plan::{LoadModel, OnFailedTurn};
use crate::runner::slot::Slot;
use crate::runner::worker::Worker;
use crate::sessions::{DueCall, Sessions};

/// Calls that are sent before answers get their turn to be read, when much is due at once.
const BURST: u32 = 32;

/// The sessions of one worker.
pub(super) struct Dispatcher<'a> {
    pub(super) worker: &'a Rc<Worker>,
    pub(super) on_failed_turn: OnFailedTurn,
    /// When the load started.
    pub(super) start: RunOffset,
    pub(super) agenda: Agenda,
    pub(super) live: LiveSessions,
    pub(super) replies: Rc<Replies>,
    pub(super) counts: SessionCounts,
    /// Calls in flight.
    pub(super) in_flight: u64,
    /// Slots without a call.
    pub(super) idle: IdleSlots<Slot>,
    /// What a session says is due, on its way to the agenda.
    pub(super) due: Vec<DueCall>,
    /// Whether a session begins when one ends.
    pub(super) replaces: bool,
    /// Whether calls that are due may still be sent.
    pub(super) sends: bool,
    pub(super) sessions: Arc<dyn Sessions>,
    pub(super) source: Source,
    /// Where the sessions of a log sit of which more may come.
    pub(super) open: HashMap<u64, Seat>,
    /// Whether more sessions may begin.
    pub(super) admits: bool,
    /// The number of the stage's first session: in the run, and for whoever makes it.
    pub(super) first_session: u64,
    pub(super) first_made: u64,
    pub(super) next_session: u64,
    /// When the limit last held a call back.
    pub(super) held_until: RunOffset,
    burst: u32,
}

/// What happens next.
enum Next {
    Due,
    Arrives,
    Later(Option<RunOffset>),
    Nothing,
}

impl<'a> Dispatcher<'a> {
    pub(super) fn new(worker: &'a Rc<Worker>, mut load: SessionLoad<'_>, idle: Vec<Slot>) -> Self {
        let mut agenda = Agenda::default();
        let mut replaces = false;
        if let LoadModel::Closed { concurrency, .. } = &load.load.model {
            replaces = true;
            let wave = FirstWave::new(load.load, load.share, load.start);
            for place in 0..load.share.part_of(*concurrency) as usize {
                agenda.note(wave.begins(place), Task::Begin { misses: 0 });
            }
        }
        Self {
            worker,
            on_failed_turn: load.load.on_failed_turn,
            start: load.start,
            agenda,
            live: LiveSessions::default(),
            replies: Rc::default(),
            counts: SessionCounts::default(),
            in_flight: 0,
            idle: IdleSlots::new(idle, load.start),
            due: Vec::new(),
            replaces,
            sends: true,
            source: Source::new(&mut load),
            open: HashMap::new(),
            admits: true,
            first_session: load.first_session,
            // Sessions of which there are so many begin anew in each stage.
            first_made: match load.sessions.count() {
                Some(_) => 0,
                None => load.first_session,
            },
            next_session: load.first_session,
            held_until: RunOffset::ZERO,
            burst: 0,
            sessions: load.sessions,
        }
    }

    /// Sends what is due until nothing will be any more, or may be; waits for what is in flight.
    pub(super) async fn run(mut self, pacer: &mut Pacer) -> Report {
        while self.may_send() {
            self.take_replies();
            match self.next() {
                Next::Due => self.do_task().await,
                Next::Arrives => self.take_arrival(),
                Next::Later(at) => {
                    self.wait(at, pacer).await;
                    continue;
                }
                Next::Nothing => break,
            }
            self.give_way().await;
        }
        self.sends = false;
        self.count_unsent();
        while self.in_flight > 0 {
            self.replies.arrived().await;
            self.take_replies();
        }
        self.cut_all();
        Report {
            counts: self.counts,
            next_session: self.next_session,
        }
    }

    pub(super) fn now(&self) -> RunOffset {
        self.worker.exchange.clock.now()
    }

    pub(super) fn may_send(&self) -> bool {
        self.worker.control.may_send(self.now())
    }

    fn next(&mut self) -> Next {
        let arrival = self.source.peek();
        if arrival == NextArrival::Never {
            self.nothing_follows();
        }
        // What sessions that failed had on the agenda is of no interest. In a closed load a beginning is.
        let begins = self.admits && (self.replaces || arrival != NextArrival::Never);
        if self.live.is_empty() && !begins {
            return Next::Nothing;
        }
        let due = self.agenda.next_at();
        let now = self.now();
        match (due, arrival) {
            // What is due already may have been held back: no session begins before it is sent.
            (Some(due), NextArrival::At(at)) if due <= at && due <= now => Next::Due,
            (_, NextArrival::At(at)) if at <= now => Next::Arrives,
            (Some(due), _) if due <= now => Next::Due,
            (Some(due), NextArrival::At(at)) => Next::Later(Some(due.min(at))),
            (None, NextArrival::At(at)) => Next::Later(Some(at)),
            (Some(due), _) => Next::Later(Some(due)),
            (None, NextArrival::Unread | NextArrival::Never) => Next::Later(None),
        }
    }

    /// Waits until `at`, or until something else happens.
    async fn wait(&mut self, at: Option<RunOffset>, pacer: &mut Pacer) {
        self.burst = 0;
        self.idle.give_up(self.now());
        let Self {
            replies,
            source,
            worker,
            ..
        } = self;
        let until_due = async {
            match at {
                Some(at) => pacer.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = replies.arrived() => {}
            () = until_due => {}
            () = source.read_on() => {}
            () = worker.stopped.notified() => {}
        }
    }

    /// Lets answers be read after so many calls: a load that has got behind never has to wait.
    async fn give_way(&mut self) {
        self.burst += 1;
        if self.burst >= BURST {
            self.burst = 0;
            tokio::task::yield_now().await;
        }
    }

    /// The last word of a log, or of another source, has been heard.
    fn nothing_follows(&mut self) {
        for (_, seat) in std::mem::take(&mut self.open) {
            self.close(seat);
        }
    }
}
