//! What a configuration would run, in a few lines.

use crate::config::{self, RunConfig};

/// The target, and the stages with load and length.
pub(crate) fn outline(config: &RunConfig) -> String {
    let urls: Vec<String> = config.target.urls.iter().map(ToString::to_string).collect();
    let streaming = if config.request.streaming { ", streaming" } else { "" };
    let kind = config.target.endpoint_type.as_str();
    let model = config.request.model.as_deref().unwrap_or("the only model");
    let stages = config::outline(&config.stages);
    format!("{model} at {} ({kind}{streaming})\n{stages}", urls.join(", "))
}
