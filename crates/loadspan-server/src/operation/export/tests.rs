//! What is exported of an experiment, read again.

use std::fmt::Write as _;

use ::parquet::file::metadata::RowGroupMetaData;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::record::Field;
use bytes::Bytes;
use http::Request;
use loadspan_wire::otlp::json;

use super::*;
use crate::testing::{TestApp, on_sqlite};

const SENT: &str = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{"scope":{"name":"s"},"spans":[{"traceId":"01010101010101010101010101010101","spanId":"0202020202020202","name":"a","startTimeUnixNano":"1","endTimeUnixNano":"2"},{"traceId":"01010101010101010101010101010101","spanId":"0303030303030303","parentSpanId":"0202020202020202","name":"b","startTimeUnixNano":"1","endTimeUnixNano":"2"}],"schemaUrl":"https://x"}]}]}"#;

async fn send(app: &TestApp) {
    post(app, SENT.to_owned()).await;
}

async fn post(app: &TestApp, sent: String) {
    let request = Request::post("/v1/traces").header("content-type", "application/json");
    let answer = app.send(request.body(sent.into()).unwrap()).await;
    assert!(answer.status().is_success());
}

fn exported(app: &TestApp, experiment: &str) -> Result<(Exported, String), ExportError> {
    let (exported, out) = exported_as(app, experiment, ExportFormat::OtlpJson)?;
    Ok((exported, String::from_utf8(out).unwrap()))
}

fn exported_as(app: &TestApp, experiment: &str, format: ExportFormat) -> Result<(Exported, Vec<u8>), ExportError> {
    let backend = Backend::Sqlite(app.folder().join("loadspan.db"));
    let mut out = Vec::new();
    let config = ExportConfig {
        experiment: experiment.to_owned(),
        format,
    };
    let exported = export(&backend, &config, &mut out)?;
    Ok((exported, out))
}

#[test]
fn what_came_in_goes_out() {
    on_sqlite(async |app| {
        send(&app).await;
        let (exported, text) = exported(&app, "shop").unwrap();
        assert_eq!(exported, Exported { traces: 1, spans: 2 });
        let lines: Vec<_> = text
            .lines()
            .map(|line| json::decode_traces(line.as_bytes()).unwrap())
            .collect();
        assert_eq!(lines, [json::decode_traces(SENT.as_bytes()).unwrap()]);
    });
}

#[test]
fn experiments_are_named_or_numbered() {
    on_sqlite(async |app| {
        assert_eq!(exported(&app, "Default").unwrap().0, Exported::default());
        assert_eq!(exported(&app, "0").unwrap().0, Exported::default());
        let error = exported(&app, "nothing").unwrap_err().to_string();
        assert!(error.contains("--experiment") && error.contains("`nothing`"), "{error}");
    });
}

const CHAT: &str = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{"scope":{"name":"s","version":"1"},"spans":[{"traceId":"01010101010101010101010101010101","spanId":"0202020202020202","name":"root","kind":2,"startTimeUnixNano":"1000000000","endTimeUnixNano":"0","attributes":[{"key":"session.id","value":{"stringValue":"abc"}}]},{"traceId":"01010101010101010101010101010101","spanId":"0303030303030303","parentSpanId":"0202020202020202","name":"chat m","kind":3,"startTimeUnixNano":"1000000001","endTimeUnixNano":"1000000501","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"m"}},{"key":"gen_ai.provider.name","value":{"stringValue":"p"}},{"key":"gen_ai.input.messages","value":{"stringValue":"[{\"role\":\"user\",\"parts\":[]}]"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"3"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"4"}},{"key":"mlflow.llm.cost","value":{"stringValue":"{\"input_cost\":0.25,\"output_cost\":0.5,\"total_cost\":0.75}"}}],"events":[{"timeUnixNano":"1000000100","name":"first"}],"links":[{"traceId":"04040404040404040404040404040404","spanId":"0505050505050505"}],"status":{"code":2,"message":"broke"}}]}]}]}"#;

/// Cells that are not empty, a line for each, with a line between rows.
fn cells(file: Vec<u8>) -> String {
    let reader = SerializedFileReader::new(Bytes::from(file)).unwrap();
    let mut text = String::new();
    for row in reader.get_row_iter(None).unwrap() {
        let row = row.unwrap();
        for (name, cell) in row.get_column_iter().filter(|(_, cell)| **cell != Field::Null) {
            writeln!(text, "{name} {cell}").unwrap();
        }
        text.push('\n');
    }
    text
}

#[test]
fn a_table_has_a_row_for_each_span_and_empty_cells_for_what_is_not_known() {
    on_sqlite(async |app| {
        post(&app, CHAT.to_owned()).await;
        let (exported, file) = exported_as(&app, "shop", ExportFormat::Parquet).unwrap();
        assert_eq!(exported, Exported { traces: 1, spans: 2 });
        insta::assert_snapshot!(cells(file), @r#"
    trace_id "tr-01010101010101010101010101010101"
    trace_name "root"
    trace_state "IN_PROGRESS"
    trace_tags "{"mlflow.traceName":"root","service.name":"shop"}"
    session "abc"
    span_id "0202020202020202"
    name "root"
    kind "SERVER"
    status "UNSET"
    start_time 1000000000
    service "shop"
    attributes "{"session.id":"abc"}"
    resource "{"service.name":"shop"}"
    scope "s"
    scope_version "1"

    trace_id "tr-01010101010101010101010101010101"
    trace_name "root"
    trace_state "IN_PROGRESS"
    trace_tags "{"mlflow.traceName":"root","service.name":"shop"}"
    session "abc"
    span_id "0303030303030303"
    parent_span_id "0202020202020202"
    name "chat m"
    kind "CLIENT"
    type "CHAT_MODEL"
    status "ERROR"
    status_message "broke"
    start_time 1000000001
    end_time 1000000501
    duration_ns 500
    service "shop"
    model "m"
    provider "p"
    input_tokens 3
    output_tokens 4
    total_tokens 7
    input_cost 0.25
    output_cost 0.5
    total_cost 0.75
    inputs "[{"role":"user","parts":[]}]"
    attributes "{"gen_ai.input.messages":"[{\"role\":\"user\",\"parts\":[]}]","gen_ai.operation.name":"chat","gen_ai.provider.name":"p","gen_ai.request.model":"m","gen_ai.usage.input_tokens":3,"gen_ai.usage.output_tokens":4,"mlflow.llm.cost":"{\"input_cost\":0.25,\"output_cost\":0.5,\"total_cost\":0.75}"}"
    events "[{"attributes":{},"name":"first","time_unix_nano":1000000100}]"
    links "[{"attributes":{},"span_id":"0505050505050505","trace_id":"tr-04040404040404040404040404040404"}]"
    resource "{"service.name":"shop"}"
    scope "s"
    scope_version "1"
    "#);
    });
}

#[test]
fn a_table_without_rows_is_a_table() {
    on_sqlite(async |app| {
        let (exported, file) = exported_as(&app, "Default", ExportFormat::Parquet).unwrap();
        assert_eq!(exported, Exported::default());
        let reader = SerializedFileReader::new(Bytes::from(file)).unwrap();
        let schema = reader.metadata().file_metadata().schema_descr();
        assert_eq!((schema.num_columns(), reader.num_row_groups()), (35, 0));
    });
}

#[test]
fn large_rows_are_written_in_several_groups() {
    on_sqlite(async |app| {
        let text = "x".repeat(5 << 20);
        for trace in 1..=5 {
            let sent = SENT.replacen(
                "\"name\":\"a\",",
                &format!(r#""name":"a","attributes":[{{"key":"input.value","value":{{"stringValue":"{text}"}}}}],"#),
                1,
            );
            post(&app, sent.replace(&"01".repeat(16), &format!("{trace:032}"))).await;
        }
        let (exported, file) = exported_as(&app, "shop", ExportFormat::Parquet).unwrap();
        assert_eq!(exported, Exported { traces: 5, spans: 10 });
        let reader = SerializedFileReader::new(Bytes::from(file)).unwrap();
        let groups = reader.metadata().row_groups().iter();
        let rows: Vec<_> = groups.map(RowGroupMetaData::num_rows).collect();
        assert!(rows.len() > 1 && rows.iter().sum::<i64>() == 10, "{rows:?}");
    });
}

/// Takes so many bytes and no more.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_said() {
    on_sqlite(async |app| {
        post(&app, CHAT.to_owned()).await;
        let backend = Backend::Sqlite(app.folder().join("loadspan.db"));
        for format in [ExportFormat::OtlpJson, ExportFormat::Parquet] {
            for room in [0, 100] {
                let config = ExportConfig {
                    experiment: "shop".to_owned(),
                    format,
                };
                let error = export(&backend, &config, &mut Full(room)).unwrap_err();
                assert!(
                    matches!(&error, ExportError::Write(error) if error.kind() == io::ErrorKind::StorageFull),
                    "{format:?}: {error}"
                );
            }
        }
    });
}

/// Takes anything, as long as nobody reads the database: then its log could not be emptied.
struct Idle(std::path::PathBuf);

impl Write for Idle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let database = rusqlite::Connection::open(&self.0).map_err(io::Error::other)?;
        let busy = database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        match busy.map_err(io::Error::other)? {
            0 => Ok(bytes.len()),
            _ => Err(io::ErrorKind::ResourceBusy.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn nothing_is_written_while_the_database_is_read() {
    on_sqlite(async |app| {
        post(&app, CHAT.to_owned()).await;
        let path = app.folder().join("loadspan.db");
        for format in [ExportFormat::OtlpJson, ExportFormat::Parquet] {
            let config = ExportConfig {
                experiment: "shop".to_owned(),
                format,
            };
            let exported = export(&Backend::Sqlite(path.clone()), &config, &mut Idle(path.clone()));
            assert_eq!(exported.unwrap(), Exported { traces: 1, spans: 2 });
        }
    });
}

#[test]
fn a_trace_that_is_written_in_parts_is_whole() {
    on_sqlite(async |app| {
        let text = "x".repeat(3 << 20);
        let span = |id: usize| {
            format!(
                r#"{{"traceId":"{}","spanId":"{id:016}","name":"{id}","startTimeUnixNano":"1","endTimeUnixNano":"2","attributes":[{{"key":"t","value":{{"stringValue":"{text}"}}}}]}}"#,
                "01".repeat(16)
            )
        };
        for ids in [1..=8, 9..=16] {
            let spans: Vec<String> = ids.map(span).collect();
            let spans = spans.join(",");
            post(
                &app,
                format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#),
            )
            .await;
        }
        post(&app, CHAT.replace("\"01", "\"02")).await;
        for experiment in ["Default", "shop"] {
            let (found, text) = exported(&app, experiment).unwrap();
            let lines = text.lines().map(|line| json::decode_traces(line.as_bytes()).unwrap());
            let scopes = lines.flat_map(|line| line.resource_spans).flat_map(|of| of.scope_spans);
            let mut names: Vec<_> = scopes.flat_map(|scope| scope.spans).map(|span| span.span_id).collect();
            assert_eq!(names.len() as u64, found.spans);
            names.dedup();
            let expected = if experiment == "Default" { 16 } else { 2 };
            assert_eq!((names.len(), found.traces), (expected, 1), "{experiment}");
        }
    });
}
