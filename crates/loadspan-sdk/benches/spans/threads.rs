//! Many threads at once: what a span takes of its thread's time, in which the thread works or waits for another one, but not that in
//! which it waits for a core. Without a lock that threads wait for, it is the same for any number of them, on any number of cores.

use std::fs;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use criterion::Criterion;

use crate::cost::borrowed;
use crate::swallow::{SetUp, Tracing, group};

pub(crate) fn measure(criterion: &mut Criterion) {
    let mut group = group(criterion, "threads");
    let kinds: [(&str, SetUp); 2] = [("recorded", Tracing::sampled), ("not_sampled", Tracing::unsampled)];
    for (name, set_up) in kinds {
        let tracing = set_up();
        for threads in [1, 2, 4, 8] {
            group.bench_function(format!("{name}_{threads}"), |bencher| {
                bencher.iter_custom(|calls| tracing.time_chunks(calls, |calls| time_of_threads(threads, calls)));
            });
        }
    }
    group.finish();
}

/// The sum over all threads.
fn time_of_threads(threads: u64, calls: u64) -> Duration {
    let begin = Barrier::new(threads as usize);
    let work = &|calls| {
        begin.wait();
        let (start, waited_before) = (Instant::now(), waited_for_a_core());
        (0..calls).for_each(|_| borrowed());
        start.elapsed().saturating_sub(waited_for_a_core() - waited_before)
    };
    thread::scope(|scope| {
        let shares = (0..threads).map(|thread| calls / threads + u64::from(thread < calls % threads));
        let workers: Vec<_> = shares.map(|share| scope.spawn(move || work(share))).collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).sum()
    })
}

/// How long this thread could have run but had no core, so far, as Linux counts it; nothing elsewhere.
fn waited_for_a_core() -> Duration {
    let schedstat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = schedstat.split_whitespace().nth(1).and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}
