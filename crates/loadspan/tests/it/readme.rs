//! The README's commands, run as they stand, so that they cannot rot.

use std::path::Path;

use loadspan_testkit::{DurationExt, FakeServer, every};

use crate::harness::Loadspan;

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap()
}

/// The command lines of the `console` blocks, continuation lines joined.
fn commands() -> Vec<String> {
    let readme = readme();
    let blocks = readme
        .split("```console\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default());
    let mut commands = Vec::new();
    for block in blocks {
        let joined = block.replace("\\\n", " ");
        commands.extend(
            joined
                .lines()
                .filter_map(|line| line.strip_prefix("$ "))
                .map(str::to_owned),
        );
    }
    commands
}

#[test]
fn the_first_commands_are_those_that_set_everything_up() {
    let commands = commands();
    assert_eq!(commands[..2], ["cargo run --release -- demo", "cargo test --workspace"]);
}

#[test]
fn every_profile_command_runs() {
    let server = FakeServer::new()
        .models(["my-model"])
        .ttft(5.ms())
        .tokens(8, every(1.ms()))
        .start()
        .unwrap();
    let profiles: Vec<_> = commands()
        .into_iter()
        .filter(|command| command.starts_with("loadspan profile"))
        .collect();
    assert!(profiles.len() >= 3, "the README shows how to benchmark");
    for command in profiles {
        let words = split_words(&command);
        let flags = words.iter().skip(1).map(|word| match word.as_str() {
            url if url.starts_with("http://localhost:8000") => server.url(),
            // Long runs are cut short; the flags are what counts.
            "60" | "60s" | "5m" => "0.5".to_owned(),
            "1000" | "2000" => "20".to_owned(),
            file if file.starts_with("examples/") => {
                let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
                root.join(file).display().to_string()
            }
            other => other.to_owned(),
        });
        let mut run = Loadspan::new(&[]);
        std::fs::write(run.folder().join("prompts.jsonl"), "{\"text\": \"hello\"}\n").unwrap();
        for flag in flags {
            run = run.arg(flag);
        }
        if words.iter().any(|word| word == "-f") {
            run = run.args("--benchmark-duration 0.3");
        }
        let run = run.run();
        assert!(
            matches!(run.code, Some(0 | 4)),
            "{command}\n{}\n{}",
            run.stdout,
            run.stderr
        );
    }
}

/// Words of a shell command with single and double quotes.
fn split_words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, c) if c.is_whitespace() => words.push(String::new()),
            (_, c) => words.last_mut().expect("there is always a word").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
