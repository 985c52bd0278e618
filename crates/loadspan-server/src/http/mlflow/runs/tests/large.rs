use serde_json::json;

use super::{API, new_run};
use crate::testing::each_database;

/// One with a large profile is named by many runs, and was once part of each of them in one answer.
#[test]
fn a_page_of_runs_ends_when_it_is_large_and_the_next_one_goes_on() {
    each_database(async |app| {
        let mut expected = Vec::new();
        for _ in 0..5 {
            let run_id = new_run(&app).await;
            let dataset =
                json!({"name": "d", "digest": "x", "source_type": "s", "source": "u", "profile": "p".repeat(6 << 20)});
            let body = json!({"run_id": run_id, "datasets": [{"dataset": dataset, "tags": []}]});
            app.post(&format!("{API}/log-inputs"), body).await;
            expected.push(run_id);
        }
        expected.sort();
        let (mut lengths, mut found, mut token) = (Vec::new(), Vec::new(), json!(""));
        loop {
            let body = json!({"experiment_ids": ["0"], "order_by": ["run_id"], "page_token": token});
            let page = app.post(&format!("{API}/search"), body).await;
            let runs = page["runs"].as_array().unwrap();
            lengths.push(runs.len());
            found.extend(
                runs.iter()
                    .map(|run| run["info"]["run_id"].as_str().unwrap().to_owned()),
            );
            token = page["next_page_token"].clone();
            if token.is_null() {
                break;
            }
        }
        assert_eq!(lengths, [2, 2, 1]);
        assert_eq!(found, expected);
    });
}
