//! A server for tests: the real router and the real store, on a database of its own that goes with it.

mod databases;

use std::future::Future;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::app::{App, Shared};
use crate::artifacts::Artifacts;
use crate::config::{Durability, Limits};
use crate::database::{Connection, Sqlite};
use crate::error::ApiError;
use crate::operation::Meters;
use crate::store::Store;
use crate::translate::PriceTable;

pub(crate) use databases::{PostgresSchema, each_empty_database};

/// The largest answer that a test looks at.
const ANSWER: usize = 256 << 20;

/// A server without listeners.
pub(crate) struct TestApp {
    app: App,
    /// Databases and artifacts.
    folder: TempDir,
}

impl TestApp {
    /// On SQLite, which is enough where SQL is not what is tested.
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder for tests");
        let database = Sqlite::new(folder.path().join("loadspan.db"), Durability::Process);
        let store = Store::open(&database).expect("a new database");
        Self::new(store, folder)
    }

    fn new(store: Store, folder: TempDir) -> Self {
        let artifacts = url::Url::from_directory_path(folder.path().join("artifacts")).expect("a URL");
        let app = App::new(Shared {
            store,
            artifacts: Artifacts::open(&artifacts, Durability::Process).expect("a folder for artifacts"),
            limits: Limits::default(),
            prices: PriceTable::default(),
            meters: Meters::default(),
            forward: None,
        });
        Self { app, folder }
    }

    /// What handlers get.
    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    pub(crate) fn store(&self) -> &Store {
        &self.app.store
    }

    /// Where this server's files are.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Calls an endpoint with a body of JSON, or with none if it is null; its status, and its answer, null if that is no JSON.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path);
        let request = match body {
            Value::Null => request.body(Body::empty()),
            body => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string())),
        };
        let answer = self.send(request.expect("a request")).await;
        let json = serde_json::from_slice(answer.body()).unwrap_or_default();
        (answer.status(), json)
    }

    /// `GET` of a path with its query; the answer of a success.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call("GET", path, Value::Null).await;
        assert!(status.is_success(), "GET {path}: {status} {answer}");
        answer
    }

    /// `POST` to a path; the answer of a success.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call("POST", path, body).await;
        assert!(status.is_success(), "POST {path}: {status} {answer}");
        answer
    }

    /// Sends any request, as the main port would get it.
    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Bytes> {
        let router = crate::http::routes(self.app.clone());
        let answer = router.oneshot(request).await.expect("routers do not fail");
        let (parts, body) = answer.into_parts();
        let body = axum::body::to_bytes(body, ANSWER).await.expect("a whole answer");
        Response::from_parts(parts, body)
    }

    /// Runs a job on the database that writes.
    pub(crate) async fn write<T, J>(&self, job: J) -> Result<T, ApiError>
    where
        T: Send + 'static,
        J: Fn(&mut dyn Connection) -> Result<T, ApiError> + Send + 'static,
    {
        self.store().write(0, job).await
    }

    /// Runs a job on the database that reads.
    pub(crate) async fn read<T, J>(&self, job: J) -> Result<T, ApiError>
    where
        T: Send + 'static,
        J: FnOnce(&mut dyn Connection) -> Result<T, ApiError> + Send + 'static,
    {
        self.store().read(job).await
    }
}

/// Runs a test on SQLite, and on PostgreSQL when `LOADSPAN_TEST_POSTGRES` has the URL of a database, in a schema of its own there.
///
/// ```ignore
/// #[test]
/// fn a_name_is_taken_once() {
///     each_database(async |app| {
///         app.post("/api/2.0/mlflow/experiments/create", json!({"name": "a"})).await;
///     });
/// }
/// ```
pub(crate) fn each_database(test: impl AsyncFn(TestApp)) {
    block_on(test(TestApp::sqlite()));
    if let Some(schema) = PostgresSchema::make() {
        let folder = tempfile::tempdir().expect("a folder for tests");
        let store = Store::open(&schema.database()).expect("a new schema");
        block_on(async {
            test(TestApp::new(store.clone(), folder)).await;
            store.close().await;
        });
    }
}

/// Runs a test on two servers of one database: on SQLite, where there can be only one, on the same one twice.
pub(crate) fn each_pair_of_stores(test: impl AsyncFn(Store, Store)) {
    let folder = tempfile::tempdir().expect("a folder for tests");
    let database = Sqlite::new(folder.path().join("loadspan.db"), Durability::Process);
    let store = Store::open(&database).expect("a new database");
    block_on(test(store.clone(), store));
    if let Some(schema) = PostgresSchema::make() {
        let [one, other] = [(); 2].map(|()| Store::open(&schema.database()).expect("a new schema"));
        block_on(async {
            test(one.clone(), other.clone()).await;
            one.close().await;
            other.close().await;
        });
    }
}

/// Runs a test on SQLite.
pub(crate) fn on_sqlite(test: impl AsyncFnOnce(TestApp)) {
    block_on(test(TestApp::sqlite()));
}

fn block_on(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(test);
}
