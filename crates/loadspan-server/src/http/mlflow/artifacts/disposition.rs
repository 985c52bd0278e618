//! Headers of files that a browser must not show as pages of this server.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What may stand in a parameter of a header as it is.
const PARAMETER: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The headers of the file with this name.
pub(super) fn headers(name: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut set = |header: HeaderName, value: &'static str| headers.insert(header, HeaderValue::from_static(value));
    set(header::CONTENT_TYPE, media_type(name));
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::CONTENT_SECURITY_POLICY, "sandbox");
    if let Ok(value) = HeaderValue::from_str(&attachment(name)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers
}

fn attachment(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    if name.chars().all(plain) {
        return format!("attachment; filename={name}");
    }
    // For clients that do not know the other form.
    let ascii: String = name
        .chars()
        .map(|c| if plain(c) || c == ' ' { c } else { '_' })
        .collect();
    let encoded = utf8_percent_encode(name, PARAMETER);
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

/// What a file is, by its name. Text of any kind is plain: nothing here is to be run.
fn media_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("svg") => "image/svg+xml",
        Some("pdf") => "application/pdf",
        Some("json") => "application/json",
        Some(
            "txt" | "log" | "md" | "csv" | "tsv" | "yaml" | "yml" | "toml" | "ini" | "cfg" | "html" | "htm" | "xml"
            | "jsonl" | "py" | "js" | "ts" | "rs" | "sh" | "sql" | "r",
        ) => "text/plain; charset=utf-8",
        // MLflow's description of a model.
        _ if matches!(name, "MLmodel" | "MLproject") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_in_both_forms_if_need_be() {
        for (name, told) in [
            ("a.txt", "attachment; filename=a.txt"),
            (
                "a b.txt",
                "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt",
            ),
            (
                "größe\".txt",
                "attachment; filename=\"gr__e_.txt\"; filename*=UTF-8''gr%C3%B6%C3%9Fe%22.txt",
            ),
        ] {
            assert_eq!(headers(name)[header::CONTENT_DISPOSITION], told);
        }
    }

    #[test]
    fn no_file_is_a_page() {
        for (name, kind) in [
            ("a.html", "text/plain; charset=utf-8"),
            ("a.JS", "text/plain; charset=utf-8"),
            ("a.PNG", "image/png"),
            ("a.bin", "application/octet-stream"),
            ("a", "application/octet-stream"),
        ] {
            let headers = headers(name);
            assert_eq!(headers[header::CONTENT_TYPE], kind, "{name}");
            assert_eq!(headers[header::CONTENT_SECURITY_POLICY], "sandbox");
            assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        }
    }
}
