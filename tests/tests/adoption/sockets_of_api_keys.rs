//! Kind: the sockets of a caller with an API key are closed when the key is removed or expires.

use std::time::{Duration, SystemTime};

use actix_web::{Error, HttpRequest, HttpResponse, get, rt, web};
use awc::ws::{Frame, Message};
use futures_util::{SinkExt, StreamExt};
use secure_runtime::authentication::api_key::{
    ApiKey, ApiKeys, GeneratedKey, MemoryKeyStore, Rotation,
};
use secure_runtime::testing::FakeClock;
use secure_runtime::{Clock, Principal, Security, secure};
use secure_tests::TestServer;

/// Echoes each message.
#[secure(roles = "listener", websocket)]
#[get("/ws")]
async fn echo(request: HttpRequest, stream: web::Payload) -> Result<HttpResponse, Error> {
    let (response, mut session, mut messages) = actix_ws::handle(&request, stream)?;
    rt::spawn(async move {
        while let Some(Ok(actix_ws::Message::Text(text))) = messages.next().await {
            if session.text(text).await.is_err() {
                break;
            }
        }
        let _ = session.close(None).await;
    });
    Ok(response)
}

struct World {
    store: MemoryKeyStore,
    clock: FakeClock,
    server: TestServer,
}

type Socket = actix_codec::Framed<awc::BoxedSocket, awc::ws::Codec>;

impl World {
    fn new() -> Self {
        let (store, clock) = (MemoryKeyStore::new(), FakeClock::new());
        let security = Security::builder()
            .answers_for(module_path!())
            .clock(clock.clone())
            .recheck_streams_every(Duration::from_millis(5))
            .authenticator("api_key", ApiKeys::new(store.clone()))
            .build()
            .unwrap();
        let server = TestServer::start(&security, || secure_runtime::scope("").service(echo));
        Self { store, clock, server }
    }

    fn added(&self) -> GeneratedKey {
        let key = ApiKey::generate("shop", Principal::builder("ann").role("listener")).unwrap();
        self.store.add(key.record()).unwrap();
        key
    }

    async fn connect(&self, key: &GeneratedKey) -> Option<Socket> {
        let client = awc::Client::builder().max_http_version(awc::http::Version::HTTP_11).finish();
        let request = client.ws(self.server.url("/ws")).header("x-api-key", key.expose());
        request.connect().await.ok().map(|(_, socket)| socket)
    }
}

async fn is_open(socket: &mut Socket) -> bool {
    socket.send(Message::Text("a".into())).await.unwrap();
    matches!(socket.next().await, Some(Ok(Frame::Text(_))))
}

/// The code of the server's close frame.
async fn closed(socket: &mut Socket) -> u16 {
    match socket.next().await {
        Some(Ok(Frame::Close(Some(reason)))) => reason.code.into(),
        other => panic!("{other:?}"),
    }
}

#[actix_web::test]
async fn a_socket_ends_when_its_key_is_removed_and_no_other_does() {
    let world = World::new();
    let (removed, kept) = (world.added(), world.added());
    let mut first = world.connect(&removed).await.unwrap();
    let mut second = world.connect(&kept).await.unwrap();
    assert!(is_open(&mut first).await && is_open(&mut second).await);
    assert!(world.store.revoke(removed.record().id()).is_some());
    assert_eq!(closed(&mut first).await, 1008);
    assert!(world.connect(&removed).await.is_none());
    assert!(is_open(&mut second).await);
    assert_eq!(world.store.revoke_owner("ann").len(), 1);
    assert_eq!(closed(&mut second).await, 1008);
}

#[actix_web::test]
async fn a_socket_ends_when_its_key_was_replaced_and_its_time_is_over() {
    let world = World::new();
    let old = world.added();
    let mut socket = world.connect(&old).await.unwrap();
    let hour = Duration::from_secs(3600);
    let old_until = SystemTime::from(world.clock.now()) + hour;
    let rotation = Rotation::old_until(old_until);
    let new = world.store.rotate(old.record().id(), rotation).unwrap();
    assert!(is_open(&mut socket).await);
    world.clock.advance(hour);
    assert_eq!(closed(&mut socket).await, 1008);
    let mut socket = world.connect(&new).await.unwrap();
    assert!(is_open(&mut socket).await);
}
