//! Hostile clients that abuse HTTP/2 streams.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use actix_web::rt::time::{sleep, timeout};
use actix_web::web::Bytes;
use futures_util::future::join_all;
use h2::Reason;
use h2::client::Builder;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::frames::{self, frame};
use super::readers::HELD;
use super::{End, Target};
use crate::callers::hostile_address;
use crate::http1::connect;
use crate::http2;
use crate::request::Request;

pub(super) async fn reset_body(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let mut client = http2::open(hostile_address(turn), target.http2, &Builder::new()).await?;
    let request = Request::post("/orders", "").by(token(&target, "streams", turn)).http2();
    let (_answer, mut sending) = client.send_request(request, false).map_err(io::Error::other)?;
    sending.send_data(Bytes::from_static(b"{\"li"), false).map_err(io::Error::other)?;
    sleep(Duration::from_millis(30)).await;
    sending.send_reset(Reason::CANCEL);
    // The connection's task sends it.
    sleep(Duration::from_millis(30)).await;
    Ok(End::did("reset"))
}

/// Requests ten reports of a fifth of a second and resets them after the service has started: each stream, or
/// the whole connection.
pub(super) async fn reset_request(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let mut client = http2::open(hostile_address(turn), target.http2, &Builder::new()).await?;
    let request = Request::post("/reports", r#"{"rows":200}"#).by(token(&target, "left", turn));
    let mut begun = Vec::new();
    for _ in 0..10 {
        client = client.ready().await.map_err(io::Error::other)?;
        let sent = client.send_request(request.http2(), false);
        let (answer, mut sending) = sent.map_err(io::Error::other)?;
        let body = request.body().unwrap_or_default();
        sending.send_data(body, true).map_err(io::Error::other)?;
        begun.push((answer, sending));
    }
    sleep(Duration::from_millis(30)).await;
    if turn.is_multiple_of(2) {
        begun.iter_mut().for_each(|(_, sending)| sending.send_reset(Reason::CANCEL));
    }
    drop((begun, client));
    // The connection's task sends it.
    sleep(Duration::from_millis(30)).await;
    Ok(End::did("reset"))
}

/// Opens a hundred streams and resets each one immediately (rapid reset).
pub(super) async fn rapid_reset(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let authorization = format!("Bearer {}", token(&target, "rapid", turn));
    let fields = [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/items/1"),
        (":authority", "localhost"),
        ("authorization", &authorization),
    ];
    let head: Vec<u8> =
        fields.iter().flat_map(|(name, value)| frames::field(name, value)).collect();
    let mut bytes = frames::preface();
    for stream in (0..100).map(|number| 2 * number + 1) {
        let flags = frames::END_STREAM | frames::END_HEADERS;
        bytes.extend(frame(frames::HEADERS, flags, stream, &head));
        bytes.extend(frame(frames::RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
    }
    let mut stream = connect(hostile_address(turn), target.http2).await?;
    Ok(send(&mut stream, &bytes).await)
}

/// Requests ten responses of a MiB with a flow-control window that admits none of them.
pub(super) async fn closed_window(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let mut settings = Builder::new();
    settings.initial_window_size(0);
    let client = http2::open(hostile_address(turn), target.http2, &settings).await?;
    let request = Request::get("/export?blocks=16").by(token(&target, "window", turn));
    let answers = (0..10).map(|_| {
        let (client, request) = (client.clone(), request.http2());
        async move {
            let mut client = client.ready().await?;
            let (answer, _) = client.send_request(request, true)?;
            answer.await
        }
    });
    let answers = join_all(answers).await;
    let open = answers.iter().flatten().filter(|answer| answer.status() == 200).count();
    sleep(HELD).await;
    Ok(if open > 0 { End::did("held, and closed") } else { End::Failed("no stream".to_owned()) })
}

pub(super) async fn pings(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let mut bytes = frames::preface();
    bytes.extend(frame(frames::PING, 0, 0, &[0; 8]).repeat(2_000));
    let mut stream = connect(hostile_address(turn), target.http2).await?;
    Ok(send(&mut stream, &bytes).await)
}

/// Sends CONTINUATION frames without end: up to 8 MiB, if the service accepts them.
pub(super) async fn endless_head(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let field = frames::field("x-endless", &"a".repeat(16_000));
    let mut stream = connect(hostile_address(turn), target.http2).await?;
    let mut bytes = frames::preface();
    bytes.extend(frame(frames::HEADERS, 0, 1, &field));
    bytes.extend(frame(frames::CONTINUATION, 0, 1, &field).repeat(500));
    Ok(send(&mut stream, &bytes).await)
}

/// Sends everything, or as much as the service accepts, and resets the connection without reading.
async fn send(stream: &mut TcpStream, bytes: &[u8]) -> End {
    let end = match timeout(Duration::from_secs(5), stream.write_all(bytes)).await {
        Ok(Ok(())) if is_closed(stream).await => "sent, and closed by the service",
        Ok(Ok(())) => "sent",
        Ok(Err(_)) => "closed by the service",
        Err(_) => "no more taken by the service",
    };
    // An error means that the connection is closed already.
    let _ = stream.set_zero_linger();
    End::did(end)
}

/// Whether the service ends the connection within half a second.
async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut chunk = [0; 4096];
    let end = async { while let Ok(1..) = stream.read(&mut chunk).await {} };
    timeout(Duration::from_millis(500), end).await.is_ok()
}

/// The token of one of four callers.
fn token(target: &Target, name: &str, turn: u64) -> String {
    target.tokens.of(&format!("{name}-{}", turn % 4))
}
