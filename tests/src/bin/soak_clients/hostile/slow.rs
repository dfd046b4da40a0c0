//! Hostile clients that send a byte a second, or stop sending, until the service closes the connection.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use actix_web::rt::time::timeout;
use actix_web::web::Bytes;
use h2::client::Builder;

use super::{End, Target};
use crate::callers::hostile_address;
use crate::http1::{Answer, Connection};
use crate::http2;
use crate::request::Request;

const SECOND: Duration = Duration::from_secs(1);
/// Later than the service's timeout.
const TIMEOUT: &[u16] = &[408];

pub(super) async fn head(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let mut connection = Connection::open(hostile_address(turn), target.http1).await?;
    let bytes: Vec<&[u8]> =
        b"GET /ready HTTP/1.1\r\nhost: localhost\r\nx-slow: 1\r\n".chunks(1).collect();
    Ok(End::refused_or_closed(drip(&mut connection, bytes).await, TIMEOUT))
}

pub(super) async fn body(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let mut connection = Connection::open(hostile_address(turn), target.http1).await?;
    let head = Request::post("/login", "").head();
    connection.write(format!("{head}content-length: 1000\r\n\r\n").as_bytes()).await?;
    Ok(End::refused_or_closed(drip(&mut connection, vec![b"{".as_slice(); 100]).await, TIMEOUT))
}

pub(super) async fn chunked(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let mut connection = Connection::open(hostile_address(turn), target.http1).await?;
    let head = Request::post("/login", "").head();
    connection.write(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).await?;
    let chunks = vec![b"1\r\n{\r\n".as_slice(); 100];
    Ok(End::refused_or_closed(drip(&mut connection, chunks).await, TIMEOUT))
}

/// One of thirty known callers.
pub(super) async fn stalled(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let mut connection = Connection::open(hostile_address(turn), target.http1).await?;
    let token = target.tokens.of(&format!("stalled-{}", turn % 30));
    let head = Request::post("/orders", "").by(token).head();
    let half = format!("{head}content-length: 100\r\n\r\n{{\"lines\":[");
    connection.write(half.as_bytes()).await?;
    Ok(End::refused_or_closed(connection.answer().await, TIMEOUT))
}

pub(super) async fn http2(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let mut client = http2::open(hostile_address(turn), target.http2, &Builder::new()).await?;
    let request = Request::post("/login", "").http2();
    let (answer, mut sending) = client.send_request(request, false).map_err(io::Error::other)?;
    let mut answer = Box::pin(answer);
    loop {
        match timeout(SECOND, &mut answer).await {
            Ok(Ok(answer)) => return Ok(End::of_status(answer.status().as_u16(), TIMEOUT)),
            Ok(Err(error)) => return Ok(End::Failed(error.to_string())),
            // Writing fails as soon as the service has sent its response.
            Err(_) => drop(sending.send_data(Bytes::from_static(b"{"), false)),
        }
    }
}

/// Sends one of these pieces each second until the response arrives.
async fn drip(connection: &mut Connection, bytes: Vec<&[u8]>) -> io::Result<Answer> {
    for next in bytes {
        connection.write(next).await?;
        if let Ok(answer) = timeout(SECOND, connection.answer()).await {
            return answer;
        }
    }
    connection.answer().await
}
