//! A minimal HTTP/1.1 connection for the clients.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// Opens a connection from this address.
pub(crate) async fn connect(from: Ipv4Addr, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((from, 0).into())?;
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The server closes the connection after this response.
    pub(crate) is_last: bool,
}

pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    /// The received bytes that were not parsed yet.
    received: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, received: Vec::new() }
    }

    pub(crate) async fn open(from: Ipv4Addr, to: SocketAddr) -> io::Result<Self> {
        connect(from, to).await.map(Self::new)
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Reads one response. The future can be dropped and the method called again without loss, as long as no
    /// part of the body was read.
    pub(crate) async fn answer(&mut self) -> io::Result<Answer> {
        let end = loop {
            if let Some(start) = self.received.windows(4).position(|four| four == b"\r\n\r\n") {
                break start + 4;
            }
            self.receive().await?;
        };
        let head: Vec<u8> = self.received.drain(..end).collect();
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let field = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(field, _)| *field == name).map(|(_, value)| value.trim().to_owned())
        };
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        let length = field("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        while self.received.len() < length {
            self.receive().await?;
        }
        self.received.drain(..length);
        let is_last = field("connection").is_some_and(|value| value == "close");
        Ok(Answer { status, is_last })
    }

    /// Whether nothing was received yet for the request that was just sent.
    pub(crate) fn is_untouched(&self) -> bool {
        self.received.is_empty()
    }

    async fn receive(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Ends the connection with a reset.
    pub(crate) fn reset(self) {
        // An error means that the connection is closed already.
        let _ = self.stream.set_zero_linger();
    }
}
