//! `summary.json`, `summary.csv`, `timeslices.csv`.

use std::time::Duration;

use loadspan_report::{summary_csv, summary_json, timeslices_csv};

use crate::runs;

fn text(file: Vec<u8>) -> String {
    String::from_utf8(file).unwrap()
}

#[test]
fn the_json_of_a_streaming_run() {
    insta::assert_snapshot!(text(summary_json::render(&runs::streaming())), @r#"
    {
      "schema_version": "1.0",
      "run": {
        "id": "5f0c6a8e",
        "name": "llama-3.1-8b-chat-c8",
        "model": "meta-llama/Llama-3.1-8B-Instruct",
        "endpoint_type": "chat",
        "streaming": true,
        "urls": [
          "http://localhost:8000"
        ],
        "loadspan_version": "0.1.0",
        "started_unix_ns": 1700000000000000000,
        "seed": 7,
        "measured_from_s": 1.25,
        "completeness": {
          "status": "complete"
        }
      },
      "verdict": {
        "status": "valid",
        "reasons": []
      },
      "counts": {
        "requests": 112,
        "completed": 112,
        "failed": 0,
        "cancelled": 0,
        "warmup": 8,
        "unsent": 0,
        "by_error": {},
        "error_examples": {}
      },
      "metrics": {
        "time_to_first_token": {
          "unit": "ms",
          "count": 112,
          "mean": 109.0897,
          "std": 17.37541,
          "min": 80.04398,
          "p1": 80.79232,
          "p5": 82.78279,
          "p10": 84.80343,
          "p25": 94.7137,
          "p50": 108.5229,
          "p75": 123.6804,
          "p90": 132.6012,
          "p95": 135.6113,
          "p99": 138.276,
          "p99_9": 138.9495,
          "max": 139.0243
        },
        "time_to_first_output_token": {
          "unit": "ms",
          "count": 112,
          "mean": 109.0897,
          "std": 17.37541,
          "min": 80.04398,
          "p1": 80.79232,
          "p5": 82.78279,
          "p10": 84.80343,
          "p25": 94.7137,
          "p50": 108.5229,
          "p75": 123.6804,
          "p90": 132.6012,
          "p95": 135.6113,
          "p99": 138.276,
          "p99_9": 138.9495,
          "max": 139.0243
        },
        "time_to_second_token": {
          "unit": "ms",
          "count": 112,
          "mean": 9.96917,
          "std": 0.5792156,
          "min": 9.001,
          "p1": 9.02553,
          "p5": 9.0921,
          "p10": 9.1593,
          "p25": 9.49025,
          "p50": 9.95,
          "p75": 10.4555,
          "p90": 10.7528,
          "p95": 10.85335,
          "p99": 10.94247,
          "p99_9": 10.96456,
          "max": 10.967
        },
        "inter_token_latency": {
          "unit": "ms",
          "count": 112,
          "mean": 9.969656,
          "std": 0.5791803,
          "min": 9.001466,
          "p1": 9.02641,
          "p5": 9.09276,
          "p10": 9.160115,
          "p25": 9.490457,
          "p50": 9.950763,
          "p75": 10.45601,
          "p90": 10.75337,
          "p95": 10.85371,
          "p99": 10.94253,
          "p99_9": 10.96498,
          "max": 10.96748
        },
        "time_per_output_token": {
          "unit": "ms",
          "count": 112,
          "mean": 9.969656,
          "std": 0.5791803,
          "min": 9.001466,
          "p1": 9.02641,
          "p5": 9.09276,
          "p10": 9.160115,
          "p25": 9.490457,
          "p50": 9.950763,
          "p75": 10.45601,
          "p90": 10.75337,
          "p95": 10.85371,
          "p99": 10.94253,
          "p99_9": 10.96498,
          "max": 10.96748
        },
        "inter_chunk_latency": {
          "unit": "ms",
          "count": 14224,
          "mean": 9.96917,
          "std": 0.5792156,
          "min": 9.001,
          "p1": 9.02,
          "p5": 9.084,
          "p10": 9.156,
          "p25": 9.476,
          "p50": 9.948,
          "p75": 10.452,
          "p90": 10.756,
          "p95": 10.868,
          "p99": 10.948,
          "p99_9": 10.964,
          "max": 10.967
        },
        "request_latency": {
          "unit": "ms",
          "count": 112,
          "mean": 1375.236,
          "std": 90.93131,
          "min": 1223.23,
          "p1": 1227.146,
          "p5": 1237.563,
          "p10": 1248.138,
          "p25": 1300.002,
          "p50": 1372.27,
          "p75": 1451.594,
          "p90": 1498.279,
          "p95": 1514.033,
          "p99": 1527.978,
          "p99_9": 1531.502,
          "max": 1531.894
        },
        "time_to_first_byte": {
          "unit": "ms",
          "count": 112,
          "mean": 109.0897,
          "std": 17.37541,
          "min": 80.04398,
          "p1": 80.79232,
          "p5": 82.78279,
          "p10": 84.80343,
          "p25": 94.7137,
          "p50": 108.5229,
          "p75": 123.6804,
          "p90": 132.6012,
          "p95": 135.6113,
          "p99": 138.276,
          "p99_9": 138.9495,
          "max": 139.0243
        },
        "output_token_throughput_per_user": {
          "unit": "tokens/sec/user",
          "count": 112,
          "mean": 100.6446,
          "std": 5.864703,
          "min": 91.17867,
          "p1": 91.38656,
          "p5": 92.13447,
          "p10": 92.99409,
          "p25": 95.63881,
          "p50": 100.4948,
          "p75": 105.3691,
          "p90": 109.169,
          "p95": 109.9778,
          "p99": 110.7861,
          "p99_9": 111.0623,
          "max": 111.093
        },
        "output_sequence_length": {
          "unit": "tokens",
          "count": 112,
          "mean": 128.0,
          "std": 0.0,
          "min": 128.0,
          "p1": 128.0,
          "p5": 128.0,
          "p10": 128.0,
          "p25": 128.0,
          "p50": 128.0,
          "p75": 128.0,
          "p90": 128.0,
          "p95": 128.0,
          "p99": 128.0,
          "p99_9": 128.0,
          "max": 128.0
        },
        "input_sequence_length": {
          "unit": "tokens",
          "count": 112,
          "mean": 550.0,
          "std": 0.0,
          "min": 550.0,
          "p1": 550.0,
          "p5": 550.0,
          "p10": 550.0,
          "p25": 550.0,
          "p50": 550.0,
          "p75": 550.0,
          "p90": 550.0,
          "p95": 550.0,
          "p99": 550.0,
          "p99_9": 550.0,
          "max": 550.0
        },
        "schedule_lag": {
          "unit": "ms",
          "count": 112,
          "mean": 0.0,
          "std": 0.0,
          "min": 0.0,
          "p1": 0.0,
          "p5": 0.0,
          "p10": 0.0,
          "p25": 0.0,
          "p50": 0.0,
          "p75": 0.0,
          "p90": 0.0,
          "p95": 0.0,
          "p99": 0.0,
          "p99_9": 0.0,
          "max": 0.0
        },
        "request_throughput": {
          "unit": "requests/sec",
          "value": 5.73554
        },
        "output_token_throughput": {
          "unit": "tokens/sec",
          "value": 734.1492
        },
        "input_token_throughput": {
          "unit": "tokens/sec",
          "value": 3154.547
        },
        "total_token_throughput": {
          "unit": "tokens/sec",
          "value": 3888.696
        },
        "goodput": {
          "unit": "requests/sec",
          "value": 3.891974
        },
        "good_request_fraction": {
          "unit": "ratio",
          "value": 0.6785714
        },
        "benchmark_duration": {
          "unit": "sec",
          "value": 19.52737
        },
        "request_error_rate": {
          "unit": "%",
          "value": 0.0
        },
        "in_flight_mean": {
          "unit": "requests",
          "value": 7.94204
        },
        "in_flight_max": {
          "unit": "requests",
          "value": 8.0
        }
      },
      "load": {
        "description": "8 concurrent",
        "mode": "closed",
        "concurrency": 8,
        "held_back": 0,
        "in_flight": {
          "mean": 7.94204,
          "max": 8
        },
        "schedule_lag": {
          "unit": "ms",
          "count": 112,
          "mean": 0.0,
          "std": 0.0,
          "min": 0.0,
          "p1": 0.0,
          "p5": 0.0,
          "p10": 0.0,
          "p25": 0.0,
          "p50": 0.0,
          "p75": 0.0,
          "p90": 0.0,
          "p95": 0.0,
          "p99": 0.0,
          "p99_9": 0.0,
          "max": 0.0
        },
        "dispatch_delay": {
          "unit": "ms",
          "count": 112,
          "mean": 0.0,
          "std": 0.0,
          "min": 0.0,
          "p1": 0.0,
          "p5": 0.0,
          "p10": 0.0,
          "p25": 0.0,
          "p50": 0.0,
          "p75": 0.0,
          "p90": 0.0,
          "p95": 0.0,
          "p99": 0.0,
          "p99_9": 0.0,
          "max": 0.0
        }
      },
      "client": {
        "cpu_seconds": 1.5,
        "wall_seconds": 20.0,
        "peak_rss_bytes": 47185920,
        "records_lost": 0,
        "workers": [
          {
            "cpu_seconds": 1.2,
            "busy_share": 0.06,
            "loop_lag_p50_ms": 0.05,
            "loop_lag_p99_ms": 0.31,
            "loop_lag_max_ms": 2.4
          }
        ]
      },
      "tokens": {
        "input_total": 61600,
        "output_total": 14336,
        "reasoning_total": 0,
        "cached_input_total": 0,
        "source_share": {
          "server_usage": 1.0
        },
        "uncounted": 0,
        "requested_output": {
          "asked": 0,
          "missed": 0
        },
        "requested_input": {
          "asked": 0,
          "missed": 0
        }
      },
      "connections": {
        "opened": 0,
        "reused": 112
      },
      "steady_state": {
        "window": {
          "start_s": 1.270914,
          "end_s": 20.45527,
          "share": 0.9824345,
          "requests": 105
        },
        "metrics": {
          "time_to_first_token": {
            "unit": "ms",
            "count": 105,
            "mean": 108.9899,
            "std": 17.3487,
            "min": 80.04398,
            "p1": 80.74513,
            "p5": 82.54683,
            "p10": 85.00569,
            "p25": 94.20806,
            "p50": 108.3721,
            "p75": 123.5119,
            "p90": 132.1452,
            "p95": 135.8473,
            "p99": 138.3232,
            "p99_9": 138.9542,
            "max": 139.0243
          },
          "time_to_first_output_token": {
            "unit": "ms",
            "count": 105,
            "mean": 108.9899,
            "std": 17.3487,
            "min": 80.04398,
            "p1": 80.74513,
            "p5": 82.54683,
            "p10": 85.00569,
            "p25": 94.20806,
            "p50": 108.3721,
            "p75": 123.5119,
            "p90": 132.1452,
            "p95": 135.8473,
            "p99": 138.3232,
            "p99_9": 138.9542,
            "max": 139.0243
          },
          "time_to_second_token": {
            "unit": "ms",
            "count": 105,
            "mean": 9.965838,
            "std": 0.5783322,
            "min": 9.001,
            "p1": 9.02392,
            "p5": 9.0844,
            "p10": 9.1662,
            "p25": 9.473,
            "p50": 9.945,
            "p75": 10.45,
            "p90": 10.738,
            "p95": 10.8614,
            "p99": 10.94408,
            "p99_9": 10.96471,
            "max": 10.967
          },
          "inter_token_latency": {
            "unit": "ms",
            "count": 105,
            "mean": 9.966331,
            "std": 0.5782899,
            "min": 9.001466,
            "p1": 9.024837,
            "p5": 9.084895,
            "p10": 9.166856,
            "p25": 9.473602,
            "p50": 9.945738,
            "p75": 10.4504,
            "p90": 10.73817,
            "p95": 10.86158,
            "p99": 10.94411,
            "p99_9": 10.96514,
            "max": 10.96748
          },
          "time_per_output_token": {
            "unit": "ms",
            "count": 105,
            "mean": 9.966331,
            "std": 0.5782899,
            "min": 9.001466,
            "p1": 9.024837,
            "p5": 9.084895,
            "p10": 9.166856,
            "p25": 9.473602,
            "p50": 9.945738,
            "p75": 10.4504,
            "p90": 10.73817,
            "p95": 10.86158,
            "p99": 10.94411,
            "p99_9": 10.96514,
            "max": 10.96748
          },
          "request_latency": {
            "unit": "ms",
            "count": 105,
            "mean": 1374.714,
            "std": 90.79151,
            "min": 1223.23,
            "p1": 1226.899,
            "p5": 1236.328,
            "p10": 1249.196,
            "p25": 1297.355,
            "p50": 1371.481,
            "p75": 1450.712,
            "p90": 1495.893,
            "p95": 1515.268,
            "p99": 1528.225,
            "p99_9": 1531.527,
            "max": 1531.894
          },
          "time_to_first_byte": {
            "unit": "ms",
            "count": 105,
            "mean": 108.9899,
            "std": 17.3487,
            "min": 80.04398,
            "p1": 80.74513,
            "p5": 82.54683,
            "p10": 85.00569,
            "p25": 94.20806,
            "p50": 108.3721,
            "p75": 123.5119,
            "p90": 132.1452,
            "p95": 135.8473,
            "p99": 138.3232,
            "p99_9": 138.9542,
            "max": 139.0243
          },
          "output_token_throughput_per_user": {
            "unit": "tokens/sec/user",
            "count": 105,
            "mean": 100.6774,
            "std": 5.860287,
            "min": 91.17867,
            "p1": 91.3734,
            "p5": 92.06772,
            "p10": 93.12574,
            "p25": 95.69015,
            "p50": 100.5456,
            "p75": 105.5565,
            "p90": 109.0888,
            "p95": 110.0729,
            "p99": 110.8053,
            "p99_9": 111.0642,
            "max": 111.093
          },
          "output_sequence_length": {
            "unit": "tokens",
            "count": 105,
            "mean": 128.0,
            "std": 0.0,
            "min": 128.0,
            "p1": 128.0,
            "p5": 128.0,
            "p10": 128.0,
            "p25": 128.0,
            "p50": 128.0,
            "p75": 128.0,
            "p90": 128.0,
            "p95": 128.0,
            "p99": 128.0,
            "p99_9": 128.0,
            "max": 128.0
          },
          "input_sequence_length": {
            "unit": "tokens",
            "count": 105,
            "mean": 550.0,
            "std": 0.0,
            "min": 550.0,
            "p1": 550.0,
            "p5": 550.0,
            "p10": 550.0,
            "p25": 550.0,
            "p50": 550.0,
            "p75": 550.0,
            "p90": 550.0,
            "p95": 550.0,
            "p99": 550.0,
            "p99_9": 550.0,
            "max": 550.0
          },
          "request_throughput": {
            "unit": "requests/sec",
            "value": 5.816954
          },
          "output_token_throughput": {
            "unit": "tokens/sec",
            "value": 744.5701
          },
          "input_token_throughput": {
            "unit": "tokens/sec",
            "value": 3199.325
          },
          "total_token_throughput": {
            "unit": "tokens/sec",
            "value": 3943.895
          },
          "in_flight_mean": {
            "unit": "requests",
            "value": 7.99971
          },
          "in_flight_max": {
            "unit": "requests",
            "value": 8.0
          }
        }
      },
      "goodput": {
        "good": 76,
        "of": 112,
        "targets": [
          {
            "metric": "time_to_first_token",
            "limit": 120.0,
            "met": 76
          },
          {
            "metric": "inter_token_latency",
            "limit": 11.0,
            "met": 112
          }
        ]
      },
      "finish_reasons": {
        "length": 112
      },
      "notices": [],
      "telemetry": {}
    }
    "#);
}

#[test]
fn the_json_of_a_run_without_success() {
    insta::assert_snapshot!(text(summary_json::render(&runs::all_failed())), @r#"
    {
      "schema_version": "1.0",
      "run": {
        "id": "5f0c6a8e",
        "name": "llama-3.1-8b-chat-c8",
        "model": "meta-llama/Llama-3.1-8B-Instruct",
        "endpoint_type": "chat",
        "streaming": true,
        "urls": [
          "http://localhost:8000"
        ],
        "loadspan_version": "0.1.0",
        "started_unix_ns": 1700000000000000000,
        "seed": 7,
        "measured_from_s": 1.25,
        "completeness": {
          "status": "complete"
        }
      },
      "verdict": {
        "status": "invalid",
        "reasons": [
          {
            "code": "nothing_completed",
            "failed": 12,
            "cancelled": 0,
            "severity": "invalid",
            "message": "no request completed; 12 failed",
            "advice": "look at the errors by class before reading any latency"
          }
        ]
      },
      "counts": {
        "requests": 12,
        "completed": 0,
        "failed": 12,
        "cancelled": 0,
        "warmup": 0,
        "unsent": 0,
        "by_error": {
          "connect": 8,
          "timeout_first_byte": 4
        },
        "error_examples": {
          "connect": "connection refused"
        }
      },
      "metrics": {
        "schedule_lag": {
          "unit": "ms",
          "count": 4,
          "mean": 0.0,
          "std": 0.0,
          "min": 0.0,
          "p1": 0.0,
          "p5": 0.0,
          "p10": 0.0,
          "p25": 0.0,
          "p50": 0.0,
          "p75": 0.0,
          "p90": 0.0,
          "p95": 0.0,
          "p99": 0.0,
          "p99_9": 0.0,
          "max": 0.0
        },
        "benchmark_duration": {
          "unit": "sec",
          "value": 0.056
        },
        "request_error_rate": {
          "unit": "%",
          "value": 100.0
        },
        "in_flight_mean": {
          "unit": "requests",
          "value": 0.08695652
        },
        "in_flight_max": {
          "unit": "requests",
          "value": 1.0
        }
      },
      "load": {
        "description": "1 concurrent",
        "mode": "closed",
        "concurrency": 1,
        "held_back": 0,
        "in_flight": {
          "mean": 0.08695652,
          "max": 1
        },
        "schedule_lag": {
          "unit": "ms",
          "count": 4,
          "mean": 0.0,
          "std": 0.0,
          "min": 0.0,
          "p1": 0.0,
          "p5": 0.0,
          "p10": 0.0,
          "p25": 0.0,
          "p50": 0.0,
          "p75": 0.0,
          "p90": 0.0,
          "p95": 0.0,
          "p99": 0.0,
          "p99_9": 0.0,
          "max": 0.0
        },
        "dispatch_delay": {
          "unit": "ms",
          "count": 4,
          "mean": 0.0,
          "std": 0.0,
          "min": 0.0,
          "p1": 0.0,
          "p5": 0.0,
          "p10": 0.0,
          "p25": 0.0,
          "p50": 0.0,
          "p75": 0.0,
          "p90": 0.0,
          "p95": 0.0,
          "p99": 0.0,
          "p99_9": 0.0,
          "max": 0.0
        }
      },
      "tokens": {
        "input_total": 0,
        "output_total": 0,
        "reasoning_total": 0,
        "cached_input_total": 0,
        "source_share": {},
        "uncounted": 0,
        "requested_output": {
          "asked": 0,
          "missed": 0
        },
        "requested_input": {
          "asked": 0,
          "missed": 0
        }
      },
      "connections": {
        "opened": 0,
        "reused": 4
      },
      "steady_state": {
        "absent": "no measured request completed"
      },
      "finish_reasons": {},
      "notices": [],
      "telemetry": {}
    }
    "#);
}

#[test]
fn a_summary_is_read_back_as_it_was_written() {
    for summary in [
        runs::streaming(),
        runs::not_streaming(),
        runs::all_failed(),
        runs::one_request(),
        runs::missed_rate(),
    ] {
        assert_eq!(summary_json::parse(&summary_json::render(&summary)).unwrap(), summary);
    }
}

#[test]
fn figures_of_a_newer_version_are_skipped() {
    let file = text(summary_json::render(&runs::one_request()));
    let newer = file.replace("\"time_to_first_token\"", "\"time_to_first_thought\"");
    let summary = summary_json::parse(newer.as_bytes()).unwrap();
    assert!(summary.metrics.get(loadspan_record::Metric::TimeToFirstToken).is_none());
}

#[test]
fn the_csv_of_a_run_without_streams() {
    insta::assert_snapshot!(summary_csv::render(&runs::not_streaming()), @r#"
    metric,unit,count,mean,std,min,p1,p5,p10,p25,p50,p75,p90,p95,p99,p99_9,max
    request_latency,ms,180,94.98754,2.883228,90.05025,90.16473,90.52371,91.03014,92.48447,95.00959,97.48927,98.94381,99.49548,99.84793,99.91313,99.91869
    time_to_first_byte,ms,180,94.98755,2.883228,90.05025,90.16473,90.52371,91.03015,92.48447,95.0096,97.48927,98.94381,99.49548,99.84794,99.91313,99.91869
    output_sequence_length,tokens,180,16,0,16,16,16,16,16,16,16,16,16,16,16,16
    input_sequence_length,tokens,180,550,0,550,550,550,550,550,550,550,550,550,550,550,550
    schedule_lag,ms,200,0,0,0,0,0,0,0,0,0,0,0,0,0,0

    metric,unit,value
    request_throughput,requests/sec,17.82375
    output_token_throughput,tokens/sec,285.1799
    input_token_throughput,tokens/sec,9803.06
    total_token_throughput,tokens/sec,10088.24
    benchmark_duration,sec,10.09889
    request_error_rate,%,10
    in_flight_mean,requests,1.881874
    in_flight_max,requests,2
    "#);
}

#[test]
fn the_csv_of_a_run_without_success_has_only_what_exists() {
    insta::assert_snapshot!(summary_csv::render(&runs::all_failed()), @r#"
    metric,unit,count,mean,std,min,p1,p5,p10,p25,p50,p75,p90,p95,p99,p99_9,max
    schedule_lag,ms,4,0,0,0,0,0,0,0,0,0,0,0,0,0,0

    metric,unit,value
    benchmark_duration,sec,0.056
    request_error_rate,%,100
    in_flight_mean,requests,0.08695652
    in_flight_max,requests,1
    "#);
}

#[test]
fn the_time_slices_of_a_streaming_run() {
    insta::assert_snapshot!(timeslices_csv::render(&runs::streaming_builder().timeslices(Duration::from_secs(5))), @"
    start_s,end_s,complete,started,completed,failed,output_tokens,request_throughput,output_token_throughput,in_flight_mean,time_to_first_token_mean_ms,time_to_first_token_p50_ms,time_to_first_token_p95_ms,time_to_first_token_p99_ms,inter_token_latency_mean_ms,inter_token_latency_p50_ms,inter_token_latency_p95_ms,inter_token_latency_p99_ms,request_latency_mean_ms,request_latency_p50_ms,request_latency_p95_ms,request_latency_p99_ms
    1.270914,6.270914,true,32,24,0,3072,4.8,614.4,7.99969,107.4599,107.9911,132.1647,132.7849,9.915329,9.933035,10.73882,10.7595,1366.707,1369.487,1495.995,1499.241
    6.270914,11.27091,true,32,32,0,4096,6.4,819.2,7.99968,112.872,112.7271,136.8118,137.467,10.09573,10.0909,10.89373,10.91557,1395.03,1394.272,1520.315,1523.744
    11.27091,16.27091,true,24,24,0,3072,4.8,614.4,7.99976,109.5342,109.5341,136.9359,138.8693,9.984472,9.984472,10.89786,10.96231,1377.562,1377.562,1520.965,1531.082
    16.27091,20.79828,false,24,32,0,4096,7.068126,904.7202,7.750971,106.1963,106.3412,132.2677,133.342,9.87321,9.87804,10.74226,10.77807,1360.094,1360.852,1496.534,1502.157
    ");
}
