//! One thing that is asked again and again, and what to make of it when it does not answer.

use std::time::Duration;

use loadspan_record::{GpuSample, LiveNotice, ObservedSample, RunOffset, redact_url};

use crate::config::{Named, ScrapePage, ScrapeTarget};
use crate::dcgm;
use crate::endpoint::Endpoint;
use crate::nvml::LocalGpus;
use crate::prometheus_text::parse;
use crate::report::SourceReport;
use crate::server::{ServerWatch, is_inference_server};

/// One thing that is asked again and again.
pub(crate) struct Source {
    kind: Kind,
    named: Named,
    report: SourceReport,
}

enum Kind {
    Server { endpoint: Endpoint, watch: ServerWatch },
    Dcgm(Endpoint),
    Nvml(LocalGpus),
}

/// What came of asking.
pub(crate) struct Asked {
    pub(crate) sample: Option<ObservedSample>,
    pub(crate) notice: Option<LiveNotice>,
    pub(crate) next: Next,
}

/// Whether a source is worth asking again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    AskAgain,
    LeaveAlone,
}

impl Source {
    /// The error is what to tell of a server that cannot even be asked.
    pub(crate) fn server(target: &ScrapeTarget) -> Result<Self, LiveNotice> {
        let endpoint = endpoint("server metrics", &target.page, target.named)?;
        let source = endpoint.source();
        let watch = ServerWatch::new(source.clone());
        Ok(Self::new(Kind::Server { endpoint, watch }, target.named, source))
    }

    /// The error is what to tell of an exporter that cannot even be asked.
    pub(crate) fn dcgm(page: &ScrapePage) -> Result<Self, LiveNotice> {
        let endpoint = endpoint("GPU metrics", page, Named::ByUser)?;
        let source = endpoint.source();
        Ok(Self::new(Kind::Dcgm(endpoint), Named::ByUser, source))
    }

    pub(crate) fn nvml() -> Self {
        Self::new(Kind::Nvml(LocalGpus::unopened()), Named::ByDefault, "nvml".to_owned())
    }

    fn new(kind: Kind, named: Named, source: String) -> Self {
        Self {
            kind,
            named,
            report: SourceReport {
                source,
                ..SourceReport::default()
            },
        }
    }

    pub(crate) fn into_report(self) -> SourceReport {
        self.report
    }

    /// Asks once, for as long as `limit` at most. `now` is read when the answer is there.
    pub(crate) async fn ask(&mut self, limit: Duration, now: &dyn Fn() -> RunOffset) -> Asked {
        match self.kind.sample(limit, now, self.named).await {
            Ok(sample) => {
                let first = self.report.samples == 0;
                self.report.samples += 1;
                let unknown = first && matches!(&sample, ObservedSample::Server(sample) if !sample.raw.is_empty());
                Asked {
                    sample: Some(sample),
                    notice: unknown.then(|| self.unknown_names()),
                    next: Next::AskAgain,
                }
            }
            Err(error) => self.failed(error),
        }
    }

    fn failed(&mut self, error: String) -> Asked {
        let first_failure = self.report.failed == 0;
        let notice = first_failure.then(|| self.failure_notice(&error)).flatten();
        self.report.failed += 1;
        self.report.last_error = Some(error);
        let worth_it = self.report.samples > 0 || self.named == Named::ByUser || self.kind.is_late();
        Asked {
            sample: None,
            notice,
            next: if worth_it { Next::AskAgain } else { Next::LeaveAlone },
        }
    }

    /// `None` where nobody has asked for what is missing.
    fn failure_notice(&self, error: &str) -> Option<LiveNotice> {
        let source = &self.report.source;
        Some(match (&self.kind, self.named) {
            (Kind::Nvml(_), _) if self.report.samples == 0 => {
                LiveNotice::note(format!("no GPU figures from NVML: {error}"))
            }
            (Kind::Nvml(_), _) => LiveNotice::note(format!("GPU figures from NVML have gaps: {error}")),
            (_, Named::ByDefault) if self.report.samples == 0 => return None,
            (_, Named::ByDefault) => LiveNotice::note(format!("server metrics of {source} have gaps: {error}")),
            (Kind::Server { .. }, Named::ByUser) => LiveNotice::warning(
                format!("server metrics of {source} are missing: {error}"),
                "check the URL of --server-metrics with curl; it is tried again until the run ends",
            ),
            (Kind::Dcgm(_), Named::ByUser) => LiveNotice::warning(
                format!("GPU metrics of {source} are missing: {error}"),
                "check the URL of --gpu-telemetry with curl; it is tried again until the run ends",
            ),
        })
    }

    fn unknown_names(&self) -> LiveNotice {
        LiveNotice::warning(
            format!(
                "{} shows no metric of vLLM, SGLang, TGI, TensorRT-LLM or Dynamo; its own names are in server_metrics.jsonl",
                self.report.source
            ),
            "check that --server-metrics names the inference server itself",
        )
    }
}

fn endpoint(what: &str, page: &ScrapePage, named: Named) -> Result<Endpoint, LiveNotice> {
    Endpoint::new(page).map_err(|error| {
        let message = format!("{what} of {} are missing: {error}", redact_url(page.url.as_str()));
        match named {
            Named::ByUser => LiveNotice::warning(
                message,
                "check the file of --ca-cert, or the CA certificates of this host (SSL_CERT_FILE)",
            ),
            Named::ByDefault => LiveNotice::note(message),
        }
    })
}

impl Kind {
    /// Whether an answer is still to come, after the time that it was given.
    fn is_late(&self) -> bool {
        matches!(self, Self::Nvml(gpus) if gpus.is_late())
    }

    async fn sample(
        &mut self,
        limit: Duration,
        now: &dyn Fn() -> RunOffset,
        named: Named,
    ) -> Result<ObservedSample, String> {
        match self {
            Self::Server { endpoint, watch } => {
                let page = fetch(endpoint, limit).await?;
                let at = now();
                let series = parse(&page).map_err(|error| error.to_string())?;
                if named == Named::ByDefault && !is_inference_server(&series) {
                    return Err("it shows no metric of a known inference server".to_owned());
                }
                Ok(ObservedSample::Server(watch.sample(&series, at)))
            }
            Self::Dcgm(endpoint) => {
                let page = fetch(endpoint, limit).await?;
                let at = now();
                let gpus = dcgm::readings(&parse(&page).map_err(|error| error.to_string())?);
                if gpus.is_empty() {
                    return Err("it shows no DCGM_FI_DEV_ metric of a GPU".to_owned());
                }
                let source = endpoint.source();
                Ok(ObservedSample::Gpu(GpuSample { at, source, gpus }))
            }
            Self::Nvml(local) => {
                let gpus = local.readings(limit).await?;
                let source = "nvml".to_owned();
                Ok(ObservedSample::Gpu(GpuSample {
                    at: now(),
                    source,
                    gpus,
                }))
            }
        }
    }
}

async fn fetch(endpoint: &Endpoint, limit: Duration) -> Result<Vec<u8>, String> {
    match tokio::time::timeout(limit, endpoint.fetch()).await {
        Ok(Ok(page)) => Ok(page),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it did not answer within {limit:?}")),
    }
}
