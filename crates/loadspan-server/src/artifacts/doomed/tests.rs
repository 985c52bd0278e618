//! Folders go after their owners, now or later.

use http::Request;
use serde_json::json;

use super::*;
use crate::store::Store;
use crate::testing::{TestApp, each_database};

async fn put(app: &TestApp, path: &str) {
    let path = format!("/api/2.0/mlflow-artifacts/artifacts/{path}/file.txt");
    let answer = app.send(Request::put(path).body("x".into()).unwrap()).await;
    assert!(answer.status().is_success());
}

fn folder(path: &str) -> DoomedFolder {
    DoomedFolder::at(&format!("mlflow-artifacts:/{path}")).unwrap()
}

async fn doomed(store: &Store, folder: DoomedFolder) {
    let job =
        move |connection: &mut dyn Connection| Ok::<_, ApiError>(doom(connection, std::slice::from_ref(&folder))?);
    store.write(0, job).await.unwrap();
}

async fn swept(app: &TestApp) -> Swept {
    sweep(app.store(), &app.app().artifacts).await.unwrap()
}

fn is_there(app: &TestApp, path: &str) -> bool {
    app.folder().join("artifacts").join(path).exists()
}

#[test]
fn a_folder_goes_with_all_that_is_in_it() {
    each_database(async |app| {
        put(&app, "1/run/artifacts").await;
        doomed(app.store(), folder("1/run")).await;
        doomed(app.store(), folder("1/run")).await;
        assert_eq!(swept(&app).await, Swept::default());
        assert_eq!((is_there(&app, "1"), is_there(&app, "1/run")), (true, false));
    });
}

#[cfg(unix)]
#[test]
fn one_that_cannot_be_deleted_holds_up_no_other_and_is_tried_again() {
    each_database(async |app| {
        put(&app, "1/good").await;
        // A link that leads out of the place of artifacts is followed by nothing.
        let link = app.folder().join("artifacts/1/link");
        std::os::unix::fs::symlink("/", &link).unwrap();
        doomed(app.store(), folder("1/link/inner")).await;
        doomed(app.store(), folder("1/good")).await;
        let left = swept(&app).await;
        assert_eq!(left.waiting, 1);
        assert!(left.complaint.unwrap().contains("1/link/inner"));
        assert!(!is_there(&app, "1/good"));
        // Not at once: a bucket that says no is not asked every few seconds.
        let waiting = Swept {
            waiting: 1,
            complaint: None,
        };
        assert_eq!(swept(&app).await, waiting);
        std::fs::remove_file(link).unwrap();
        let now = |connection: &mut dyn Connection| Ok(hurry(connection)?);
        app.write(now).await.unwrap();
        assert_eq!(swept(&app).await, Swept::default());
    });
}

#[test]
fn a_trace_that_has_come_again_keeps_its_folder() {
    each_database(async |app| {
        let id = "tr-01010101010101010101010101010101";
        let trace = json!({"trace": {"trace_info": {"trace_id": id, "trace_location": {"type": "MLFLOW_EXPERIMENT",
            "mlflow_experiment": {"experiment_id": "0"}}, "request_time": "2026-01-01T00:00:00Z", "state": "OK"}}});
        let delete = json!({"experiment_id": "0", "request_ids": [id]});
        let path = format!("0/traces/{id}");
        app.post("/api/3.0/mlflow/traces", trace.clone()).await;
        put(&app, &format!("{path}/artifacts")).await;
        app.post("/api/3.0/mlflow/traces/delete-traces", delete.clone()).await;
        app.post("/api/3.0/mlflow/traces", trace).await;
        assert_eq!(swept(&app).await, Swept::default());
        assert!(is_there(&app, &path));
        app.post("/api/3.0/mlflow/traces/delete-traces", delete).await;
        assert_eq!(swept(&app).await, Swept::default());
        assert!(!is_there(&app, &path));
    });
}
