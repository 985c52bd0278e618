//! HTTP/1.1, by a loop of its own: one read, one parse and one write for a request that fits into them.

mod chunked;
mod parse;
mod reply;

use std::time::Duration;

use parse::{Parser, Step};
use reply::{After, Client, Framing, Http1Reply};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::respond::{Action, Answer, play, prepare, send};
use crate::state::Shared;

/// What a connection reserves for its input at first.
pub(super) const INPUT_SIZE: usize = 2_048;

/// The most that is reserved at once for a request that is larger.
const MAX_RESERVE: usize = 64 * 1024;

/// Input buffers that grew beyond this are given back before the response.
const KEEP_INPUT: usize = 8 * 1024;

/// Output buffers that grew beyond this are given back after the response.
const KEEP_OUTPUT: usize = 256 * 1024;

/// How long a client that was refused may go on sending before the connection is cut.
const LINGER: Duration = Duration::from_secs(1);

/// One connection.
pub(super) struct Connection<'s, S> {
    shared: &'s Shared,
    shard: usize,
    stream: S,
    input: Vec<u8>,
    output: Vec<u8>,
    parser: Parser,
}

impl<'s, S> Connection<'s, S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    pub(super) fn new(shared: &'s Shared, shard: usize, stream: S) -> Self {
        Self {
            shared,
            shard,
            stream,
            input: Vec::new(),
            output: Vec::new(),
            parser: Parser::default(),
        }
    }

    /// Serves requests until either side closes. `first` has been read already.
    pub(super) async fn serve(mut self, first: Vec<u8>) {
        self.input = first;
        let (shared, shard) = (self.shared, self.shard);
        loop {
            let step = self.parser.step(&self.input, shared.settings.body_limit, |request| {
                prepare(shared, shard, request)
            });
            let after = match step {
                Step::Complete(request) => {
                    self.consume(request.length);
                    self.respond(request.value, request.client, request.after).await
                }
                Step::Refused(answer) => self.refuse(&answer).await,
                Step::Continue => self.tell_to_continue().await,
                Step::Incomplete { missing } => self.read(missing).await,
            };
            if after == After::Close {
                return;
            }
        }
    }

    async fn respond(&mut self, action: Action<'s>, client: Client, after: After) -> After {
        let mut reply = self.reply(client, after);
        match action {
            Action::Answer(answer) => {
                if send(&answer, &mut reply).await.is_err() {
                    reply.after = After::Close;
                }
            }
            Action::Play(job) => play(job, &mut reply).await,
        }
        let after = reply.after;
        if self.output.capacity() > KEEP_OUTPUT {
            self.output = Vec::new();
        }
        after
    }

    /// Answers what cannot be served, and lets the client read the answer before the connection is cut.
    async fn refuse(&mut self, answer: &Answer) -> After {
        let mut reply = self.reply(Client::Http11, After::Close);
        if send(answer, &mut reply).await.is_ok() {
            // When the time is over the connection is cut all the same.
            let _ = tokio::time::timeout(LINGER, self.drain()).await;
        }
        After::Close
    }

    /// Reads and forgets. Closing with unread input would make the operating system take back what was sent.
    async fn drain(&mut self) {
        if self.stream.shutdown().await.is_err() {
            return;
        }
        self.input = Vec::with_capacity(KEEP_INPUT);
        while let Ok(1..) = self.stream.read_buf(&mut self.input).await {
            self.input.clear();
        }
    }

    async fn tell_to_continue(&mut self) -> After {
        self.output.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        let sent = self.stream.write_all(&self.output).await;
        self.output.clear();
        if sent.is_ok() { After::KeepAlive } else { After::Close }
    }

    async fn read(&mut self, missing: usize) -> After {
        self.input.reserve(missing.clamp(INPUT_SIZE, MAX_RESERVE));
        match self.stream.read_buf(&mut self.input).await {
            Ok(0) | Err(_) => After::Close,
            Ok(_) => After::KeepAlive,
        }
    }

    /// Forgets a request that was taken from the input.
    fn consume(&mut self, length: usize) {
        if length < self.input.len() {
            self.input.drain(..length);
        } else if self.input.capacity() > KEEP_INPUT {
            self.input = Vec::new();
        } else {
            self.input.clear();
        }
    }

    fn reply(&mut self, client: Client, after: After) -> Http1Reply<'_, S> {
        Http1Reply {
            stream: &mut self.stream,
            input: &mut self.input,
            output: &mut self.output,
            headers: &self.shared.settings.headers,
            framing: Framing::Plain,
            client,
            after,
        }
    }
}
