//! A streamed response.

use super::{Gone, Player, TruthOutcome};
use crate::encode::StreamEncoder;
use crate::pace::Pace;
use crate::reply::{BodyLength, Head, Reply};
use crate::respond::job::{Delivery, StreamUsage};
use crate::script::{Fault, Opening, Writes};

/// What is queued beyond this leaves even if more is due at once.
const MAX_QUEUED: usize = 256 * 1024;

const HEAD: Head = Head {
    status: 200,
    content_type: "text/event-stream; charset=utf-8",
    length: BodyLength::Streamed,
    retry_after: None,
};

/// Whether the events that come before the first token have been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opened {
    No,
    Yes,
}

impl<R: Reply> Player<'_, '_, R> {
    pub(super) async fn stream(&mut self, mut pace: Pace) -> Result<(), Gone> {
        let mut encoder = StreamEncoder::new(self.job.script, self.job.output, self.identity());
        let mut opened = self.open_stream(&mut encoder, &pace).await?;
        let tokens = self.job.output.tokens.min(self.tokens_before_fault());
        let mut sent = 0;
        while sent < tokens {
            self.fill(&mut encoder, &pace).await?;
            self.wait(pace.due_ns()).await?;
            opened = self.write_opening(&mut encoder, opened).await?;
            let at_most = self.job.script.tokens_per_chunk.get().min(tokens - sent);
            let end = self.write_tokens(&mut encoder, sent, at_most).await?;
            pace.advance(end - sent);
            sent = end;
        }
        if sent == 0 {
            self.wait(pace.due_ns()).await?;
            self.write_opening(&mut encoder, opened).await?;
        }
        self.close(encoder, &pace).await
    }

    /// The head, and what is shown at once.
    async fn open_stream(&mut self, encoder: &mut StreamEncoder<'_>, pace: &Pace) -> Result<Opened, Gone> {
        let script = self.job.script;
        if !script.head_delay.is_zero() {
            self.wait(pace.service_start_ns()).await?;
        }
        if script.opening == Opening::Nothing {
            self.wait(pace.due_ns()).await?;
        }
        self.reply.head(&HEAD);
        match script.opening {
            Opening::RoleChunk => self.write_opening(encoder, Opened::No).await,
            Opening::Head | Opening::Nothing => Ok(Opened::No),
        }
    }

    async fn write_opening(&mut self, encoder: &mut StreamEncoder<'_>, opened: Opened) -> Result<Opened, Gone> {
        if opened == Opened::No {
            encoder.opening();
            self.queue(encoder).await?;
        }
        Ok(Opened::Yes)
    }

    /// What comes in the middle of an interval and is no token.
    async fn fill(&mut self, encoder: &mut StreamEncoder<'_>, pace: &Pace) -> Result<(), Gone> {
        let script = self.job.script;
        if script.fillers.is_empty() {
            return Ok(());
        }
        self.wait(pace.midpoint_ns()).await?;
        script.fillers.iter().for_each(|&filler| encoder.filler(filler));
        self.queue(encoder).await
    }

    /// One chunk for each choice. Returns how many tokens of each choice have now been written.
    async fn write_tokens(&mut self, encoder: &mut StreamEncoder<'_>, first: u32, at_most: u32) -> Result<u32, Gone> {
        let span = self.job.output.span(first, at_most);
        let usage = match self.job.delivery {
            Delivery::Stream(StreamUsage::EveryChunk) => self.job.counts(span.tokens.end),
            _ => None,
        };
        for choice in 0..self.job.output.choices {
            encoder.tokens(choice, &span, usage);
            self.unsent.add(&span);
        }
        self.queue(encoder).await?;
        Ok(span.tokens.end)
    }

    /// The end, which the fault decides.
    async fn close(&mut self, mut encoder: StreamEncoder<'_>, pace: &Pace) -> Result<(), Gone> {
        match self.job.fault {
            Fault::ErrorEventAfter(_) => {
                self.wait(pace.due_ns()).await?;
                encoder.error();
                self.queue(&mut encoder).await?;
                self.finish(TruthOutcome::ErrorEvent).await
            }
            Fault::TruncateAfter(_) => {
                self.wait(pace.due_ns()).await?;
                self.truncate().await
            }
            Fault::StallAfter(_) => self.stall().await,
            Fault::EmptyOutput => self.close_well(encoder, TruthOutcome::Empty).await,
            _ => self.close_well(encoder, TruthOutcome::Completed).await,
        }
    }

    async fn close_well(&mut self, mut encoder: StreamEncoder<'_>, outcome: TruthOutcome) -> Result<(), Gone> {
        let usage = match self.job.delivery {
            Delivery::Stream(StreamUsage::Never) => None,
            _ => self.job.counts(self.job.output.tokens),
        };
        encoder.closing(self.job.finish_reason, usage);
        self.queue(&mut encoder).await?;
        self.finish(outcome).await
    }

    /// Queues the events that were written, or sends them in the pieces that the script wants.
    async fn queue(&mut self, encoder: &mut StreamEncoder<'_>) -> Result<(), Gone> {
        match self.job.script.writes {
            Writes::Together => {
                encoder.events.iter().for_each(|event| self.reply.chunk(event));
                if self.reply.queued() > MAX_QUEUED {
                    self.flush().await?;
                }
            }
            Writes::OnePerEvent => {
                for event in encoder.events.iter() {
                    self.reply.chunk(event);
                    self.flush().await?;
                }
            }
            Writes::Split { bytes, pause } => {
                for event in encoder.events.iter() {
                    self.split(
                        event,
                        Cut {
                            bytes: bytes.get(),
                            pause,
                        },
                    )
                    .await?;
                }
            }
        }
        encoder.events.clear();
        Ok(())
    }

    async fn split(&mut self, event: &[u8], cut: Cut) -> Result<(), Gone> {
        let mut pieces = event.chunks(cut.bytes).peekable();
        while let Some(piece) = pieces.next() {
            self.reply.chunk(piece);
            if pieces.peek().is_none() {
                return self.flush().await;
            }
            self.stamp_head();
            self.reply.flush().await?;
            if !cut.pause.is_zero() {
                self.reply.wait_until(tokio::time::Instant::now() + cut.pause).await?;
            }
        }
        Ok(())
    }

    fn tokens_before_fault(&self) -> u32 {
        match self.job.fault {
            Fault::ErrorEventAfter(tokens) | Fault::TruncateAfter(tokens) | Fault::StallAfter(tokens) => tokens,
            _ => u32::MAX,
        }
    }
}

/// How an event is cut.
#[derive(Debug, Clone, Copy)]
struct Cut {
    bytes: usize,
    pause: std::time::Duration,
}
