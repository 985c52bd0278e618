use super::*;

fn of(artifact_uri: &str) -> Result<Destination, String> {
    at("http://mlflow.example:5000/base/", artifact_uri)
}

fn at(tracking_uri: &str, artifact_uri: &str) -> Result<Destination, String> {
    Destination::of(&run(artifact_uri), &server(tracking_uri))
}

fn run(artifact_uri: &str) -> KnownRun {
    KnownRun {
        run_id: "abc".to_owned(),
        run_name: String::new(),
        experiment_id: "1".to_owned(),
        experiment: String::new(),
        parent_run_id: None,
        artifact_uri: artifact_uri.to_owned(),
    }
}

fn server(tracking_uri: &str) -> MlflowServer {
    MlflowServer {
        tracking_uri: tracking_uri.parse().unwrap(),
        ..crate::mlflow::testing::server("http://replaced")
    }
}

fn proxied(artifact_uri: &str) -> (String, ProxyServer) {
    match of(artifact_uri) {
        Ok(Destination::Proxy(proxy)) => (proxy.folder.to_string(), proxy.server),
        other => panic!("{artifact_uri}: {other:?}"),
    }
}

#[test]
fn the_proxy_is_the_tracking_server_unless_the_uri_names_another() {
    let tracking = || ProxyServer::Tracking {
        parts_folder: Some("1/abc/artifacts".to_owned()),
    };
    let here = "http://mlflow.example:5000/base/api/2.0/mlflow-artifacts/artifacts/1/abc/artifacts";
    let there = "http://other.example:81/base/api/2.0/mlflow-artifacts/artifacts/1/abc/artifacts";
    let table = [
        ("mlflow-artifacts:/1/abc/artifacts", here, tracking()),
        ("mlflow-artifacts:///1/abc/artifacts/", here, tracking()),
        (
            "mlflow-artifacts://mlflow.example:5000/1/abc/artifacts",
            here,
            tracking(),
        ),
        (
            "mlflow-artifacts://other.example:81/1/abc/artifacts",
            there,
            ProxyServer::Foreign,
        ),
    ];
    for (uri, folder, server) in table {
        assert_eq!(proxied(uri), (folder.to_owned(), server), "{uri}");
    }
}

#[test]
fn files_are_put_to_plain_urls_with_credentials_for_the_tracking_server_only() {
    let whole = ProxyServer::Tracking { parts_folder: None };
    let (folder, server) = proxied("http://mlflow.example:5000/files/");
    assert_eq!((folder.as_str(), server), ("http://mlflow.example:5000/files", whole));
    assert_eq!(proxied("https://mlflow.example:5000/files").1, ProxyServer::Foreign);
}

#[test]
fn buckets_are_read_as_mlflow_writes_them() {
    let table = [
        (
            "s3://bucket/a/1/abc/artifacts",
            BucketKind::S3,
            "bucket",
            "a/1/abc/artifacts",
        ),
        ("gs://bucket/", BucketKind::Gcs, "bucket", ""),
        (
            "wasbs://box@me.blob.core.windows.net/a",
            BucketKind::Azure,
            "box@me.blob.core.windows.net",
            "a",
        ),
        (
            "abfss://box@me.dfs.core.windows.net/a/",
            BucketKind::Azure,
            "box@me.dfs.core.windows.net",
            "a",
        ),
    ];
    for (uri, kind, bucket, prefix) in table {
        let expected = BucketUri {
            kind,
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        };
        assert_eq!(of(uri), Ok(Destination::Bucket(expected)), "{uri}");
    }
}

#[test]
fn a_folder_of_a_server_on_this_machine_is_used_where_it_is() {
    let root = tempfile::tempdir().unwrap();
    // The second experiment has a folder of its own.
    for below in ["1/abc/artifacts", "abc/artifacts", "not yet/1/abc/artifacts"] {
        let here = root.path().join(below);
        for uri in [
            here.display().to_string(),
            format!("file://{}", here.display()),
            format!("file:{}", here.display()),
        ] {
            match at("http://localhost:5000/", &uri) {
                Ok(Destination::Folder(folder)) => assert_eq!(folder.path(), here),
                other => panic!("{uri}: {other:?}"),
            }
            let elsewhere = of(&uri).unwrap_err();
            assert!(elsewhere.contains("--serve-artifacts"), "{elsewhere}");
        }
    }
    let gone = at("http://localhost:5000/", "file:///no/such/folder/1/abc/artifacts").unwrap_err();
    assert!(
        gone.contains("this machine has no /no/such/folder: start the server"),
        "{gone}"
    );
}

#[test]
fn a_server_on_this_machine_writes_to_no_other_folders_than_those_of_runs() {
    for uri in [
        "file:///tmp",
        "file:///tmp/abc",
        "file:///tmp/another/artifacts",
        "file:///tmp/abc/artifacts/..",
        "file:///tmp/../abc/artifacts",
        "file:///tmp/%2e%2e/abc/artifacts",
        "file:tmp/abc/artifacts",
    ] {
        let reason = at("http://127.0.0.1:5000/", uri).unwrap_err();
        assert!(
            reason.contains("no folder that MLflow makes for a run"),
            "{uri}: {reason}"
        );
    }
}

#[test]
fn a_server_that_only_a_folder_names_gets_files_itself_or_not_at_all() {
    let stranger = |artifact_uri: &str| {
        let server = MlflowServer {
            named_by: NamedBy::Folder,
            ..server("http://localhost:5000/base/")
        };
        Destination::of(&run(artifact_uri), &server)
    };
    let Ok(Destination::Proxy(proxy)) = stranger("mlflow-artifacts:/1/abc/artifacts") else {
        panic!("its own proxy is refused");
    };
    assert_eq!(proxy.server, ProxyServer::Tracking { parts_folder: None });
    let root = tempfile::tempdir().unwrap();
    for uri in [
        "s3://bucket/1/abc/artifacts",
        "gs://bucket/1/abc/artifacts",
        "wasbs://box@me.blob.core.windows.net/a",
        "mlflow-artifacts://other.example/1/abc/artifacts",
        "mlflow-artifacts://localhost:5001/1/abc/artifacts",
        "http://localhost:5000/base/files",
        "https://other.example/files",
        &format!("file://{}/1/abc/artifacts", root.path().display()),
        &format!("{}/1/abc/artifacts", root.path().display()),
        "",
    ] {
        let reason = stranger(uri).unwrap_err();
        assert!(reason.contains("name it with --mlflow-tracking-uri"), "{uri}: {reason}");
    }
}

#[test]
fn whatever_cannot_be_written_has_its_reason() {
    let table = [
        ("dbfs:/databricks/mlflow/1", "only Databricks"),
        ("ftp://user:canary@host/path", "cannot write to ftp:"),
        ("hdfs://host/path", "cannot write to hdfs:"),
        ("./mlruns/1/abc/artifacts", "relative to a folder of the server"),
        ("file://host/path", "another machine"),
        ("s3:///path", "names no bucket"),
        ("", "relative to a folder of the server"),
    ];
    for (uri, part) in table {
        let reason = of(uri).unwrap_err();
        assert!(reason.contains(part) && !reason.contains("canary"), "{uri}: {reason}");
    }
}
