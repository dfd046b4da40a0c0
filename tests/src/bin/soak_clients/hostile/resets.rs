//! Hostile clients that reset their connection before the response, or without reading it.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use actix_web::rt::time::sleep;
use futures_util::future::try_join_all;

use super::{End, Target};
use crate::callers::hostile_address;
use crate::http1::Connection;
use crate::request::Request;

/// Long enough for the service to have started the request.
const MOMENT: Duration = Duration::from_millis(30);

pub(super) async fn mid_body(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let mut connection = Connection::open(hostile_address(turn), target.http1).await?;
    let head = Request::post("/orders", "").by(target.tokens.of(&caller("cut", turn))).head();
    let length =
        if turn.is_multiple_of(2) { "content-length: 100" } else { "transfer-encoding: chunked" };
    connection.write(format!("{head}{length}\r\n\r\n5\r\n{{\"lin").as_bytes()).await?;
    sleep(MOMENT).await;
    connection.reset();
    Ok(End::did("reset"))
}

pub(super) async fn after_request(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let connection = begin(&target, "gone", turn).await?;
    sleep(MOMENT).await;
    connection.reset();
    Ok(End::did("reset"))
}

/// Closes the connection with FIN instead of a reset, before the response.
pub(super) async fn closed(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let connection = begin(&target, "closed", turn).await?;
    sleep(MOMENT).await;
    drop(connection);
    Ok(End::did("closed"))
}

pub(super) async fn unread(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let mut connection = Connection::open(hostile_address(turn), target.http1).await?;
    let token = target.tokens.of(&caller("unread", turn));
    let order = r#"{"lines":[{"article":"apple","quantity":1}]}"#;
    connection.write(&Request::post("/orders", order).by(token).bytes()).await?;
    connection.stream.readable().await?;
    connection.reset();
    Ok(End::did("reset"))
}

/// Resets all requests while two are in flight and the others are queued.
pub(super) async fn queued(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let all = try_join_all((0..6).map(|_| begin(&target, "queued", turn))).await?;
    sleep(MOMENT).await;
    all.into_iter().for_each(Connection::reset);
    Ok(End::did("reset"))
}

/// A request with a slow response.
async fn begin(target: &Target, name: &str, turn: u64) -> io::Result<Connection> {
    let mut connection = Connection::open(hostile_address(turn), target.http1).await?;
    let token = target.tokens.of(&caller(name, turn));
    let request = Request::post("/reports", r#"{"rows":200}"#).by(token);
    connection.write(&request.bytes()).await?;
    Ok(connection)
}

/// One of four callers.
fn caller(name: &str, turn: u64) -> String {
    format!("{name}-{}", turn % 4)
}
