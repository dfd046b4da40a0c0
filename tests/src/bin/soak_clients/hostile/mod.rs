//! The hostile clients: each kind repeats one attack at a bounded pace and counts its attempts.

mod bodies;
mod credentials;
mod floods;
mod frames;
mod heads;
mod readers;
mod resets;
mod slow;
mod streams;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::rt::spawn;
use actix_web::rt::task::JoinHandle;
use actix_web::rt::time::{sleep_until, timeout};
use futures_util::future::join_all;

use crate::callers::Tokens;
use crate::http1::Answer;

/// Longer than any attack takes if the service ends it as required.
const LONGEST: Duration = Duration::from_secs(15);

/// The target of the attacks.
pub(crate) struct Target {
    http1: SocketAddr,
    http2: SocketAddr,
    tokens: Tokens,
}

/// The result of one attack.
enum End {
    /// The attack was made, with this outcome.
    Did(String),
    /// The attack could not be made.
    Failed(String),
    /// The attack was made, and the service reacted wrongly.
    Wrong(String),
}

impl End {
    fn did(what: impl Into<String>) -> Self {
        Self::Did(what.into())
    }

    /// The service must refuse the attack with one of these statuses; anything else is wrong.
    fn refused(answer: io::Result<Answer>, expected: &[u16]) -> Self {
        match answer {
            Ok(answer) => Self::of_status(answer.status, expected),
            Err(error) => Self::Failed(error.to_string()),
        }
    }

    /// The same, but the service may also close the connection before its response is read.
    fn refused_or_closed(answer: io::Result<Answer>, expected: &[u16]) -> Self {
        if answer.is_err() { Self::did("closed") } else { Self::refused(answer, expected) }
    }

    fn of_status(status: u16, expected: &[u16]) -> Self {
        match status {
            status if expected.contains(&status) => Self::did(status.to_string()),
            200..400 => Self::Wrong(format!("answered {status}")),
            status => Self::Failed(format!("answered {status}")),
        }
    }
}

type Act = Pin<Box<dyn Future<Output = io::Result<End>>>>;

/// One kind of hostile client.
struct Kind {
    name: &'static str,
    /// The number of attacks in ten seconds.
    pace: u32,
    act: fn(Rc<Target>, u64) -> Act,
}

macro_rules! kinds {
    ($($name:literal, $pace:literal, $act:path;)*) => {
        [$(Kind { name: $name, pace: $pace, act: |target, turn| Box::pin($act(target, turn)) }),*]
    };
}

const KINDS: &[Kind] = &kinds![
    "head, a byte a second", 50, slow::head;
    "body of known length, a byte a second", 200, slow::body;
    "chunked body, a byte a second", 200, slow::chunked;
    "body that stops half way", 200, slow::stalled;
    "HTTP/2 body, a byte a second", 50, slow::http2;
    "reset in the middle of a body", 100, resets::mid_body;
    "reset after the request", 50, resets::after_request;
    "closed after the request", 20, resets::closed;
    "reset with the answer unread", 100, resets::unread;
    "reset of requests that wait in a queue", 10, resets::queued;
    "HTTP/2 stream reset in the middle of a body", 50, streams::reset_body;
    "HTTP/2 streams reset after the request", 10, streams::reset_request;
    "HTTP/2 streams opened and reset at once", 10, streams::rapid_reset;
    "HTTP/2 streams with a window of 0", 20, streams::closed_window;
    "HTTP/2 PINGs, answers unread", 10, streams::pings;
    "HTTP/2 head without an end", 5, streams::endless_head;
    "large answer that nobody reads", 20, readers::never;
    "bad token", 200, credentials::bad_token;
    "guess at a password", 200, credentials::password;
    "somebody else's item", 50, credentials::item;
    "malformed JSON", 50, bodies::malformed;
    "body too large, announced", 20, bodies::announced;
    "body too large, chunked", 20, bodies::chunked;
    "compressed body", 20, bodies::compressed;
    "deeply nested body", 20, bodies::nested;
    "body of too many values", 20, bodies::many;
    "two lengths of one body", 50, heads::smuggled;
    "head too large", 10, heads::large;
    "pipelined requests", 20, floods::pipelined;
    "flood above the rate", 50, floods::above_rate;
    "many slow requests at once", 30, floods::at_once;
];

/// The results of one kind of hostile client.
#[derive(Default)]
pub(crate) struct Fared {
    pub(crate) name: &'static str,
    pub(crate) begun: u64,
    pub(crate) did: u64,
    pub(crate) wrong: u64,
    /// The outcomes of the attacks, and how often each occurred.
    pub(crate) ends: BTreeMap<String, u64>,
    /// The duration of the longest attack.
    pub(crate) longest: Duration,
}

impl Fared {
    fn add(&mut self, end: End, took: Duration) {
        self.begun += 1;
        self.longest = self.longest.max(took);
        let end = match end {
            End::Did(end) => {
                self.did += 1;
                end
            }
            End::Failed(end) => format!("not done: {end}"),
            End::Wrong(end) => {
                self.wrong += 1;
                format!("WRONG: {end}")
            }
        };
        *self.ends.entry(end).or_default() += 1;
    }
}

/// Runs all kinds until the time is over and the last attack has ended. This function blocks.
pub(crate) fn run(http1: SocketAddr, http2: SocketAddr, length: Duration) -> Vec<Fared> {
    actix_web::rt::System::new().block_on(async {
        let target = Rc::new(Target { http1, http2, tokens: Tokens::new() });
        join_all(KINDS.iter().map(|kind| run_kind(kind, Rc::clone(&target), length))).await
    })
}

async fn run_kind(kind: &'static Kind, target: Rc<Target>, length: Duration) -> Fared {
    let fared = Rc::new(RefCell::new(Fared { name: kind.name, ..Fared::default() }));
    let start = Instant::now();
    let mut acts: Vec<JoinHandle<()>> = Vec::new();
    for turn in 0.. {
        let due = start + Duration::from_secs(10 * turn) / kind.pace;
        if due - start >= length {
            break;
        }
        sleep_until(due.into()).await;
        acts.retain(|act| !act.is_finished());
        let (act, fared) = ((kind.act)(Rc::clone(&target), turn), Rc::clone(&fared));
        acts.push(spawn(async move {
            let start = Instant::now();
            let end = match timeout(LONGEST, act).await {
                Ok(Ok(end)) => end,
                Ok(Err(error)) => End::Failed(error.to_string()),
                Err(_) => End::Wrong(format!("not over after {LONGEST:?}")),
            };
            fared.borrow_mut().add(end, start.elapsed());
        }));
    }
    join_all(acts).await;
    fared.take()
}
