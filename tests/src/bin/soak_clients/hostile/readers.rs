//! Hostile clients that request large responses and do not read them.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use actix_web::rt::time::sleep;
use tokio::net::TcpSocket;

use super::{End, Target};
use crate::callers::hostile_address;
use crate::http1::Connection;
use crate::request::Request;

/// How long the clients keep their connection open.
pub(super) const HELD: Duration = Duration::from_secs(8);

/// Requests four MiB with a small receive buffer.
pub(super) async fn never(target: Rc<Target>, turn: u64) -> io::Result<End> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4096)?;
    socket.bind((hostile_address(turn), 0).into())?;
    let mut connection = Connection::new(socket.connect(target.http1).await?);
    let token = target.tokens.of(&format!("reader-{}", turn % 4));
    connection.write(&Request::get("/export?blocks=64").by(token).bytes()).await?;
    connection.stream.readable().await?;
    sleep(HELD).await;
    connection.reset();
    Ok(End::did("held, and reset"))
}
