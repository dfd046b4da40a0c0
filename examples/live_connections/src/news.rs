//! The broadcast channel of the news, and how they are sent to a WebSocket and as server-sent events.

use actix_web::Error;
use actix_web::web::Bytes;
use actix_ws::{Message, MessageStream, Session};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver, Sender};

/// Sends each text to all listeners. A listener that is too slow loses the oldest news.
#[derive(Debug)]
pub struct News(Sender<String>);

impl Default for News {
    fn default() -> Self {
        Self(broadcast::channel(64).0)
    }
}

impl News {
    pub fn publish(&self, text: String) {
        // An error means that there are no listeners.
        let _ = self.0.send(text);
    }

    pub fn subscribe(&self) -> Receiver<String> {
        self.0.subscribe()
    }
}

/// Sends news into a WebSocket until one side closes it. It need not check for expiry: `messages` ends when
/// the caller's token expires or is revoked.
pub async fn send(mut news: Receiver<String>, mut session: Session, mut messages: MessageStream) {
    loop {
        let sent = tokio::select! {
            text = next(&mut news) => match text {
                Some(text) => session.text(text).await,
                None => break,
            },
            message = messages.next() => match message {
                Some(Ok(Message::Ping(bytes))) => session.pong(&bytes).await,
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => Ok(()),
            },
        };
        if sent.is_err() {
            break;
        }
    }
    let _ = session.close(None).await;
}

/// The news as server-sent events, with one `data:` line for each line of the text.
pub fn events(news: Receiver<String>) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::unfold(news, async |mut news| {
        let text = next(&mut news).await?;
        let lines = text.lines().map(|line| format!("data: {line}\n"));
        Some((Ok(Bytes::from(lines.collect::<String>() + "\n")), news))
    })
}

async fn next(news: &mut Receiver<String>) -> Option<String> {
    loop {
        match news.recv().await {
            Ok(text) => return Some(text),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return None,
        }
    }
}
