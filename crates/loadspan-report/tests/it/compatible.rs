//! The files that scripts written for AIPerf and vLLM read.

use loadspan_report::{aiperf, vllm};
use serde_json::Value;

use crate::runs;

fn json(file: &[u8]) -> Value {
    serde_json::from_slice(file).unwrap()
}

#[test]
fn aiperf_json_has_its_tags_and_keys() {
    let file = json(&aiperf::render_json(&runs::streaming()));
    insta::assert_snapshot!(format!("{:#}", file["time_to_first_token"]), @r#"
    {
      "avg": 109.0897,
      "count": 112,
      "max": 139.0243,
      "min": 80.04398,
      "p1": 80.79232,
      "p10": 84.80343,
      "p25": 94.7137,
      "p5": 82.78279,
      "p50": 108.5229,
      "p75": 123.6804,
      "p90": 132.6012,
      "p95": 135.6113,
      "p99": 138.276,
      "std": 17.37541,
      "sum": 12218.0464,
      "unit": "ms"
    }
    "#);
    assert_eq!(file["request_throughput"]["unit"], "requests/sec");
    assert!(file["output_token_throughput"]["avg"].as_f64().unwrap() > 0.0);
    assert_eq!(
        (&file["is_complete"], &file["was_cancelled"]),
        (&Value::Bool(true), &Value::Bool(false))
    );
    assert_eq!(file["start_time"], "2023-11-14T22:13:21.250000+00:00");
}

#[test]
fn aiperf_json_tells_errors_apart() {
    let file = json(&aiperf::render_json(&runs::not_streaming()));
    insta::assert_snapshot!(file["error_summary"], @r#"[{"count":20,"error_details":{"code":503,"message":"no capacity left\n\u001b[31mtry again later","type":"http_status_503"}}]"#);
    assert!(file.get("time_to_first_token").is_none());
}

#[test]
fn aiperf_inter_token_latency_is_per_token_after_the_first() {
    let file = json(&aiperf::render_json(&runs::one_request()));
    let latency = file["inter_token_latency"]["avg"].as_f64().unwrap();
    assert!((latency - 127.0 * 40.0 / 511.0).abs() < 1e-4, "{latency}");
}

#[test]
fn aiperf_csv_has_two_blocks() {
    insta::assert_snapshot!(aiperf::render_csv(&runs::not_streaming()), @r#"
    Metric,avg,min,max,sum,p1,p5,p10,p25,p50,p75,p90,p95,p99,std
    Credit to Start Latency (ms),0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00
    Input Sequence Length (tokens),550.00,550.00,550.00,99000.00,550.00,550.00,550.00,550.00,550.00,550.00,550.00,550.00,550.00,0.00
    Output Sequence Length (tokens),16.00,16.00,16.00,2880.00,16.00,16.00,16.00,16.00,16.00,16.00,16.00,16.00,16.00,0.00
    Request Latency (ms),94.99,90.05,99.92,17097.76,90.16,90.52,91.03,92.48,95.01,97.49,98.94,99.50,99.85,2.88

    Metric,Value
    Benchmark Duration (sec),10.10
    Error Request Count,20.00
    Input Token Throughput (tokens/sec),9803.06
    Output Token Throughput (tokens/sec),285.18
    Request Count,180.00
    Request Error Rate (%),10.00
    Request Throughput (requests/sec),17.82
    Total Input Sequence Length (tokens),99000.00
    Total Output Sequence Length (tokens),2880.00
    Total Token Throughput (tokens/sec),10088.24
    "#);
}

#[test]
fn vllm_json_has_its_keys() {
    insta::assert_snapshot!(format!("{:#}", json(&vllm::render(&runs::streaming()))), @r#"
    {
      "backend": "openai-chat",
      "burstiness": null,
      "completed": 112,
      "date": "20231114-221320",
      "duration": 19.52737,
      "endpoint_type": "openai-chat",
      "failed": 0,
      "label": "llama-3.1-8b-chat-c8",
      "max_concurrency": 8,
      "max_concurrent_requests": 8,
      "mean_e2el_ms": 1375.236,
      "mean_itl_ms": 9.96917,
      "mean_tpot_ms": 9.969656,
      "mean_ttft_ms": 109.0897,
      "median_e2el_ms": 1372.27,
      "median_itl_ms": 9.948,
      "median_tpot_ms": 9.950763,
      "median_ttft_ms": 108.5229,
      "model_id": "meta-llama/Llama-3.1-8B-Instruct",
      "num_prompts": 112,
      "output_throughput": 734.1492,
      "p50_e2el_ms": 1372.27,
      "p50_itl_ms": 9.948,
      "p50_tpot_ms": 9.950763,
      "p50_ttft_ms": 108.5229,
      "p90_e2el_ms": 1498.279,
      "p90_itl_ms": 10.756,
      "p90_tpot_ms": 10.75337,
      "p90_ttft_ms": 132.6012,
      "p95_e2el_ms": 1514.033,
      "p95_itl_ms": 10.868,
      "p95_tpot_ms": 10.85371,
      "p95_ttft_ms": 135.6113,
      "p99_e2el_ms": 1527.978,
      "p99_itl_ms": 10.948,
      "p99_tpot_ms": 10.94253,
      "p99_ttft_ms": 138.276,
      "request_goodput": 3.891974,
      "request_rate": "inf",
      "request_throughput": 5.73554,
      "std_e2el_ms": 90.93131,
      "std_itl_ms": 0.5792156,
      "std_tpot_ms": 0.5791803,
      "std_ttft_ms": 17.37541,
      "tokenizer_id": "meta-llama/Llama-3.1-8B-Instruct",
      "total_input_tokens": 61600,
      "total_output_tokens": 14336,
      "total_token_throughput": 3888.696
    }
    "#);
}

#[test]
fn vllm_json_has_nulls_for_what_does_not_exist() {
    let file = json(&vllm::render(&runs::all_failed()));
    assert_eq!(
        (&file["mean_ttft_ms"], &file["request_throughput"], &file["failed"]),
        (&Value::Null, &Value::Null, &Value::from(12))
    );
}
