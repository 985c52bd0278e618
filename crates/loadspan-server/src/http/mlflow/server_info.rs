//! What the server says of itself, and what it says of things that it does not have.

use axum::Router;
use axum::routing::{get, post};
use loadspan_wire::mlflow::runs::Empty;
use serde_json::{Value, json};

use super::{MLFLOW_VERSION, both};
use crate::app::App;
use crate::http::Json;

pub(super) fn routes() -> Router<App> {
    let router = Router::new()
        .route("/health", get(async || "OK"))
        .route("/version", get(async || MLFLOW_VERSION));
    let router = both(router, "3.0/mlflow/server-info", get(async || Json(server_info())));
    // Clients ask for models whenever they list artifacts; there are none.
    let no_models = post(async || Json(Empty {}));
    both(router, "2.0/mlflow/logged-models/search", no_models)
}

fn server_info() -> Value {
    json!({
        "store_type": "SqlStore",
        "workspaces_enabled": false,
        "trace_archival_enabled": false,
        "multipart_uploads_enabled": false,
        "multipart_downloads_enabled": false,
        "artifact_serving_enabled": true,
        "artifacts_presigned_only": false,
        "features_enabled": {"gateway": false, "scheduled_issue_detection": false},
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::on_sqlite;

    #[test]
    fn a_client_learns_what_it_talks_to() {
        on_sqlite(async |app| {
            let info = app.get("/api/3.0/mlflow/server-info").await;
            assert_eq!(info, app.get("/ajax-api/3.0/mlflow/server-info").await);
            assert_eq!(info["store_type"], "SqlStore");
            assert_eq!(info["artifact_serving_enabled"], true);
            for (path, text) in [("/health", "OK"), ("/version", "3.17.2")] {
                let request = http::Request::get(path).body(axum::body::Body::empty()).unwrap();
                let answer = app.send(request).await;
                assert_eq!((answer.status().as_u16(), &answer.body()[..]), (200, text.as_bytes()));
            }
        });
    }

    #[test]
    fn there_are_no_models() {
        on_sqlite(async |app| {
            let found = app
                .post("/api/2.0/mlflow/logged-models/search", json!({"experiment_ids": ["0"]}))
                .await;
            assert_eq!(found, Value::Object(serde_json::Map::new()));
        });
    }
}
