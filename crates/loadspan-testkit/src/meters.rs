//! What the server counts of itself, and shows at `/metrics` as vLLM does.
//!
//! The figures are true: a test that scrapes them can compare with [`crate::Stats`]. What the server has no notion of, such as a
//! prefix cache, is not there. Time between tokens is that between writes: tokens that were due together left together.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// Upper bounds of all histograms, in nanoseconds: those that vLLM has for the time to first token.
const BOUNDS: [u64; 19] = [
    1_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    40_000_000,
    60_000_000,
    80_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    750_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    7_500_000_000,
    10_000_000_000,
    20_000_000_000,
    40_000_000_000,
    80_000_000_000,
];

/// The meters of all threads.
#[derive(Debug)]
pub(crate) struct Meters(Box<[Meter]>);

/// The meters of a thread: it is the only one that writes them.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Meter {
    pub(crate) prompt_tokens: Count,
    pub(crate) generation_tokens: Count,
    pub(crate) succeeded: Count,
    pub(crate) queue_time: Histogram,
    pub(crate) time_to_first_token: Histogram,
    pub(crate) inter_token_latency: Histogram,
    pub(crate) latency: Histogram,
}

#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

#[derive(Debug, Default)]
pub(crate) struct Histogram {
    /// One for each bound, and one beyond.
    buckets: [Count; BOUNDS.len() + 1],
    sum_ns: Count,
}

/// What is at the moment of asking.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Present<'a> {
    pub(crate) model: &'a str,
    pub(crate) running: u64,
    pub(crate) waiting: u64,
    /// Responses that are served at once at most.
    pub(crate) places: Option<usize>,
}

impl Count {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Histogram {
    pub(crate) fn observe(&self, nanos: u64) {
        let bucket = BOUNDS.iter().position(|bound| nanos <= *bound).unwrap_or(BOUNDS.len());
        self.buckets[bucket].add(1);
        self.sum_ns.add(nanos);
    }
}

impl Meters {
    pub(crate) fn new(threads: usize) -> Self {
        Self((0..threads.max(1)).map(|_| Meter::default()).collect())
    }

    pub(crate) fn of(&self, shard: usize) -> &Meter {
        &self.0[shard % self.0.len()]
    }

    /// The page.
    pub(crate) fn render(&self, present: Present<'_>) -> String {
        let mut page = Page::new(present.model);
        page.value("num_requests_running", "gauge", present.running as f64);
        page.value("num_requests_waiting", "gauge", present.waiting as f64);
        if let Some(places) = present.places {
            // A place stands for the memory that a response takes.
            page.value("kv_cache_usage_perc", "gauge", present.running as f64 / places as f64);
        }
        page.value("prompt_tokens_total", "counter", self.sum(|meter| &meter.prompt_tokens));
        page.value(
            "generation_tokens_total",
            "counter",
            self.sum(|meter| &meter.generation_tokens),
        );
        page.value("num_preemptions_total", "counter", 0.0);
        page.value("request_success_total", "counter", self.sum(|meter| &meter.succeeded));
        for (name, histogram) in [
            ("request_queue_time_seconds", self.cumulative(|meter| &meter.queue_time)),
            (
                "time_to_first_token_seconds",
                self.cumulative(|meter| &meter.time_to_first_token),
            ),
            (
                "inter_token_latency_seconds",
                self.cumulative(|meter| &meter.inter_token_latency),
            ),
            ("e2e_request_latency_seconds", self.cumulative(|meter| &meter.latency)),
        ] {
            page.histogram(name, &histogram);
        }
        page.text
    }

    fn sum(&self, count: fn(&Meter) -> &Count) -> f64 {
        self.0.iter().map(|meter| count(meter).get()).sum::<u64>() as f64
    }

    fn cumulative(&self, histogram: fn(&Meter) -> &Histogram) -> Cumulative {
        let mut cumulative = Cumulative::default();
        for meter in &self.0 {
            let histogram = histogram(meter);
            let mut below = 0;
            for (total, bucket) in cumulative.buckets.iter_mut().zip(&histogram.buckets) {
                below += bucket.get();
                *total += below;
            }
            cumulative.sum_ns += histogram.sum_ns.get();
        }
        cumulative
    }
}

/// A histogram of all threads, in Prometheus' way of counting.
#[derive(Debug, Default)]
struct Cumulative {
    buckets: [u64; BOUNDS.len() + 1],
    sum_ns: u64,
}

/// A page in Prometheus' text format.
struct Page {
    text: String,
    labels: String,
}

impl Page {
    fn new(model: &str) -> Self {
        let model = model.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        Self {
            text: String::with_capacity(16 << 10),
            labels: format!("engine=\"0\",model_name=\"{model}\""),
        }
    }

    fn value(&mut self, name: &str, kind: &str, value: f64) {
        let family = name.strip_suffix("_total").unwrap_or(name);
        self.line(format_args!("# TYPE vllm:{family} {kind}"));
        let labels = self.labels.clone();
        self.line(format_args!("vllm:{name}{{{labels}}} {value:?}"));
    }

    fn histogram(&mut self, name: &str, histogram: &Cumulative) {
        let labels = self.labels.clone();
        self.line(format_args!("# TYPE vllm:{name} histogram"));
        for (bound, count) in BOUNDS.iter().zip(histogram.buckets) {
            let bound = *bound as f64 / 1e9;
            self.line(format_args!(
                "vllm:{name}_bucket{{{labels},le=\"{bound:?}\"}} {count}.0"
            ));
        }
        let [.., count] = histogram.buckets;
        let sum = histogram.sum_ns as f64 / 1e9;
        self.line(format_args!("vllm:{name}_bucket{{{labels},le=\"+Inf\"}} {count}.0"));
        self.line(format_args!("vllm:{name}_count{{{labels}}} {count}.0"));
        self.line(format_args!("vllm:{name}_sum{{{labels}}} {sum:?}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // A string takes everything.
        let _ = writeln!(self.text, "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_what_all_threads_counted() {
        let meters = Meters::new(2);
        for shard in 0..2 {
            meters.of(shard).generation_tokens.add(5);
            meters.of(shard).latency.observe(300_000_000);
        }
        let page = meters.render(Present {
            model: "a\"b",
            running: 3,
            waiting: 1,
            places: Some(4),
        });
        let labels = "engine=\"0\",model_name=\"a\\\"b\"";
        for line in [
            format!("vllm:num_requests_running{{{labels}}} 3.0"),
            format!("vllm:kv_cache_usage_perc{{{labels}}} 0.75"),
            "# TYPE vllm:generation_tokens counter".to_owned(),
            format!("vllm:generation_tokens_total{{{labels}}} 10.0"),
            format!("vllm:e2e_request_latency_seconds_bucket{{{labels},le=\"0.25\"}} 0.0"),
            format!("vllm:e2e_request_latency_seconds_bucket{{{labels},le=\"0.5\"}} 2.0"),
            format!("vllm:e2e_request_latency_seconds_bucket{{{labels},le=\"+Inf\"}} 2.0"),
            format!("vllm:e2e_request_latency_seconds_sum{{{labels}}} 0.6"),
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
    }
}
