//! Hostile clients whose bodies are malformed, too large, or much larger after decompression.

use std::io;
use std::rc::Rc;

use super::{End, Target};
use crate::callers::hostile_address;
use crate::http1::Connection;
use crate::request::Request;

const LARGE: usize = 200 * 1024;

pub(super) async fn malformed(target: Rc<Target>, turn: u64) -> io::Result<End> {
    const BODIES: [&str; 5] =
        ["{", "[1,2", "{\"lines\":\"none\"}", "\u{0}\u{1}\u{2}", "{\"lines\":[{}]}"];
    let body = BODIES.get(turn as usize % BODIES.len()).copied().unwrap_or_default();
    let bytes = order(&target, turn, body).bytes();
    Ok(End::refused(send(&target, turn, &bytes).await?, &[400, 422]))
}

pub(super) async fn announced(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let bytes = order(&target, turn, &" ".repeat(LARGE)).bytes();
    Ok(End::refused_or_closed(send(&target, turn, &bytes).await?, &[413]))
}

pub(super) async fn chunked(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let head = order(&target, turn, "").head();
    let chunk = " ".repeat(LARGE);
    let bytes =
        format!("{head}transfer-encoding: chunked\r\n\r\n{LARGE:x}\r\n{chunk}\r\n0\r\n\r\n");
    Ok(End::refused_or_closed(send(&target, turn, bytes.as_bytes()).await?, &[413]))
}

/// The first bytes of a compressed file that would expand to a much larger one.
pub(super) async fn compressed(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let coding = ["gzip", "br", "deflate", "zstd"].get(turn as usize % 4).copied();
    let coding = coding.unwrap_or_default();
    let head = order(&target, turn, "").head();
    let bytes =
        format!("{head}content-encoding: {coding}\r\ncontent-length: 4\r\n\r\n\u{1f}\u{8}\u{8}0");
    Ok(End::refused(send(&target, turn, bytes.as_bytes()).await?, &[415]))
}

pub(super) async fn nested(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let member = if turn.is_multiple_of(2) { "lines" } else { "unknown" };
    let body = format!("{{\"{member}\":{}", "[".repeat(50_000));
    let bytes = order(&target, turn, &body).bytes();
    Ok(End::refused_or_closed(send(&target, turn, &bytes).await?, &[400, 422]))
}

/// A body in which each line would cause a separate validation error.
pub(super) async fn many(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let lines = vec![r#"{"article":"","quantity":0}"#; 2_000].join(",");
    let bytes = order(&target, turn, &format!("{{\"lines\":[{lines}]}}")).bytes();
    Ok(End::refused_or_closed(send(&target, turn, &bytes).await?, &[422]))
}

fn order(target: &Target, turn: u64, body: &str) -> Request {
    let token = target.tokens.of(&format!("bodies-{}", turn % 4));
    Request::post("/orders", body).by(token)
}

async fn send(
    target: &Target,
    turn: u64,
    bytes: &[u8],
) -> io::Result<io::Result<crate::http1::Answer>> {
    let mut connection = Connection::open(hostile_address(turn), target.http1).await?;
    // The service may have answered and closed the connection before everything was written.
    let _ = connection.write(bytes).await;
    Ok(connection.answer().await)
}
