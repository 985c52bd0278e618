//! How long requests took, by method, route and status, in buckets.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Exposition, RequestSeen};

/// Upper bounds, in seconds.
const BOUNDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

const NAME: &str = "loadspan_server_request_duration_seconds";

/// Histograms. Routes, methods and statuses are few, whatever clients send.
#[derive(Debug, Default)]
pub(crate) struct Durations(Mutex<Routes>);

/// By route, then by method and status.
type Routes = BTreeMap<String, BTreeMap<(&'static str, u16), Histogram>>;

#[derive(Debug, Default)]
struct Histogram {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

impl Durations {
    pub(super) fn add(&self, seen: &RequestSeen<'_>) {
        let mut routes = self.routes();
        if !routes.contains_key(seen.route) {
            routes.insert(seen.route.to_owned(), BTreeMap::new());
        }
        if let Some(route) = routes.get_mut(seen.route) {
            let histogram = route.entry((seen.method, seen.status)).or_default();
            histogram.add(seen.took.as_secs_f64());
        }
    }

    pub(crate) fn render(&self, exposition: &mut Exposition) {
        exposition.family(
            NAME,
            "histogram",
            "Time from the head of a request to that of its answer.",
        );
        for (route, of_route) in &*self.routes() {
            for ((method, status), histogram) in of_route {
                let status = status.to_string();
                let labels = [
                    ("method", *method),
                    ("route", route.as_str()),
                    ("status", status.as_str()),
                ];
                histogram.render(labels, exposition);
            }
        }
    }

    fn routes(&self) -> MutexGuard<'_, Routes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Histogram {
    fn add(&mut self, seconds: f64) {
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound);
        if let Some(bucket) = bucket {
            self.buckets[bucket] += 1;
        }
        self.count += 1;
        self.sum += seconds;
    }

    fn render(&self, [method, route, status]: [(&str, &str); 3], exposition: &mut Exposition) {
        let mut below = 0;
        for (bound, count) in BOUNDS.iter().zip(self.buckets) {
            below += count;
            let le = bound.to_string();
            exposition.sample(&format!("{NAME}_bucket"), &[method, route, status, ("le", &le)], below);
        }
        let labels = [method, route, status];
        exposition.sample(
            &format!("{NAME}_bucket"),
            &[method, route, status, ("le", "+Inf")],
            self.count,
        );
        exposition.sample(&format!("{NAME}_sum"), &labels, self.sum);
        exposition.sample(&format!("{NAME}_count"), &labels, self.count);
    }
}
