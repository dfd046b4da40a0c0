//! The WebSocket of the application. It contains no security code.

use actix_web::{HttpRequest, HttpResponse, rt, web};
use actix_ws::Message;
use futures_util::StreamExt;

/// Accepts the handshake, and sends back each message that it receives.
///
/// # Errors
///
/// If the request is not a WebSocket handshake.
pub fn echo(request: &HttpRequest, body: web::Payload) -> Result<HttpResponse, actix_web::Error> {
    let (response, mut session, mut messages) = actix_ws::handle(request, body)?;
    rt::spawn(async move {
        while let Some(Ok(message)) = messages.next().await {
            let sent = match message {
                Message::Text(text) => session.text(text).await,
                Message::Ping(bytes) => session.pong(&bytes).await,
                Message::Close(_) => break,
                _ => Ok(()),
            };
            if sent.is_err() {
                return;
            }
        }
        let _ = session.close(None).await;
    });
    Ok(response)
}
