//! Conversations that become too long.

use std::num::NonZeroU32;

use loadspan_record::FailureKind;

use super::*;
use crate::conversation::{ContextLimit, ContextPolicy};

fn limited(tokens: u32, policy: ContextPolicy) -> Conversations {
    build(ConversationConfig {
        context: Some(ContextLimit {
            tokens: NonZeroU32::new(tokens).unwrap(),
            policy,
        }),
        ..with(MadeUpConfig {
            turns: LengthDistribution::exactly(6),
            system_tokens: 10,
            ..made_up()
        })
    })
}

#[test]
fn a_call_that_does_not_fit_fails_with_its_class() {
    let sessions = limited(200, ContextPolicy::Fail);
    let mut session = sessions.session(0).unwrap();
    let mut sent = Vec::new();
    let refused = play_on(&mut *session, &mut sent, counted).unwrap_err();
    // 10 of the system, and 50 a turn: the fourth has 180 tokens, and asks for 30.
    assert_eq!((sent.len(), refused.kind), (3, FailureKind::ContextTooLong));
    insta::assert_snapshot!(refused.message, @"180 tokens of input and 30 of the answer do not fit into 200 tokens");
    assert_eq!(session.remaining(), 2);
}

#[test]
fn the_oldest_turns_are_left_out_but_not_the_system() {
    let sessions = limited(200, ContextPolicy::DropOldest);
    let sent = play(&sessions, 0, counted);
    let sizes: Vec<u32> = sent.iter().map(|sent| counted(sent).input_tokens.unwrap()).collect();
    assert_eq!(sizes, [30, 80, 130, 130, 130, 130]);
    let expected: Vec<u32> = sent.iter().map(|sent| sent.composed.input_tokens.unwrap()).collect();
    assert_eq!(expected, sizes);
    let (third, last) = (sent[2].said(), sent[5].said());
    assert_eq!((third.len(), last.len()), (6, 6));
    assert_eq!(third[0], last[0]);
    assert_ne!(third[1], last[1]);
    // What is left is as it was.
    assert_eq!(sent[3].said()[1..4], third[3..]);
    assert_eq!(
        sessions.remarks(),
        ["3 calls were sent without their oldest turns, which did not fit"]
    );
}

#[test]
fn a_turn_too_long_by_itself_fails_whatever_the_policy() {
    let sessions = limited(45, ContextPolicy::DropOldest);
    let mut session = sessions.session(0).unwrap();
    let refused = play_on(&mut *session, &mut Vec::new(), counted).unwrap_err();
    assert_eq!(refused.kind, FailureKind::ContextTooLong);
}

#[test]
fn lengths_are_guessed_where_the_server_does_not_count() {
    let sessions = limited(200, ContextPolicy::DropOldest);
    let sent = play(&sessions, 0, |sent| Answer {
        output_tokens: None,
        input_tokens: None,
        ..counted(sent)
    });
    assert_eq!(
        sent.iter().map(|sent| sent.messages().len()).collect::<Vec<_>>(),
        [2, 4, 6, 6, 6, 6]
    );
}

#[test]
fn results_of_tools_go_with_the_calls_before_them() {
    let sessions = limited(170, ContextPolicy::DropOldest);
    let mut turn = 0;
    let sent = play(&sessions, 0, |sent| {
        turn += 1;
        if turn == 1 {
            calling(sent, &["a"])
        } else {
            counted(sent)
        }
    });
    // The second turn is the result of a call in the first: they go together.
    let roles = |sent: &Sent| -> Vec<String> {
        sent.messages()
            .iter()
            .map(|message| message["role"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        roles(&sent[2]),
        ["system", "user", "assistant", "tool", "assistant", "user"]
    );
    assert_eq!(roles(&sent[3]), ["system", "user", "assistant", "user"]);
}
