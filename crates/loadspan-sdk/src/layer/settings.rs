//! What the user says of calls that are traced.

use std::borrow::Cow;

/// Bytes of a body that are kept at most.
const CONTENT_LIMIT: usize = 1024 * 1024;

/// What the user says of calls that are traced.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) content: Content,
    /// Bytes of a body that are kept at most.
    pub(super) content_limit: usize,
    pub(super) propagation: Propagation,
    /// `None`: the host says.
    pub(super) provider: Option<Cow<'static, str>>,
}

/// Whether what is said to models and by them is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Recorded,
    Omitted,
}

/// Whether the server that is called is told of the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Propagation {
    On,
    Off,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            content: Content::Recorded,
            content_limit: CONTENT_LIMIT,
            propagation: Propagation::On,
            provider: None,
        }
    }
}

/// The settings, as methods of a type with a field `settings`.
macro_rules! setters {
    ($type:ty) => {
        impl $type {
            /// Records neither what is said to models nor what they say: only names, parameters, counts and times.
            #[must_use]
            pub fn without_content(mut self) -> Self {
                std::sync::Arc::make_mut(&mut self.settings).content = super::settings::Content::Omitted;
                self
            }

            /// Bytes of a request, and of a response, that are recorded at most; 1 MiB by default. Of what is longer, only usage
            /// and counts are known; of a stream also its beginning.
            #[must_use]
            pub fn with_content_limit(mut self, bytes: usize) -> Self {
                std::sync::Arc::make_mut(&mut self.settings).content_limit = bytes;
                self
            }

            /// Adds no `traceparent` to requests.
            #[must_use]
            pub fn without_propagation(mut self) -> Self {
                std::sync::Arc::make_mut(&mut self.settings).propagation = super::settings::Propagation::Off;
                self
            }

            /// Whose models are called, where the host does not tell. `openai` is said of hosts that nobody knows.
            #[must_use]
            pub fn with_provider(mut self, provider: impl Into<std::borrow::Cow<'static, str>>) -> Self {
                std::sync::Arc::make_mut(&mut self.settings).provider = Some(provider.into());
                self
            }
        }
    };
}

pub(super) use setters;
