//! Where calls stand in the picture.

use crate::recording::Call;

/// Room for a number.
const NARROWEST: f64 = 34.0;
/// Room for an arrow.
const GAP: f64 = 28.0;
/// What time is drawn over, besides.
const SPAN: f64 = 720.0;

#[derive(Debug)]
pub(super) struct Placed {
    pub(super) boxes: Vec<Box>,
    pub(super) lanes: usize,
    pub(super) width: f64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Box {
    pub(super) left: f64,
    pub(super) width: f64,
    pub(super) lane: usize,
}

impl Placed {
    /// Whether nothing stands between two calls of one lane.
    pub(super) fn is_free(&self, from: usize, to: usize) -> bool {
        let (lane, between) = (self.boxes[from].lane, self.boxes[from].left..self.boxes[to].left);
        let others = self.boxes[from + 1..to].iter();
        lane != self.boxes[to].lane
            || !others
                .into_iter()
                .any(|other| other.lane == lane && between.contains(&other.left))
    }
}

/// Places calls, which are in the order in which they began. What ended before something else began stands to the left of it; where
/// nothing begins or ends for long, little of it is shown.
pub(super) fn place(calls: &[Call]) -> Placed {
    let axis = Axis::of(calls);
    let mut lanes: Vec<u64> = Vec::new();
    let boxes = calls.iter().map(|call| {
        let free = lanes.iter().position(|busy_until| *busy_until <= call.start_ns);
        let lane = free.unwrap_or(lanes.len());
        // A call that took no time has its lane to itself nevertheless.
        let until = call.end_ns.max(call.start_ns.saturating_add(1));
        match lanes.get_mut(lane) {
            Some(busy_until) => *busy_until = until,
            None => lanes.push(until),
        }
        let left = axis.starts(call.start_ns);
        Box {
            left,
            width: (axis.ends(call.end_ns) - left).max(NARROWEST),
            lane,
        }
    });
    let boxes: Vec<Box> = boxes.collect();
    let width = boxes.iter().map(|place| place.left + place.width).fold(SPAN, f64::max);
    Placed {
        boxes,
        lanes: lanes.len(),
        width,
    }
}

/// The moments at which something begins or ends, and where they stand.
struct Axis {
    moments: Vec<u64>,
    places: Vec<f64>,
}

impl Axis {
    fn of(calls: &[Call]) -> Self {
        let mut moments: Vec<u64> = calls.iter().flat_map(|call| [call.start_ns, call.end_ns]).collect();
        moments.sort_unstable();
        moments.dedup();
        let gaps: Vec<f64> = moments
            .windows(2)
            .map(|pair| ((pair[1] - pair[0]) as f64).sqrt())
            .collect();
        let total: f64 = gaps.iter().sum();
        let mut at = 0.0;
        let mut places = vec![0.0];
        for gap in gaps {
            // Each moment has room for a number and an arrow, and the rest goes by time.
            at += NARROWEST + GAP + SPAN * gap / total.max(1.0);
            places.push(at);
        }
        Self { moments, places }
    }

    fn starts(&self, moment: u64) -> f64 {
        self.place(moment) + GAP
    }

    fn ends(&self, moment: u64) -> f64 {
        self.place(moment)
    }

    fn place(&self, moment: u64) -> f64 {
        let place = self.moments.partition_point(|other| *other < moment);
        self.places.get(place).copied().unwrap_or_default()
    }
}
