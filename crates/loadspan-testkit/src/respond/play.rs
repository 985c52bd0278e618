//! Plays a script to a client, and records what was done when.

mod faults;
mod stream;

use super::job::Delivery;
use super::{Answer, Job};
use crate::encode::{Channel, Embeddings, Identity, Span, Whole, write_embeddings, write_whole};
use crate::pace::{Pace, Start};
use crate::plan::random;
use crate::reply::{BodyLength, Gone, Head, Reply};
use crate::script::Fault;
use crate::slots::Slot;
use crate::truth::{Open, TruthOutcome};

/// Sends an answer that is known at once.
pub(crate) async fn send<R: Reply>(answer: &Answer, reply: &mut R) -> Result<(), Gone> {
    queue_answer(answer, reply);
    reply.flush().await
}

/// Plays the script of a request. Its truth is recorded before the last byte leaves, so that whoever has seen the end of a
/// response finds it.
pub(crate) async fn play<R: Reply>(job: Box<Job<'_>>, reply: &mut R) {
    let open = Some(job.shared.ledger.open_stream());
    let mut player = Player {
        job,
        reply,
        open,
        slot: None,
        now_ns: 0,
        unsent: Unsent::default(),
    };
    if let Err(Gone) = player.play().await {
        player.record(TruthOutcome::ClientLeft);
        player.end_service_now();
    }
}

fn queue_answer<R: Reply>(answer: &Answer, reply: &mut R) {
    reply.head(&answer.head());
    reply.chunk(answer.body());
    reply.end();
}

/// Plays one script to one client.
struct Player<'s, 'r, R> {
    job: Box<Job<'s>>,
    reply: &'r mut R,
    /// `None` once the response has come to an end.
    open: Option<Open<'s>>,
    slot: Option<Slot<'s>>,
    /// The clock when it was last read.
    now_ns: u64,
    unsent: Unsent,
}

/// Tokens that are queued and have not left.
#[derive(Debug, Default)]
struct Unsent {
    tokens: u32,
    /// Those that are not reasoning.
    answer_tokens: u32,
}

impl<R: Reply> Player<'_, '_, R> {
    async fn play(&mut self) -> Result<(), Gone> {
        let pace = self.begin_service().await?;
        match (self.job.fault, self.job.delivery) {
            (Fault::None | Fault::EmptyOutput, Delivery::Whole | Delivery::Vectors(_)) => self.whole(pace).await,
            (Fault::None | Fault::EmptyOutput, Delivery::Stream(_)) => self.stream(pace).await,
            (Fault::ErrorEventAfter(_) | Fault::TruncateAfter(_) | Fault::StallAfter(_), Delivery::Stream(_)) => {
                self.stream(pace).await
            }
            (fault, _) => self.fail(fault, pace).await,
        }
    }

    /// Waits for a free place, if there is a limit.
    async fn begin_service(&mut self) -> Result<Pace, Gone> {
        let shared = self.job.shared;
        let mut at_ns = shared.clock.work_at(self.job.arrived_ns);
        if let Some(slots) = &shared.slots {
            let slot = tokio::select! {
                biased;
                slot = slots.acquire(at_ns) => slot,
                () = self.reply.gone() => return Err(Gone),
            };
            at_ns = slot.start_ns;
            self.slot = Some(slot);
        }
        let meter = shared.meters.of(self.job.shard);
        meter
            .queue_time
            .observe(at_ns.saturating_sub(shared.clock.work_at(self.job.arrived_ns)));
        meter.prompt_tokens.add(u64::from(self.job.prompt_tokens));
        if let Some(truth) = &mut self.job.truth {
            truth.service_ns = Some(shared.clock.wall_at(at_ns));
        }
        self.now_ns = self.job.arrived_ns;
        let settings = &shared.settings;
        Ok(Pace::new(
            self.job.script,
            Start {
                at_ns,
                extra_ttft_ns: settings.warm_start.extra_ns(self.job.number),
                random: random(settings.seed, self.job.number),
            },
        ))
    }

    /// A response that is not streamed: it is due when its last token is.
    async fn whole(&mut self, mut pace: Pace) -> Result<(), Gone> {
        let body = self.whole_body();
        if self.job.delivery == Delivery::Whole {
            pace.advance(self.job.output.tokens.saturating_sub(1));
            self.unsent = Unsent::all_of(&self.job);
        }
        self.wait(pace.due_ns()).await?;
        self.reply.head(&json_head(body.len()));
        self.reply.chunk(&body);
        self.finish(if self.job.fault == Fault::EmptyOutput {
            TruthOutcome::Empty
        } else {
            TruthOutcome::Completed
        })
        .await
    }

    fn whole_body(&self) -> Vec<u8> {
        let job = &self.job;
        let mut body = Vec::with_capacity(512);
        match job.delivery {
            Delivery::Vectors(inputs) => {
                let dimensions = job.shared.settings.embedding_dimensions;
                write_embeddings(
                    &mut body,
                    &Embeddings {
                        model: &job.model,
                        inputs,
                        dimensions,
                        usage: job.counts(0),
                    },
                );
            }
            Delivery::Whole | Delivery::Stream(_) => {
                let usage = job.counts(job.output.tokens);
                let (output, finish_reason) = (job.output, job.finish_reason);
                write_whole(
                    &mut body,
                    &Whole {
                        identity: self.identity(),
                        output,
                        finish_reason,
                        usage,
                    },
                );
            }
        }
        body
    }

    fn identity(&self) -> Identity<'_> {
        Identity {
            endpoint: self.job.endpoint,
            number: self.job.number,
            model: &self.job.model,
        }
    }

    /// Waits until a work time. What is queued leaves before, but not if the time has already come.
    async fn wait(&mut self, due_ns: u64) -> Result<(), Gone> {
        if let Some(slot) = &mut self.slot {
            slot.end_ns = slot.end_ns.max(due_ns);
        }
        let clock = &self.job.shared.clock;
        let wall_ns = clock.wall_at(due_ns);
        if wall_ns <= self.now_ns {
            return Ok(());
        }
        self.now_ns = clock.now_ns();
        if wall_ns <= self.now_ns {
            return Ok(());
        }
        if self.reply.queued() > 0 {
            self.flush().await?;
        }
        self.reply.wait_until(clock.instant(wall_ns)).await?;
        self.now_ns = wall_ns;
        Ok(())
    }

    /// Sends what is queued, and notes when.
    async fn flush(&mut self) -> Result<(), Gone> {
        self.stamp();
        self.reply.flush().await
    }

    /// Sends what is queued, which ends the response.
    async fn finish(&mut self, outcome: TruthOutcome) -> Result<(), Gone> {
        self.reply.end();
        self.stamp();
        self.end_of_response(outcome);
        self.reply.flush().await
    }

    /// Records the truth of a response of which everything was sent or is about to be.
    fn end_of_response(&mut self, outcome: TruthOutcome) {
        if let Some(truth) = &mut self.job.truth {
            truth.last_byte_ns = truth.first_byte_ns.map(|_| self.now_ns);
        }
        self.record(outcome);
        self.open = None;
    }

    fn record(&mut self, outcome: TruthOutcome) {
        if let Some(mut truth) = self.job.truth.take() {
            truth.outcome = outcome;
            if outcome == TruthOutcome::Completed {
                let meter = self.job.shared.meters.of(self.job.shard);
                meter.succeeded.add(1);
                meter.latency.observe(self.now_ns.saturating_sub(truth.arrived_ns));
            }
            self.job.shared.ledger.record(self.job.shard, truth);
        }
    }

    /// Notes that what is queued leaves now.
    fn stamp(&mut self) {
        self.stamp_head();
        let (now_ns, unsent) = (self.now_ns, std::mem::take(&mut self.unsent));
        let meter = self.job.shared.meters.of(self.job.shard);
        let Some(truth) = &mut self.job.truth else { return };
        if unsent.tokens > 0 {
            meter.generation_tokens.add(u64::from(unsent.tokens));
            match truth.last_token_ns {
                Some(last_ns) => meter.inter_token_latency.observe(now_ns.saturating_sub(last_ns)),
                None => meter
                    .time_to_first_token
                    .observe(now_ns.saturating_sub(truth.arrived_ns)),
            }
            truth.first_token_ns.get_or_insert(now_ns);
            truth.last_token_ns = Some(now_ns);
            truth.tokens += unsent.tokens;
        }
        if unsent.answer_tokens > 0 {
            truth.first_answer_token_ns.get_or_insert(now_ns);
        }
    }

    /// Notes that bytes without a whole token leave now.
    fn stamp_head(&mut self) {
        self.now_ns = self.job.shared.clock.now_ns();
        if let Some(truth) = &mut self.job.truth {
            truth.first_byte_ns.get_or_insert(self.now_ns);
        }
    }

    /// The client left: its place is free at once.
    fn end_service_now(&mut self) {
        let clock = &self.job.shared.clock;
        if let Some(slot) = &mut self.slot {
            slot.end_ns = clock.work_at(clock.now_ns());
        }
    }
}

impl Unsent {
    fn all_of(job: &Job<'_>) -> Self {
        let tokens = job.output.tokens.saturating_mul(job.output.choices);
        Self {
            tokens,
            answer_tokens: tokens - job.output.reasoning_tokens().unwrap_or(0),
        }
    }

    fn add(&mut self, span: &Span) {
        let tokens = span.tokens.end - span.tokens.start;
        self.tokens = self.tokens.saturating_add(tokens);
        if span.channel != Channel::Reasoning {
            self.answer_tokens = self.answer_tokens.saturating_add(tokens);
        }
    }
}

fn json_head(length: usize) -> Head {
    Head {
        status: 200,
        content_type: super::answer::JSON,
        length: BodyLength::Known(length),
        retry_after: None,
    }
}
