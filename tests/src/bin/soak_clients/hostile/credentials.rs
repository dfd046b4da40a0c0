//! Hostile clients that guess tokens, passwords, and the ids of objects that belong to others. Half of them
//! use the address of good clients.

use std::io;
use std::net::Ipv4Addr;
use std::rc::Rc;

use super::{End, Target};
use crate::callers::{SHARED, hostile_address};
use crate::http1::Connection;
use crate::request::Request;

pub(super) async fn bad_token(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let token = target.tokens.bad(turn);
    refused(&target, address(turn), Request::get("/items/1").by(token), &[401, 429]).await
}

/// Guesses the good client's password from other addresses, and other users' passwords from the good client's
/// address. An account must be locked only for the address that guesses.
pub(super) async fn password(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let from = address(turn);
    let name = if from == SHARED { format!("user-{}", turn % 100) } else { "ada".to_owned() };
    let guess = format!(r#"{{"name":"{name}","password":"guess-{turn}"}}"#);
    refused(&target, from, Request::post("/login", guess), &[401, 429]).await
}

pub(super) async fn item(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let token = target.tokens.of("mallory");
    let request = Request::get(format!("/items/{}", turn % 1000)).by(token);
    refused(&target, address(turn), request, &[404, 429]).await
}

fn address(turn: u64) -> Ipv4Addr {
    if turn.is_multiple_of(2) { SHARED } else { hostile_address(turn) }
}

async fn refused(
    target: &Target,
    from: Ipv4Addr,
    request: Request,
    expected: &[u16],
) -> io::Result<End> {
    let mut connection = Connection::open(from, target.http1).await?;
    connection.write(&request.bytes()).await?;
    Ok(End::refused(connection.answer().await, expected))
}
