//! An HTTP/2 connection with prior knowledge, for the clients.

use std::io::{Error, Result};
use std::net::{Ipv4Addr, SocketAddr};

use actix_web::rt::spawn;
use actix_web::web::Bytes;
use h2::RecvStream;
use h2::client::{Builder, SendRequest};

use crate::http1::connect;
use crate::request::Request;

/// Opens a connection and drives it until all of its streams have ended.
pub(crate) async fn open(
    from: Ipv4Addr,
    to: SocketAddr,
    settings: &Builder,
) -> Result<SendRequest<Bytes>> {
    let stream = connect(from, to).await?;
    let (client, connection) = settings.handshake(stream).await.map_err(Error::other)?;
    spawn(async move { drop(connection.await) });
    Ok(client)
}

/// Sends one request and reads the whole response: its status, and its number of bytes.
pub(crate) async fn exchange(
    client: SendRequest<Bytes>,
    request: &Request,
) -> Result<(u16, usize)> {
    let body = request.body();
    let mut client = client.ready().await.map_err(Error::other)?;
    let sent = client.send_request(request.http2(), body.is_none());
    let (answer, mut sending) = sent.map_err(Error::other)?;
    if let Some(body) = body {
        sending.send_data(body, true).map_err(Error::other)?;
    }
    let answer = answer.await.map_err(Error::other)?;
    let status = answer.status().as_u16();
    Ok((status, read(answer.into_body()).await?))
}

async fn read(mut body: RecvStream) -> Result<usize> {
    let mut length = 0;
    while let Some(chunk) = body.data().await {
        let chunk = chunk.map_err(Error::other)?;
        length += chunk.len();
        body.flow_control().release_capacity(chunk.len()).map_err(Error::other)?;
    }
    Ok(length)
}
