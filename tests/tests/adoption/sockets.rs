//! Kind: WebSockets and streams: checked like any request, counted until they close, closed with the credentials.

use std::time::Duration;

use actix_web::dev::HttpServiceFactory;
use actix_web::web::Bytes;
use actix_web::{Error, HttpRequest, HttpResponse, get, rt, web};
use awc::BoxedSocket;
use awc::error::WsClientError;
use awc::ws::{Codec, Frame, Message};
use futures_util::{SinkExt, StreamExt};
use secure_runtime::authentication::{Attempt, Authenticator, Challenge, Presented, Revocations};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Moment, Principal, RequestHead, Security, secure};
use secure_tests::{TestServer, bearer};

use crate::echo::Echo;

type Framed = actix_codec::Framed<BoxedSocket, Codec>;

/// Answers with the length of each message.
#[secure(roles = "listener", websocket, concurrency = 1)]
#[get("/ws")]
async fn lengths(request: HttpRequest, stream: web::Payload) -> Result<HttpResponse, Error> {
    let (response, mut session, messages) = actix_ws::handle(&request, stream)?;
    let mut messages = messages.max_frame_size(1 << 20);
    rt::spawn(async move {
        while let Some(Ok(message)) = messages.next().await {
            let told = match message {
                actix_ws::Message::Binary(bytes) => session.text(bytes.len().to_string()).await,
                actix_ws::Message::Close(_) => break,
                _ => Ok(()),
            };
            if told.is_err() {
                break;
            }
        }
        let _ = session.close(None).await;
    });
    Ok(response)
}

#[secure(websocket)]
#[get("/actor")]
async fn actor(request: HttpRequest, stream: web::Payload) -> Result<HttpResponse, Error> {
    actix_web_actors::ws::start(Echo, &request, stream)
}

/// A session of the application, in a cookie.
#[secure(auth = session, websocket)]
#[get("/session")]
async fn of_session(request: HttpRequest, stream: web::Payload) -> Result<HttpResponse, Error> {
    actix_web_actors::ws::start(Echo, &request, stream)
}

/// One event, and then silence.
#[secure(concurrency = 1)]
#[get("/events")]
async fn events() -> HttpResponse {
    let first = futures_util::stream::once(async { Ok::<_, Error>(Bytes::from("data: 1\n\n")) });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .streaming(first.chain(futures_util::stream::pending()))
}

/// A response in two parts, the second of which waits for a signal.
#[secure(concurrency = 1)]
#[get("/export")]
async fn export(go_on: web::Data<tokio::sync::Notify>) -> HttpResponse {
    let second = async move {
        go_on.notified().await;
        Ok::<_, Error>(Bytes::from("second"))
    };
    let first = futures_util::stream::once(async { Ok(Bytes::from("first ")) });
    HttpResponse::Ok().streaming(first.chain(futures_util::stream::once(second)))
}

/// Accepts the cookie as the session of Ann.
struct Session;

impl Authenticator for Session {
    fn challenge(&self) -> Challenge {
        Challenge::new("Session")
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        match request.header("cookie") {
            Some(_) => Presented::Cookie("session"),
            None => Presented::Absent,
        }
    }

    fn authenticate(&self, request: &RequestHead<'_>, _: Moment) -> Attempt {
        match request.header("cookie") {
            Some(b"session=1") => Attempt::Accepted(Principal::builder("ann").build()),
            _ => Attempt::Absent,
        }
    }
}

struct World {
    clock: FakeClock,
    issuer: Issuer,
    revocations: Revocations,
    go_on: web::Data<tokio::sync::Notify>,
    server: TestServer,
}

impl World {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(
        change: impl FnOnce(secure_runtime::SecurityBuilder) -> secure_runtime::SecurityBuilder,
    ) -> Self {
        let clock = FakeClock::new();
        let issuer = Issuer::hs256().clock(clock.clone());
        let revocations = Revocations::builder().clock(clock.clone()).in_memory();
        let builder = Security::builder()
            .answers_for(module_path!())
            .clock(clock.clone())
            .recheck_streams_every(Duration::from_millis(5))
            .authenticator("jwt", issuer.jwt().revocations(&revocations))
            .named_authenticator("session", Session);
        let security = change(builder).build().unwrap();
        let go_on = web::Data::new(tokio::sync::Notify::new());
        let data = go_on.clone();
        let server = TestServer::start(&security, move || api(data.clone()));
        Self { clock, issuer, revocations, go_on, server }
    }

    fn bearer(&self, life: Duration) -> String {
        bearer(&self.issuer.token("ann").role("listener").expires_in(life).sign())
    }

    async fn connect(&self, path: &str, headers: &[&str]) -> Result<Framed, u16> {
        let client = awc::Client::builder().max_http_version(awc::http::Version::HTTP_11).finish();
        let mut request = client.ws(self.server.url(path)).max_frame_size(1 << 20);
        for line in headers {
            let (name, value) = line.split_once(": ").unwrap();
            request = request.header(name, value);
        }
        match request.connect().await {
            Ok((_, framed)) => Ok(framed),
            Err(WsClientError::InvalidResponseStatus(status)) => Err(status.as_u16()),
            Err(error) => panic!("{error}"),
        }
    }
}

fn api(go_on: web::Data<tokio::sync::Notify>) -> impl HttpServiceFactory {
    secure_runtime::scope("")
        .app_data(go_on)
        .service(lengths)
        .service(actor)
        .service(of_session)
        .service(events)
        .service(export)
}

/// The code of the next close frame; asserts that nothing follows it.
async fn closed(framed: &mut Framed) -> u16 {
    let code = match framed.next().await {
        Some(Ok(Frame::Close(reason))) => u16::from(reason.unwrap().code),
        other => panic!("{other:?}"),
    };
    assert!(framed.next().await.is_none());
    code
}

const HOUR: Duration = Duration::from_secs(3600);

#[actix_web::test]
async fn a_socket_carries_more_than_max_body_for_as_long_as_the_token_lives() {
    let world = World::new();
    let mut socket =
        world.connect("/ws", &[&world.bearer(Duration::from_secs(601))]).await.unwrap();
    let message = Bytes::from(vec![7; 500_000]);
    for _ in 0..200 {
        world.clock.advance(Duration::from_secs(3));
        socket.send(Message::Binary(message.clone())).await.unwrap();
        assert!(matches!(socket.next().await, Some(Ok(Frame::Text(text))) if text == "500000"));
    }
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(closed(&mut socket).await, 1008);
}

#[actix_web::test]
async fn a_socket_ends_when_its_token_is_revoked() {
    for path in ["/ws", "/actor"] {
        let world = World::new();
        let mut socket = world.connect(path, &[&world.bearer(HOUR)]).await.unwrap();
        socket.send(Message::Binary(Bytes::from("a"))).await.unwrap();
        socket.send(Message::Text("b".into())).await.unwrap();
        assert!(matches!(socket.next().await, Some(Ok(Frame::Text(_)))));
        let _ = world.revocations.revoke_subject("https://somebody.example", "ann").await;
        socket.send(Message::Binary(Bytes::from("a"))).await.unwrap();
        socket.send(Message::Text("b".into())).await.unwrap();
        assert!(matches!(socket.next().await, Some(Ok(Frame::Text(_)))));
        world.revocations.revoke_everything().await.unwrap();
        assert_eq!(closed(&mut socket).await, 1008, "{path}");
        world.clock.advance(Duration::from_secs(1));
        assert!(world.connect(path, &[&world.bearer(HOUR)]).await.is_ok());
    }
}

#[actix_web::test]
async fn open_sockets_are_counted_until_they_close() {
    let world = World::new();
    let bearer = world.bearer(HOUR);
    let first = world.connect("/ws", &[&bearer]).await.unwrap();
    assert_eq!(world.connect("/ws", &[&bearer]).await.err(), Some(429));
    // The client disconnects without a close frame.
    drop(first);
    let mut second = None;
    while second.is_none() {
        second = world.connect("/ws", &[&bearer]).await.ok();
        rt::task::yield_now().await;
    }
    let mut second = second.unwrap();
    assert_eq!(world.connect("/ws", &[&bearer]).await.err(), Some(429));
    second.send(Message::Close(None)).await.unwrap();
    while let Some(Ok(_)) = second.next().await {}
    drop(second);
    // A socket that the server closes frees its slot as well.
    let mut third = None;
    while third.is_none() {
        third = world.connect("/ws", &[&bearer]).await.ok();
        rt::task::yield_now().await;
    }
    world.clock.advance(HOUR);
    assert_eq!(closed(&mut third.unwrap()).await, 1008);
    let bearer = world.bearer(HOUR);
    while world.connect("/ws", &[&bearer]).await.is_err() {
        rt::task::yield_now().await;
    }
}

#[actix_web::test]
async fn a_socket_is_admitted_as_any_request() {
    let world = World::new();
    assert_eq!(world.connect("/ws", &[]).await.err(), Some(401));
    let other = bearer(&world.issuer.token("ann").sign());
    assert_eq!(world.connect("/ws", &[&other]).await.err(), Some(403));
    // A request without an upgrade is answered with the upgrade that it needs.
    let answer = world.server.get("/ws", &[&world.bearer(HOUR)]).await;
    assert_eq!((answer.status, answer.header("upgrade")), (426, Some("websocket")));
    assert_eq!(answer.header("connection").map(str::to_lowercase).as_deref(), Some("upgrade"));
    assert_eq!(world.server.get("/ws", &[]).await.status, 401);
    let other_protocol = [&*world.bearer(HOUR), "connection: upgrade", "upgrade: h2c"];
    assert_eq!(world.server.get("/ws", &other_protocol).await.status, 426);
    // The application's own response keeps the fields that RFC 9110 section 15.5.22 requires.
    let own = |denial: &secure_runtime::Denial, _: &HttpRequest| {
        HttpResponse::build(denial.status_code()).body("own")
    };
    let world = World::with(|builder| builder.answer(own));
    let answer = world.server.get("/ws", &[&world.bearer(HOUR)]).await;
    assert_eq!((answer.status, answer.header("upgrade")), (426, Some("websocket")));
}

#[actix_web::test]
async fn a_page_of_another_host_opens_no_socket_with_a_cookie() {
    let world = World::new();
    let host = format!("origin: http://{}", world.server.address());
    for (headers, expected) in [
        (vec!["cookie: session=1", &*host], Ok(())),
        (vec!["cookie: session=1", "origin: https://evil.example"], Err(403)),
        (vec!["cookie: session=1", "origin: null"], Err(403)),
        (vec!["cookie: session=1", &host, "origin: https://evil.example"], Err(403)),
        (vec!["cookie: session=1"], Err(403)),
        (vec![&*host], Err(401)),
    ] {
        let found = world.connect("/session", &headers).await.map(drop);
        assert_eq!(found, expected, "{headers:?}");
    }
    // Another site's page cannot send a token in a header.
    let bearer = world.bearer(HOUR);
    assert!(world.connect("/actor", &[&bearer, "origin: https://evil.example"]).await.is_ok());
    let named = World::with(|builder| builder.websocket_origins(["https://app.example"]));
    for (origin, expected) in [
        ("origin: https://app.example", Ok(())),
        ("origin: https://app.example.evil.example", Err(403)),
        (&*format!("origin: http://{}", named.server.address()), Err(403)),
    ] {
        let found = named.connect("/session", &["cookie: session=1", origin]).await.map(drop);
        assert_eq!(found, expected, "{origin}");
    }
    let faulty = Security::builder().websocket_origins(["https://app.example/"]);
    let fault = faulty.recheck_streams_every(Duration::ZERO).build().unwrap_err().to_string();
    assert!(fault.contains("`https://app.example/` of `websocket_origins`"), "{fault}");
    assert!(fault.contains("`recheck_streams_every`"), "{fault}");
}

async fn stream(
    world: &World,
    path: &str,
    bearer: &str,
) -> Result<
    awc::ClientResponse<
        impl futures_util::Stream<Item = Result<Bytes, awc::error::PayloadError>> + use<>,
    >,
    u16,
> {
    let client = awc::Client::default();
    let (name, value) = bearer.split_once(": ").unwrap();
    let response = client.get(world.server.url(path)).insert_header((name, value)).send().await;
    let response = response.unwrap();
    if response.status().is_success() { Ok(response) } else { Err(response.status().as_u16()) }
}

#[actix_web::test]
async fn events_are_counted_and_end_with_the_token() {
    let world = World::new();
    let bearer = world.bearer(HOUR);
    let mut first = stream(&world, "/events", &bearer).await.unwrap();
    assert_eq!(first.next().await.unwrap().unwrap(), "data: 1\n\n");
    assert_eq!(stream(&world, "/events", &bearer).await.err(), Some(429));
    world.clock.advance(HOUR);
    assert!(first.next().await.is_none());
    let bearer = world.bearer(HOUR);
    while stream(&world, "/events", &bearer).await.is_err() {
        rt::task::yield_now().await;
    }
}

#[actix_web::test]
async fn an_answer_that_has_begun_is_sent_to_its_end() {
    let world = World::new();
    let bearer = world.bearer(HOUR);
    let mut first = stream(&world, "/export", &bearer).await.unwrap();
    assert_eq!(first.next().await.unwrap().unwrap(), "first ");
    assert_eq!(stream(&world, "/export", &bearer).await.err(), Some(429));
    world.clock.advance(HOUR);
    world.go_on.notify_one();
    assert_eq!(first.next().await.unwrap().unwrap(), "second");
    assert!(first.next().await.is_none());
    let bearer = world.bearer(HOUR);
    while stream(&world, "/export", &bearer).await.is_err() {
        rt::task::yield_now().await;
    }
}
