//! A client that disconnects leaves the queue at once; a slot that was meant for it goes to the next request.

use std::future::{Future, poll_fn};
use std::io::Write;
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use actix_web::dev::{Payload, Service};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, error::PayloadError, get, post, web};
use futures_util::stream;
use secure_runtime::secure;

use super::{Doors, row, until, world};

#[secure(
    public,
    concurrency(1, by = address, queue = 2, wait = "60s"),
    rate("1000/h", by = address),
    unvalidated(body, reason = "a test")
)]
#[post("/held")]
pub(super) async fn held(
    request: HttpRequest,
    body: web::Bytes,
    doors: web::Data<Doors>,
) -> HttpResponse {
    assert_eq!(body, "body");
    doors.pass(&request).await
}

#[secure(public)]
#[get("/open")]
pub(super) async fn open() -> &'static str {
    "open"
}

async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context).is_pending())).await
}

#[actix_web::test]
async fn a_request_that_is_given_up_leaves_its_place_and_loses_no_permit() {
    let world = world(|builder| builder);
    let (security, doors) = (world.security.clone(), world.doors.clone());
    let services = secure_runtime::scope("").app_data(web::Data::new(doors.clone()));
    let app = init_service(App::new().app_data(security.clone()).service(services.service(held)));
    let (app, read) = (app.await, Arc::new(AtomicUsize::new(0)));
    let call = |name: &str| {
        let (read, mut is_sent) = (Arc::clone(&read), false);
        let body = stream::poll_fn(move |_| {
            read.fetch_add(1, Ordering::SeqCst);
            let is_first = !std::mem::replace(&mut is_sent, true);
            Poll::Ready(is_first.then(|| Ok::<_, PayloadError>(web::Bytes::from("body"))))
        });
        let request = TestRequest::post().uri("/held").insert_header(("x-name", name.to_owned()));
        let request = request.insert_header(("content-length", "4")).to_request();
        let body: Payload = Payload::Stream { payload: Box::pin(body) };
        let (request, _) = request.replace_payload(body);
        Box::pin(app.call(request))
    };
    let counts = || {
        let row = row(&security, "held");
        (row.serving, row.waiting, row.left)
    };
    let mut first = call("1st");
    assert!(is_pending(&mut first).await);
    let read_by_first = read.load(Ordering::SeqCst);
    assert!(read_by_first > 0);
    let [mut second, mut third] = ["2nd", "3rd"].map(call);
    assert!(is_pending(&mut second).await && is_pending(&mut third).await);
    assert_eq!(call("4th").await.unwrap().status(), 429);
    assert_eq!(counts(), (1, 2, 0));
    // Its place in the queue is free at once.
    drop(second);
    assert_eq!(counts(), (1, 1, 1));
    let mut fifth = call("5th");
    assert!(is_pending(&mut fifth).await);
    // The first request is in the handler, and keeps its permit although its client has disconnected.
    drop(first);
    assert_eq!(counts(), (1, 2, 1));
    assert_eq!(read.load(Ordering::SeqCst), read_by_first, "nobody's body is read in the queue");
    drop(third);
    assert_eq!(counts(), (1, 1, 2));
    assert!(is_pending(&mut fifth).await);
    assert_eq!(doors.came(), ["1st"]);
    doors.open(9);
    assert_eq!(fifth.await.unwrap().status(), 200);
    assert_eq!(doors.came(), ["1st", "5th"]);
    assert_eq!(counts(), (0, 0, 2));
    assert_eq!(call("6th").await.unwrap().status(), 200);
}

const HELD: &[u8] = b"POST /held HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nbody";

/// Two connections: on one a request is served, on the other one a request waits.
async fn waiting(
    address: std::net::SocketAddr,
    security: &secure_runtime::Security,
) -> [TcpStream; 2] {
    let mut first = TcpStream::connect(address).unwrap();
    first.write_all(HELD).unwrap();
    until(security, "held", |row| row.serving == 1).await;
    let mut second = TcpStream::connect(address).unwrap();
    second.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // A response that the client has not read when it closes the connection, which makes the close a reset.
    second.write_all(b"GET /open HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut second = actix_web::rt::task::spawn_blocking(move || {
        assert!(second.peek(&mut [0]).unwrap() > 0);
        second
    })
    .await
    .unwrap();
    second.write_all(HELD).unwrap();
    until(security, "held", |row| row.waiting == 1).await;
    [first, second]
}

#[actix_web::test]
async fn a_connection_that_is_reset_leaves_the_queue() {
    let world = world(|builder| builder);
    let [_first, second] = waiting(world.server.address(), &world.security).await;
    drop(second);
    world.until("held", |row| row.waiting == 0 && row.left == 1).await;
    assert_eq!(world.doors.came().len(), 1);
    world.doors.open(9);
    world.until("held", |row| row.serving == 0).await;
}

#[actix_web::test]
async fn a_connection_that_is_closed_leaves_it_where_half_closed_ones_are_not_kept() {
    let world = world(|builder| builder);
    let (security, doors) = (world.security.clone(), web::Data::new(world.doors.clone()));
    let app = move || {
        let services = secure_runtime::scope("").app_data(doors.clone());
        App::new().app_data(security.clone()).service(services.service(held).service(open))
    };
    let server = HttpServer::new(app).workers(2).disable_signals().shutdown_timeout(0);
    let server = server.h1_allow_half_closed(false).bind(("127.0.0.1", 0)).unwrap();
    let (address, server) = (server.addrs()[0], server.run());
    let handle = server.handle();
    actix_web::rt::spawn(server);
    let [_first, second] = waiting(address, &world.security).await;
    second.shutdown(std::net::Shutdown::Write).unwrap();
    world.until("held", |row| row.waiting == 0 && row.left == 1).await;
    world.doors.open(9);
    world.until("held", |row| row.serving == 0).await;
    handle.stop(false).await;
}
