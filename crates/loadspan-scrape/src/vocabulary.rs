//! What the names of inference servers mean in ours.
//!
//! Of several names in a row the first one that a page has counts: renamed metrics are often there under both names for a while.
//! The engines come before Dynamo's own figures, which a worker of Dynamo shows beside those of its engine.
//!
//! Sources: vLLM 0.6 (v0) to 0.31 (`vllm/v1/metrics/loggers.py`), SGLang 0.4 to 0.5 (`metrics_collector.py`), TensorRT-LLM
//! (`tensorrt_llm/metrics/collector.py`), TGI (`docs/source/reference/metrics.md`), Dynamo 0.4 to 1.6 (its metrics catalog).

use loadspan_record::{ServerCounter, ServerGauge, ServerHistogram};

/// A gauge, its names, and what the values of several engines come to.
pub(crate) struct GaugeRow {
    pub(crate) gauge: ServerGauge,
    pub(crate) merge: Merge,
    pub(crate) names: &'static [&'static str],
}

/// What the values of several engines come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Merge {
    /// Counts of different requests.
    Sum,
    /// A share from 0 to 1 of which the worst counts: the fullest engine is the one that preempts.
    HighestShare,
    /// A share from 0 to 1 of which no engine is the measure.
    MeanShare,
}

pub(crate) const GAUGES: &[GaugeRow] = &[
    GaugeRow {
        gauge: ServerGauge::RequestsRunning,
        merge: Merge::Sum,
        names: &[
            "vllm:num_requests_running",
            "sglang:num_running_reqs",
            "trtllm_num_requests_running",
            "trtllm_num_active_requests",
            "tgi_batch_current_size",
            // Queued ones are included until their first token: the front end does not know better.
            "dynamo_frontend_inflight_requests",
        ],
    },
    GaugeRow {
        gauge: ServerGauge::RequestsWaiting,
        merge: Merge::Sum,
        names: &[
            "vllm:num_requests_waiting",
            "sglang:num_queue_reqs",
            "trtllm_num_requests_waiting",
            "trtllm_server_queue_length",
            "tgi_queue_size",
            "dynamo_frontend_queued_requests",
        ],
    },
    GaugeRow {
        gauge: ServerGauge::KvCacheUsage,
        merge: Merge::HighestShare,
        names: &[
            "vllm:kv_cache_usage_perc",
            "vllm:gpu_cache_usage_perc",
            "sglang:token_usage",
            "trtllm_kv_cache_utilization",
            // From 0 to 1, in spite of its name.
            "dynamo_component_gpu_cache_usage_percent",
            "dynamo_component_kvstats_gpu_cache_usage_percent",
        ],
    },
    // Only where the counters of hits and queries do not tell.
    GaugeRow {
        gauge: ServerGauge::PrefixCacheHitRate,
        merge: Merge::MeanShare,
        names: &[
            "vllm:gpu_prefix_cache_hit_rate",
            "sglang:cache_hit_rate",
            "trtllm_kv_cache_hit_rate",
            "dynamo_component_kvstats_gpu_prefix_cache_hit_rate",
        ],
    },
    // Only where the counters of tokens do not tell.
    GaugeRow {
        gauge: ServerGauge::SpecDecodeAcceptanceRate,
        merge: Merge::MeanShare,
        names: &["vllm:spec_decode_draft_acceptance_rate", "sglang:spec_accept_rate"],
    },
];

pub(crate) const COUNTERS: &[(ServerCounter, &[&str])] = &[
    (
        ServerCounter::PromptTokens,
        &[
            "vllm:prompt_tokens_total",
            "sglang:prompt_tokens_total",
            "trtllm_prompt_tokens_total",
            "tgi_request_input_length_sum",
            "dynamo_frontend_input_sequence_tokens_sum",
        ],
    ),
    (
        ServerCounter::GenerationTokens,
        &[
            "vllm:generation_tokens_total",
            "sglang:generation_tokens_total",
            "tgi_request_generated_tokens_sum",
            "dynamo_frontend_output_tokens_total",
            "dynamo_frontend_output_sequence_tokens_sum",
        ],
    ),
    // SGLang, TensorRT-LLM and Dynamo count no queries: every prompt token is one.
    (
        ServerCounter::PrefixCacheQueries,
        &[
            "vllm:prefix_cache_queries_total",
            "vllm:gpu_prefix_cache_queries_total",
            "sglang:prompt_tokens_total",
            "trtllm_prompt_tokens_total",
            "dynamo_frontend_input_sequence_tokens_sum",
        ],
    ),
    (
        ServerCounter::PrefixCacheHits,
        &[
            "vllm:prefix_cache_hits_total",
            "vllm:gpu_prefix_cache_hits_total",
            "sglang:cached_tokens_total",
            "trtllm_prompt_cached_tokens_total",
            "dynamo_frontend_cached_tokens_sum",
        ],
    ),
    (
        ServerCounter::Preemptions,
        &["vllm:num_preemptions_total", "sglang:num_retracted_requests_total"],
    ),
    (
        ServerCounter::RequestsSucceeded,
        &[
            "vllm:request_success_total",
            "trtllm_request_success_total",
            "tgi_request_success",
        ],
    ),
    (
        ServerCounter::SpecDecodeDraftTokens,
        &[
            "vllm:spec_decode_num_draft_tokens_total",
            "trtllm_spec_decode_drafted_tokens_total",
        ],
    ),
    (
        ServerCounter::SpecDecodeAcceptedTokens,
        &[
            "vllm:spec_decode_num_accepted_tokens_total",
            "trtllm_spec_decode_accepted_tokens_total",
        ],
    ),
];

/// All in seconds.
pub(crate) const HISTOGRAMS: &[(ServerHistogram, &[&str])] = &[
    (
        ServerHistogram::QueueTime,
        &[
            "vllm:request_queue_time_seconds",
            "sglang:queue_time_seconds",
            "trtllm_request_queue_time_seconds",
            "tgi_request_queue_duration",
        ],
    ),
    (
        ServerHistogram::TimeToFirstToken,
        &[
            "vllm:time_to_first_token_seconds",
            "sglang:time_to_first_token_seconds",
            "trtllm_time_to_first_token_seconds",
            "dynamo_frontend_time_to_first_token_seconds",
        ],
    ),
    // The older names of vLLM and SGLang say "per output token", and yet have one value for each token.
    (
        ServerHistogram::InterTokenLatency,
        &[
            "vllm:inter_token_latency_seconds",
            "vllm:time_per_output_token_seconds",
            "sglang:inter_token_latency_seconds",
            "sglang:time_per_output_token_seconds",
            "dynamo_frontend_inter_token_latency_seconds",
        ],
    ),
    (
        ServerHistogram::TimePerOutputToken,
        &[
            "vllm:request_time_per_output_token_seconds",
            "trtllm_time_per_output_token_seconds",
            "tgi_request_mean_time_per_token_duration",
        ],
    ),
    (
        ServerHistogram::RequestLatency,
        &[
            "vllm:e2e_request_latency_seconds",
            "sglang:e2e_request_latency_seconds",
            "trtllm_e2e_request_latency_seconds",
            "tgi_request_duration",
            "dynamo_frontend_request_duration_seconds",
        ],
    ),
];

/// Labels by which a server shows the same requests several times, once for each part of the model that works on them.
pub(crate) const PARTS_OF_A_MODEL: [&str; 3] = ["tp_rank", "pp_rank", "moe_ep_rank"];
