//! All checks together, as requests meet them.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use tower::ServiceExt;

use super::*;
use crate::config::Security;
use crate::testing::{TestApp, on_sqlite};

const TOKEN: &str = "token-that-may-write";
const READ_ONLY: &str = "token-that-may-read";

fn guard(app: &TestApp, host: &str) -> Result<Guard, ConfigError> {
    let file = |name: &str, token: &str| {
        let path = app.folder().join(name);
        std::fs::write(&path, token).unwrap();
        Some(path)
    };
    let mut config = crate::server::test_config(app.folder());
    config.host = host.parse::<IpAddr>().unwrap();
    config.security = Security {
        tokens: file("tokens", TOKEN),
        read_only_tokens: file("read-only", READ_ONLY),
        ..Security::default()
    };
    Guard::build(&config)
}

async fn send(app: &TestApp, request: http::request::Builder) -> Response {
    let router = edge::routes(app.app().clone());
    let router = guard(app, "0.0.0.0").unwrap().protect(router, Speaks::Http);
    let request = request.header("host", "localhost:5000").body(Body::empty());
    router.oneshot(request.unwrap()).await.unwrap()
}

#[test]
fn other_machines_are_served_with_tokens_only() {
    on_sqlite(async |app| {
        let mut config = crate::server::test_config(app.folder());
        config.host = "0.0.0.0".parse().unwrap();
        let error = Guard::build(&config).unwrap_err().to_string();
        assert!(
            error.starts_with("--host: 0.0.0.0") && error.contains("--auth-token-file"),
            "{error}"
        );
        assert!(guard(&app, "0.0.0.0").is_ok());
        config.host = "::1".parse().unwrap();
        assert!(Guard::build(&config).is_ok());
    });
}

#[test]
fn who_has_no_token_learns_how_to_send_one() {
    on_sqlite(async |app| {
        let path = "/api/2.0/mlflow/experiments/get?experiment_id=0";
        let response = send(&app, Request::get(path)).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert!(
            response.headers()["www-authenticate"]
                .to_str()
                .unwrap()
                .starts_with("Basic ")
        );
        let authorized = Request::get(path).header("authorization", format!("Bearer {READ_ONLY}"));
        assert_eq!(send(&app, authorized).await.status(), StatusCode::OK);
        for path in ["/health", "/version"] {
            assert_eq!(send(&app, Request::get(path)).await.status(), StatusCode::OK, "{path}");
        }
        assert_eq!(
            send(&app, Request::get("/metrics")).await.status(),
            StatusCode::UNAUTHORIZED
        );
    });
}

#[test]
fn otlp_is_refused_in_its_own_words() {
    on_sqlite(async |app| {
        let post = Request::post("/v1/traces").header("content-type", "application/x-protobuf");
        let response = send(&app, post).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()["content-type"], "application/x-protobuf");
        let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        let status = loadspan_wire::otlp::response::decode_status(&body).unwrap();
        assert!(status.message.contains("a token is needed"), "{status:?}");

        let post = Request::post("/v1/traces")
            .header("content-type", "application/x-protobuf")
            .header("authorization", format!("Bearer {READ_ONLY}"));
        assert_eq!(send(&app, post).await.status(), StatusCode::FORBIDDEN);
        let post = Request::post("/v1/traces")
            .header("content-type", "application/x-protobuf")
            .header("authorization", format!("Bearer {TOKEN}"));
        assert_eq!(send(&app, post).await.status(), StatusCode::OK);
    });
}

#[test]
fn grpc_asks_for_a_token_as_well() {
    on_sqlite(async |app| {
        let router = crate::grpc::routes(app.app().clone());
        let router = guard(&app, "0.0.0.0").unwrap().protect(router, Speaks::Grpc);
        let call = Request::post("http://localhost:4317/opentelemetry.proto.collector.trace.v1.TraceService/Export")
            .header("content-type", "application/grpc");
        let response = router.oneshot(call.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["grpc-status"], "16");
    });
}

#[test]
fn browsers_are_told_to_be_careful() {
    on_sqlite(async |app| {
        let response = send(&app, Request::get("/version")).await;
        let headers = response.headers();
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["content-security-policy"], "frame-ancestors 'none'");
        assert_eq!(headers["cache-control"], "no-store");
        assert!(!headers.contains_key("access-control-allow-origin"));
        // Refusals as well.
        let response = send(
            &app,
            Request::post("/v1/traces").header("origin", "http://evil.example"),
        )
        .await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    });
}
