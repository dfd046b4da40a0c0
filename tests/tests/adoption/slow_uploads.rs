//! Kind: a large upload over a slow connection may take as long as it needs, and one that is too slow is ended. The
//! tests use tokio's paused time, which advances when all tasks wait.

use std::pin::Pin;
use std::time::Duration;

use actix_multipart::form::{FieldReader, Limits, MultipartForm};
use actix_multipart::{Field, MultipartError};
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use actix_web::{App, Error, FromRequest, HttpRequest, post, test};
use futures_util::{Stream, StreamExt, stream};
use secure_runtime::{Security, secure};
use secure_tests::log;
use tokio::time::Instant;

/// Returns the length of a body without storing it.
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

impl<'t> FieldReader<'t> for Length {
    type Future = Pin<Box<dyn Future<Output = Result<Self, MultipartError>> + 't>>;

    fn read_field(_: &'t HttpRequest, mut field: Field, limits: &'t mut Limits) -> Self::Future {
        Box::pin(async move {
            let mut length = 0;
            while let Some(chunk) = field.next().await {
                let chunk = chunk?;
                limits.try_consume_limits(chunk.len(), false)?;
                length += chunk.len() as u64;
            }
            Ok(Self(length))
        })
    }
}

#[derive(MultipartForm)]
struct Form {
    file: Length,
}

#[secure(
    public,
    rate("9999/s", by = address),
    max_body = "200MB",
    unvalidated(form, reason = "it is a number")
)]
#[post("/forms")]
async fn upload_form(form: MultipartForm<Form>) -> String {
    form.file.0.to_string()
}

/// A body of this many bytes, of which this many arrive per second.
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

/// The status, the response, and its duration in seconds.
async fn uploaded(size: u64, pace: u64, announced: Option<u64>) -> (u16, String, u64) {
    sent("/uploads", "application/octet-stream", announced, body(size, pace)).await
}

const START: &str = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
const END: &str = "\r\n--b--\r\n";

/// The same for a form with one file; the whole form has this size.
async fn uploaded_form(size: u64, pace: u64) -> (u16, String, u64) {
    let part = |text: &'static str| stream::iter([Ok(Bytes::from_static(text.as_bytes()))]);
    let file = body(size - (START.len() + END.len()) as u64, pace);
    let form = part(START).chain(file).chain(part(END));
    sent("/forms", "multipart/form-data; boundary=b", None, form).await
}

async fn sent(
    path: &str,
    media_type: &str,
    announced: Option<u64>,
    body: impl Stream<Item = Result<Bytes, PayloadError>> + 'static,
) -> (u16, String, u64) {
    let security = Security::builder().answers_for(module_path!()).build().unwrap();
    let scope = secure_runtime::scope("").service(upload).service(upload_form);
    let app = test::init_service(App::new().app_data(security).service(scope)).await;
    let mut request = test::TestRequest::post().uri(path);
    request = request.peer_addr(([127, 0, 0, 1], 1).into());
    request = request.insert_header(("content-type", media_type));
    if let Some(length) = announced {
        request = request.insert_header(("content-length", length.to_string()));
    }
    let payload: Payload = Payload::Stream { payload: Box::pin(body) };
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
/// Half a megabyte, at half of the minimum rate of 16 KiB per second.
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
    // Finished within the time that every body has.
    let (status, length, took) = uploaded(100_000, TOO_SLOW, None).await;
    assert_eq!((status, &*length), (200, "100000"));
    assert!(took < 30, "{took}");
}

#[actix_web::test]
async fn a_form_has_the_time_and_the_size_of_its_endpoint() {
    let (status, length, took) = uploaded_form(MOST, SLOW).await;
    let file = MOST - (START.len() + END.len()) as u64;
    assert_eq!((status, length), (200, file.to_string()));
    assert!((400..410).contains(&took), "{took}");
    let (status, _, took) = uploaded_form(MOST, TOO_SLOW).await;
    assert_eq!(status, 408);
    assert!((30..90).contains(&took), "{took}");
    let (status, problem, took) = uploaded_form(MOST + 1, SLOW).await;
    assert_eq!(status, 413, "{problem}");
    assert!((400..410).contains(&took), "{took}");
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
    // A wrong announced length does not extend the time.
    let (status, ..) = uploaded(MOST + 1, SLOW, Some(10)).await;
    assert_eq!(status, 413);
}
