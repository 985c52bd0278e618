//! A fake server on a fixed port, for measuring: `serve [PORT] [TTFT_MS] [ITL_MS] [TOKENS] [JITTER_PERCENT]`. Runs until its
//! standard input ends.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;
use std::io;
use std::net::TcpListener;

use loadspan_testkit::{DurationExt, FakeServer, every};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let mut next = |default| arguments.next().unwrap_or(Ok(default));
    let (port, ttft, itl, tokens, jitter) = (next(8000)?, next(0)?, next(0)?, next(1)?, next(0)?);
    let server = FakeServer::new()
        .ttft(ttft.ms())
        .tokens(u32::try_from(tokens)?, every(itl.ms()))
        .jitter(jitter as f64 / 100.0)
        .start_on(TcpListener::bind(("127.0.0.1", u16::try_from(port)?))?)?;
    println!("{}", server.url());
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
