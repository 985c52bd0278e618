//! A flag that would have no effect is an error: silence would let the user believe in a server that is not there.

use crate::cli::{FaultShare, MockArgs, MockTimingArgs, UsageArg};
use crate::exit::UsageError;

/// # Errors
///
/// Names the first flag that would do nothing, and what to do instead.
pub(super) fn check(args: &MockArgs) -> Result<(), UsageError> {
    let draws_faults = args
        .fault
        .fault
        .iter()
        .any(|fault| matches!(fault.share, FaultShare::Share(_)));
    let all_fail = args.fault.fault.iter().any(|fault| fault.share == FaultShare::All);
    let rules = [
        (
            args.server.tls_ca.is_some() && !args.server.tls,
            "--tls-ca has no effect without --tls",
            "add --tls",
        ),
        (
            args.timing.jitter.is_some() && is_instant(&args.timing),
            "--jitter has no effect without a --ttft or --itl to change",
            "leave it out",
        ),
        (
            args.timing.seed.is_some() && args.timing.jitter.is_none() && !draws_faults,
            "--seed has no effect where nothing is drawn",
            "add --jitter, or a --fault with a share",
        ),
        (
            args.shape.usage_error != 0 && args.shape.usage == Some(UsageArg::Never),
            "--usage-error has no effect without usage",
            "leave --usage never out",
        ),
        (
            args.fault.no_stream_options && all_fail,
            "--no-stream-options has no effect when every request fails anyway",
            "give --fault a share, such as 429@5%",
        ),
    ];
    match rules.into_iter().find(|(broken, ..)| *broken) {
        Some((_, message, hint)) => Err(UsageError::with_hint(message, hint)),
        None => Ok(()),
    }
}

/// Whether both times are zero because the user says so.
fn is_instant(timing: &MockTimingArgs) -> bool {
    [timing.ttft, timing.itl]
        .iter()
        .all(|time| time.is_some_and(|time| time.0.is_zero()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::configure;
    use super::check;
    use crate::cli::{Cli, Command};

    fn try_flags(flags: &str) -> Result<(), String> {
        let words = ["loadspan", "mock"].into_iter().chain(flags.split_whitespace());
        let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
        let Command::Mock(args) = cli.command else {
            unreachable!()
        };
        check(&args)
            .and_then(|()| configure(&args).map(drop))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn every_flag_without_an_effect_is_named() {
        let cases = [
            ("--tls-ca ca.pem", "--tls-ca"),
            ("--ttft 0 --itl 0 --jitter 0.2", "--jitter"),
            ("--seed 1", "--seed"),
            ("--seed 1 --fault 429@every-2", "--seed"),
            ("--usage never --usage-error 3", "--usage-error"),
            ("--no-stream-options --fault 429", "--no-stream-options"),
            ("--fault 429 --fault 500@5%", "--fault 500"),
            ("--fault 429@every-2 --fault 500@every-4", "--fault 500"),
        ];
        for (flags, named) in cases {
            let error = try_flags(flags).unwrap_err();
            assert!(
                error.starts_with(named) && error.contains("no effect") && error.contains("hint: "),
                "{flags}: {error}"
            );
        }
    }

    #[test]
    fn contradictions_are_refused() {
        for flags in [
            "--max-speed --ttft 1",
            "--jitter 2",
            "--output-tokens 0",
            "--fault 429@60% --fault 500@60%",
        ] {
            assert!(try_flags(flags).is_err(), "{flags}");
        }
    }

    #[test]
    fn flags_that_go_together_are_taken() {
        let all = "--port 0 --ttft 200ms --itl 0.02 --jitter 20% --seed 3 --output-tokens 64 --tokens-per-chunk 4 \
                   --reasoning-tokens 8 --answer tool-call --filler comment --usage per-chunk --usage-error -2 --one-event-per-write --fault 429@5% --fault stalled@every-20 \
                   --no-stream-options --model a --model b --server-kind vllm --api-key k --max-concurrency 8 --tls --tls-ca ca.pem \
                   --threads 2 --keep-truths 0";
        for flags in [
            "",
            "--max-speed --one-event-per-write",
            "--fault 500@every-4 --fault 429@every-2",
            all,
        ] {
            assert_eq!(try_flags(flags), Ok(()), "{flags}");
        }
    }
}
