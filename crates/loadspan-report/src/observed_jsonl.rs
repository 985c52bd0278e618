//! `server_metrics.jsonl` and `gpu_metrics.jsonl`: one line per sample, appended while the run goes on, and read back to make a
//! report again.

use std::io::BufRead;
use std::path::Path;

use loadspan_record::{GpuSample, ServerSample};

use crate::json_lines::{LineReader, LinesError, Origin};

/// What a line of either file is.
const LINE: &str = "a sample";

/// The samples of `server_metrics.jsonl`: one a second, so that all fit into memory. A torn last line is left out. `path` is for
/// errors only.
pub fn decode_server_samples(reader: impl BufRead, path: &Path) -> Result<Vec<ServerSample>, LinesError> {
    LineReader::new(reader, Origin { path, line: LINE }).collect()
}

/// The samples of `gpu_metrics.jsonl`, in the same way.
pub fn decode_gpu_samples(reader: impl BufRead, path: &Path) -> Result<Vec<GpuSample>, LinesError> {
    LineReader::new(reader, Origin { path, line: LINE }).collect()
}

#[cfg(test)]
mod tests {
    use loadspan_record::{Bucket, HistogramInterval, RunOffset, ServerCounter, ServerGauge, ServerHistogram};

    use super::*;

    fn sample() -> ServerSample {
        let bucket = Bucket {
            lower: 0.0,
            upper: None,
            count: 3,
        };
        ServerSample {
            at: RunOffset::from_nanos(2_000_000_001),
            source: "http://127.0.0.1:8000/metrics".to_owned(),
            interval_ns: Some(1_000_000_000),
            metrics: [(ServerGauge::RequestsRunning, 3.0)].into(),
            rates: [(ServerCounter::GenerationTokens, 100.0 / 3.0)].into(),
            quantiles: HistogramInterval::of(&[bucket], 0.3)
                .map(|interval| (ServerHistogram::QueueTime, interval))
                .into_iter()
                .collect(),
            ..ServerSample::default()
        }
    }

    fn read(text: &str) -> Result<Vec<ServerSample>, LinesError> {
        decode_server_samples(text.as_bytes(), Path::new("server_metrics.jsonl"))
    }

    #[test]
    fn what_was_written_is_read() {
        let line = serde_json::to_string(&sample()).unwrap();
        assert_eq!(
            line,
            r#"{"at_ns":2000000001,"source":"http://127.0.0.1:8000/metrics","interval_ns":1000000000,"#.to_owned()
                + r#""metrics":{"requests_running":3.0},"rates":{"generation_tokens":33.333333333333336},"#
                + r#""quantiles":{"queue_time_seconds":{"count":3,"mean":0.1,"p50":0.0,"p90":0.0,"p99":0.0,"#
                + r#""buckets":[[0.0,null,3]]}}}"#
        );
        assert_eq!(read(&format!("{line}\n\n{line}\n")).unwrap(), [sample(), sample()]);
    }

    #[test]
    fn a_torn_last_line_is_left_out() {
        let line = serde_json::to_string(&sample()).unwrap();
        assert_eq!(read(&format!("{line}\n{}", &line[..40])).unwrap(), [sample()]);
    }

    #[test]
    fn a_wrong_line_is_told_with_its_number() {
        let error = read("{}\n").unwrap_err().to_string();
        assert!(error.starts_with("server_metrics.jsonl:1: not a sample: "), "{error}");
    }

    #[test]
    fn gpus_are_read_too() {
        let line = r#"{"at_ns":1,"source":"nvml","gpus":[{"index":0,"uuid":"GPU-1","power_watts":71.5}]}"#;
        let samples = decode_gpu_samples(line.as_bytes(), Path::new("gpu_metrics.jsonl")).unwrap();
        assert_eq!(samples[0].gpus[0].power_watts, Some(71.5));
        assert_eq!(serde_json::to_string(&samples[0]).unwrap(), line);
    }
}
