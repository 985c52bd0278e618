//! The words that stand for settings in variables.

use super::{Compression, ContentCapture, ExemplarFilter, HistogramShape, Protocol, Temporality};

/// A setting that has a word for each of its values.
pub(super) trait Words: Copy + 'static {
    /// The words, in lower case.
    const WORDS: &'static [(&'static str, Self)];

    /// The value that a word stands for. Case does not matter.
    fn of_word(word: &str) -> Option<Self> {
        let mut words = Self::WORDS.iter();
        words
            .find(|(known, _)| known.eq_ignore_ascii_case(word))
            .map(|(_, value)| *value)
    }

    /// The words, for messages.
    fn expected() -> String {
        let words: Vec<_> = Self::WORDS.iter().map(|(word, _)| *word).collect();
        format!("expected one of {}", words.join(", "))
    }
}

impl Words for Protocol {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("grpc", Self::Grpc),
        ("http/protobuf", Self::HttpProtobuf),
        ("http/json", Self::HttpJson),
    ];
}

impl Words for Compression {
    const WORDS: &'static [(&'static str, Self)] = &[("none", Self::None), ("gzip", Self::Gzip)];
}

impl Words for Temporality {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("cumulative", Self::Cumulative),
        ("delta", Self::Delta),
        ("lowmemory", Self::LowMemory),
    ];
}

impl Words for HistogramShape {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("explicit_bucket_histogram", Self::ExplicitBuckets),
        ("base2_exponential_bucket_histogram", Self::Exponential),
    ];
}

impl Words for ExemplarFilter {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("trace_based", Self::TraceBased),
        ("always_on", Self::AlwaysOn),
        ("always_off", Self::AlwaysOff),
    ];
}

impl Words for ContentCapture {
    // `true` and `false` are what instrumentations took before the variable had modes.
    const WORDS: &'static [(&'static str, Self)] = &[
        ("no_content", Self::Off),
        ("span_only", Self::On),
        ("span_and_event", Self::On),
        ("event_only", Self::Off),
        ("true", Self::On),
        ("false", Self::Off),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_is_recorded_by_its_word() {
        for (word, protocol) in Protocol::WORDS {
            assert_eq!(serde_json::to_value(protocol).unwrap(), *word);
        }
    }

    #[test]
    fn words_are_found_in_any_case() {
        assert_eq!(Protocol::of_word("HTTP/Json"), Some(Protocol::HttpJson));
        assert_eq!(Protocol::of_word("http"), None);
        assert_eq!(Protocol::expected(), "expected one of grpc, http/protobuf, http/json");
    }
}
