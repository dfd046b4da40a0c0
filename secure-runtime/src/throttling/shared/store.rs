//! One trip to Redis: within a deadline, on a connection that all share, and not at all while Redis
//! was out of reach just now.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind};
use tokio::runtime::Handle;
use tokio::sync::Mutex as WaitingMutex;

use super::script::{Order, Reply};
use super::statistics::Counters;
use crate::circuit::{Call, Circuit};
use crate::redis_client::{Link, Place};
use crate::time::Clock;

/// The way to Redis.
pub(super) struct Store {
    place: Arc<Place>,
    runtime: Handle,
    deadline: Duration,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
    /// Which limits these are, and what is done instead, for the log.
    prefix: String,
    instead: &'static str,
    link: Mutex<Numbered>,
    connecting: Arc<WaitingMutex<()>>,
    health: Mutex<Health>,
}

/// The connection, if there is one, and how many there were.
#[derive(Default)]
struct Numbered {
    number: u64,
    link: Option<Link>,
}

struct Health {
    circuit: Circuit,
    is_gone: bool,
}

/// Why a trip brought nothing.
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
    pub(super) counters: Arc<Counters>,
    pub(super) prefix: String,
    pub(super) instead: &'static str,
}

impl Store {
    pub(super) fn new(terms: Terms, runtime: Handle) -> Self {
        let Terms { place, deadline, clock, counters, prefix, instead } = terms;
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
        }
    }

    /// Whether a trip may begin. It must end then, by [`travel`](Self::travel).
    pub(super) fn admit(&self) -> Option<Call> {
        self.health().circuit.admit(self.now())
    }

    /// Ends a trip that was not made.
    pub(super) fn release(&self, call: Call) {
        self.health().circuit.release(call);
    }

    pub(super) fn is_gone(&self) -> bool {
        self.health().is_gone
    }

    /// The runtime on which trips are made: whoever stops waiting ends none.
    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Makes the trip; `None` when Redis did not decide, for whatever reason.
    pub(super) async fn travel(self: &Arc<Self>, call: Call, order: &Order) -> Option<Reply> {
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
        order: &Order,
        used: &mut Option<u64>,
    ) -> Result<Reply, Failure> {
        let (number, mut link) = self.link(call).await?;
        *used = Some(number);
        let answer = match link.ask(&order.by_name()).await {
            // It was restarted, emptied, or is another one.
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.counters.trips.add(1);
                link.ask(&order.in_full()).await?
            }
            answer => answer?,
        };
        Reply::read(&answer, order.limits()).ok_or(Failure::Answer)
    }

    /// The connection, made first if there is none.
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
        // A connection may take longer than a decision: who comes later finds it.
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

    /// Lets go of a connection that has failed, unless there is another one by now.
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
        // Told once, and again when Redis has been well meanwhile.
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

/// Nothing is half done under these locks.
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

/// Pauses of four seconds at most: so long after Redis is back may it take until it decides again.
const MOST_DOUBLINGS: u32 = 4;

/// How long a new connection may take, with TLS and several servers to ask.
const CONNECTING: Duration = Duration::from_secs(5);
