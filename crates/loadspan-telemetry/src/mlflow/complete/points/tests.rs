//! Against a server that never comes to an end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::super::RecordSource;
use super::*;
use crate::config::LiveMetrics;
use crate::mlflow::live::testing::{START_UNIX_NS, stream};
use crate::mlflow::testing::{limit, server};

struct Ten;

impl RecordSource for Ten {
    fn records(&self) -> Box<dyn Iterator<Item = RequestRecord> + '_> {
        Box::new((0..10).map(|index| stream(index, 1_000 + index)))
    }
}

/// Answers every request with what `page` makes of its number, and tells how many there were. Ends with the process.
fn serve(page: impl Fn(u64) -> String + Send + 'static) -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let pages = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&pages);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let answer = |is_page| match is_page {
                true => page(counted.fetch_add(1, Ordering::Relaxed)),
                false => "{}".to_owned(),
            };
            // A client that has gone is none of our concern.
            let _ = connection.and_then(|connection| answer_one(connection, answer));
        }
    });
    (url, pages)
}

fn answer_one(mut connection: TcpStream, answer: impl Fn(bool) -> String) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let (mut first, mut body_bytes) = (String::new(), 0);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if let Some(length) = line.to_lowercase().strip_prefix("content-length:") {
            body_bytes = length.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    reader.read_exact(&mut vec![0; body_bytes])?;
    let body = answer(first.starts_with("GET"));
    write!(
        connection,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// What is logged of ten requests, and how many pages were asked for.
async fn logged(page: impl Fn(u64) -> String + Send + 'static) -> (u64, u64) {
    let (url, pages) = serve(page);
    let client = MlflowClient::build(&server(&url)).unwrap();
    let limit = limit(Duration::from_secs(60));
    let points = Points::new(PointsPlan {
        client: &client,
        run_id: "r",
        limit: &limit,
        mode: LiveMode::from(LiveMetrics::Points),
        extent: Extent::of(Ten.records(), &limit).unwrap(),
    });
    let requests = RecordedRequests {
        source: &Ten,
        start_unix_ns: START_UNIX_NS,
    };
    let (logged, outcome) = points.complete(requests).await;
    assert_eq!(outcome, Ok(()));
    (logged, pages.load(Ordering::Relaxed))
}

#[tokio::test]
async fn a_history_that_goes_on_for_ever_is_left() {
    let (logged, pages) = logged(|number| {
        let step = (number + 1) << 20;
        format!(r#"{{"metrics":[{{"step":{step}}},{{"step":-{step}}}],"next_page_token":"{number}"}}"#)
    })
    .await;
    assert_eq!((logged, pages), (10 * 5, 5 * SPARE_PAGES));
}

#[tokio::test]
async fn a_history_that_goes_round_in_circles_is_left() {
    let (logged, pages) =
        logged(|_| r#"{"metrics":[{"step":3},{"step":4}],"next_page_token":"again"}"#.to_owned()).await;
    assert_eq!((logged, pages), (8 * 5, 2 * 5));
}

#[tokio::test]
async fn a_history_without_points_has_no_next_page() {
    let (logged, pages) = logged(|number| format!(r#"{{"metrics":[],"next_page_token":"{number}"}}"#)).await;
    assert_eq!((logged, pages), (10 * 5, 5));
}
