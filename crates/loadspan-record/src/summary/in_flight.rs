//! How many requests were in flight, when.

use super::rows::{Selection, Span};

/// Requests whose starts and ends are sorted at once. Bounds the memory of a sweep, not its result.
const SEGMENT: usize = 2_000_000;

/// A stretch of time with the same number of requests in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) level: usize,
}

/// How long how many requests were in flight within a span.
#[derive(Debug, Clone)]
pub(crate) struct InFlight {
    /// Nanoseconds at each level.
    time_at_level: Vec<u64>,
}

impl InFlight {
    pub(crate) fn within(rows: Selection<'_>, span: Span) -> Self {
        let [in_flight] = Self::within_each(rows, [span]);
        in_flight
    }

    /// Several spans in one sweep.
    pub(crate) fn within_each<const N: usize>(rows: Selection<'_>, spans: [Span; N]) -> [Self; N] {
        let mut each = [const {
            Self {
                time_at_level: Vec::new(),
            }
        }; N];
        sweep(rows, |step| {
            for (in_flight, span) in each.iter_mut().zip(spans) {
                in_flight.add(step.level, span.overlap_ns(step.from, step.to));
            }
        });
        each
    }

    pub(crate) fn max(&self) -> usize {
        self.time_at_level.iter().rposition(|time| *time > 0).unwrap_or(0)
    }

    /// Averaged over time; 0 over no time.
    pub(crate) fn mean(&self) -> f64 {
        let total: u64 = self.time_at_level.iter().sum();
        let weighted: f64 = self
            .time_at_level
            .iter()
            .enumerate()
            .map(|(level, time)| level as f64 * *time as f64)
            .sum();
        if total == 0 { 0.0 } else { weighted / total as f64 }
    }

    /// The level that was not exceeded for the share `q` of the time.
    pub(crate) fn quantile(&self, q: f64) -> usize {
        let wanted = self.time_at_level.iter().sum::<u64>() as f64 * q;
        let mut passed = 0.0;
        for (level, time) in self.time_at_level.iter().enumerate() {
            passed += *time as f64;
            if passed >= wanted {
                return level;
            }
        }
        self.max()
    }

    /// The time of both.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (level, time) in other.time_at_level.iter().enumerate() {
            self.add(level, *time);
        }
    }

    fn add(&mut self, level: usize, time: u64) {
        if time > 0 {
            if level >= self.time_at_level.len() {
                self.time_at_level.resize(level + 1, 0);
            }
            self.time_at_level[level] += time;
        }
    }
}

/// Visits the steps in order of time, from the first request sent to the end of the last. Warm-up requests count: the server had
/// them on its hands.
///
/// An end and a start at the same nanosecond do not overlap.
pub(crate) fn sweep(rows: Selection<'_>, mut visit: impl FnMut(Step)) {
    let Some(whole) = whole_span(rows) else { return };
    let segments = 1 + rows.most() / SEGMENT;
    let width = whole.nanos() / segments as u64 + 1;
    let (mut level, mut from) = (0_i64, whole.start);
    let mut events = Vec::new();
    for start in (0..segments as u64).map(|segment| whole.start + segment * width) {
        collect_events(
            rows,
            Span {
                start,
                end: start.saturating_add(width),
            },
            &mut events,
        );
        for event in events.drain(..) {
            let (at, change) = (event >> 1, if event & 1 == 1 { 1 } else { -1 });
            if at > from {
                visit(Step {
                    from,
                    to: at,
                    level: usize::try_from(level).unwrap_or(0),
                });
                from = at;
            }
            level += change;
        }
    }
}

/// The starts and ends within a segment, sorted: the time, then a bit that is set for a start, so that ends come first.
fn collect_events(rows: Selection<'_>, segment: Span, events: &mut Vec<u64>) {
    let within = segment.start..segment.end;
    for row in in_flight_rows(rows) {
        let (sent, ended) = (rows.sent_ns(row), rows.ended_ns(row));
        if within.contains(&sent) {
            events.push(sent << 1 | 1);
        }
        if within.contains(&ended) {
            events.push(ended << 1);
        }
    }
    events.sort_unstable();
}

fn whole_span(rows: Selection<'_>) -> Option<Span> {
    let bounds = in_flight_rows(rows).map(|row| (rows.sent_ns(row), rows.ended_ns(row)));
    let span = bounds.reduce(|(start, end), (sent, ended)| (start.min(sent), end.max(ended)));
    span.map(|(start, end)| Span { start, end })
}

/// Rows that took any time.
fn in_flight_rows(rows: Selection<'_>) -> impl Iterator<Item = usize> {
    rows.iter()
        .filter(move |row| rows.was_sent(*row) && rows.ended_ns(*row) > rows.sent_ns(*row))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::rows::Rows;
    use super::*;
    use crate::testing::whole;

    const MS: u64 = 1_000_000;

    fn rows_of(requests: &[(u64, u64)]) -> Rows {
        let mut rows = Rows::new();
        for (sent, took) in requests {
            rows.push(&whole().sent_ms(*sent as f64).total_ms(*took as f64).build());
        }
        rows
    }

    fn steps_of(rows: &Rows) -> Vec<(u64, u64, usize)> {
        let mut steps = Vec::new();
        sweep(rows.all(), |step| {
            steps.push((step.from / MS, step.to / MS, step.level))
        });
        steps
    }

    #[test]
    fn overlap_is_counted_and_succession_is_not() {
        let rows = rows_of(&[(0, 10), (5, 10), (10, 10), (30, 5)]);
        assert_eq!(
            steps_of(&rows),
            [
                (0, 5, 1),
                (5, 10, 2),
                (10, 15, 2),
                (15, 20, 1),
                (20, 30, 0),
                (30, 35, 1)
            ]
        );
    }

    #[test]
    fn averages_are_weighted_by_time() {
        let in_flight = InFlight::within(rows_of(&[(0, 10), (0, 5)]).all(), Span { start: 0, end: 20 * MS });
        assert_eq!((in_flight.mean(), in_flight.max()), (1.5, 2));
        assert_eq!((in_flight.quantile(0.4), in_flight.quantile(0.6)), (1, 2));
    }

    #[test]
    fn nothing_sent_is_nothing_in_flight() {
        assert_eq!(steps_of(&Rows::new()), []);
        let none = InFlight::within(Rows::new().all(), Span { start: 0, end: MS });
        assert_eq!((none.mean(), none.max(), none.quantile(0.5)), (0.0, 0, 0));
    }

    proptest! {
        #[test]
        fn the_level_is_the_number_of_requests_that_span_the_moment(
            requests in prop::collection::vec((0_u64..100, 1_u64..50), 1..40),
        ) {
            let rows = rows_of(&requests);
            sweep(rows.all(), |step| {
                let middle = step.from.midpoint(step.to);
                let spans = |(sent, took): &&(u64, u64)| (sent * MS..(sent + took) * MS).contains(&middle);
                assert_eq!(step.level, requests.iter().filter(spans).count());
            });
        }
    }
}
