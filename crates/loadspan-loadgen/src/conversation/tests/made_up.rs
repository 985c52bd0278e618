//! Lengths, determinism and the history of made-up sessions.

use std::collections::HashSet;
use std::num::NonZeroU32;

use proptest::prelude::*;

use super::*;
use crate::conversation::history::History;
use crate::conversation::{DelayConfig, DelayShape, PrefixLength, PrefixPool, ToolConfig, ToolOffer};
use crate::workload::{FakeTokenizer, PromptTokenizer};

fn pool(count: u32, tokens: u32) -> Option<PrefixPool> {
    Some(PrefixPool {
        count: NonZeroU32::new(count).unwrap(),
        length: PrefixLength::Tokens(tokens),
    })
}

fn spread(mean: f64, stddev: f64) -> LengthDistribution {
    LengthDistribution { mean, stddev }
}

#[test]
fn a_session_says_what_was_said_and_then_something_new() {
    let sent = play(&build(config()), 0, counted);
    assert_eq!(sent.len(), 3);
    let roles: Vec<_> = sent[2]
        .messages()
        .iter()
        .map(|m| m["role"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant", "user"]);
    assert!(sent.iter().all(is_messages));
    let expected: Vec<_> = sent.iter().map(|sent| sent.composed.input_tokens).collect();
    assert_eq!(expected, [Some(20), Some(70), Some(120)]);
    assert!(sent.iter().all(|sent| sent.composed.output_tokens == Some(30)));
}

#[test]
fn texts_are_exact_with_a_tokenizer() {
    for tokenizer in [
        FakeTokenizer::byte_level(60).load(),
        FakeTokenizer::byte_level(0).load(),
    ] {
        let lengths = LengthModel::Tokenizer {
            tokenizer: tokenizer.clone(),
            template_overhead: 11,
        };
        let config = with(MadeUpConfig {
            input_tokens: spread(40.0, 20.0),
            system_tokens: 33,
            prefixes: pool(3, 17),
            ..made_up()
        });
        let sessions = config.load(Some(&tokenizer)).unwrap().build(&lengths).unwrap();
        for number in 0..20 {
            check_exact(&sessions, number, &tokenizer);
        }
    }
}

fn check_exact(sessions: &Conversations, number: u64, tokenizer: &PromptTokenizer) {
    let mut before = None;
    let count = |sent: &Sent| sent.said().iter().map(|text| tokenizer.count(text)).sum::<u32>() + 11;
    play(sessions, number, |sent| {
        assert_eq!(tokenizer.count(&sent.said()[0]), 50);
        // What an answer counts is not what a tokenizer of few words makes of it.
        let (expected, answered) = (sent.composed.input_tokens.unwrap(), 30);
        if let Some(before) = before {
            let new = tokenizer.count(sent.said().last().unwrap());
            assert_eq!(expected, before + answered + new);
        } else {
            assert_eq!(expected, count(sent));
        }
        before = Some(expected);
        Answer {
            input_tokens: Some(expected),
            ..counted(sent)
        }
    });
}

#[test]
fn the_template_of_a_turn_is_learned_from_the_servers_counts() {
    let four_turns = with(MadeUpConfig {
        turns: LengthDistribution::exactly(4),
        ..made_up()
    });
    let sent = play(&build(four_turns), 0, |sent| {
        let messages = sent.messages().len() as u32;
        Answer {
            input_tokens: counted(sent)
                .input_tokens
                .map(|tokens| tokens + 5 * messages.div_ceil(2)),
            ..counted(sent)
        }
    });
    let expected: Vec<_> = sent.iter().map(|sent| sent.composed.input_tokens.unwrap()).collect();
    assert_eq!(expected, [20, 75, 135, 190]);
}

#[test]
fn an_answer_may_be_fewer_tokens_when_it_comes_back() {
    let sent = play(&build(config()), 0, |sent| Answer {
        output_tokens: Some(33),
        ..counted(sent)
    });
    let expected: Vec<_> = sent.iter().map(|sent| sent.composed.input_tokens.unwrap()).collect();
    assert_eq!(expected, [20, 73, 120]);
}

#[test]
fn nothing_is_expected_where_the_servers_counts_make_no_sense() {
    // It thinks, and what it thought is counted as output but is not repeated.
    let sent = play(&build(config()), 0, |sent| Answer {
        output_tokens: Some(500),
        ..counted(sent)
    });
    assert_eq!(sent[2].composed.input_tokens, None);
}

#[test]
fn the_same_seed_is_the_same_session_and_another_number_another() {
    let config = |seed| {
        let stddev = spread(20.0, 8.0);
        ConversationConfig {
            seed,
            ..with(MadeUpConfig {
                turns: spread(4.0, 2.0),
                input_tokens: stddev,
                ..made_up()
            })
        }
    };
    let bodies = |seed, number| -> Vec<String> {
        let sent = play(&build(config(seed)), number, counted);
        sent.into_iter().map(|sent| sent.body).collect()
    };
    assert_eq!(bodies(7, 3), bodies(7, 3));
    let firsts: HashSet<String> = (0..200).map(|number| bodies(7, number).swap_remove(0)).collect();
    assert_eq!(firsts.len(), 200);
    assert_ne!(bodies(7, 3), bodies(8, 3));
}

#[test]
fn the_number_of_turns_is_spread_and_at_least_one() {
    let config = with(MadeUpConfig {
        turns: spread(4.0, 2.0),
        ..made_up()
    });
    let sessions = build(config);
    let turns: Vec<usize> = (0..2_000)
        .map(|number| play(&sessions, number, counted).len())
        .collect();
    let mean = turns.iter().sum::<usize>() as f64 / turns.len() as f64;
    assert!((mean - 4.05).abs() < 0.15, "{mean}");
    assert_eq!(turns.iter().min(), Some(&1));
}

#[test]
fn sessions_share_the_system_prompt_and_choose_a_prefix() {
    let config = with(MadeUpConfig {
        system_tokens: 40,
        prefixes: pool(3, 10),
        ..made_up()
    });
    let sessions = build(config);
    let openings: Vec<String> = (0..60)
        .map(|number| play(&sessions, number, counted)[0].said().swap_remove(0))
        .collect();
    assert!(openings.iter().all(|opening| words(opening) == 50));
    let beginnings: HashSet<Vec<&str>> = openings.iter().map(|text| text.split(' ').take(40).collect()).collect();
    let different: HashSet<&String> = openings.iter().collect();
    assert_eq!((beginnings.len(), different.len()), (1, 3));
}

#[test]
fn a_user_thinks_before_each_turn_but_the_first() {
    let think_time = Some(DelayConfig {
        mean_s: 2.0,
        stddev_s: 0.5,
        shape: DelayShape::Lognormal,
    });
    let config = ConversationConfig {
        think_time,
        delay_ratio: 0.5,
        ..config()
    };
    let sessions = build(config);
    let waits = |number| -> Vec<Duration> { play(&sessions, number, counted).iter().map(|sent| sent.wait).collect() };
    let first = waits(0);
    assert_eq!(first[0], Duration::ZERO);
    assert!(first[1] != first[2] && first == waits(0) && first != waits(1));
    let all: f64 = (0..500).flat_map(waits).map(|wait| wait.as_secs_f64()).sum();
    assert!((all / 1_000.0 - 1.0).abs() < 0.05, "{all}");
}

#[test]
fn a_call_is_written_the_same_when_it_is_sent_again() {
    let sessions = build(config());
    let mut session = sessions.session(0).unwrap();
    let mut due = Vec::new();
    session.begin(&mut due);
    let (mut once, mut again) = (String::new(), String::new());
    assert_eq!(session.compose(0, &mut once), session.compose(0, &mut again));
    assert_eq!(once, again);
    assert_eq!(session.remaining(), 2);
}

#[test]
fn what_a_waiting_session_holds_is_little_more_than_the_answers() {
    let itself = std::mem::size_of::<super::super::session::Conversation>();
    assert!(itself <= 120, "{itself} bytes without what the server said");
    let mut history = History::default();
    let answer = Answer {
        text: "answer".repeat(1_000),
        ..Answer::default()
    };
    for _ in 0..8 {
        history.add(&answer, 1_000, None::<fn(&mut String)>);
    }
    let more = history.held_bytes() - 8 * answer.text.len();
    assert!(more <= 8 * 80, "{more} bytes more than the server said");
}

#[test]
fn the_description_has_what_another_run_needs() {
    let config = with(MadeUpConfig {
        system_tokens: 40,
        prefixes: pool(3, 10),
        ..made_up()
    });
    insta::assert_json_snapshot!(build(config).description(), {".words" => "[words]", ".hash" => "[hash]"}, @r#"
    {
      "context": null,
      "delay_ratio": 1.0,
      "hash": "[hash]",
      "input_tokens": {
        "mean": 20.0,
        "stddev": 0.0
      },
      "kind": "made_up_conversations",
      "lengths": "words",
      "output_tokens": {
        "mean": 30.0,
        "stddev": 0.0
      },
      "prefix_prompt_tokens": 10,
      "prefix_prompts": 3,
      "prefix_share": 0.8333333333333334,
      "seed": 7,
      "system_prompt_tokens": 40,
      "think_time": null,
      "tools": null,
      "turns": {
        "mean": 3.0,
        "stddev": 0.0
      },
      "words": "[words]"
    }
    "#);
}

#[test]
fn values_out_of_range_are_named() {
    let problem = |config: ConversationConfig| match config.load(None) {
        Err(error) => error.to_string(),
        Ok(loaded) => loaded.build(&LengthModel::Words).unwrap_err().to_string(),
    };
    let turns = with(MadeUpConfig {
        turns: spread(0.5, 0.0),
        ..made_up()
    });
    insta::assert_snapshot!(problem(turns), @"--session-turns-mean 0.5 with a deviation of 0 is out of range; the mean must be between 1 and 10000, the deviation 0 or more");
    let prefixes = with(MadeUpConfig {
        prefixes: pool(1_000_000, 1_000),
        ..made_up()
    });
    insta::assert_snapshot!(problem(prefixes), @"a shared system prompt of 0 tokens and 1000000 prefixes of 1000 are too much to hold; ask for at most 33554432 tokens in all");
    let delay_ratio = -1.0;
    insta::assert_snapshot!(problem(ConversationConfig { delay_ratio, ..config() }), @"--session-delay-ratio: delays cannot be multiplied by -1; give 0 or more");
}

proptest! {
    /// Whatever the server says, each turn's messages begin with those of the turn before, byte for byte, and then comes what it
    /// said.
    #[test]
    fn each_turn_extends_the_one_before(
        seed: u64,
        number: u64,
        turns in 1_u32..8,
        system_tokens in 0_u32..20,
        answers in prop::collection::vec((any::<String>(), 0_usize..3), 8),
        offer in prop::option::of(0.0_f64..1.0),
    ) {
        let config = ConversationConfig {
            seed,
            tools: offer.map(|share| ToolConfig { share, time: Duration::from_secs(1), offer: ToolOffer::Offered }),
            ..with(MadeUpConfig { turns: LengthDistribution::exactly(turns), system_tokens, ..made_up() })
        };
        let mut answers_left = answers.iter();
        let sent = play(&build(config), number, |sent| {
            let (text, calls) = answers_left.next().unwrap();
            let ids = &["a\"", "b"][..*calls];
            Answer { text: text.clone(), ..calling(sent, ids) }
        });
        prop_assert_eq!(sent.len() as u32, turns);
        for (pair, (text, calls)) in sent.windows(2).zip(&answers) {
            prop_assert!(pair[1].messages_text().starts_with(pair[0].messages_text()));
            let (before, now) = (pair[0].messages(), pair[1].messages());
            prop_assert_eq!(&now[..before.len()], &before[..]);
            let said = &now[before.len()];
            prop_assert_eq!(said["role"].as_str(), Some("assistant"));
            prop_assert_eq!(said["content"].as_str().unwrap_or(""), text);
            prop_assert_eq!(now.len() - before.len(), if *calls == 0 { 2 } else { 1 + calls });
        }
    }
}
