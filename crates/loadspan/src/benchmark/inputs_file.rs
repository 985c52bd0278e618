//! `inputs.jsonl`: the bodies that were sent, each once. They hold the prompts, so that they are kept only when the user asks for it.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufWriter, Write};

use anyhow::Context;
use loadspan_loadgen::{RunPlan, StagePlan, Traffic};

use crate::artifacts::{INPUTS_FILE, RunFolder};

/// Makes the bodies of a run again, since nobody keeps them: workloads are functions of the number of a request.
pub(super) struct SentInputs {
    body: Box<dyn Fn(u32, u64) -> Option<Vec<u8>>>,
    repetition: Repetition,
}

/// Whether a workload sends a prompt twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repetition {
    Never,
    Possible,
}

impl SentInputs {
    pub(super) fn of(run: &RunPlan) -> Self {
        Self {
            body: Box::new(run.body_source()),
            repetition: if run.stages.iter().all(is_always_new) {
                Repetition::Never
            } else {
                Repetition::Possible
            },
        }
    }

    /// Writes those that the records of the run say were sent, in the order of their numbers. Of requests with the same body the
    /// first is there.
    ///
    /// # Errors
    ///
    /// The records cannot be read, or the file cannot be written.
    pub(super) fn write(&self, folder: &RunFolder) -> anyhow::Result<()> {
        let mut sent = Vec::new();
        for record in folder.read_records()? {
            let record = record?;
            sent.extend(record.timings.sent_at.map(|_| (record.id.index, record.stage)));
        }
        sent.sort_unstable();
        let mut file = BufWriter::new(folder.create_file(INPUTS_FILE)?);
        self.write_bodies(&sent, &mut file)
            .with_context(|| format!("cannot write {}", folder.file(INPUTS_FILE).display()))
    }

    fn write_bodies(&self, sent: &[(u64, u32)], file: &mut impl Write) -> std::io::Result<()> {
        let hasher = RandomState::new();
        let mut seen = HashSet::new();
        for (index, stage) in sent {
            let Some(mut body) = (self.body)(*stage, *index) else {
                continue;
            };
            // Two different bodies with one hash of 64 bits are not to be expected among as many as fit on a disk.
            if self.repetition == Repetition::Possible && !seen.insert(hasher.hash_one(&body)) {
                continue;
            }
            // Between the parts of a user's own JSON there may be line breaks. Within strings JSON has none.
            body.iter_mut()
                .filter(|byte| matches!(byte, b'\n' | b'\r'))
                .for_each(|byte| *byte = b' ');
            write!(file, "{{\"index\":{index},\"body\":")?;
            file.write_all(&body)?;
            file.write_all(b"}\n")?;
        }
        file.flush()
    }
}

/// Whether no prompt of the stage is sent twice.
fn is_always_new(stage: &StagePlan) -> bool {
    match &stage.traffic {
        Traffic::Requests(workload) => workload.len().is_none(),
        Traffic::Sessions(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(repetition: Repetition, sent: &[u64]) -> String {
        let inputs = SentInputs {
            body: Box::new(|_, index| Some(format!("{{\"prompt\":\n{}}}", index % 2).into_bytes())),
            repetition,
        };
        let mut file = Vec::new();
        let sent: Vec<_> = sent.iter().map(|index| (*index, 0)).collect();
        inputs.write_bodies(&sent, &mut file).unwrap();
        String::from_utf8(file).unwrap()
    }

    #[test]
    fn each_body_is_there_once_on_a_line_of_its_own() {
        assert_eq!(
            written(Repetition::Possible, &[3, 4, 5, 6]),
            "{\"index\":3,\"body\":{\"prompt\": 1}}\n{\"index\":4,\"body\":{\"prompt\": 0}}\n"
        );
    }

    #[test]
    fn where_nothing_repeats_nothing_is_compared() {
        assert_eq!(written(Repetition::Never, &[1, 3]).lines().count(), 2);
    }
}
