//! What goes wrong, other than within a stream.

use super::{Gone, Player, TruthOutcome, json_head, queue_answer};
use crate::pace::Pace;
use crate::reply::Reply;
use crate::respond::Answer;
use crate::respond::answer::JSON;
use crate::script::Fault;

const HTML: &str =
    "<!doctype html>\n<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n";

impl<R: Reply> Player<'_, '_, R> {
    pub(super) async fn fail(&mut self, fault: Fault, pace: Pace) -> Result<(), Gone> {
        self.wait(pace.due_ns()).await?;
        match fault {
            Fault::Status { status, retry_after } => {
                let answer = Answer::scripted(status, retry_after.map(|delay| delay.as_secs()));
                self.answer(&answer, TruthOutcome::Status(status)).await
            }
            Fault::RejectStreamOptions => {
                let answer =
                    Answer::bad_request("Unrecognized request argument: stream_options", Some("stream_options"));
                self.answer(&answer, TruthOutcome::Status(400)).await
            }
            Fault::ErrorEventAfter(_) => {
                self.answer(&Answer::scripted(500, None), TruthOutcome::Status(500))
                    .await
            }
            Fault::NotJson => {
                self.answer(&Answer::new(JSON, "this is not JSON {"), TruthOutcome::Nonsense)
                    .await
            }
            Fault::Html => {
                self.answer(&Answer::new("text/html; charset=utf-8", HTML), TruthOutcome::Nonsense)
                    .await
            }
            Fault::TruncateAfter(_) => {
                self.queue_half_of_body();
                self.truncate().await
            }
            Fault::StallAfter(_) => {
                self.queue_half_of_body();
                self.stall().await
            }
            Fault::Drop => {
                self.end_of_response(TruthOutcome::Dropped);
                self.reply.abort();
                Ok(())
            }
            Fault::Silence => self.silence(TruthOutcome::Silent).await,
            // These two are played like a good response.
            Fault::None | Fault::EmptyOutput => self.whole(pace).await,
        }
    }

    /// Sends what is queued, then breaks off.
    pub(super) async fn truncate(&mut self) -> Result<(), Gone> {
        self.stamp();
        self.end_of_response(TruthOutcome::Truncated);
        let sent = self.reply.flush().await;
        self.reply.abort();
        sent
    }

    /// Sends what is queued, then nothing more until the client goes.
    pub(super) async fn stall(&mut self) -> Result<(), Gone> {
        self.flush().await?;
        self.silence(TruthOutcome::Stalled).await
    }

    /// Sends nothing until the client goes. The stream counts as open for so long.
    async fn silence(&mut self, outcome: TruthOutcome) -> Result<(), Gone> {
        if let Some(truth) = &mut self.job.truth {
            truth.last_byte_ns = truth.first_byte_ns.map(|_| self.now_ns);
        }
        self.record(outcome);
        self.reply.gone().await;
        Err(Gone)
    }

    async fn answer(&mut self, answer: &Answer, outcome: TruthOutcome) -> Result<(), Gone> {
        queue_answer(answer, self.reply);
        self.stamp();
        self.end_of_response(outcome);
        self.reply.flush().await
    }

    fn queue_half_of_body(&mut self) {
        let body = self.whole_body();
        self.reply.head(&json_head(body.len()));
        self.reply.chunk(&body[..body.len() / 2]);
    }
}
