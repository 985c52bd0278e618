//! Statements on `traces`.

use super::super::batch::Batch;
use super::super::draft::Draft;
use super::super::used::Used;
use super::ByTrace;
use super::link::server_tags;
use super::stored::{About, Stored};
use crate::app::now_ms;
use crate::database::{Connection, DatabaseError, Dialect, Value};

pub(super) const NS_PER_MS: i64 = 1_000_000;
/// Traces of one statement: few lengths, so that the database prepares few statements.
const CHUNKS: [usize; 2] = [16, 1];
const INSERT: &str = "INSERT INTO traces (trace_id, experiment_id, asked_for, state, name, request_time, \
                      execution_duration, start_ns, end_ns, request_preview, response_preview, session_id, user_id, service, input_tokens, output_tokens, \
                      total_tokens, cache_read_tokens, cache_write_tokens, input_cost, output_cost, total_cost, spans, \
                      root_span_id, finalized, last_update_time) VALUES";
const COLUMNS: usize = 26;

/// A trace that is to be made.
#[derive(Debug)]
pub(super) struct TraceRow {
    pub(super) trace_id: String,
    pub(super) experiment_id: i64,
    asked_for: i64,
    pub(super) about: About,
    used: Used,
    spans: i64,
}

impl TraceRow {
    /// A trace of which nothing is known but a draft, of which so many spans are taken.
    pub(super) fn of((draft, spans): (&Draft, usize), experiment_id: i64, batch: &Batch) -> Self {
        let said = draft.root.as_ref().map(|root| &root.said);
        Self {
            trace_id: draft.id.to_string(),
            experiment_id,
            asked_for: draft.destination.is_explicit().into(),
            about: About {
                state: draft.state().to_owned(),
                name: said.map(|root| root.name.clone()),
                request_preview: said.and_then(|root| root.request_preview.clone()),
                response_preview: said.and_then(|root| root.response_preview.clone()),
                start_ns: draft.start_ns,
                end_ns: draft.end_ns,
                session: draft.session.clone(),
                user: draft.user.clone(),
                service: batch.sources[draft.source].service.clone(),
                root: draft.root.as_ref().map(|root| root.id),
            },
            used: draft.used,
            spans: i64::try_from(spans).unwrap_or(i64::MAX),
        }
    }

    fn values(&self, now: i64) -> [Value<'_>; COLUMNS] {
        let about = &self.about;
        let [input, output, total, cache_read, cache_write] = self.used.tokens();
        let [input_cost, output_cost, total_cost] = self.used.costs();
        [
            (&self.trace_id).into(),
            self.experiment_id.into(),
            self.asked_for.into(),
            about.state.as_str().into(),
            (&about.name).into(),
            (about.start_ns / NS_PER_MS).into(),
            about.duration_ms().into(),
            about.start_ns.into(),
            about.end_ns.into(),
            (&about.request_preview).into(),
            (&about.response_preview).into(),
            (&about.session).into(),
            (&about.user).into(),
            (&about.service).into(),
            input,
            output,
            total,
            cache_read,
            cache_write,
            input_cost,
            output_cost,
            total_cost,
            self.spans.into(),
            about.root.as_ref().map(|id| &id[..]).into(),
            Value::Int(0),
            now.into(),
        ]
    }
}

impl About {
    fn duration_ms(&self) -> Option<i64> {
        self.end_ns
            .map(|end| end.saturating_sub(self.start_ns).max(0) / NS_PER_MS)
    }
}

/// Makes traces; their keys. One that is there already has none.
pub(super) fn insert(
    connection: &mut dyn Connection,
    rows: &[TraceRow],
    now: i64,
) -> Result<ByTrace<i64>, DatabaseError> {
    let mut keys = ByTrace::with_capacity(rows.len());
    let mut rest = rows;
    for length in CHUNKS {
        while let Some((chunk, after)) = rest.split_at_checked(length) {
            rest = after;
            let values: Vec<_> = chunk.iter().flat_map(|row| row.values(now)).collect();
            for mut row in connection.query(&insert_sql(length), &values)? {
                keys.insert(row.text(0)?, row.int(1)?);
            }
        }
    }
    Ok(keys)
}

fn insert_sql(rows: usize) -> String {
    let row = |row: usize| {
        let places: Vec<_> = (1..=COLUMNS)
            .map(|column| format!("${}", row * COLUMNS + column))
            .collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<_> = (0..rows).map(row).collect();
    format!(
        "{INSERT} {} ON CONFLICT (trace_id) DO NOTHING RETURNING trace_id, trace_key",
        rows.join(", ")
    )
}

/// Says of a trace what it has become.
pub(super) fn update(connection: &mut dyn Connection, stored: &Stored, about: &About) -> Result<(), DatabaseError> {
    let now = now_ms();
    if *about == stored.about {
        let sql = "UPDATE traces SET spans = $1, last_update_time = $2 WHERE trace_key = $3";
        let values = [stored.spans.into(), now.into(), stored.key.into()];
        return connection.execute(sql, &values).map(drop);
    }
    let sql = "UPDATE traces SET state = $1, name = $2, request_time = $3, execution_duration = $4, start_ns = $5, \
               end_ns = $6, request_preview = $7, response_preview = $8, session_id = $9, user_id = $10, service = $11, \
               root_span_id = $12, spans = $13, last_update_time = $14 WHERE trace_key = $15";
    let (request_time, duration) = stored.times_ms(about);
    let values = [
        about.state.as_str().into(),
        (&about.name).into(),
        request_time.into(),
        duration.into(),
        about.start_ns.into(),
        about.end_ns.into(),
        (&about.request_preview).into(),
        (&about.response_preview).into(),
        (&about.session).into(),
        (&about.user).into(),
        (&about.service).into(),
        about.root.as_ref().map(|id| &id[..]).into(),
        stored.spans.into(),
        now.into(),
        stored.key.into(),
    ];
    connection.execute(sql, &values).map(drop)
}

/// Says of a trace that it belongs to the experiment that a client has asked for.
pub(crate) fn move_to(
    connection: &mut dyn Connection,
    trace: (i64, &str),
    experiment: i64,
) -> Result<(), DatabaseError> {
    let (key, trace_id) = trace;
    let sql = "UPDATE traces SET experiment_id = $1, asked_for = 1 WHERE trace_key = $2";
    connection.execute(sql, &[experiment.into(), key.into()])?;
    let moved = NewTrace {
        trace_id,
        experiment_id: experiment,
        start_ns: 0,
    };
    server_tags(connection, key, &moved)
}

impl Stored {
    /// Milliseconds that a client has said are kept as it said them, while nothing widens the trace.
    fn times_ms(&self, about: &About) -> (i64, Option<i64>) {
        let same = self.about.start_ns == about.start_ns && self.about.end_ns == about.end_ns;
        if same || self.is_closed() {
            (self.request_time, self.duration)
        } else {
            (about.start_ns / NS_PER_MS, about.duration_ms())
        }
    }
}

/// A trace that must be there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewTrace<'a> {
    /// `tr-` and 32 hexadecimal digits.
    pub(crate) trace_id: &'a str,
    pub(crate) experiment_id: i64,
    pub(crate) start_ns: i64,
}

/// A trace that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ensured {
    pub(crate) key: i64,
    /// Not that of the [`NewTrace`] if the trace was there before.
    pub(crate) experiment_id: i64,
}

/// Makes a trace without spans, in progress, with the tags that the server gives; or finds it. Until this transaction ends nobody
/// else changes it.
pub(crate) fn ensure(connection: &mut dyn Connection, trace: &NewTrace<'_>) -> Result<Ensured, DatabaseError> {
    let row = TraceRow {
        trace_id: trace.trace_id.to_owned(),
        experiment_id: trace.experiment_id,
        asked_for: 1,
        about: About {
            state: "IN_PROGRESS".to_owned(),
            start_ns: trace.start_ns,
            ..About::default()
        },
        used: Used::default(),
        spans: 0,
    };
    if let Some(key) = insert(connection, &[row], now_ms())?.remove(trace.trace_id) {
        server_tags(connection, key, trace)?;
        return Ok(Ensured {
            key,
            experiment_id: trace.experiment_id,
        });
    }
    let sql = match connection.dialect() {
        Dialect::Sqlite => "SELECT trace_key, experiment_id FROM traces WHERE trace_id = $1",
        Dialect::Postgres => "SELECT trace_key, experiment_id FROM traces WHERE trace_id = $1 FOR UPDATE",
    };
    let row = connection.query_one(sql, &[trace.trace_id.into()])?;
    let row = row.ok_or_else(|| DatabaseError::Transient("a trace went away while it was made".to_owned()))?;
    Ok(Ensured {
        key: row.int(0)?,
        experiment_id: row.int(1)?,
    })
}
