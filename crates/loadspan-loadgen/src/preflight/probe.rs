//! Single requests outside the load: what a server says of itself, and whether it answers as it should.

use std::rc::Rc;

use loadspan_record::FailureKind;

use crate::RunClock;
use crate::deadline::{Cutoff, Deadlines, Watchdog};
use crate::http1::{Exchange, ReadBuffer};
use crate::link::{Link, Links, NoLink};
use crate::observer::{Observed, Observer, ObserverConfig};
use crate::response::{BreakCause, ResponseHead, ResponseSink};
use crate::target::{RequestParts, Route};

/// The largest answer of a resource that describes a server.
const BODY_LIMIT: usize = 4 << 20;

/// Sends single requests, each over a connection of its own.
pub(super) struct Probe {
    clock: RunClock,
    watchdog: Watchdog,
    exchange: Exchange,
}

/// What a GET brought.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// A request that brought nothing.
#[derive(Debug)]
pub(super) struct Unreached {
    pub(super) kind: FailureKind,
    pub(super) message: String,
}

impl ResponseSink for Fetched {
    fn on_head(&mut self, head: ResponseHead<'_>) {
        self.status = head.status;
    }

    fn on_body(&mut self, bytes: &[u8], _at: loadspan_record::RunOffset) {
        let room = BODY_LIMIT.saturating_sub(self.body.len());
        self.body.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

impl Fetched {
    /// The body, if it came with a status of 200–299.
    pub(super) fn success(&self) -> Option<&[u8]> {
        (200..300).contains(&self.status).then_some(&*self.body)
    }

    /// The same, for keeps.
    pub(super) fn into_success(self) -> Option<Vec<u8>> {
        (200..300).contains(&self.status).then_some(self.body)
    }
}

impl Probe {
    pub(super) fn new(clock: RunClock, deadlines: Deadlines) -> Self {
        Self {
            clock,
            watchdog: Watchdog::new(clock, &Rc::new(Cutoff::default())),
            exchange: Exchange {
                clock,
                deadlines,
                read_buffer: ReadBuffer::new(),
            },
        }
    }

    /// Fetches a resource, whatever the status.
    pub(super) async fn get(&mut self, route: &Route) -> Result<Fetched, Unreached> {
        let mut link = self.open(route).await?;
        let mut message = Vec::new();
        let outgoing = link.compose_get(&route.head, &mut message);
        let mut fetched = Fetched::default();
        let exchanged = link
            .exchange((outgoing, &message), &mut fetched, &mut self.watchdog, &self.exchange)
            .await;
        match exchanged.1 {
            Ok(_) => Ok(fetched),
            Err(broken) => Err(match broken.cause {
                BreakCause::Failure(kind, message) => Unreached {
                    kind,
                    message: message.unwrap_or_default(),
                },
                BreakCause::Cutoff => Unreached {
                    kind: FailureKind::ConnectionLost,
                    message: String::new(),
                },
            }),
        }
    }

    /// Sends a request like those of the load.
    pub(super) async fn post(
        &mut self,
        route: &Route,
        parts: RequestParts<'_>,
        config: ObserverConfig,
    ) -> Result<Observed, Unreached> {
        let mut link = self.open(route).await?;
        let mut message = Vec::new();
        let outgoing = link.compose(&route.head, parts, &mut message);
        let mut observer = Observer::new(config);
        let (_, exchanged) = link
            .exchange((outgoing, &message), &mut observer, &mut self.watchdog, &self.exchange)
            .await;
        Ok(observer.conclude(exchanged))
    }

    /// A new connection. Those of HTTP/2 are not shared either: the next request may be for another host.
    async fn open(&mut self, route: &Route) -> Result<Link, Unreached> {
        let links = Links::new(self.clock, 1);
        let opened = links.open(0, route, &mut self.watchdog).await;
        opened.map(|(link, _)| link).map_err(unreached)
    }
}

fn unreached(no_link: NoLink) -> Unreached {
    match no_link {
        NoLink::Dial(error) => Unreached {
            kind: error.kind,
            message: error.message,
        },
        NoLink::Cutoff => Unreached {
            kind: FailureKind::ConnectionLost,
            message: String::new(),
        },
    }
}
