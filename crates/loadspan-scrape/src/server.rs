//! From the pages of a server to samples: what is, what was counted since the page before, and what was observed since then.

use std::collections::BTreeMap;

use loadspan_record::{RunOffset, ServerCounter, ServerGauge, ServerSample};

use crate::prometheus_text::Series;
use crate::series::Page;
use crate::snapshot::Snapshot;
use crate::vocabulary::{GAUGES, GaugeRow, Merge};

/// Most names of a page that is kept as it is.
const MAX_RAW: usize = 200;

/// Names that say something of the language a server is written in, and nothing of the server.
const RAW_NOISE: [&str; 4] = ["python_", "process_", "go_", "promhttp_"];

/// A server, and its page before.
#[derive(Debug)]
pub(crate) struct ServerWatch {
    source: String,
    before: Option<Snapshot>,
}

impl ServerWatch {
    /// `source` is free of credentials.
    pub(crate) fn new(source: String) -> Self {
        Self { source, before: None }
    }

    /// The sample of a page that arrived at `at`.
    pub(crate) fn sample(&mut self, series: &[Series<'_>], at: RunOffset) -> ServerSample {
        let page = Page::new(series);
        let now = Snapshot::of(&page, at);
        let mut metrics = gauges(&page);
        let mut sample = ServerSample {
            at,
            source: self.source.clone(),
            ..ServerSample::default()
        };
        if let Some(before) = self.before.as_ref().filter(|before| before.at < at) {
            let increases = now.increases(before);
            let nanos = at.nanos_since(before.at);
            add_shares(&increases, &mut metrics);
            sample.interval_ns = Some(nanos);
            sample.rates = per_second(&increases, nanos as f64 / 1e9);
            sample.quantiles = now.observed_since(before);
        }
        if metrics.is_empty() && now.is_empty() {
            sample.raw = raw(series);
        }
        sample.metrics = metrics;
        sample.metrics.retain(|_, value| value.is_finite());
        sample.rates.retain(|_, value| value.is_finite());
        sample.raw.retain(|_, value| value.is_finite());
        self.before = Some(now);
        sample
    }
}

/// Whether a page has anything that the vocabulary knows.
pub(crate) fn is_inference_server(series: &[Series<'_>]) -> bool {
    let page = Page::new(series);
    !gauges(&page).is_empty() || !Snapshot::of(&page, RunOffset::ZERO).is_empty()
}

fn gauges(page: &Page<'_>) -> BTreeMap<ServerGauge, f64> {
    let rows = GAUGES.iter();
    rows.filter_map(|row| Some((row.gauge, merged(row, page)?))).collect()
}

fn merged(row: &GaugeRow, page: &Page<'_>) -> Option<f64> {
    let values = page.values(row.names)?;
    // Some engines say -1 for what is turned off.
    let shares: Vec<f64> = values
        .values()
        .copied()
        .filter(|value| (0.0..=1.0).contains(value))
        .collect();
    match row.merge {
        Merge::Sum => Some(values.values().sum()),
        Merge::HighestShare => shares.into_iter().max_by(f64::total_cmp),
        Merge::MeanShare => (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64),
    }
}

/// The rates of hits and of acceptance, of this interval. They take the place of what the server says of itself, which is of some
/// other time: SGLang's hit rate is that of the last batch.
fn add_shares(increases: &BTreeMap<ServerCounter, f64>, metrics: &mut BTreeMap<ServerGauge, f64>) {
    let shares = [
        (
            ServerGauge::PrefixCacheHitRate,
            ServerCounter::PrefixCacheHits,
            ServerCounter::PrefixCacheQueries,
        ),
        (
            ServerGauge::SpecDecodeAcceptanceRate,
            ServerCounter::SpecDecodeAcceptedTokens,
            ServerCounter::SpecDecodeDraftTokens,
        ),
    ];
    for (gauge, part, whole) in shares {
        if let (Some(part), Some(whole)) = (increases.get(&part), increases.get(&whole))
            && *whole > 0.0
        {
            metrics.insert(gauge, part / whole);
        }
    }
}

fn per_second(increases: &BTreeMap<ServerCounter, f64>, secs: f64) -> BTreeMap<ServerCounter, f64> {
    let increases = increases.iter();
    increases
        .map(|(counter, increase)| (*counter, increase / secs))
        .collect()
}

/// The values of a page of unknown names, summed over labels. Buckets are left out.
fn raw(series: &[Series<'_>]) -> BTreeMap<String, f64> {
    let mut values = BTreeMap::new();
    for one in series {
        let known = values.contains_key(one.name);
        let wanted = one.value.is_finite()
            && !one.name.ends_with("_bucket")
            && !one.name.ends_with("_created")
            && !RAW_NOISE.iter().any(|noise| one.name.starts_with(noise));
        if wanted && (known || values.len() < MAX_RAW) {
            *values.entry(one.name.to_owned()).or_insert(0.0) += one.value;
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use loadspan_record::ServerHistogram;
    use proptest::prelude::*;

    use super::*;
    use crate::prometheus_text::parse;
    use crate::vocabulary::{COUNTERS, HISTOGRAMS};

    /// The samples of pages that came a second apart.
    fn samples(pages: &[&str]) -> Vec<ServerSample> {
        let mut watch = ServerWatch::new("http://a/metrics".to_owned());
        let pages = pages.iter().enumerate();
        pages
            .map(|(second, page)| {
                let at = RunOffset::from_nanos(second as u64 * 1_000_000_000);
                watch.sample(&parse(page.as_bytes()).unwrap(), at)
            })
            .collect()
    }

    fn last(pages: &[&str]) -> ServerSample {
        samples(pages).pop().unwrap()
    }

    #[test]
    fn engines_are_added_up_and_the_fullest_cache_counts() {
        let sample = last(&[
            "vllm:num_requests_running{engine=\"0\"} 3\nvllm:num_requests_running{engine=\"1\"} 4\n\
                             vllm:kv_cache_usage_perc{engine=\"0\"} 0.2\nvllm:kv_cache_usage_perc{engine=\"1\"} 0.9",
        ]);
        assert_eq!(
            sample.metrics,
            [(ServerGauge::RequestsRunning, 7.0), (ServerGauge::KvCacheUsage, 0.9)].into()
        );
    }

    #[test]
    fn a_metric_that_is_there_under_its_old_name_too_counts_once() {
        let sample = last(&["vllm:gpu_cache_usage_perc 0.5\nvllm:kv_cache_usage_perc 0.5"]);
        assert_eq!(sample.metrics[&ServerGauge::KvCacheUsage], 0.5);
        let old = last(&["vllm:gpu_cache_usage_perc 0.4"]);
        assert_eq!(old.metrics[&ServerGauge::KvCacheUsage], 0.4);
    }

    #[test]
    fn the_parts_of_a_model_work_on_the_same_requests() {
        let sample = last(&["sglang:num_running_reqs{dp_rank=\"0\",tp_rank=\"0\"} 5\n\
                             sglang:num_running_reqs{dp_rank=\"0\",tp_rank=\"1\"} 5\n\
                             sglang:num_running_reqs{dp_rank=\"1\",tp_rank=\"0\"} 2"]);
        assert_eq!(sample.metrics[&ServerGauge::RequestsRunning], 7.0);
    }

    #[test]
    fn each_server_s_names_are_known() {
        let pages = [
            "vllm:num_requests_running 2",
            "ray_vllm_num_requests_running 2",
            "sglang:num_running_reqs 2",
            "trtllm_num_active_requests 2",
            "tgi_batch_current_size 2",
            "dynamo_frontend_inflight_requests 2",
        ];
        for page in pages {
            assert_eq!(last(&[page]).metrics[&ServerGauge::RequestsRunning], 2.0, "{page}");
        }
    }

    #[test]
    fn counters_are_rates_from_the_second_page_on() {
        let samples = samples(&["vllm:generation_tokens_total 1000", "vllm:generation_tokens_total 1250"]);
        assert!(samples[0].rates.is_empty() && samples[0].interval_ns.is_none());
        assert_eq!(samples[1].rates[&ServerCounter::GenerationTokens], 250.0);
    }

    #[test]
    fn a_counter_that_fell_began_again_at_zero() {
        let sample = last(&[
            "vllm:generation_tokens_total{engine=\"0\"} 900\nvllm:generation_tokens_total{engine=\"1\"} 100",
            "vllm:generation_tokens_total{engine=\"0\"} 30\nvllm:generation_tokens_total{engine=\"1\"} 120",
        ]);
        assert_eq!(sample.rates[&ServerCounter::GenerationTokens], 50.0);
    }

    #[test]
    fn a_counter_that_appears_counts_from_zero() {
        let sample = last(&[
            "vllm:request_success_total{finished_reason=\"stop\"} 5",
            "vllm:request_success_total{finished_reason=\"stop\"} 5\nvllm:request_success_total{finished_reason=\"length\"} 3",
        ]);
        assert_eq!(sample.rates[&ServerCounter::RequestsSucceeded], 3.0);
    }

    #[test]
    fn the_hit_rate_is_that_of_the_interval() {
        let sample = last(&[
            "sglang:prompt_tokens_total 1000\nsglang:cached_tokens_total 900\nsglang:cache_hit_rate 0.9",
            "sglang:prompt_tokens_total 1200\nsglang:cached_tokens_total 950\nsglang:cache_hit_rate 0.9",
        ]);
        assert_eq!(sample.metrics[&ServerGauge::PrefixCacheHitRate], 0.25);
        let gauge_alone = last(&["vllm:gpu_prefix_cache_hit_rate -1"]);
        assert!(gauge_alone.metrics.is_empty());
    }

    fn ttft(counts: [u32; 3], sum: f64) -> String {
        let [first, second, all] = counts;
        let name = "vllm:time_to_first_token_seconds";
        format!(
            "{name}_bucket{{le=\"0.1\"}} {first}\n{name}_bucket{{le=\"0.2\"}} {second}\n{name}_bucket{{le=\"+Inf\"}} {all}\n\
             {name}_sum {sum}\n{name}_count {all}"
        )
    }

    #[test]
    fn quantiles_are_those_of_the_interval() {
        let sample = last(&[&ttft([1000, 1000, 1000], 1.0), &ttft([1050, 1100, 1100], 12.0)]);
        let interval = &sample.quantiles[&ServerHistogram::TimeToFirstToken];
        assert_eq!((interval.figures.count, interval.figures.mean), (100, 0.11));
        assert_eq!((interval.figures.p50, interval.figures.p90), (0.1, 0.18));
    }

    #[test]
    fn a_histogram_that_began_again_counts_from_zero() {
        let sample = last(&[&ttft([1000, 1000, 1000], 1.0), &ttft([0, 10, 10], 1.5)]);
        let figures = sample.quantiles[&ServerHistogram::TimeToFirstToken].figures;
        assert_eq!((figures.count, figures.p50), (10, 0.15));
    }

    #[test]
    fn an_interval_without_observations_has_no_quantiles() {
        let page = ttft([5, 5, 5], 0.1);
        assert!(last(&[&page, &page]).quantiles.is_empty());
    }

    #[test]
    fn a_page_of_unknown_names_is_kept_as_it_is() {
        let sample =
            last(&["lmdeploy:requests{a=\"1\"} 2\nlmdeploy:requests{a=\"2\"} 3\npython_info 1\nx_bucket{le=\"1\"} 1"]);
        assert_eq!(sample.raw, [("lmdeploy:requests".to_owned(), 5.0)].into());
    }

    /// A page with a line for every name that is known, of any values.
    fn any_page() -> impl Strategy<Value = String> {
        let gauges = GAUGES
            .iter()
            .flat_map(|row| row.names.iter().map(|name| (*name).to_owned()));
        let counters = COUNTERS
            .iter()
            .flat_map(|(_, names)| names.iter().map(|name| (*name).to_owned()));
        let histograms = HISTOGRAMS.iter().flat_map(|(_, names)| {
            let parts = [
                "_bucket{le=\"-Inf\"}",
                "_bucket{le=\"-1\"}",
                "_bucket{le=\"1e308\"}",
                "_bucket{le=\"+Inf\"}",
                "_sum",
                "_count",
            ];
            names
                .iter()
                .flat_map(move |name| parts.map(|part| format!("{name}{part}")))
        });
        let names: Vec<String> = gauges.chain(counters).chain(histograms).collect();
        proptest::collection::vec(any::<f64>(), names.len()).prop_map(move |values| {
            let lines = names
                .iter()
                .zip(values)
                .map(|(name, value)| format!("{name} {value}\n"));
            lines.collect()
        })
    }

    proptest! {
        #[test]
        fn whatever_a_server_says_its_sample_can_be_read_back(pages in [any_page(), any_page()]) {
            let sample = last(&[&pages[0], &pages[1]]);
            let line = serde_json::to_string(&sample).unwrap();
            prop_assert_eq!(serde_json::from_str::<ServerSample>(&line).unwrap(), sample);
        }
    }
}
