//! Hostile clients whose head has contradicting body lengths, or never ends.

use std::io;
use std::rc::Rc;

use super::{End, Target};
use crate::callers::hostile_address;
use crate::http1::Connection;
use crate::request::Request;

/// Ambiguous lengths of a body, which a proxy in front may read differently (request smuggling).
const LENGTHS: [&str; 6] = [
    "content-length: 6\r\ntransfer-encoding: chunked\r\n",
    "content-length: 6\r\ncontent-length: 7\r\n",
    "content-length: +6\r\n",
    "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
    "transfer-encoding: identity, chunked, identity\r\n",
    "transfer-encoding : chunked\r\n",
];

pub(super) async fn smuggled(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let lengths = LENGTHS.get(turn as usize % LENGTHS.len()).copied().unwrap_or_default();
    let head = Request::post("/login", "").head();
    let inner = "GET /ready HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut connection = Connection::open(hostile_address(turn), target.http1).await?;
    connection.write(format!("{head}{lengths}\r\n0\r\n\r\nX{inner}").as_bytes()).await?;
    Ok(End::refused_or_closed(connection.answer().await, &[400, 501]))
}

pub(super) async fn large(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let mut connection = Connection::open(hostile_address(turn), target.http1).await?;
    let field = format!("x-large: {}\r\n", "a".repeat(1000));
    let head = format!("GET /ready HTTP/1.1\r\n{}", field.repeat(1000));
    // The service may have answered and closed the connection before everything was written.
    let _ = connection.write(head.as_bytes()).await;
    Ok(End::refused_or_closed(connection.answer().await, &[400, 408, 413, 431]))
}
