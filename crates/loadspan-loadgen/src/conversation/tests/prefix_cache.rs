//! The share of the input that a cache has seen, against the share that was aimed at.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU32;

use super::*;
use crate::conversation::{ConversationError, PrefixLength, PrefixPool};

/// Tokens of a block of the cache.
const BLOCK: usize = 16;

/// A cache of prefixes in blocks, which forgets nothing. A word is a token.
#[derive(Default)]
struct PrefixCache {
    /// Everything up to the end of each block, as a number.
    seen: HashSet<u64>,
    asked: usize,
    found: usize,
}

impl PrefixCache {
    /// A call, and its answer, which the cache has seen too.
    fn call(&mut self, sent: &Sent, answer: &Answer) {
        let said = sent.said().join(" ");
        self.asked += said.split(' ').count();
        let found = blocks(&said).take_while(|block| self.seen.contains(block));
        self.found += found.count() * BLOCK;
        self.seen.extend(blocks(&format!("{said} {}", answer.text)));
    }

    fn share(&self) -> f64 {
        self.found as f64 / self.asked as f64
    }
}

/// A number for each whole block, which stands for all words up to its end.
fn blocks(text: &str) -> impl Iterator<Item = u64> {
    let mut before = DefaultHasher::new();
    let mut words = text.split(' ');
    std::iter::from_fn(move || {
        for _ in 0..BLOCK {
            words.next()?.hash(&mut before);
        }
        Some(before.finish())
    })
}

fn aiming_at(share: f64, count: u32, turns: f64) -> ConversationConfig {
    let spread = |mean, stddev| LengthDistribution { mean, stddev };
    with(MadeUpConfig {
        turns: spread(turns, turns / 4.0),
        input_tokens: spread(200.0, 40.0),
        output_tokens: Some(spread(60.0, 10.0)),
        system_tokens: 0,
        prefixes: Some(PrefixPool {
            count: NonZeroU32::new(count).unwrap(),
            length: PrefixLength::ForShare(share),
        }),
    })
}

fn reached(sessions: &Conversations, number: u64) -> f64 {
    let mut cache = PrefixCache::default();
    for number in 0..number {
        play(sessions, number, |sent| {
            let answer = counted(sent);
            cache.call(sent, &answer);
            answer
        });
    }
    cache.share()
}

#[test]
fn a_cache_finds_the_share_that_was_aimed_at() {
    for (share, count, turns) in [(0.5, 1, 1.0), (0.8, 1, 4.0), (0.7, 4, 2.0), (0.9, 2, 3.0)] {
        let sessions = build(aiming_at(share, count, turns));
        let said = sessions.prefix_share().unwrap();
        assert!((said - share).abs() < 0.002, "{said} is said for {share}");
        let reached = reached(&sessions, 150);
        assert!((reached - share).abs() < 0.02, "{reached} reached for {share}");
    }
}

#[test]
fn the_share_of_the_history_alone_is_said_too() {
    let sessions = build(config());
    // 60 of 20 + 70 + 120 tokens are new.
    assert!((sessions.prefix_share().unwrap() - (1.0 - 60.0 / 210.0)).abs() < 1e-9);
    assert_eq!(sessions.shared_tokens(), Some(0));
}

#[test]
fn a_share_that_cannot_be_had_says_why() {
    let problem = |config: ConversationConfig| -> ConversationError {
        let loaded = config.load(None);
        loaded.and_then(|loaded| loaded.build(&LengthModel::Words)).unwrap_err()
    };
    let shares = [0.1, 1.0, 0.999_999_9].map(|share| problem(aiming_at(share, 1, 4.0)).to_string());
    insta::assert_snapshot!(shares[0], @"a prefix share of 0.1 is impossible: with no prefix at all it is 0.682, because each turn repeats the earlier ones and any system prompt; ask for more, or for fewer turns");
    insta::assert_snapshot!(shares[1], @"--prefix-share: 1 is no share of tokens that a cache can have; give a number from 0 to below 1, such as 0.5");
    insta::assert_snapshot!(shares[2], @"a prefix share of 0.9999999 needs a shared prefix of 1997154318 tokens, which is out of range; ask for less");
    let mut endless = made_up();
    endless.output_tokens = None;
    endless.prefixes = Some(PrefixPool {
        count: NonZeroU32::MIN,
        length: PrefixLength::ForShare(0.5),
    });
    insta::assert_snapshot!(problem(with(endless)), @"--prefix-share can only be aimed at when answers have a length; give one with --osl");
    endless.prefixes = None;
    assert_eq!(build(with(endless)).prefix_share(), None);
}
