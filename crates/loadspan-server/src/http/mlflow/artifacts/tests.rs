use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::testing::{TestApp, on_sqlite};

const FILES: &str = "/api/2.0/mlflow-artifacts/artifacts";

async fn send(app: &TestApp, method: Method, path: &str) -> Response<Bytes> {
    let request = Request::builder().method(method).uri(format!("{FILES}{path}"));
    app.send(request.body(Body::from("content")).unwrap()).await
}

fn error_of(answer: &Response<Bytes>) -> (StatusCode, String, String) {
    let error: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
    (answer.status(), text("error_code"), text("message"))
}

#[test]
fn a_file_comes_back_as_an_attachment() {
    on_sqlite(async |app| {
        let put = send(&app, Method::PUT, "/0/r/artifacts/a%20b.html").await;
        assert_eq!((put.status(), put.body().len()), (StatusCode::OK, 0));
        let got = send(&app, Method::GET, "/0/r/artifacts/a%20b.html").await;
        assert_eq!((got.status(), &got.body()[..]), (StatusCode::OK, b"content".as_slice()));
        for (header, value) in [
            ("content-length", "7"),
            ("content-type", "text/plain; charset=utf-8"),
            (
                "content-disposition",
                "attachment; filename=\"a b.html\"; filename*=UTF-8''a%20b.html",
            ),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "sandbox"),
        ] {
            assert_eq!(got.headers()[header], value);
        }
        let listed = app.get(&format!("{FILES}?path=0/r/artifacts")).await;
        assert_eq!(
            listed,
            json!({"files": [{"path": "a b.html", "is_dir": false, "file_size": 7}]})
        );
        assert_eq!(app.get(FILES).await, json!({"files": [{"path": "0", "is_dir": true}]}));
        assert_eq!(
            app.get(&format!("{FILES}?path=0/r/artifacts/a%20b.html")).await,
            json!({})
        );
        let deleted = send(&app, Method::DELETE, "/0").await;
        assert_eq!(
            (deleted.status(), &deleted.body()[..]),
            (StatusCode::OK, b"{}".as_slice())
        );
        assert_eq!(app.get(FILES).await, json!({}));
    });
}

#[test]
fn what_is_not_there_is_not_found() {
    on_sqlite(async |app| {
        let error = error_of(&send(&app, Method::GET, "/no/such").await);
        let code = "RESOURCE_DOES_NOT_EXIST".to_owned();
        assert_eq!(
            error,
            (StatusCode::NOT_FOUND, code, "No such artifact: 'no/such'".to_owned())
        );
        assert_eq!(send(&app, Method::DELETE, "/no/such").await.status(), StatusCode::OK);
    });
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    on_sqlite(async |app| {
        let invalid = (
            StatusCode::BAD_REQUEST,
            "INVALID_PARAMETER_VALUE".to_owned(),
            "Invalid path".to_owned(),
        );
        for path in [
            "/../x",
            "/a/../x",
            "/%2e%2e/x",
            "/a%2f..%2fx",
            "/%252e%252e/x",
            "//etc/x",
            "/%2fetc/x",
            "/a%5cb",
            "/a%00b",
            "/a%23b",
            "/a/%ff",
            "/c:/x",
        ] {
            for method in [Method::PUT, Method::GET, Method::DELETE] {
                let answer = send(&app, method.clone(), path).await;
                assert_eq!(error_of(&answer), invalid, "{method} {path}");
            }
        }
        for path in ["../x", "/etc", "a/../../x", "%252e%252e/x"] {
            let (status, answer) = app.call("GET", &format!("{FILES}?path={path}"), Value::Null).await;
            assert_eq!(
                (status, &answer["message"]),
                (StatusCode::BAD_REQUEST, &json!("Invalid path")),
                "{path}"
            );
        }
    });
}

#[test]
fn a_file_that_says_that_it_is_too_large_is_refused_at_once() {
    on_sqlite(async |app| {
        let request = Request::put(format!("{FILES}/a")).header("content-length", (1_u64 << 40).to_string());
        let answer = app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    });
}

#[test]
fn uploads_in_parts_are_not_for_this_server() {
    on_sqlite(async |app| {
        for (method, endpoint, what) in [
            ("POST", "mpu/create/a", "upload"),
            ("POST", "mpu/complete/a", "upload"),
            ("POST", "mpu/abort/a", "upload"),
            ("GET", "presigned/a", "download"),
        ] {
            let path = format!("/api/2.0/mlflow-artifacts/{endpoint}");
            let (status, answer) = app.call(method, &path, Value::Null).await;
            assert_eq!(
                (status, &answer["error_code"]),
                (StatusCode::NOT_IMPLEMENTED, &json!("NOT_IMPLEMENTED"))
            );
            let message = format!("Multipart {what} is not supported for the current artifact repository");
            assert_eq!(answer["message"], message, "{endpoint}");
        }
    });
}

#[test]
fn the_artifacts_of_a_run_are_listed_by_its_id() {
    on_sqlite(async |app| {
        let run = app.post("/api/2.0/mlflow/runs/create", json!({})).await;
        let run_id = run["run"]["info"]["run_id"].as_str().unwrap();
        let root = format!("mlflow-artifacts:/0/{run_id}/artifacts");
        let list = format!("/api/2.0/mlflow/artifacts/list?run_id={run_id}");
        assert_eq!(app.get(&list).await, json!({"root_uri": root}));
        send(&app, Method::PUT, &format!("/0/{run_id}/artifacts/d/a.txt")).await;
        assert_eq!(
            app.get(&list).await,
            json!({"root_uri": root, "files": [{"path": "d", "is_dir": true}]})
        );
        assert_eq!(
            app.get(&format!("{list}&path=d")).await,
            json!({"root_uri": root, "files": [{"path": "d/a.txt", "is_dir": false, "file_size": 7}]})
        );
        for (query, status, message) in [
            ("run_id=nope", StatusCode::NOT_FOUND, "Run with id=nope not found"),
            ("run_id=nope&path=..", StatusCode::BAD_REQUEST, "Invalid path"),
        ] {
            let (found, answer) = app
                .call("GET", &format!("/api/2.0/mlflow/artifacts/list?{query}"), Value::Null)
                .await;
            assert_eq!((found, &answer["message"]), (status, &json!(message)));
        }
        for direction in ["upload", "download"] {
            let path = format!("/api/2.0/mlflow/artifacts/presigned-{direction}-url");
            let (status, answer) = app.call("POST", &path, json!({"run_id": run_id, "path": "a"})).await;
            assert_eq!(status, StatusCode::BAD_REQUEST);
            let begins = format!("Presigned {direction} is not supported for ");
            assert!(answer["message"].as_str().unwrap().starts_with(&begins), "{answer}");
        }
    });
}

#[test]
fn artifacts_that_are_elsewhere_are_not_looked_for_on_this_machine() {
    on_sqlite(async |app| {
        for (name, location) in [
            ("a", "/etc"),
            ("b", "file:///etc"),
            ("c", "s3://bucket/x"),
            ("d", "mlflow-artifacts://other/x"),
        ] {
            let body = json!({"name": name, "artifact_location": location});
            let experiment = app.post("/api/2.0/mlflow/experiments/create", body).await;
            let run = json!({"experiment_id": experiment["experiment_id"]});
            let run = app.post("/api/2.0/mlflow/runs/create", run).await;
            let run_id = run["run"]["info"]["run_id"].as_str().unwrap();
            let path = format!("/api/2.0/mlflow/artifacts/list?run_id={run_id}");
            let (status, answer) = app.call("GET", &path, Value::Null).await;
            assert_eq!(
                (status, &answer["error_code"]),
                (StatusCode::BAD_REQUEST, &json!("INVALID_PARAMETER_VALUE")),
                "{location}"
            );
        }
    });
}

#[test]
fn a_file_of_a_run_is_found_by_its_run() {
    on_sqlite(async |app| {
        let run = app
            .post(
                "/api/2.0/mlflow/runs/create",
                json!({"experiment_id": "0", "start_time": 1}),
            )
            .await;
        let run_id = run["run"]["info"]["run_id"].as_str().unwrap().to_owned();
        let path = format!("/0/{run_id}/artifacts/notes/a.txt");
        assert!(send(&app, Method::PUT, &path).await.status().is_success());
        let get = async |query: String| {
            let request = Request::get(format!("/get-artifact?{query}"))
                .body(Body::empty())
                .unwrap();
            app.send(request).await
        };
        let found = get(format!("path=notes/a.txt&run_uuid={run_id}")).await;
        assert_eq!(
            (found.status(), &found.body()[..]),
            (StatusCode::OK, b"content".as_slice())
        );
        let outside = get(format!("path=../../x&run_uuid={run_id}")).await;
        assert_eq!(outside.status(), StatusCode::BAD_REQUEST);
    });
}
