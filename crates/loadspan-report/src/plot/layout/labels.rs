//! Labels that do not lie on each other.

use super::super::scene::{Point, Rect};
use super::Font;

/// Moves labels of one column apart: their middles come to lie at least `distance` from each other and within `low..=high`, as
/// near to where they belong as that allows. Gives the place of each, in the given order; `None` for those for which there is
/// no room, the last ones first.
pub(super) fn spread(wanted: &[f64], (low, high): (f64, f64), distance: f64) -> Vec<Option<f64>> {
    let room = ((high - low) / distance).floor().max(0.0) as usize + 1;
    let mut order: Vec<usize> = (0..wanted.len().min(room)).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    let mut places = vec![None; wanted.len()];
    let mut column: Vec<f64> = Vec::with_capacity(order.len());
    for index in &order {
        let least = column.last().map_or(low, |above| above + distance);
        column.push(wanted[*index].max(least));
    }
    let mut most = high;
    for place in column.iter_mut().rev() {
        *place = place.min(most);
        most = *place - distance;
    }
    for (index, place) in order.into_iter().zip(column) {
        places[index] = Some(place);
    }
    places
}

/// Texts beside points, each where nothing lies yet.
#[derive(Debug)]
pub(super) struct NotePlacer {
    area: Rect,
    /// What no text may lie on.
    taken: Vec<Rect>,
    /// What texts lie on only where there is no other place.
    lines: Vec<Rect>,
    bars: Vec<Rect>,
}

const FONT: Font = Font::LABEL;

impl NotePlacer {
    pub(super) fn new(area: Rect) -> Self {
        Self {
            area,
            taken: Vec::new(),
            lines: Vec::new(),
            bars: Vec::new(),
        }
    }

    /// Keeps texts away from a point.
    pub(super) fn avoid(&mut self, at: Point, radius: f64) {
        self.taken.push(Rect {
            left: at.x - radius,
            top: at.y - radius,
            width: radius * 2.0,
            height: radius * 2.0,
        });
    }

    /// Keeps texts off a line, where there is room enough.
    pub(super) fn avoid_line(&mut self, from: Point, to: Point) {
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let steps = (dx.hypot(dy) / 4.0).ceil();
        if !steps.is_finite() {
            return;
        }
        self.lines.extend((0..=steps as usize).map(|step| {
            let share = step as f64 / steps.max(1.0);
            Rect {
                left: from.x + dx * share - 2.0,
                top: from.y + dy * share - 2.0,
                width: 4.0,
                height: 4.0,
            }
        }));
    }

    /// Keeps texts off a bar, where there is room enough.
    pub(super) fn avoid_bar(&mut self, bar: Rect) {
        self.bars.push(bar);
    }

    pub(super) fn lies_on_bar(&self, place: &Rect) -> bool {
        self.bars.iter().any(|bar| bar.overlaps(place))
    }

    /// Keeps texts away from another one.
    pub(super) fn avoid_box(&mut self, taken: Rect) {
        self.taken.push(taken);
    }

    /// The first of the boxes that lies within the panel and on nothing else; it is taken then.
    pub(super) fn take_first(&mut self, candidates: impl IntoIterator<Item = Rect>) -> Option<Rect> {
        let free = |candidate: &Rect| {
            self.area.contains(candidate) && !self.taken.iter().any(|taken| taken.overlaps(candidate))
        };
        let found = candidates.into_iter().find(free)?;
        self.taken.push(found);
        Some(found)
    }

    /// The same, but one that lies on no line goes first.
    pub(super) fn take_clearest(&mut self, candidates: &[Rect]) -> Option<Rect> {
        let is_clear = |place: &&Rect| !self.lies_on_line(place) && !self.lies_on_bar(place);
        let clear = candidates.iter().filter(is_clear);
        let in_order: Vec<Rect> = clear.chain(candidates).copied().collect();
        self.take_first(in_order)
    }

    fn lies_on_line(&self, place: &Rect) -> bool {
        self.lines.iter().any(|line| line.overlaps(place))
    }

    /// The box of a text beside `at`; near it if possible. `None` when everything around it is taken.
    pub(super) fn beside(&mut self, at: Point, text: &str) -> Option<Rect> {
        let (width, height) = (FONT.width(text), FONT.size * 1.2);
        let candidates = [9.0, 20.0, 34.0, 50.0].into_iter().flat_map(move |distance| {
            let near = distance * 0.7;
            [
                (distance, -height / 2.0),
                (near, -near - height / 2.0),
                (near, near - height / 2.0),
                (-width - distance, -height / 2.0),
                (-width / 2.0, -distance - height),
                (-width / 2.0, distance),
                (-width - near, -near - height / 2.0),
                (-width - near, near - height / 2.0),
            ]
            .map(|(dx, dy)| Rect {
                left: at.x + dx,
                top: at.y + dy,
                width,
                height,
            })
        });
        let candidates: Vec<Rect> = candidates.collect();
        self.take_clearest(&candidates)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn labels_keep_their_distance_and_stay_inside(wanted in prop::collection::vec(-50.0_f64..350.0, 0..40)) {
            let places = spread(&wanted, (0.0, 300.0), 15.0);
            let mut placed: Vec<f64> = places.iter().copied().flatten().collect();
            prop_assert_eq!(placed.len(), wanted.len().min(21));
            placed.sort_by(f64::total_cmp);
            prop_assert!(placed.windows(2).all(|pair| pair[1] - pair[0] >= 15.0 - 1e-9), "{placed:?}");
            prop_assert!(placed.iter().all(|place| (-1e-9..=300.0 + 1e-9).contains(place)), "{placed:?}");
        }

        #[test]
        fn notes_never_overlap(points in prop::collection::vec((0.0_f64..600.0, 0.0_f64..300.0), 1..40)) {
            let area = Rect { left: 0.0, top: 0.0, width: 600.0, height: 300.0 };
            let mut placer = NotePlacer::new(area);
            let boxes: Vec<Rect> = points.iter().filter_map(|(x, y)| placer.beside(Point { x: *x, y: *y }, "64 concurrent")).collect();
            for (index, one) in boxes.iter().enumerate() {
                prop_assert!(area.contains(one));
                prop_assert!(boxes[..index].iter().all(|other| !one.overlaps(other)));
            }
        }
    }

    #[test]
    fn labels_with_room_stay_where_they_belong() {
        assert_eq!(
            spread(&[200.0, 10.0, 100.0], (0.0, 300.0), 15.0),
            [Some(200.0), Some(10.0), Some(100.0)]
        );
        assert_eq!(
            spread(&[1.0, 2.0, 3.0], (0.0, 16.0), 15.0),
            [Some(1.0), Some(16.0), None]
        );
    }
}
