//! The one place where this crate says something: on standard error, or to the function that the builder was given. Once for each kind
//! of trouble and each set-up.

use std::fmt;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Kinds of trouble. What is passing and what is for good are two: the one must not hide the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Too many traces in progress.
    TraceForgotten,
    /// Tags or metadata after the end of the root.
    LateUpdate,
    /// A tag that only the MLflow server may set.
    ServersTag,
    /// A value that cannot be written as JSON.
    NotSerializable,
    /// Nothing says where spans should go.
    NothingSetUp,
    /// Settings that others understand.
    WithoutEffect,
    /// A queue is full.
    QueueFull,
    /// A process that was forked: there is nobody to export its spans.
    Forked,
    Otlp(Trouble),
    Mlflow(Trouble),
    /// The MLflow server and what is known of a trace.
    TraceInfo(Trouble),
    /// Too many traces wait to be described.
    TooManyTraces,
    /// The endpoint of the metrics.
    Metrics(Trouble),
    /// The metric has too many series.
    TooManySeries,
}

/// What a backend does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Trouble {
    /// It does not answer, or asks to come again.
    Unreachable,
    /// It did not answer in time: something is lost.
    Lost,
    /// It took a request, but not everything in it.
    Rejected,
    /// It refuses for good.
    Refused,
}

impl Kind {
    const fn bit(self) -> u32 {
        let number = match self {
            Self::TraceForgotten => 0,
            Self::LateUpdate => 1,
            Self::NotSerializable => 2,
            Self::NothingSetUp => 3,
            Self::QueueFull => 4,
            Self::Forked => 5,
            Self::TooManyTraces => 6,
            Self::TooManySeries => 7,
            Self::Otlp(trouble) => 8 + trouble as u32,
            Self::Mlflow(trouble) => 12 + trouble as u32,
            Self::TraceInfo(trouble) => 16 + trouble as u32,
            Self::Metrics(trouble) => 20 + trouble as u32,
            Self::ServersTag => 24,
            Self::WithoutEffect => 25,
        };
        1 << number
    }
}

/// Who is told.
#[derive(Clone, Default)]
pub(crate) enum Listener {
    #[default]
    StandardError,
    Nobody,
    Function(Arc<dyn Fn(&str) + Send + Sync>),
}

impl Listener {
    /// Never panics: it may be called while a thread unwinds.
    fn tell(&self, message: &str) {
        match self {
            // A pipe that nobody reads any more is no reason to fail.
            Self::StandardError => drop(writeln!(io::stderr(), "loadspan_sdk: {message}")),
            Self::Nobody => {}
            // Its panic has been told already, by the panic hook.
            Self::Function(function) => drop(catch_unwind(AssertUnwindSafe(|| function(message)))),
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StandardError => "StandardError",
            Self::Nobody => "Nobody",
            Self::Function(_) => "Function",
        })
    }
}

static SAID: AtomicU32 = AtomicU32::new(0);
static LISTENER: RwLock<Listener> = RwLock::new(Listener::StandardError);

/// A set-up begins: everything may be said again, to this one.
pub(crate) fn listen(listener: Listener) {
    *LISTENER.write().unwrap_or_else(PoisonError::into_inner) = listener;
    SAID.store(0, Ordering::Relaxed);
}

/// Says it, if nothing of this kind was said before in this set-up.
pub(crate) fn warn(kind: Kind, message: &str) {
    if SAID.load(Ordering::Relaxed) & kind.bit() != 0 {
        return;
    }
    if SAID.fetch_or(kind.bit(), Ordering::Relaxed) & kind.bit() == 0 {
        // Told without the lock: who is told may set tracing up or make spans.
        let listener = LISTENER.read().unwrap_or_else(PoisonError::into_inner).clone();
        listener.tell(message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_kind_hides_another() {
        use Trouble::{Lost, Refused, Rejected, Unreachable};
        let of_backends = [Unreachable, Lost, Rejected, Refused].into_iter().flat_map(|trouble| {
            [
                Kind::Otlp(trouble),
                Kind::Mlflow(trouble),
                Kind::TraceInfo(trouble),
                Kind::Metrics(trouble),
            ]
        });
        let others = [
            Kind::TraceForgotten,
            Kind::LateUpdate,
            Kind::NotSerializable,
            Kind::NothingSetUp,
            Kind::QueueFull,
            Kind::Forked,
            Kind::TooManyTraces,
            Kind::TooManySeries,
            Kind::ServersTag,
            Kind::WithoutEffect,
        ];
        let mut said = 0;
        for kind in others.into_iter().chain(of_backends) {
            assert_eq!(said & kind.bit(), 0, "{kind:?}");
            said |= kind.bit();
        }
    }

    #[test]
    fn a_listener_that_panics_does_not_take_the_application_with_it() {
        let listener = Listener::Function(Arc::new(|_| panic!("a listener")));
        listener.tell("something");
    }
}
