//! Headers of OTLP requests, from flags and variables. Their values are secrets.

use http::{HeaderName, HeaderValue};
use loadspan_record::{Secret, TelemetrySignal};
use percent_encoding::percent_decode_str;

use super::environment::{Settings, otlp_names};
use super::{ConfigError, OtlpOptions};

type Header = (String, Secret);

/// The headers of a signal: those of flags beside those of the variable; where both name one, the flag's.
pub(super) fn resolve(
    signal: TelemetrySignal,
    options: &OtlpOptions,
    settings: &mut Settings<'_>,
) -> Result<Vec<Header>, ConfigError> {
    let mut headers = from_variables(signal, settings);
    for flag in &options.headers {
        set(&mut headers, parse_flag(flag)?);
    }
    Ok(headers)
}

/// Sets a header, in place of an earlier one of that name.
fn set(headers: &mut Vec<Header>, header: Header) {
    headers.retain(|(name, _)| *name != header.0);
    headers.push(header);
}

/// `name=value`, taken as it stands.
fn parse_flag(flag: &Secret) -> Result<Header, ConfigError> {
    flag.expose()
        .split_once('=')
        .and_then(|(name, value)| header(name, value.trim()))
        .ok_or_else(|| {
            ConfigError::new(
                "--otel-header: not a header that can be sent",
                "write name=value, in ASCII; host, content-*, transfer-encoding, te, connection and grpc-* are set by loadspan",
            )
        })
}

/// `a=1,b=2` with percent-encoded values, the variable of the signal in place of the generic one.
fn from_variables(signal: TelemetrySignal, settings: &mut Settings<'_>) -> Vec<Header> {
    let names = otlp_names(signal, "HEADERS");
    let Some((variable, list)) = names.iter().find_map(|name| Some((name, settings.text(name)?))) else {
        return Vec::new();
    };
    let mut headers = Vec::new();
    for (position, item) in list.split(',').enumerate().filter(|(_, item)| !item.trim().is_empty()) {
        match parse_item(item) {
            Some(header) => set(&mut headers, header),
            None => settings.warn(
                format!("{variable}: item {} is no header and is left out", position + 1),
                "write name=value,name=value, with values percent-encoded",
            ),
        }
    }
    headers
}

fn parse_item(item: &str) -> Option<Header> {
    let (name, value) = item.split_once('=')?;
    let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
    header(name, &value)
}

/// `None` for what cannot be sent as a header.
fn header(name: &str, value: &str) -> Option<Header> {
    let name: HeaderName = name.trim().parse().ok()?;
    HeaderValue::from_str(value).ok()?;
    if is_reserved(name.as_str()) {
        return None;
    }
    Some((name.as_str().to_owned(), Secret::new(value)))
}

/// Headers that the protocols themselves need.
fn is_reserved(name: &str) -> bool {
    let prefixes = ["content-", "grpc-"];
    let names = ["host", "transfer-encoding", "te", "connection"];
    names.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::super::Environment;
    use super::*;

    fn resolved(flags: &[&str], environment: &[(&str, &str)]) -> (Vec<(String, String)>, usize) {
        let options = OtlpOptions {
            headers: flags.iter().map(|flag| Secret::new(*flag)).collect(),
            ..OtlpOptions::default()
        };
        let environment = Environment::of(environment);
        let mut settings = Settings::new(&environment);
        let headers = resolve(TelemetrySignal::Traces, &options, &mut settings).unwrap();
        let plain = |(name, value): Header| (name, value.expose().to_owned());
        (headers.into_iter().map(plain).collect(), settings.into_warnings().len())
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_variable_is_a_list_with_encoded_values() {
        let variable = [(
            "OTEL_EXPORTER_OTLP_HEADERS",
            "X-Team=a%20b, authorization=Basic%20YQ==,",
        )];
        let headers = vec![pair("x-team", "a b"), pair("authorization", "Basic YQ==")];
        assert_eq!(resolved(&[], &variable), (headers, 0));
    }

    #[test]
    fn the_variable_of_a_signal_replaces_the_generic_one() {
        let variables = [
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=1,b=2"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "c=3"),
        ];
        assert_eq!(resolved(&[], &variables).0, vec![pair("c", "3")]);
    }

    #[test]
    fn a_flag_is_taken_as_it_stands_and_beats_the_variable() {
        let headers = resolved(&["A=x=100%25,y"], &[("OTEL_EXPORTER_OTLP_HEADERS", "a=1,b=2")]).0;
        assert_eq!(headers, vec![pair("b", "2"), pair("a", "x=100%25,y")]);
    }

    #[test]
    fn what_is_no_header_is_told_by_its_place_and_not_by_its_value() {
        let (headers, warnings) = resolved(&[], &[("OTEL_EXPORTER_OTLP_HEADERS", "canary,a=1,b=x%0Ay,c d=e")]);
        assert_eq!((headers, warnings), (vec![pair("a", "1")], 3));
        let error = parse_flag(&Secret::new("canary: value")).unwrap_err();
        assert!(!error.to_string().contains("canary"));
    }
}
