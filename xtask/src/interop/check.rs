//! What was checked, and what came of it.

use std::fmt;

/// The checks of a run. Each is printed as it is made.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    passed: usize,
    failed: usize,
}

impl Checks {
    /// Notes whether `what` is so; `seen` is said when it is not.
    pub(crate) fn that(&mut self, what: impl fmt::Display, is_so: bool, seen: impl fmt::Debug) {
        if is_so {
            self.passed += 1;
            println!("  ok    {what}");
        } else {
            self.failed += 1;
            println!("  FAIL  {what}: {seen:?}");
        }
    }

    /// Notes whether two things are equal.
    pub(crate) fn equal<T: PartialEq + fmt::Debug>(&mut self, what: impl fmt::Display, seen: T, expected: T) {
        let is_so = seen == expected;
        self.that(what, is_so, format_args!("{seen:?}, not {expected:?}"));
    }

    pub(crate) fn failed(&self) -> usize {
        self.failed
    }
}

impl fmt::Display for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}
