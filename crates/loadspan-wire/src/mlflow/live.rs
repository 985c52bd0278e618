//! The names of what loadspan logs in a run while it goes on: its client writes them, its server reads them.
//!
//! ```text
//! live.gen_ai.client.…                 a point for each request, whose step is its number
//! live.window.…                        a summary of each second; the step of this and of all below is the number of the second
//! live.requests.by_error.CLASS         requests of a second that failed
//! live.server.N.…                      what the server under test said of itself
//! system/gpu_N_…                       what the GPUs did: MLflow's own names, which its page shows in the tab of system metrics
//! ```

/// From the request to its end, in seconds.
pub const DURATION: &str = "live.gen_ai.client.operation.duration";
/// Tokens of the prompt.
pub const INPUT_TOKENS: &str = "live.gen_ai.client.token.usage.input";
/// Tokens of the answer.
pub const OUTPUT_TOKENS: &str = "live.gen_ai.client.token.usage.output";
/// From the request to the first chunk, in seconds.
pub const FIRST_CHUNK: &str = "live.gen_ai.client.operation.time_to_first_chunk";
/// The mean gap between the chunks of the request, in seconds.
pub const CHUNK_GAP: &str = "live.gen_ai.client.operation.time_per_output_chunk";

/// What the keys of windows begin with.
pub const WINDOW_PREFIX: &str = "live.window.";
/// What the keys of failures begin with. The class follows, as in `requests.by_error.CLASS`.
pub const FAILURES_PREFIX: &str = "live.requests.by_error.";
/// What the keys of servers begin with.
const SERVER_PREFIX: &str = "live.server.";
/// What the keys of GPUs begin with.
const GPU_PREFIX: &str = "system/gpu_";

/// Declares the figures of a window, so that their order, names and number stand once.
macro_rules! window_figures {
    ($($(#[$doc:meta])* $figure:ident => $key:literal,)*) => {
        /// What is said of the requests that ended in a second.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum WindowFigure {
            $($(#[$doc])* $figure,)*
        }

        impl WindowFigure {
            /// Every figure; each is at its own place (`figure as usize`).
            pub const ALL: [Self; [$($key),*].len()] = [$(Self::$figure),*];

            /// The key of its metric.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self {
                    $(Self::$figure => concat!("live.window.", $key),)*
                }
            }
        }
    };
}

window_figures! {
    /// Requests.
    Count => "requests.count",
    /// Requests per second.
    Rate => "requests.rate",
    /// The share of them that failed or were cancelled, from 0 to 1.
    ErrorRate => "requests.error_rate",
    /// Median of the durations, in seconds.
    DurationP50 => "gen_ai.client.operation.duration.p50",
    /// 95th percentile.
    DurationP95 => "gen_ai.client.operation.duration.p95",
    /// 99th percentile.
    DurationP99 => "gen_ai.client.operation.duration.p99",
    /// Median of the times to the first chunk, in seconds.
    FirstChunkP50 => "gen_ai.client.operation.time_to_first_chunk.p50",
    /// 95th percentile.
    FirstChunkP95 => "gen_ai.client.operation.time_to_first_chunk.p95",
    /// 99th percentile.
    FirstChunkP99 => "gen_ai.client.operation.time_to_first_chunk.p99",
    /// Median of the mean gaps between chunks, in seconds.
    ChunkGapP50 => "gen_ai.client.operation.time_per_output_chunk.p50",
    /// 95th percentile.
    ChunkGapP95 => "gen_ai.client.operation.time_per_output_chunk.p95",
    /// 99th percentile.
    ChunkGapP99 => "gen_ai.client.operation.time_per_output_chunk.p99",
    /// Tokens of prompts per second.
    InputTokenRate => "gen_ai.client.token.usage.input.rate",
    /// Tokens of answers per second.
    OutputTokenRate => "gen_ai.client.token.usage.output.rate",
}

/// What is said of a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GpuFigure {
    /// Share of time in which it was busy, in percent.
    Utilization,
    /// Memory in use, in millions of bytes.
    Memory,
    /// Power, in watts.
    Power,
    /// Temperature of the die, in degrees Celsius. MLflow's own client logs none.
    Temperature,
}

impl GpuFigure {
    /// Every figure.
    pub const ALL: [Self; 4] = [Self::Utilization, Self::Memory, Self::Power, Self::Temperature];

    const fn suffix(self) -> &'static str {
        match self {
            Self::Utilization => "utilization_percentage",
            Self::Memory => "memory_usage_megabytes",
            Self::Power => "power_usage_watts",
            Self::Temperature => "temperature_celsius",
        }
    }

    /// The key of its metric for the GPU of a number.
    #[must_use]
    pub fn key(self, number: usize) -> String {
        format!("{GPU_PREFIX}{number}_{}", self.suffix())
    }
}

/// What a metric says that was sampled beside the requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside<'k> {
    /// Of a GPU, by its number.
    Gpu(usize, GpuFigure),
    /// Of a server, by its number: `requests_running`, `generation_tokens.rate`, `queue_time_seconds.p99`, as [`server_key`] takes it.
    Server(usize, &'k str),
    /// How many requests failed in this way.
    Failures(&'k str),
}

impl<'k> Beside<'k> {
    /// What the keys of all of these begin with, and not only theirs.
    pub const PREFIXES: [&'static str; 3] = [FAILURES_PREFIX, SERVER_PREFIX, GPU_PREFIX];

    /// What the metric of a key says. `None`: it is none of these.
    #[must_use]
    pub fn of_key(key: &'k str) -> Option<Self> {
        if let Some(class) = key.strip_prefix(FAILURES_PREFIX) {
            return Some(Self::Failures(class));
        }
        if let Some(rest) = key.strip_prefix(SERVER_PREFIX) {
            let (number, name) = rest.split_once('.')?;
            return Some(Self::Server(number.parse().ok()?, name));
        }
        let (number, suffix) = key.strip_prefix(GPU_PREFIX)?.split_once('_')?;
        let figure = GpuFigure::ALL.into_iter().find(|figure| figure.suffix() == suffix)?;
        Some(Self::Gpu(number.parse().ok()?, figure))
    }
}

/// The key of a figure of the server of a number.
#[must_use]
pub fn server_key(number: usize, name: &str) -> String {
    format!("{SERVER_PREFIX}{number}.{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_of_a_window_is_at_its_place_and_named_as_one() {
        for (place, figure) in WindowFigure::ALL.into_iter().enumerate() {
            assert_eq!(figure as usize, place);
            assert!(figure.key().starts_with(WINDOW_PREFIX), "{figure:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let utilization = GpuFigure::Utilization.key(3);
        assert_eq!(utilization, "system/gpu_3_utilization_percentage");
        assert_eq!(
            Beside::of_key(&utilization),
            Some(Beside::Gpu(3, GpuFigure::Utilization))
        );
        let queue = server_key(1, "queue_time_seconds.p99");
        assert_eq!(queue, "live.server.1.queue_time_seconds.p99");
        assert_eq!(
            Beside::of_key(&queue),
            Some(Beside::Server(1, "queue_time_seconds.p99"))
        );
        let failed = "live.requests.by_error.http_status_503";
        assert_eq!(Beside::of_key(failed), Some(Beside::Failures("http_status_503")));
        for other in [
            "system/gpu_0_memory_usage_percentage",
            "system/gpu/0/utilization.mean",
            DURATION,
        ] {
            assert_eq!(Beside::of_key(other), None, "{other}");
        }
    }
}
