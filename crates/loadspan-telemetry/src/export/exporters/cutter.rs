//! Ends the flush of a run before its time.

use std::sync::Weak;

use crate::export::pipeline::Lane;

/// Ends the wait for telemetry at the end of a run: what is not delivered by then is spooled at once. It keeps nothing alive.
#[derive(Debug, Clone)]
pub struct FlushCutter(pub(super) Vec<Weak<Lane>>);

impl FlushCutter {
    /// Cuts the flush, whether it is under way or still to come. Never blocks; to say it again changes nothing. Until the run is
    /// over, exports go on.
    pub fn cut(&self) {
        self.0.iter().filter_map(Weak::upgrade).for_each(|lane| lane.cut());
    }
}
