//! Fewer points for the same picture: what is left has the same extremes.

/// Stretches into which the horizontal axis is cut: one for every two units of the layout.
const STRETCHES: usize = 500;

/// Points that one stretch keeps: its lowest, its highest, and some of the others.
const DOTS_EACH: usize = 7;

/// Thins dots: each stretch keeps its lowest, its highest and some of the others, so that extremes and density stay visible. The
/// order is lost.
pub(super) fn thin_dots(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    if points.len() <= STRETCHES * DOTS_EACH / 2 {
        return points;
    }
    let mut kept = Vec::with_capacity(STRETCHES * DOTS_EACH);
    for mut stretch in by_stretch(points) {
        if stretch.len() <= DOTS_EACH {
            kept.append(&mut stretch);
            continue;
        }
        let by_height = |a: &usize, b: &usize| stretch[*a].1.total_cmp(&stretch[*b].1);
        let lowest = (0..stretch.len()).min_by(by_height).unwrap_or(0);
        let highest = (0..stretch.len()).max_by(by_height).unwrap_or(0);
        kept.extend([stretch[lowest], stretch[highest]]);
        // Every so many-th as they came: equal ranks would lie on lines that are not in the data.
        let step = stretch.len() / (DOTS_EACH - 2);
        kept.extend(stretch.iter().step_by(step).take(DOTS_EACH - 2).copied());
    }
    kept
}

/// Thins a line whose points are in order: each stretch keeps its first, lowest, highest and last, in order.
pub(super) fn thin_line(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    if points.len() <= STRETCHES * 4 {
        return points;
    }
    let mut kept = Vec::with_capacity(STRETCHES * 4);
    for stretch in by_stretch(points) {
        let indexes = 0..stretch.len();
        let lowest = indexes.clone().min_by(|a, b| stretch[*a].1.total_cmp(&stretch[*b].1));
        let highest = indexes.max_by(|a, b| stretch[*a].1.total_cmp(&stretch[*b].1));
        if let (Some(lowest), Some(highest)) = (lowest, highest) {
            let mut places = [0, lowest, highest, stretch.len() - 1];
            places.sort_unstable();
            let mut before = None;
            for place in places {
                if before.replace(place) != Some(place) {
                    kept.push(stretch[place]);
                }
            }
        }
    }
    kept
}

fn by_stretch(points: Vec<(f64, f64)>) -> Vec<Vec<(f64, f64)>> {
    let (low, high) = points
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (x, _)| {
            (low.min(*x), high.max(*x))
        });
    let per_unit = STRETCHES as f64 / (high - low).max(f64::MIN_POSITIVE);
    let mut stretches = vec![Vec::new(); STRETCHES];
    for point in points {
        let index = ((point.0 - low) * per_unit) as usize;
        stretches[index.min(STRETCHES - 1)].push(point);
    }
    stretches
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn extremes(points: &[(f64, f64)]) -> (f64, f64) {
        points
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), point| {
                (low.min(point.1), high.max(point.1))
            })
    }

    fn noise(count: usize, seed: u64) -> Vec<(f64, f64)> {
        let mut state = seed | 1;
        (0..count)
            .map(|index| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (index as f64, (state >> 40) as f64)
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn thinning_keeps_the_extremes_and_little_else(count in 1_usize..60_000, seed in any::<u64>()) {
            let points = noise(count, seed);
            for thinned in [thin_dots(points.clone()), thin_line(points.clone())] {
                prop_assert_eq!(extremes(&thinned), extremes(&points));
                prop_assert!(thinned.len() <= 4_000);
                prop_assert!(thinned.iter().all(|point| points[point.0 as usize] == *point), "only real points");
            }
            let line = thin_line(points);
            prop_assert!(line.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }

    #[test]
    fn a_single_outlier_among_a_million_survives() {
        let mut points: Vec<_> = (0..1_000_000).map(|index| (f64::from(index), 1.0)).collect();
        points[654_321].1 = 9.0;
        assert!(thin_dots(points).contains(&(654_321.0, 9.0)));
    }

    #[test]
    fn points_at_one_moment_are_no_problem() {
        assert!(thin_dots(vec![(1.0, 2.0); 10_000]).len() <= DOTS_EACH);
    }
}
