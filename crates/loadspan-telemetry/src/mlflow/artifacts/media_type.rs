//! What kind of file it is, for the header `Content-Type`.

use std::path::Path;

/// By the ending of its name, as MLflow's own client does.
pub(super) fn media_type(file: &str) -> &'static str {
    let suffix = Path::new(file).extension().and_then(|suffix| suffix.to_str());
    match suffix.unwrap_or_default().to_ascii_lowercase().as_str() {
        "json" => "application/json",
        "jsonl" | "txt" | "log" => "text/plain",
        "csv" => "text/csv",
        "html" => "text/html",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        _ => "application/octet-stream",
    }
}
