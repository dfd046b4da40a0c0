//! Kind: a large upload over a slow line takes as long as it needs, and one that is too slow ends. The time is
//! tokio's, which goes on by itself where everything waits.

use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use actix_web::{App, Error, FromRequest, HttpRequest, post, test};
use futures_util::{Stream, StreamExt, stream};
use secure_runtime::{Security, secure};
use secure_tests::log;
use tokio::time::Instant;

/// The length of a body that is kept nowhere.
struct Length(u64);

impl FromRequest for Length {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(_: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let mut payload = payload.take();
        Box::pin(async move {
            let mut length = 0;
            while let Some(chunk) = payload.next().await {
                length += chunk?.len() as u64;
            }
            Ok(Self(length))
        })
    }
}

#[secure(
    public,
    rate("9999/s", by = address),
    max_body = "200MB",
    unvalidated(length, reason = "it is a number")
)]
#[post("/uploads")]
async fn upload(length: Length) -> String {
    length.0.to_string()
}

/// So many bytes, of which so many arrive in a second.
fn body(size: u64, pace: u64) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    let chunk = Bytes::from(vec![7; (pace / 5).try_into().unwrap()]);
    stream::unfold(size, move |left| {
        let chunk = chunk.slice(..chunk.len().min(left.try_into().unwrap()));
        async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let left = left - chunk.len() as u64;
            (!chunk.is_empty()).then_some((Ok(chunk), left))
        }
    })
}

/// The status, the answer, and how many seconds it took.
async fn uploaded(size: u64, pace: u64, announced: Option<u64>) -> (u16, String, u64) {
    let security = Security::builder().answers_for(module_path!()).build().unwrap();
    let app = App::new().app_data(security).service(secure_runtime::scope("").service(upload));
    let app = test::init_service(app).await;
    let mut request = test::TestRequest::post().uri("/uploads");
    request = request.peer_addr(([127, 0, 0, 1], 1).into());
    if let Some(length) = announced {
        request = request.insert_header(("content-length", length.to_string()));
    }
    let payload: Payload = Payload::Stream { payload: Box::pin(body(size, pace)) };
    let (request, _) = request.to_request().replace_payload(payload);
    tokio::time::pause();
    let begun = Instant::now();
    let answer = test::call_service(&app, request).await;
    let (status, took) = (answer.status().as_u16(), begun.elapsed().as_secs());
    let text = String::from_utf8_lossy(&test::read_body(answer).await).into_owned();
    tokio::time::resume();
    (status, text, took)
}

const MOST: u64 = 200_000_000;
/// Half a megabyte, and half of the minimum rate of 16 KiB.
const SLOW: u64 = 500_000;
const TOO_SLOW: u64 = 8_000;

#[actix_web::test]
async fn two_hundred_megabytes_are_read_for_as_long_as_they_arrive() {
    for announced in [Some(MOST), None] {
        let (status, length, took) = uploaded(MOST, SLOW, announced).await;
        assert_eq!((status, &*length), (200, "200000000"));
        assert!((400..410).contains(&took), "{took}");
        let (status, _, took) = uploaded(MOST, TOO_SLOW, announced).await;
        assert_eq!(status, 408);
        assert!((30..90).contains(&took), "{took}");
    }
    // Over within the time that every body has.
    let (status, length, took) = uploaded(100_000, TOO_SLOW, None).await;
    assert_eq!((status, &*length), (200, "100000"));
    assert!(took < 30, "{took}");
}

#[actix_web::test]
async fn more_than_max_body_is_refused_as_soon_as_it_is_known() {
    log::record();
    for (announced, soonest) in [(Some(MOST + 1), 0), (None, 400)] {
        let (status, problem, took) = uploaded(MOST + 1, SLOW, announced).await;
        assert_eq!(status, 413, "{problem}");
        assert!((soonest..soonest + 10).contains(&took), "{took}");
        let is_told =
            |line: &String| line.contains("larger than `max_body` allows, 200000000 bytes");
        assert!(log::lines().iter().any(is_told), "{:?}", log::lines());
    }
    // What is announced wrongly bounds nothing.
    let (status, ..) = uploaded(MOST + 1, SLOW, Some(10)).await;
    assert_eq!(status, 413);
}
