//! `scope [--quick]`: how much more the last of 2,000 endpoints costs than the first one, in a secured scope
//! and in actix-web's own.

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use actix_http::Request;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, Error, web};
use benches::row::Row;
use benches::timing::side_by_side;
use benches::{Failure, sized};
use secure_runtime::{Security, route, secure};

const ENDPOINTS: usize = sized(2_000, 50);
const ITERATIONS: usize = sized(200, 5);

async fn bare() -> &'static str {
    "ok"
}

#[secure(public)]
async fn secured() -> &'static str {
    "ok"
}

fn template(number: usize) -> String {
    format!("/collection{number}/{{id}}/parts/{{part}}")
}

#[actix_rt::main]
async fn main() -> Result<(), Failure> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let rounds = if quick { 9 } else { 51 };
    let mut scope = secure_runtime::scope("/api");
    let mut peer = web::scope("/api");
    for number in 0..ENDPOINTS {
        scope = scope.route(&template(number), route::get().to(secured));
        peer = peer.route(&template(number), web::get().to(bare));
    }
    let security = Security::builder().answers_for(module_path!()).build()?;
    let ours = init_service(App::new().app_data(security).service(scope)).await;
    let peer = init_service(App::new().service(peer)).await;

    let first = compare(&ours, &peer, 0, rounds);
    let last = compare(&ours, &peer, ENDPOINTS - 1, rounds);
    let peer_name = "actix-web's scope";
    let unit = "ns";
    Row { name: "scope/first_of_2000", unit, ours: first.0, peer: first.1, peer_name }.print()?;
    let (ours, peer) = (last.0 - first.0, last.1 - first.1);
    Row { name: "scope/last_of_2000", unit, ours, peer, peer_name }.print()
}

/// Nanoseconds of a request to one endpoint, in our scope and in actix-web's.
fn compare<A, B>(
    ours: &impl Service<Request, Response = ServiceResponse<A>, Error = Error>,
    peer: &impl Service<Request, Response = ServiceResponse<B>, Error = Error>,
    number: usize,
    rounds: usize,
) -> (f64, f64)
where
    A: MessageBody,
    B: MessageBody,
{
    let path = format!("/api/collection{number}/7/parts/8");
    side_by_side(rounds, ITERATIONS, &mut || repeat(ours, &path), &mut || repeat(peer, &path))
}

fn repeat<B: MessageBody>(
    app: &impl Service<Request, Response = ServiceResponse<B>, Error = Error>,
    path: &str,
) {
    for _ in 0..ITERATIONS {
        let peer = ([192, 0, 2, 7], 40_000).into();
        let request = TestRequest::with_uri(path).peer_addr(peer).to_request();
        let mut answering = pin!(app.call(request));
        let answer = answering.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let is_served =
            matches!(&answer, Poll::Ready(Ok(answer)) if answer.status() == StatusCode::OK);
        assert!(black_box(is_served), "the endpoint did not answer at once");
    }
}
