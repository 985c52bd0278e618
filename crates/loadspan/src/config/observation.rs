//! What is watched beside the load: the server's own metrics, and GPUs.

use loadspan_loadgen::{BaseUrl, TargetConfig, TlsConfig};
use loadspan_scrape::{GpuSource, Named, ScrapeConfig, ScrapePage, ScrapeTarget, TlsTrust};
use url::Url;

use crate::cli::ObservationArgs;
use crate::exit::UsageError;

/// What a Prometheus page is called where nobody says.
const METRICS_PATH: &str = "/metrics";

/// # Errors
///
/// A URL that is none.
pub(super) fn resolve(args: &ObservationArgs, target: &TargetConfig) -> Result<ScrapeConfig, UsageError> {
    let servers = if args.server_metrics.is_empty() && !args.no_server_metrics {
        target.urls.iter().map(|url| default_target(url, &target.tls)).collect()
    } else {
        let named = |text: &String| {
            Ok(ScrapeTarget {
                page: parse_page("--server-metrics", text, target)?,
                named: Named::ByUser,
            })
        };
        args.server_metrics
            .iter()
            .map(named)
            .collect::<Result<_, UsageError>>()?
    };
    let gpus = args
        .gpu_telemetry
        .iter()
        .map(|text| parse_gpu(text, target))
        .collect::<Result<_, _>>()?;
    Ok(ScrapeConfig {
        servers,
        gpus,
        ..ScrapeConfig::default()
    })
}

/// `/metrics` of the host that requests go to, whatever the path of the API.
fn default_target(url: &BaseUrl, tls: &TlsConfig) -> ScrapeTarget {
    ScrapeTarget {
        page: ScrapePage {
            url: url.with_path(METRICS_PATH),
            tls: trust(tls),
        },
        named: Named::ByDefault,
    }
}

fn parse_gpu(text: &str, target: &TargetConfig) -> Result<GpuSource, UsageError> {
    match text {
        "nvml" => Ok(GpuSource::Nvml),
        word if !word.contains(['.', ':', '/']) && word != "localhost" => Err(UsageError::with_hint(
            format!("--gpu-telemetry {word}: neither nvml nor a URL"),
            "nvml is for the GPUs of this machine; a DCGM exporter is named by its URL, such as http://localhost:9400",
        )),
        url => parse_page("--gpu-telemetry", url, target).map(GpuSource::Dcgm),
    }
}

/// A host of the target is trusted as the target is, any other one as the system has it: `--insecure` was not said of it.
fn parse_page(flag: &str, text: &str, target: &TargetConfig) -> Result<ScrapePage, UsageError> {
    let url = parse_url(flag, text)?;
    let is_target = target.urls.iter().any(|base| url.host_str() == Some(base.host()));
    let tls = if is_target {
        trust(&target.tls)
    } else {
        TlsTrust::SystemRoots
    };
    Ok(ScrapePage { url, tls })
}

fn trust(tls: &TlsConfig) -> TlsTrust {
    match tls {
        TlsConfig::SystemRoots => TlsTrust::SystemRoots,
        TlsConfig::CaFile(path) => TlsTrust::CaFile(path.clone()),
        TlsConfig::Insecure => TlsTrust::Insecure,
    }
}

/// A URL, or host and port; without a path, that of a Prometheus page.
fn parse_url(flag: &str, text: &str) -> Result<Url, UsageError> {
    let shown = loadspan_record::redact_url(text);
    let wrong = |why: &str| {
        UsageError::with_hint(
            format!("{flag} {shown}: {why}"),
            format!(
                "example: {flag} http://localhost:{}/metrics",
                if flag == "--gpu-telemetry" { 9400 } else { 8000 }
            ),
        )
    };
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let mut url = Url::parse(&full).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("expected an http or https URL"));
    }
    if url.path() == "/" {
        url.set_path(METRICS_PATH);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use loadspan_loadgen::openai::EndpointType;
    use loadspan_loadgen::{Deadlines, HttpPreference};

    use super::*;

    fn args(server: &[&str], gpu: &[&str]) -> ObservationArgs {
        ObservationArgs {
            server_metrics: server.iter().map(ToString::to_string).collect(),
            no_server_metrics: false,
            gpu_telemetry: gpu.iter().map(ToString::to_string).collect(),
        }
    }

    fn target(url: &str, tls: TlsConfig) -> TargetConfig {
        TargetConfig {
            urls: vec![BaseUrl::parse(url).unwrap()],
            endpoint_type: EndpointType::Chat,
            endpoint_path: None,
            api_key: None,
            headers: Vec::new(),
            session_header: None,
            tls,
            http: HttpPreference::default(),
            deadlines: Deadlines::default(),
        }
    }

    #[test]
    fn the_target_is_scraped_unless_told_otherwise() {
        let target = target("http://user:pw@h:8000/v1", TlsConfig::SystemRoots);
        let config = resolve(&args(&[], &[]), &target).unwrap();
        assert_eq!(config.servers[0].page.url.as_str(), "http://user:pw@h:8000/metrics");
        assert_eq!(config.servers[0].named, Named::ByDefault);
        let silent = ObservationArgs {
            no_server_metrics: true,
            ..args(&[], &[])
        };
        assert!(resolve(&silent, &target).unwrap().servers.is_empty());
    }

    #[test]
    fn pages_are_hosts_or_urls() {
        let target = target("http://h", TlsConfig::SystemRoots);
        let config = resolve(&args(&["h:9100"], &["nvml", "http://g:9400/own"]), &target).unwrap();
        assert_eq!(config.servers[0].page.url.as_str(), "http://h:9100/metrics");
        assert!(matches!(&config.gpus[..], [GpuSource::Nvml, GpuSource::Dcgm(page)] if page.url.path() == "/own"));
        for wrong in ["ftp://h", "http://", "h:port"] {
            let error = resolve(&args(&[wrong], &[]), &target).unwrap_err().to_string();
            assert!(error.starts_with("--server-metrics "), "{error}");
        }
    }

    #[test]
    fn hosts_of_the_target_are_trusted_as_the_target_is_and_others_are_not() {
        let target = target("https://h:8000/v1", TlsConfig::Insecure);
        let by_default = resolve(&args(&[], &[]), &target).unwrap();
        assert_eq!(by_default.servers[0].page.tls, TlsTrust::Insecure);

        let pages = args(&["https://h:9100", "https://other:9100"], &["https://h:9400"]);
        let named = resolve(&pages, &target).unwrap();
        let trusted: Vec<&TlsTrust> = named.servers.iter().map(|server| &server.page.tls).collect();
        assert_eq!(trusted, [&TlsTrust::Insecure, &TlsTrust::SystemRoots]);
        assert!(matches!(&named.gpus[..], [GpuSource::Dcgm(page)] if page.tls == TlsTrust::Insecure));
    }
}
