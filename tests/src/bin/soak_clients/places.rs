//! Checks after the hostile clients have gone: no request is in flight or queued, and every limit on requests
//! in flight admits as many requests as before.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::rt::spawn;
use actix_web::rt::time::sleep;
use futures_util::future::join_all;

use crate::Finding;
use crate::callers::Tokens;
use crate::http1::Connection;
use crate::operator::Service;
use crate::request::Request;
use crate::service::MAX_IN_FLIGHT;

/// Longer than the service keeps an idle connection, and than any of its timeouts.
const PATIENCE: Duration = Duration::from_secs(20);
const FROM: Ipv4Addr = Ipv4Addr::new(127, 0, 2, 1);

/// One limit on requests in flight.
struct Places {
    /// The end of its id; `None` is the limit on all requests.
    id: Option<&'static str>,
    served: u64,
    waiting: u64,
    /// The status of a request above the limit.
    refusal: u16,
    /// Makes the request with this number, which takes a slot.
    request: fn(&Tokens, u64) -> Request,
}

const ORDER: &str = r#"{"lines":[{"article":"apple","quantity":1}]}"#;

/// The limits of hostile callers, and of a good one.
const ALL: [Places; 6] = [
    Places {
        id: Some("::item/concurrency/1"),
        served: 8,
        waiting: 16,
        refusal: 429,
        request: |tokens, _| Request::get("/items/1").by(tokens.of("linus")),
    },
    Places {
        id: Some("::order/concurrency/1"),
        served: 8,
        waiting: 16,
        refusal: 429,
        request: |tokens, _| Request::post("/orders", ORDER).by(tokens.of("stalled-0")),
    },
    Places {
        id: Some("::report/concurrency/1"),
        served: 2,
        waiting: 8,
        refusal: 429,
        request: |tokens, _| Request::post("/reports", r#"{"rows":1}"#).by(tokens.of("greedy-0")),
    },
    Places {
        id: Some("::report/concurrency/2"),
        served: 16,
        waiting: 32,
        refusal: 429,
        request: |tokens, number| {
            let token = tokens.of(&format!("caller-{}", number / 2));
            Request::post("/reports", r#"{"rows":1}"#).by(token)
        },
    },
    Places {
        id: Some("::export/concurrency/1"),
        served: 4,
        waiting: 8,
        refusal: 429,
        request: |tokens, _| Request::get("/export?blocks=1").by(tokens.of("window-0")),
    },
    Places {
        id: None,
        served: MAX_IN_FLIGHT,
        waiting: 0,
        refusal: 503,
        request: |_, _| Request::get("/ready"),
    },
];

/// `sockets`: how many sockets the service had open before the clients started.
pub(crate) fn check(service: &Service, sockets: usize) -> Vec<Finding> {
    let mut findings =
        vec![is_quiet(service), have_left(service), are_sockets_closed(service, sockets)];
    let tokens = Tokens::new();
    for places in &ALL {
        findings.push(actix_web::rt::System::new().block_on(take(places, service, &tokens)));
    }
    findings
}

fn is_quiet(service: &Service) -> Finding {
    let start = Instant::now();
    let sums = || {
        let all = service.at_once();
        (all.iter().map(|it| it.serving).sum::<u64>(), all.iter().map(|it| it.waiting).sum::<u64>())
    };
    while sums() != (0, 0) && start.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(50));
    }
    let (serving, waiting) = sums();
    let took = start.elapsed();
    Finding {
        what: format!("{serving} requests served and {waiting} waiting {took:.1?} after the end"),
        holds: (serving, waiting) == (0, 0),
    }
}

/// Checks that some clients disconnected while their requests were queued.
fn have_left(service: &Service) -> Finding {
    let left: u64 = service.at_once().iter().map(|it| it.left).sum();
    Finding {
        what: format!("{left} requests whose client disconnected while they were queued"),
        holds: left > 0,
    }
}

fn are_sockets_closed(service: &Service, before: usize) -> Finding {
    let start = Instant::now();
    while service.open_sockets() > before && start.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(50));
    }
    let (now, took) = (service.open_sockets(), start.elapsed());
    Finding {
        what: format!(
            "{now} sockets of the service open {took:.1?} later, {before} before the clients started"
        ),
        holds: now <= before,
    }
}

/// Takes all slots and sends one more request, while the handlers wait.
async fn take(places: &Places, service: &Service, tokens: &Tokens) -> Finding {
    let Places { id, served, waiting, refusal, request } = *places;
    service.close_door();
    let statuses = Rc::<RefCell<BTreeMap<u16, u64>>>::default();
    let asked: Vec<_> = (0..served + waiting + 1)
        .map(|number| {
            let (bytes, statuses) = (request(tokens, number).bytes(), Rc::clone(&statuses));
            let to = service.http1;
            spawn(async move {
                let status = ask(to, &bytes).await.unwrap_or(0);
                *statuses.borrow_mut().entry(status).or_default() += 1;
            })
        })
        .collect();
    let start = Instant::now();
    while statuses.borrow().is_empty() && start.elapsed() < Duration::from_secs(1) {
        sleep(Duration::from_millis(10)).await;
    }
    // By now, all requests that are refused have been refused.
    sleep(Duration::from_millis(300)).await;
    let all = service.at_once();
    let now = id.and_then(|id| all.iter().find(|row| row.id.ends_with(id)));
    let is_full =
        id.is_none() || now.is_some_and(|now| (now.serving, now.waiting) == (served, waiting));
    let refused = statuses.borrow().clone();
    service.open_door();
    join_all(asked).await;
    let all = statuses.take();
    let expected = BTreeMap::from([(200, served + waiting), (refusal, 1)]);
    let name = id.map_or("max_in_flight", |id| id.trim_start_matches(':'));
    Finding {
        what: format!(
            "{name}: {served} served at once and {waiting} waiting; answered meanwhile {refused:?}, \
             in the end {all:?}"
        ),
        holds: is_full && refused == BTreeMap::from([(refusal, 1)]) && all == expected,
    }
}

async fn ask(to: SocketAddr, bytes: &[u8]) -> io::Result<u16> {
    let mut connection = Connection::open(FROM, to).await?;
    connection.write(bytes).await?;
    Ok(connection.answer().await?.status)
}
