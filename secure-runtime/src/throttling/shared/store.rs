//! Round trips to Redis: with a deadline, on a shared connection, and with a circuit breaker.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind, Value};
use tokio::runtime::Handle;
use tokio::sync::Mutex as WaitingMutex;

use super::script::{Answered, Order, Reply};
use super::statistics::Counters;
use crate::support::circuit::{Call, Circuit};
use crate::support::redis_client::{Link, Place};
use crate::support::time::Clock;

/// The client for Redis.
pub(super) struct Store {
    place: Arc<Place>,
    runtime: Handle,
    deadline: Duration,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
    /// The prefix, and what happens without Redis, for the log.
    prefix: String,
    instead: &'static str,
    link: Mutex<Numbered>,
    connecting: Arc<WaitingMutex<()>>,
    health: Mutex<Health>,
    /// The time of Redis' clock, in seconds since 1970, at the start of this instance's clock; [`UNKNOWN`]
    /// before the first reply.
    start: AtomicI64,
    is_time_given: bool,
}

/// The connection, if there is one, and its number.
#[derive(Default)]
struct Numbered {
    number: u64,
    link: Option<Link>,
}

struct Health {
    circuit: Circuit,
    is_gone: bool,
}

/// Why a round trip failed.
enum Failure {
    Late,
    Redis(RedisError),
    Answer,
    GivenUp,
}

/// How a [`Store`] is made.
pub(super) struct Terms {
    pub(super) place: Place,
    pub(super) deadline: Duration,
    pub(super) clock: Arc<dyn Clock>,
    /// Whether the time is sent to Redis.
    pub(super) is_time_given: bool,
    pub(super) counters: Arc<Counters>,
    pub(super) prefix: String,
    pub(super) instead: &'static str,
}

impl Store {
    pub(super) fn new(terms: Terms, runtime: Handle) -> Self {
        let Terms { place, deadline, clock, is_time_given, counters, prefix, instead } = terms;
        Self {
            place: Arc::new(place),
            runtime,
            deadline,
            clock,
            counters,
            prefix,
            instead,
            link: Mutex::default(),
            connecting: Arc::default(),
            health: Mutex::new(Health {
                circuit: Circuit::pausing(MOST_DOUBLINGS),
                is_gone: false,
            }),
            start: AtomicI64::new(UNKNOWN),
            is_time_given,
        }
    }

    /// The approximate time of Redis' clock, in seconds since 1970. No decision depends on it: if it leads to
    /// the wrong period, the script replies so, and the round trip is repeated.
    pub(super) fn about_now(&self) -> u64 {
        let now = self.clock.now();
        match self.start.load(Ordering::Relaxed) {
            start if start != UNKNOWN && !self.is_time_given => {
                u64::try_from(start.saturating_add(seconds(now.monotonic_nanos()))).unwrap_or(0)
            }
            _ => now.unix_seconds(),
        }
    }

    fn note_time(&self, unix_seconds: u64) {
        let unix_seconds = i64::try_from(unix_seconds).unwrap_or(i64::MAX);
        let start = unix_seconds.saturating_sub(seconds(self.now()));
        self.start.store(start, Ordering::Relaxed);
    }

    /// Whether a round trip may begin. If so, [`travel`](Self::travel) must follow.
    pub(super) fn admit(&self) -> Option<Call> {
        self.health().circuit.admit(self.now())
    }

    /// Cancels a round trip that was not made.
    pub(super) fn release(&self, call: Call) {
        self.health().circuit.release(call);
    }

    pub(super) fn is_gone(&self) -> bool {
        self.health().is_gone
    }

    /// The runtime of round trips. A cancelled request does not cancel its round trip.
    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Makes the round trip; `None` if Redis did not decide, for any reason.
    pub(super) async fn travel(self: &Arc<Self>, call: Call, order: &mut Order) -> Option<Reply> {
        self.counters.trips.add(1);
        let mut used = None;
        let exchange = self.exchange(call, order, &mut used);
        let failure = match tokio::time::timeout(self.deadline, exchange).await {
            Ok(Ok(reply)) => {
                self.reached();
                return Some(reply);
            }
            Ok(Err(failure)) => failure,
            Err(_) => Failure::Late,
        };
        self.counters.failed.add(1);
        if let Some(number) = used {
            self.forget(number);
        }
        self.failed(call, &failure);
        None
    }

    async fn exchange(
        self: &Arc<Self>,
        call: Call,
        order: &mut Order,
        used: &mut Option<u64>,
    ) -> Result<Reply, Failure> {
        let (number, mut link) = self.link(call).await?;
        *used = Some(number);
        for _ in 0..2 {
            let answer = self.ask(&mut link, order).await?;
            match order.read(&answer).ok_or(Failure::Answer)? {
                Answered::Reply(reply) => {
                    self.note_time(reply.now_ns / NANOS_PER_SECOND);
                    return Ok(reply);
                }
                // The clocks differ by more than the rest of the period, or were set.
                Answered::OtherPeriod(now) => {
                    self.note_time(now);
                    order.at(now);
                    self.counters.trips.add(1);
                }
            }
        }
        Err(Failure::Answer)
    }

    async fn ask(&self, link: &mut Link, order: &Order) -> Result<Value, Failure> {
        match link.ask(&order.by_name()).await {
            // Redis was restarted or emptied, or is another server.
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.counters.trips.add(1);
                Ok(link.ask(&order.in_full()).await?)
            }
            answer => Ok(answer?),
        }
    }

    /// The connection, which is established if there is none.
    async fn link(self: &Arc<Self>, call: Call) -> Result<(u64, Link), Failure> {
        if let Some(link) = self.present() {
            return Ok(link);
        }
        let turn = Arc::clone(&self.connecting).lock_owned().await;
        if let Some(link) = self.present() {
            return Ok(link);
        }
        if !self.health().circuit.still_admits(call) {
            return Err(Failure::GivenUp);
        }
        // A connection may take longer than the deadline of a decision: later requests use it.
        let store = Arc::clone(self);
        let connected = self.runtime.spawn(async move {
            let link = store.place.connect(CONNECTING).await;
            let link = link.map(|link| store.keep(link));
            drop(turn);
            link
        });
        Ok(connected.await.map_err(|_| Failure::GivenUp)??)
    }

    fn present(&self) -> Option<(u64, Link)> {
        let numbered = lock(&self.link);
        numbered.link.clone().map(|link| (numbered.number, link))
    }

    fn keep(&self, link: Link) -> (u64, Link) {
        let mut numbered = lock(&self.link);
        numbered.number += 1;
        numbered.link = Some(link.clone());
        (numbered.number, link)
    }

    /// Drops a connection that has failed, unless it was replaced meanwhile.
    fn forget(&self, number: u64) {
        let mut numbered = lock(&self.link);
        if numbered.number == number {
            numbered.link = None;
        }
    }

    fn reached(&self) {
        let mut health = self.health();
        health.circuit.reached();
        if std::mem::take(&mut health.is_gone) {
            drop(health);
            tracing::info!("Redis decides about the shared limits `{}` again", self.prefix);
        }
    }

    fn failed(&self, call: Call, failure: &Failure) {
        let mut health = self.health();
        let is_news = health.circuit.failed(call, self.now());
        // Logged once for each outage.
        if is_news && !std::mem::replace(&mut health.is_gone, true) {
            drop(health);
            let Self { prefix, instead, .. } = self;
            tracing::error!(
                "Redis does not decide about the shared limits `{prefix}`, {instead}: {failure}"
            );
        }
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        lock(&self.health)
    }

    fn now(&self) -> u64 {
        self.clock.now().monotonic_nanos()
    }
}

/// A panic cannot leave partial changes under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        Self::Redis(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late => formatter.write_str("no answer within the deadline"),
            Self::Redis(error) => error.fmt(formatter),
            Self::Answer => formatter.write_str("an answer that is none"),
            Self::GivenUp => formatter.write_str("the trip was given up"),
        }
    }
}

fn seconds(nanos: u64) -> i64 {
    i64::try_from(nanos / NANOS_PER_SECOND).unwrap_or(i64::MAX)
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;
const UNKNOWN: i64 = i64::MIN;

/// Pauses of at most four seconds: after Redis is back, it may take as long until it decides again.
const MOST_DOUBLINGS: u32 = 4;

/// The timeout of a new connection, with TLS and several servers.
const CONNECTING: Duration = Duration::from_secs(5);
