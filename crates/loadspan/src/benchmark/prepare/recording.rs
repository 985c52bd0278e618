//! Recordings, from files or from a tracking server.

use loadspan_loadgen::openai::EndpointType;
use loadspan_loadgen::recorded::LoadedRecording;
use loadspan_loadgen::recorded::replay::RecordingBuilder;

use crate::config::{ReplayConfig, ReplaySource};
use crate::exit::UsageError;
use crate::recorded_traces;

/// Reads a recording, as far as that is done before it is sent.
///
/// # Errors
///
/// It cannot be read, nothing of it can be sent, or not to this endpoint.
pub(super) fn load(replay: &ReplayConfig, endpoint_type: EndpointType) -> anyhow::Result<LoadedRecording> {
    let config = replay.recorded.clone();
    let loaded = match &replay.source {
        ReplaySource::Files(paths) => config.load(paths)?,
        ReplaySource::Server(search) => {
            let mut builder = RecordingBuilder::new(config.reading.clone());
            let fetched = recorded_traces::fetch("--replay", search, &mut builder)?;
            config
                .take(builder.finish(), fetched.source)?
                .with_remarks(fetched.remark)
        }
    };
    if loaded.is_chat() && endpoint_type != EndpointType::Chat {
        let problem = format!("--replay: what was said cannot be sent to {}", endpoint_type.as_str());
        return Err(UsageError::with_hint(problem, "use --endpoint-type chat").into());
    }
    Ok(loaded)
}
