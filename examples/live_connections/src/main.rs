//! News that are sent to all listeners, over a WebSocket or as server-sent events.
//!
//! Both kinds of connections count toward `concurrency` until they close. They are closed when the caller's
//! token expires or is revoked.
//!
//! Run `cargo run -p live_connections`; it prints a token and the requests to try.

mod news;

use std::{env, io};

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, Responder, get, post, rt, web};
use secure_runtime::authentication::Revocations;
use secure_runtime::testing::Issuer;
use secure_runtime::{Principal, Security, scope, secure};

use news::News;

/// A WebSocket. The handshake is checked like any request; each caller may have four open at once.
#[secure(roles = "listener", websocket, concurrency = 4)]
#[get("/feed")]
async fn feed(
    request: HttpRequest,
    stream: web::Payload,
    news: web::Data<News>,
) -> Result<HttpResponse, Error> {
    let (response, session, messages) = actix_ws::handle(&request, stream)?;
    // Clients send little, so the WebSocket library is configured with a small limit for the size of frames.
    rt::spawn(news::send(news.subscribe(), session, messages.max_frame_size(4096)));
    Ok(response)
}

/// Server-sent events, for clients that only listen. The attribute needs no key for them, unlike `websocket`.
#[secure(roles = "listener", concurrency = 4)]
#[get("/events")]
async fn events(news: web::Data<News>) -> impl Responder {
    HttpResponse::Ok().content_type("text/event-stream").streaming(news::events(news.subscribe()))
}

#[secure(
    roles = "editor",
    rate = "60/min",
    max_body = "4KiB",
    unvalidated(text, reason = "any text is news")
)]
#[post("/news")]
async fn publish(text: String, news: web::Data<News>) -> HttpResponse {
    news.publish(text);
    HttpResponse::NoContent().finish()
}

/// Revokes the caller's token, which also closes every connection that was opened with it.
#[secure(rate = "10/min")]
#[post("/sign-out")]
async fn sign_out(caller: Principal, revocations: web::Data<Revocations>) -> HttpResponse {
    let revoked = match caller.token_id() {
        Some(id) => revocations.revoke_token(caller.issuer().unwrap_or_default(), id).await,
        None => revocations.revoke_caller(&caller).await,
    };
    match revoked {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}

fn api(news: web::Data<News>, revocations: &Revocations) -> impl HttpServiceFactory + use<> {
    scope("/api")
        .app_data(news)
        .app_data(web::Data::new(revocations.clone()))
        .service(feed)
        .service(events)
        .service(publish)
        .service(sign_out)
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    // For development only; in production `Jwt::discover` with your provider.
    let issuer = Issuer::hs256();
    let revocations = Revocations::builder().in_memory();
    let security = Security::builder()
        .authenticator("jwt", issuer.jwt().revocations(&revocations))
        .build()
        .map_err(io::Error::other)?;
    println!("{}", security.inventory());

    let address = env::var("ADDR").unwrap_or_else(|_| String::from("127.0.0.1:8080"));
    let token = issuer.token("ann").role("listener").role("editor").sign();
    println!(
        "TOKEN={token}\n\
         # in one terminal: events, until you sign out in the other one\n\
         curl -N -H \"Authorization: Bearer $TOKEN\" http://{address}/api/events\n\
         # in another one\n\
         curl -H \"Authorization: Bearer $TOKEN\" -d 'It rains' -H 'Content-Type: text/plain' http://{address}/api/news\n\
         curl -H \"Authorization: Bearer $TOKEN\" -X POST http://{address}/api/sign-out"
    );
    let news = web::Data::new(News::default());
    HttpServer::new(move || {
        App::new().app_data(security.clone()).service(api(news.clone(), &revocations))
    })
    .bind(address)?
    .run()
    .await
}

#[cfg(test)]
mod tests;
