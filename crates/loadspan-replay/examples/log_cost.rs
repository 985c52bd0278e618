//! What a log costs: time to the first call, time to the last, memory.
//!
//! `cargo run --release -p loadspan-replay --example log_cost -- trace.jsonl`; without a file, a million lines are made up.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::time::Instant;

use loadspan_replay::{Lengths, Opened, Options, Planner, Reading};

/// Lines as those of Mooncake's traces: a block that all have, some that some have, some that none has.
struct MadeUp {
    line: u64,
    lines: u64,
    text: Vec<u8>,
    read: usize,
}

impl Read for MadeUp {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.read == self.text.len() && self.line < self.lines {
            let line = self.line;
            let ids: Vec<u64> = (0..16)
                .map(|place| if place < 4 { place } else { line * 16 + place })
                .collect();
            self.text = format!(
                "{{\"timestamp\": {}, \"input_length\": 8000, \"output_length\": {}, \"hash_ids\": {ids:?}}}\n",
                line * 7,
                line % 500 + 1
            )
            .into_bytes();
            (self.read, self.line) = (0, line + 1);
        }
        let read = self.text[self.read..].as_ref().read(buffer)?;
        self.read += read;
        Ok(read)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    match std::env::args().nth(1) {
        Some(path) => replay(&path, BufReader::new(File::open(&path)?), started),
        None => {
            let made_up = MadeUp {
                line: 0,
                lines: 1_000_000,
                text: Vec::new(),
                read: 0,
            };
            replay("made up", BufReader::new(made_up), started)
        }
    }
}

fn replay(name: &str, reader: impl BufRead, started: Instant) -> Result<(), Box<dyn Error>> {
    let reading = Reading {
        lengths: Some(Lengths::Cumulative),
        ..Reading::default()
    };
    let Opened::Log(log) = reading.open(name, reader, None)? else {
        return Err("it is no log".into());
    };
    let mut planner = Planner::of_log(Options::default(), Reading::default().block_tokens);
    let mut count = 0_u64;
    for call in log {
        count += u64::from(planner.call(call?).is_some());
        if count == 1 || count.is_multiple_of(250_000) {
            println!(
                "{count} calls after {:.3?}; resident: {} MiB",
                started.elapsed(),
                resident_kib() / 1024
            );
        }
    }
    println!("{count} calls after {:.3?}; {}", started.elapsed(), planner.sha256());
    Ok(())
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap_or_default();
    let number = line.split_whitespace().nth(1);
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
