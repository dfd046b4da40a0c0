//! Tests of the feed, the events and signing out, over real connections.

use std::time::Duration;

use actix_web::web;
use awc::BoxedSocket;
use awc::error::WsClientError;
use awc::ws::{Codec, Frame};
use futures_util::StreamExt;
use secure_runtime::Security;
use secure_runtime::authentication::Revocations;
use secure_runtime::testing::{FakeClock, Issuer};
use secure_tests::{TestServer, bearer};

use super::{News, api};

type Socket = actix_codec::Framed<BoxedSocket, Codec>;

struct World {
    server: TestServer,
    issuer: Issuer,
    clock: FakeClock,
}

impl World {
    fn new() -> Self {
        let clock = FakeClock::new();
        let issuer = Issuer::hs256().clock(clock.clone());
        let revocations = Revocations::builder().clock(clock.clone()).in_memory();
        let security = Security::builder()
            .clock(clock.clone())
            .recheck_streams_every(Duration::from_millis(5))
            .authenticator("jwt", issuer.jwt().revocations(&revocations))
            .build()
            .unwrap();
        let news = web::Data::new(News::default());
        let server = TestServer::start(&security, move || api(news.clone(), &revocations));
        Self { server, issuer, clock }
    }

    fn token(&self, roles: &[&'static str]) -> String {
        let token = roles.iter().fold(self.issuer.token("ann"), |token, role| token.role(*role));
        bearer(&token.sign())
    }

    async fn connect(&self, token: &str) -> Result<Socket, u16> {
        let client = awc::Client::builder().max_http_version(awc::http::Version::HTTP_11).finish();
        let (name, value) = token.split_once(": ").unwrap();
        let request = client.ws(self.server.url("/api/feed")).header(name, value);
        match request.connect().await {
            Ok((_, socket)) => Ok(socket),
            Err(WsClientError::InvalidResponseStatus(status)) => Err(status.as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    async fn publish(&self, token: &str, text: &str) -> u16 {
        let headers = [token, "content-type: text/plain"];
        self.server.send("POST", "/api/news", &headers, text).await.status
    }
}

/// The code of the next close frame.
async fn closed(socket: &mut Socket) -> u16 {
    match socket.next().await {
        Some(Ok(Frame::Close(reason))) => u16::from(reason.unwrap().code),
        other => panic!("{other:?}"),
    }
}

#[actix_web::test]
async fn news_reach_those_who_may_listen() {
    let world = World::new();
    let (listener, editor) = (world.token(&["listener"]), world.token(&["editor"]));
    assert_eq!(world.connect(&editor).await.err(), Some(403));
    let mut socket = world.connect(&listener).await.unwrap();
    assert_eq!(world.publish(&listener, "It rains").await, 403);
    assert_eq!(world.publish(&editor, "It rains").await, 204);
    assert!(matches!(socket.next().await, Some(Ok(Frame::Text(text))) if text == "It rains"));
    // A request without an upgrade to a WebSocket is answered with 426.
    assert_eq!(world.server.get("/api/feed", &[&listener]).await.status, 426);
}

#[actix_web::test]
async fn four_sockets_may_be_open() {
    let world = World::new();
    let listener = world.token(&["listener"]);
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(world.connect(&listener).await.unwrap());
    }
    assert_eq!(world.connect(&listener).await.err(), Some(429));
    // The slot is free as soon as the server has noticed that a socket is closed.
    drop(open.pop());
    while world.connect(&listener).await.is_err() {
        actix_web::rt::task::yield_now().await;
    }
}

#[actix_web::test]
async fn a_socket_ends_when_its_caller_signs_out() {
    let world = World::new();
    let (listener, other) = (world.token(&["listener"]), world.token(&["listener", "editor"]));
    let mut socket = world.connect(&listener).await.unwrap();
    let mut stays = world.connect(&other).await.unwrap();
    let answer = world.server.send("POST", "/api/sign-out", &[&listener], "").await;
    assert_eq!(answer.status, 204);
    assert_eq!(closed(&mut socket).await, 1008);
    assert_eq!(world.connect(&listener).await.err(), Some(401));
    // Another token of the same caller stays valid until it expires.
    assert_eq!(world.publish(&other, "It rains").await, 204);
    assert!(matches!(stays.next().await, Some(Ok(Frame::Text(text))) if text == "It rains"));
    world.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(closed(&mut stays).await, 1008);
}

#[actix_web::test]
async fn events_end_when_their_caller_signs_out() {
    let world = World::new();
    let token = world.token(&["listener", "editor"]);
    let signing_out = async {
        // Repeated, because news that are published before the listener connects are lost.
        for _ in 0..100 {
            assert_eq!(world.publish(&token, "It rains\nin Bern").await, 204);
            actix_web::rt::time::sleep(Duration::from_millis(5)).await;
            world.clock.advance(Duration::from_secs(2));
        }
        world.server.send("POST", "/api/sign-out", &[&token], "").await.status
    };
    let headers = [&*token];
    let listening = world.server.get("/api/events", &headers);
    let (answer, status) = futures_util::future::join(listening, signing_out).await;
    assert_eq!((answer.status, status), (200, 204));
    assert!(answer.body.starts_with("data: It rains\ndata: in Bern\n\n"), "{}", answer.body);
}
