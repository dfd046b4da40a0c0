//! WebSockets and event streams behind the policy of a scope: they count toward its limits until they close, and
//! are closed when the credentials that it accepted expire.

use std::time::Duration;

use actix_codec::Framed;
use actix_web::web::Bytes;
use actix_web::{App, Error, HttpRequest, HttpResponse, rt, web};
use awc::BoxedSocket;
use awc::error::WsClientError;
use awc::ws::{Codec, Frame, Message};
use futures_util::{SinkExt, StreamExt};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Next, route, secure};
use secure_tests::{TestServer, bearer};

use crate::echo::Echo;

#[secure(concurrency = 1)]
async fn one_at_once(next: Next) -> HttpResponse {
    next.run().await
}

#[secure(websocket)]
async fn socket(request: HttpRequest, stream: web::Payload) -> Result<HttpResponse, Error> {
    actix_web_actors::ws::start(Echo, &request, stream)
}

/// The endpoint's own policy would never end the stream.
#[secure(public, websocket)]
async fn open_socket(request: HttpRequest, stream: web::Payload) -> Result<HttpResponse, Error> {
    actix_web_actors::ws::start(Echo, &request, stream)
}

#[secure(public)]
async fn events() -> HttpResponse {
    let first = futures_util::stream::once(async { Ok::<_, Error>(Bytes::from("data: 1\n\n")) });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .streaming(first.chain(futures_util::stream::pending()))
}

struct World {
    clock: FakeClock,
    issuer: Issuer,
    server: TestServer,
}

impl World {
    fn new() -> Self {
        let (builder, issuer, clock) = crate::security(module_path!());
        let security = builder.recheck_streams_every(Duration::from_millis(5)).build().unwrap();
        let server = TestServer::run(move || {
            let scope = secure_runtime::scope("")
                .policy(one_at_once)
                .route("/socket", route::get().to(socket))
                .route("/open", route::get().to(open_socket))
                .route("/events", route::get().to(events));
            App::new().app_data(security.clone()).service(scope)
        });
        Self { clock, issuer, server }
    }

    fn token(&self) -> String {
        self.issuer.token("ann").expires_in(Duration::from_secs(3600)).sign()
    }

    async fn connect(&self, path: &str) -> Result<Framed<BoxedSocket, Codec>, u16> {
        let client = awc::Client::builder().max_http_version(awc::http::Version::HTTP_11).finish();
        let request = client.ws(self.server.url(path)).bearer_auth(self.token());
        match request.connect().await {
            Ok((_, framed)) => Ok(framed),
            Err(WsClientError::InvalidResponseStatus(status)) => Err(status.as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// As soon as the slot is free again.
    async fn connect_soon(&self, path: &str) -> Framed<BoxedSocket, Codec> {
        loop {
            match self.connect(path).await {
                Ok(framed) => return framed,
                Err(status) => assert_eq!(status, 429),
            }
            rt::task::yield_now().await;
        }
    }
}

#[actix_web::test]
async fn sockets_are_counted_and_end_with_the_credentials() {
    for path in ["/socket", "/open"] {
        let world = World::new();
        let first = world.connect(path).await.unwrap();
        assert_eq!(world.connect(path).await.err(), Some(429), "{path}");
        drop(first);
        let mut second = world.connect_soon(path).await;
        second.send(Message::Text("a".into())).await.unwrap();
        assert!(matches!(second.next().await, Some(Ok(Frame::Text(text))) if text == "a"));
        world.clock.advance(Duration::from_secs(3600));
        match second.next().await {
            Some(Ok(Frame::Close(Some(reason)))) => assert_eq!(u16::from(reason.code), 1008),
            other => panic!("{path}: {other:?}"),
        }
        assert!(second.next().await.is_none());
        world.connect_soon(path).await;
    }
}

#[actix_web::test]
async fn events_are_counted_and_end_with_the_credentials() {
    let world = World::new();
    let open = || async {
        let client = awc::Client::default();
        client.get(world.server.url("/events")).bearer_auth(world.token()).send().await.unwrap()
    };
    let mut first = open().await;
    assert_eq!(first.next().await.unwrap().unwrap(), "data: 1\n\n");
    assert_eq!(open().await.status(), 429);
    world.clock.advance(Duration::from_secs(3600));
    assert!(first.next().await.is_none());
    let token = bearer(&world.token());
    assert_eq!(world.server.get("/socket", &[&token]).await.status, 426);
    world.connect_soon("/socket").await;
}
