//! What belongs to a trace besides its spans: tags, metadata, runs.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use super::super::batch::Batch;
use super::super::draft::Draft;
use super::super::root::TRACE_NAME;
use super::row::{NewTrace, TraceRow};
use super::stored::Stored;
use crate::database::{Connection, DatabaseError, Insert};

const SESSION: &str = "mlflow.trace.session";
const USER: &str = "mlflow.trace.user";
const SOURCE_RUN: &str = "mlflow.sourceRun";
/// Names and values of one statement.
const CHUNK: usize = 1024;
const TAGS: &str = "trace_tags (trace_key, key, value)";
const METADATA: &str = "trace_metadata (trace_key, key, value)";
/// Who said it first is right.
const KEEP: &str = "ON CONFLICT (trace_key, key) DO NOTHING";
/// Who says it last is right.
const REPLACE: &str = "ON CONFLICT (trace_key, key) DO UPDATE SET value = excluded.value";

/// Tags, metadata and runs of the traces of a request. A name that comes twice for a trace counts once.
#[derive(Debug)]
pub(super) struct Links<'b> {
    batch: &'b Batch,
    /// Tags that stay what they are if they are there.
    kept: Pairs<'b>,
    /// Tags that are replaced.
    replaced: Pairs<'b>,
    metadata: Pairs<'b>,
    runs: Vec<(&'b str, i64)>,
    new: Vec<New>,
}

type Pairs<'b> = BTreeMap<(i64, &'b str), &'b str>;

/// A trace that was made.
#[derive(Debug)]
struct New {
    key: i64,
    experiment_id: i64,
    trace_id: String,
}

impl<'b> Links<'b> {
    pub(super) fn new(batch: &'b Batch) -> Self {
        Self {
            batch,
            kept: Pairs::new(),
            replaced: Pairs::new(),
            metadata: Pairs::new(),
            runs: Vec::new(),
            new: Vec::new(),
        }
    }

    /// A trace was made.
    pub(super) fn add_new(&mut self, key: i64, row: &TraceRow, draft: &'b Draft) {
        self.new.push(New {
            key,
            experiment_id: row.experiment_id,
            trace_id: row.trace_id.clone(),
        });
        self.add(key, draft);
        self.kept.extend(self.resource_tags(key, draft));
        self.kept.extend(root_tags(key, draft));
    }

    /// Spans are added to a trace. What its resource says is replaced when the root comes; what its client has said last stays.
    pub(super) fn add_known(&mut self, stored: &Stored, draft: &'b Draft) {
        self.add(stored.key, draft);
        let Some(root) = draft
            .root
            .as_ref()
            .filter(|root| stored.root.is_none_or(|known| known == root.id))
        else {
            return;
        };
        let mut tags = Pairs::new();
        if stored.root.is_none() {
            tags.extend(self.resource_tags(stored.key, draft));
        }
        tags.extend(root_tags(stored.key, draft));
        if stored.finalized {
            self.kept.append(&mut tags);
        } else if root.is_finished || !stored.is_complete() {
            self.replaced.append(&mut tags);
        }
    }

    fn add(&mut self, key: i64, draft: &'b Draft) {
        let root = draft.root.as_ref().map(|root| &root.said);
        let run = root.and_then(|root| root.source_run.as_deref());
        let said = [
            (SESSION, draft.session.as_deref()),
            (USER, draft.user.as_deref()),
            (SOURCE_RUN, run),
        ];
        let said = said.into_iter().filter_map(|(name, value)| Some(((key, name), value?)));
        self.metadata.extend(said);
        self.runs.extend(
            self.batch
                .run_id
                .as_deref()
                .into_iter()
                .chain(run)
                .map(|run| (run, key)),
        );
    }

    fn resource_tags(&self, key: i64, draft: &Draft) -> impl Iterator<Item = ((i64, &'b str), &'b str)> + use<'b> {
        let tags = &self.batch.sources[draft.source].tags;
        tags.iter()
            .map(move |(name, value)| ((key, name.as_str()), value.as_str()))
    }

    pub(super) fn write(&self, connection: &mut dyn Connection) -> Result<(), DatabaseError> {
        write_locations(connection, &self.new)?;
        write_pairs(connection, (TAGS, KEEP), &self.kept)?;
        write_pairs(connection, (TAGS, REPLACE), &self.replaced)?;
        write_pairs(connection, (METADATA, KEEP), &self.metadata)?;
        if self.runs.is_empty() {
            return Ok(());
        }
        let insert = Insert {
            into: "trace_runs (run_id, trace_key)",
            columns: 2,
            otherwise: "ON CONFLICT (run_id, trace_key) DO NOTHING",
        };
        let values: Vec<_> = self
            .runs
            .iter()
            .flat_map(|&(run, key)| [run.into(), key.into()])
            .collect();
        connection.insert(&insert, &values)
    }
}

/// The name of the trace, and the tags that the root gives it, which come last and so win over those of a resource.
fn root_tags(key: i64, draft: &Draft) -> impl Iterator<Item = ((i64, &str), &str)> {
    let said = draft.root.as_ref().map(|root| &root.said);
    let name = said
        .filter(|said| !said.name.is_empty())
        .map(|said| (TRACE_NAME, said.name.as_str()));
    let tags = said.into_iter().flat_map(|said| &said.tags);
    let tags = tags.map(|(name, value)| (name.as_str(), value.as_str()));
    name.into_iter()
        .chain(tags)
        .map(move |(name, value)| ((key, name), value))
}

fn write_pairs(
    connection: &mut dyn Connection,
    (into, otherwise): (&str, &str),
    pairs: &Pairs<'_>,
) -> Result<(), DatabaseError> {
    let insert = Insert {
        into,
        columns: 3,
        otherwise,
    };
    let mut pairs = pairs.iter().peekable();
    while pairs.peek().is_some() {
        let chunk = pairs.by_ref().take(CHUNK);
        let values = chunk.flat_map(|(&(key, name), &value)| [key.into(), name.into(), value.into()]);
        connection.insert(&insert, &values.collect::<Vec<_>>())?;
    }
    Ok(())
}

/// Tags that say where what belongs to a trace is kept.
fn write_locations(connection: &mut dyn Connection, traces: &[New]) -> Result<(), DatabaseError> {
    let mut roots: HashMap<i64, String> = HashMap::new();
    for trace in traces {
        if let Entry::Vacant(unknown) = roots.entry(trace.experiment_id) {
            let sql = "SELECT artifact_location FROM experiments WHERE experiment_id = $1";
            let row = connection.query_one(sql, &[trace.experiment_id.into()])?;
            unknown.insert(row.map(|mut row| row.text(0)).transpose()?.unwrap_or_default());
        }
    }
    let locations: Vec<_> = traces
        .iter()
        .map(|trace| format!("{}/traces/{}/artifacts", roots[&trace.experiment_id], trace.trace_id))
        .collect();
    let pairs = traces.iter().zip(&locations).flat_map(|(trace, location)| {
        [
            ((trace.key, "mlflow.artifactLocation"), location.as_str()),
            ((trace.key, "mlflow.trace.spansLocation"), "TRACKING_STORE"),
        ]
    });
    write_pairs(connection, (TAGS, REPLACE), &pairs.collect())
}

/// As [`write_locations`], of one trace.
pub(super) fn server_tags(
    connection: &mut dyn Connection,
    key: i64,
    trace: &NewTrace<'_>,
) -> Result<(), DatabaseError> {
    let new = New {
        key,
        experiment_id: trace.experiment_id,
        trace_id: trace.trace_id.to_owned(),
    };
    write_locations(connection, &[new])
}
