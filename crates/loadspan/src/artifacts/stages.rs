//! What the end of a run says of its stages.

use loadspan_loadgen::{StageEnd, StopReason};
use loadspan_record::{ClientStats, Completeness, StageFacts, StageRole};

/// Whether a run, or a stage, that ended so came to its planned end.
pub(crate) fn completeness(reason: StopReason) -> Completeness {
    let incomplete = |reason: &str| Completeness::Incomplete {
        reason: reason.to_owned(),
    };
    match reason {
        StopReason::Finished => Completeness::Complete,
        StopReason::Interrupted => incomplete("interrupted"),
        StopReason::FailureThreshold => incomplete(Completeness::TOO_MANY_FAILURES),
    }
}

/// What became of those of several stages that have ended. Those that were not begun are left as they were asked for.
pub(crate) fn fill(stages: &mut [StageFacts], ends: &[StageEnd]) {
    for end in ends {
        let Some(stage) = stages.iter_mut().find(|stage| stage.number == end.stage) else {
            continue;
        };
        stage.started_s = Some(end.load_started_at.as_secs_f64());
        stage.measured_from_s = end
            .measure_started_at
            .filter(|at| *at <= end.ended_at && stage.role == StageRole::Measured)
            .map(|at| at.as_secs_f64());
        stage.ended_s = Some(end.ended_at.as_secs_f64());
        stage.unsent = end.unsent;
        stage.completeness = Some(completeness(end.reason));
        stage.client = Some(ClientStats {
            cpu_seconds: end.cpu_seconds,
            wall_seconds: end.ended_at.nanos_since(end.load_started_at) as f64 / 1e9,
            workers: end.workers.clone(),
            ..ClientStats::default()
        });
    }
}

#[cfg(test)]
mod tests {
    use loadspan_record::{LoadFacts, LoadModel};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stage_that_was_begun_is_told_from_one_that_was_not() {
        let load = LoadFacts {
            description: "1 concurrent".to_owned(),
            model: LoadModel::Closed { concurrency: 1 },
        };
        let mut stages: Vec<_> = (0..3).map(|number| StageFacts::planned(number, load.clone())).collect();
        stages[0].role = StageRole::Warmup;
        let end = |stage: u32, reason: &str| {
            let end = json!({
                "stage": stage, "reason": reason, "load_started_at": 1_000_000_000_u64 * u64::from(stage),
                "measure_started_at": 1_500_000_000_u64, "ended_at": 2_000_000_000_u64, "unsent": 4, "workers": [],
                "cpu_seconds": 0.5,
            });
            serde_json::from_value::<StageEnd>(end).unwrap()
        };
        fill(&mut stages, &[end(0, "finished"), end(1, "interrupted")]);
        assert_eq!((stages[0].measured_from_s, stages[0].ended_s), (None, Some(2.0)));
        assert_eq!((stages[1].started_s, stages[1].measured_from_s), (Some(1.0), Some(1.5)));
        assert_eq!(stages[1].unsent, 4);
        let client = stages[1].client.as_ref().unwrap();
        assert_eq!((client.cpu_seconds, client.wall_seconds), (0.5, 1.0));
        assert_eq!(stages[1].completeness, Some(completeness(StopReason::Interrupted)));
        assert_eq!(stages[2], StageFacts::planned(2, load));
    }
}
