//! The Pareto front: the points that no other point beats in both directions.

use super::Corner;

/// The indexes of the points on the front, from left to right.
pub(super) fn of(points: &[(f64, f64)], better: Corner) -> Vec<usize> {
    let height = |index: usize| match better {
        Corner::BottomRight => -points[index].1,
        Corner::TopRight => points[index].1,
    };
    let mut order: Vec<usize> = (0..points.len()).collect();
    // From right to left; of those above each other the better first.
    order.sort_by(|a, b| {
        let by_throughput = points[*b].0.total_cmp(&points[*a].0);
        by_throughput.then_with(|| height(*b).total_cmp(&height(*a)))
    });
    let mut best = f64::NEG_INFINITY;
    let mut front: Vec<usize> = order
        .into_iter()
        .filter(|index| {
            let is_better = height(*index) > best;
            best = best.max(height(*index));
            is_better
        })
        .collect();
    front.reverse();
    front
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_front_of_latency_over_throughput_has_no_dominated_run() {
        let points = [
            (10.0, 100.0),
            (20.0, 120.0),
            (15.0, 130.0),
            (30.0, 300.0),
            (30.0, 400.0),
            (5.0, 101.0),
        ];
        assert_eq!(of(&points, Corner::BottomRight), [0, 1, 3]);
    }

    proptest! {
        #[test]
        fn what_is_off_the_front_is_beaten_by_what_is_on_it(points in prop::collection::vec((0.0_f64..10.0, 0.0_f64..10.0), 1..30)) {
            let front = of(&points, Corner::TopRight);
            prop_assert!(!front.is_empty());
            for (index, (x, y)) in points.iter().enumerate() {
                let beaten = front.iter().any(|other| points[*other].0 >= *x && points[*other].1 >= *y && *other != index);
                prop_assert_eq!(front.contains(&index), !beaten, "{:?}", points[index]);
            }
        }
    }
}
