use axum::body::Body;
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::*;
use crate::testing::TestApp;

const MIB: usize = 1 << 20;

async fn taken(app: &TestApp, body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let arrived = collect(app.app(), Request::new(body), limit).await?;
    Ok(arrived.bytes)
}

/// A body that comes in pieces of 256 KiB, with pauses between them.
fn in_pieces(mib: usize, pause: Duration) -> Body {
    Body::from_stream(stream::iter(0..4 * mib).then(move |_| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, axum::Error>(vec![0; MIB / 4])
    }))
}

#[tokio::test]
async fn a_body_is_taken_up_to_its_limit() {
    let app = TestApp::sqlite();
    assert_eq!(taken(&app, "body".into(), 4).await.unwrap(), "body");
    assert_eq!(taken(&app, "".into(), 0).await.unwrap(), "");
    let refused = taken(&app, "body".into(), 3).await.unwrap_err();
    assert_eq!(refused.code, Code::RequestTooLarge);
}

/// Each would have a part of the room and wait for more, if they asked for it piece by piece.
#[tokio::test(start_paused = true)]
async fn more_bodies_than_there_is_room_for_all_come_in() {
    let app = TestApp::sqlite();
    let bodies = (0..20).map(|_| async {
        let request = Request::builder().header(header::CONTENT_LENGTH, 7 * MIB);
        let request = request.body(in_pieces(7, Duration::from_millis(50))).unwrap();
        let arrived = collect(app.app(), request, 64 * MIB).await.unwrap();
        assert_eq!(arrived.bytes.len(), 7 * MIB);
    });
    let begun = Instant::now();
    futures_util::future::join_all(bodies).await;
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_large_body_keeps_no_small_one_out_and_nobody_for_long() {
    let app = TestApp::sqlite();
    // It never ends, and has room for all large ones.
    let endless = Body::from_stream(
        stream::iter([vec![0; 2 * MIB]])
            .map(Ok::<_, axum::Error>)
            .chain(stream::pending()),
    );
    let begun = Instant::now();
    let others = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(taken(&app, Body::from(vec![0; MIB]), 64 * MIB).await.is_ok());
        let large = taken(&app, Body::from(vec![0; 2 * MIB]), 64 * MIB).await;
        assert_eq!(large.unwrap_err().code, Code::TemporarilyUnavailable);
    };
    let (held, ()) = tokio::join!(taken(&app, endless, 64 * MIB), others);
    assert_eq!(held.unwrap_err().code, Code::TemporarilyUnavailable);
    assert_eq!(begun.elapsed(), WHOLE);
    assert!(taken(&app, Body::from(vec![0; 2 * MIB]), 64 * MIB).await.is_ok());
}
