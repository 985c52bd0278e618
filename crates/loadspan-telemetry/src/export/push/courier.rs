//! Delivers the payloads of one signal, one after the other, and notes on disk what was delivered.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use super::PushedSignal;
use crate::export::retry::{random, wait_after};
use crate::export::split::halves;
use crate::export::spool::{Folder, PayloadName};
use crate::export::transport::Transport;
use crate::export::{Contents, Delivery, Payload};

/// One refusal may be the fault of a payload; so many in a row are that of the backend or of the credentials.
const REFUSALS: u32 = 3;

/// Delivers payloads from a spool.
pub(super) struct Courier<'a, T> {
    folder: &'a Folder,
    transport: &'a T,
    patience: Duration,
    report: Report,
    refusals: u32,
}

/// What came of the payloads of one signal.
#[derive(Debug, Default)]
pub(super) struct Report {
    delivered: u64,
    rejected: u64,
    left: u64,
    reason: Option<String>,
}

/// What is left of a payload that is being delivered, perhaps in parts.
struct Remainder {
    name: PayloadName,
    parts: VecDeque<Payload>,
}

/// Whether there is any use in sending the next payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prospect {
    Good,
    None,
}

impl Report {
    pub(super) fn of(self, contents: Contents, destination: String) -> PushedSignal {
        PushedSignal {
            sink: contents.sink(),
            signal: contents.signal(),
            destination: Some(destination),
            delivered: self.delivered,
            rejected: self.rejected,
            left: self.left,
            reason: self.reason,
        }
    }
}

impl<'a, T: Transport> Courier<'a, T> {
    pub(super) fn new(folder: &'a Folder, transport: &'a T, patience: Duration) -> Self {
        Self {
            folder,
            transport,
            patience,
            report: Report::default(),
            refusals: 0,
        }
    }

    pub(super) async fn deliver(mut self, payloads: &[PayloadName]) -> io::Result<Report> {
        let mut prospect = Prospect::Good;
        for name in payloads {
            match prospect {
                Prospect::Good => prospect = self.deliver_one(*name).await?,
                Prospect::None => self.report.left += name.items,
            }
        }
        Ok(self.report)
    }

    async fn deliver_one(&mut self, name: PayloadName) -> io::Result<Prospect> {
        let mut remainder = Remainder {
            name,
            parts: VecDeque::from([self.folder.read(&name)?]),
        };
        while let Some(part) = remainder.parts.pop_front() {
            match self.send_patiently(&part).await {
                Delivery::Accepted { rejected, message } => {
                    self.count_accepted(&part, rejected, message);
                    self.settle(&mut remainder)?;
                }
                Delivery::TooLarge { reason } => match halves(&part) {
                    Some([first, second]) => {
                        remainder.parts.push_front(second);
                        remainder.parts.push_front(first);
                    }
                    None => self.reject(&mut remainder, &part, reason)?,
                },
                Delivery::Invalid { reason } => self.reject(&mut remainder, &part, reason)?,
                Delivery::Refused { reason } => return Ok(self.leave_refused(&remainder, &part, reason)),
                Delivery::NotTaken { reason } | Delivery::Gone { reason } | Delivery::Retry { reason, .. } => {
                    self.leave(&remainder, &part, reason);
                    return Ok(Prospect::None);
                }
            }
        }
        Ok(Prospect::Good)
    }

    fn count_accepted(&mut self, part: &Payload, rejected: u64, message: Option<String>) {
        let rejected = rejected.min(part.items);
        self.report.delivered += part.items - rejected;
        self.report.rejected += rejected;
        self.refusals = 0;
        if rejected > 0 {
            self.report.reason = message.or(self.report.reason.take());
        }
    }

    fn reject(&mut self, remainder: &mut Remainder, part: &Payload, reason: String) -> io::Result<()> {
        self.folder.keep_rejected(&remainder.name, part)?;
        self.report.rejected += part.items;
        self.report.reason = Some(reason);
        self.settle(remainder)
    }

    fn settle(&self, remainder: &mut Remainder) -> io::Result<()> {
        let left = self.folder.settle(&remainder.name, remainder.parts.make_contiguous())?;
        remainder.name = left.unwrap_or(remainder.name);
        Ok(())
    }

    fn leave_refused(&mut self, remainder: &Remainder, part: &Payload, reason: String) -> Prospect {
        self.leave(remainder, part, reason);
        self.refusals += 1;
        if self.refusals < REFUSALS {
            Prospect::Good
        } else {
            Prospect::None
        }
    }

    fn leave(&mut self, remainder: &Remainder, part: &Payload, reason: String) {
        let others: u64 = remainder.parts.iter().map(|part| part.items).sum();
        self.report.left += part.items + others;
        self.report.reason = Some(reason);
    }

    /// Tries as long as it may go well another time and patience lasts. An attempt that has begun is not cut short: the backend
    /// may already have the payload.
    async fn send_patiently(&self, payload: &Payload) -> Delivery {
        let until = Instant::now() + self.patience;
        let mut failures = 0;
        loop {
            let delivery = self.transport.send(payload).await;
            let Delivery::Retry { after, .. } = &delivery else {
                return delivery;
            };
            failures += 1;
            let next_at = Instant::now() + wait_after(failures, *after, random());
            if next_at >= until {
                return delivery;
            }
            tokio::time::sleep_until(next_at.into()).await;
        }
    }
}
