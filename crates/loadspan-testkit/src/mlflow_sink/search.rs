//! `runs/search`.

use loadspan_wire::mlflow::runs::{FoundRuns, SearchRuns};

use super::filter::Filter;
use super::history::Page;
use super::reply::{Failure, Reply};
use super::store::World;

/// Most runs of an answer.
const RUNS_PER_PAGE: i64 = 50_000;

impl World {
    /// Active runs that the filter means, those that began last first.
    pub(super) fn search_runs(&self, wanted: &SearchRuns) -> Result<Reply, Failure> {
        if !(1..=RUNS_PER_PAGE).contains(&wanted.max_results) {
            return Err(Failure::invalid(format!(
                "Invalid value {} for parameter 'max_results' supplied. It must be a positive integer of at most {RUNS_PER_PAGE}",
                wanted.max_results
            )));
        }
        let filter = Filter::parse(&wanted.filter)?;
        let mut found: Vec<_> = self
            .runs
            .iter()
            .filter(|run| !run.seen.deleted && wanted.experiment_ids.contains(&run.seen.experiment_id))
            .filter(|run| filter.means(&run.seen))
            .collect();
        found.sort_by(|a, b| (b.seen.start_time, &a.seen.id).cmp(&(a.seen.start_time, &b.seen.id)));
        let size = usize::try_from(wanted.max_results).unwrap_or(usize::MAX);
        let page = Page::new(wanted.page_token.as_deref(), size)?;
        let next_page_token = page.next(found.len());
        let shown = found.into_iter().skip(page.offset).take(page.size);
        Ok(Reply::json(&FoundRuns {
            runs: shown.map(super::store::StoredRun::as_answer).collect(),
            next_page_token,
        }))
    }
}
