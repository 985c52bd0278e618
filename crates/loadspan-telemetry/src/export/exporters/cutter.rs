//! Ends the flush of a run before its time.

use std::sync::Weak;

use crate::export::pipeline::Lane;
use crate::mlflow::RunGate;

/// Ends the wait for telemetry at the end of a run: what is not delivered by then is spooled at once. It keeps nothing alive.
#[derive(Debug, Clone)]
pub struct FlushCutter {
    pub(super) lanes: Vec<Weak<Lane>>,
    pub(super) gate: Weak<RunGate>,
}

impl FlushCutter {
    /// Cuts the flush, whether it is under way or still to come. Never blocks; to say it again changes nothing. Until the run is
    /// over, exports go on.
    pub fn cut(&self) {
        self.lanes.iter().filter_map(Weak::upgrade).for_each(|lane| lane.cut());
        if let Some(gate) = self.gate.upgrade() {
            gate.cut();
        }
    }
}
