//! When a stage ends that nobody gave an end, and what the load needs of this machine.

use std::num::NonZeroU32;

use loadspan_loadgen::conversation::{ConversationConfig, ConversationSource};
use loadspan_loadgen::{LoadConfig, LoadModel, Traffic};
use loadspan_record::{Notice, counted};

use crate::config::{self, RunConfig, StageConfig, TrafficConfig};
use crate::host;

/// A stage needs an end: when the user gave none, a dataset is sent once, and of what is made up a few for each slot.
pub(in crate::benchmark) fn limit_requests(load: &mut LoadConfig, traffic: &Traffic) {
    // A recording ends by itself.
    if matches!(load.model, LoadModel::Recorded { .. }) {
        return;
    }
    if config::is_said(&load.limits) {
        return;
    }
    let few = config::usual_count(load);
    let limits = &mut load.limits;
    match traffic {
        Traffic::Requests(workload) => limits.requests = Some(workload.len().unwrap_or(few)),
        // Those of which there are so many end by themselves.
        Traffic::Sessions(sessions) if sessions.count().is_some() => {}
        Traffic::Sessions(sessions) => limits.sessions = Some(sessions.distinct().unwrap_or(few)),
    }
}

/// Raises the limits of the process; says which of the machine's are too low for the highest load.
pub(in crate::benchmark) fn check_resources(config: &RunConfig) -> Vec<Notice> {
    let most = config.stages.iter().filter_map(most_in_flight).max();
    let sockets = most.map_or(0, |limit| u64::from(limit.get()));
    let urls = config.target.urls.len() as u64;
    let mut notices = Vec::new();
    // A slot keeps a connection to each URL.
    if let Some(limit) = host::raise_open_files(sockets.saturating_mul(urls)) {
        notices.push(Notice {
            message: format!(
                "only {limit} files may be open, too few for {}",
                counted(sockets.saturating_mul(urls), "connection")
            ),
            advice: Some("raise the hard limit: `ulimit -Hn`".to_owned()),
        });
    }
    if let Some(ports) = host::local_ports().filter(|ports| sockets > *ports) {
        notices.push(Notice {
            message: format!("{sockets} connections to one address, but only {ports} local ports"),
            advice: Some("widen net.ipv4.ip_local_port_range, or name the server by several addresses".to_owned()),
        });
    }
    notices
}

/// Requests that are in flight at the height of a load; `None` where nobody knows before: a session that thinks keeps its place, but
/// no connection.
fn most_in_flight(stage: &StageConfig) -> Option<NonZeroU32> {
    match (&stage.load.model, &stage.traffic) {
        (LoadModel::Closed { .. }, TrafficConfig::Conversations(sessions)) if may_think(sessions) => None,
        (LoadModel::Closed { .. }, TrafficConfig::Replay(_)) => None,
        (model, _) => model.max_concurrency(),
    }
}

/// Whether there is time between the turns of a session. That of a dataset is not looked for.
fn may_think(sessions: &ConversationConfig) -> bool {
    let has_tools = sessions.tools.is_some_and(|tools| !tools.time.is_zero());
    sessions.think_time.is_some() || has_tools || matches!(sessions.source, ConversationSource::Dataset(_))
}
