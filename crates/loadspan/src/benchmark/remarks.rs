//! What sessions have to say when they are over.

use std::sync::Arc;

use loadspan_loadgen::sessions::Sessions;
use loadspan_loadgen::{RunPlan, Traffic};
use loadspan_record::Notice;

/// The sessions of a run, each once.
pub(super) struct Remarks(Vec<Arc<dyn Sessions>>);

impl Remarks {
    pub(super) fn of(run: &RunPlan) -> Self {
        let mut all: Vec<Arc<dyn Sessions>> = Vec::new();
        for stage in &run.stages {
            if let Traffic::Sessions(sessions) = &stage.traffic
                && !all.iter().any(|known| Arc::ptr_eq(known, sessions))
            {
                all.push(Arc::clone(sessions));
            }
        }
        Self(all)
    }

    pub(super) fn notices(&self) -> impl Iterator<Item = Notice> {
        let messages = self.0.iter().flat_map(|sessions| sessions.remarks());
        messages.map(|message| Notice { message, advice: None })
    }
}
