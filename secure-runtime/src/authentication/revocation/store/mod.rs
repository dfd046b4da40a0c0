//! Revocations shared by all processes of a service through a Redis stream.
//!
//! 1. A revocation is an entry of one stream, added by the process that revokes. Entries that are older than the
//!    life of a revocation are trimmed. A stream without new entries for that time expires.
//! 2. Each process reads the whole stream before it accepts a token. Then it blocks at the end of the stream, and
//!    Redis sends new entries immediately.
//! 3. Each new connection reads from the beginning, so that no entry is missed after an interruption or a
//!    failover. A process never drops entries because of the state of Redis.
//! 4. The process receives something from Redis several times within the allowed staleness. Otherwise it fails
//!    closed (503), until it has read the whole stream again.
//! 5. An entry with an unknown format revokes everything that was issued until it was added.
//!
//! Reading and writing have a thread and a connection each, which end with the last handle.

mod reader;
mod record;
mod writer;

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use redis::{Client, Connection, RedisResult};

use super::builder::RevocationsBuilder;
use super::list::{Issued, List, Target};
use super::revoked::{RevocationError, Revoked};
use super::{Inner, Revocations};
use crate::support::redis_client;
use record::Record;
use writer::Order;

/// Where revocations are shared, and what happens while they cannot be read.
#[derive(Clone, Debug)]
pub(super) struct Sharing {
    key: String,
    staleness: Duration,
    serves_blindly: bool,
}

/// The way to the thread that writes.
pub(super) struct Store(Sender<Order>);

/// Why revocations cannot be shared there: the address, or a thread that cannot be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidStore(String);

/// What the threads know of Redis.
#[derive(Clone)]
struct Place {
    client: Client,
    sharing: Sharing,
    life: Duration,
}

impl RevocationsBuilder {
    /// A list that every process shares which names the same Redis (6.2 or later, or Valkey) and
    /// [`redis_key`](Self::redis_key).
    ///
    /// Until it was read as a whole, and while Redis is out of reach for longer than
    /// [`staleness`](Self::staleness), callers are answered with 503.
    ///
    /// # Errors
    ///
    /// When the address is not one of Redis: `redis://user:password@host:port/database`, or `rediss://`
    /// for TLS with the certificates that this machine trusts. A Redis that is not there now may come
    /// later.
    ///
    /// ```
    /// use secure_runtime::authentication::Revocations;
    ///
    /// let revocations = Revocations::builder().redis("redis://127.0.0.1:6379/")?;
    /// # Ok::<(), secure_runtime::authentication::InvalidStore>(())
    /// ```
    pub fn redis(self, address: &str) -> Result<Revocations, InvalidStore> {
        let client =
            redis_client::client(address).map_err(|fault| InvalidStore(fault.to_string()))?;
        let place = Place { client, sharing: self.shared.clone(), life: self.life() };
        let (orders, received) = channel();
        let inner = Arc::new(Inner {
            list: List::new(self.terms(), false),
            longest_seconds: self.longest.as_secs(),
            clock: self.clock,
            store: Some(Store(orders)),
        });
        let weak = Arc::downgrade(&inner);
        let reading = place.clone();
        spawn("secure-revoked", move || reader::read(&reading, &weak))?;
        spawn("secure-revoking", move || writer::write(&place, &received))?;
        Ok(Revocations(inner))
    }

    /// The name of the stream in Redis; `secure:revocations` by default.
    pub fn redis_key(mut self, key: impl Into<String>) -> Self {
        self.shared.key = key.into();
        self
    }

    /// How long callers are let through without news from Redis; 5 seconds by default, a
    /// quarter of a second at least. So long, at most, a revocation by another process may go
    /// unnoticed while the network between is cut.
    pub fn staleness(mut self, duration: Duration) -> Self {
        self.shared.staleness = duration.max(SHORTEST_STALENESS);
        self
    }

    /// Lets callers through while Redis is out of reach, by what was known before, instead of
    /// answering 503.
    ///
    /// What other processes revoke meanwhile counts here only when Redis is back. Until the list was
    /// read for the first time, no caller is let through.
    pub fn dangerously_serve_without_redis(mut self) -> Self {
        self.shared.serves_blindly = true;
        self
    }
}

impl Store {
    /// Has a revocation stored.
    pub(super) fn add(&self, target: Target<'_>, issued: Issued) -> Revoked {
        let (done, outcome) = tokio::sync::oneshot::channel();
        let order = Order { record: Record::new(target, issued), done };
        match self.0.send(order) {
            Ok(()) => Revoked::storing(outcome),
            Err(_) => Revoked::known(Err(RevocationError::NotStored)),
        }
    }
}

impl Default for Sharing {
    fn default() -> Self {
        Self {
            key: "secure:revocations".to_owned(),
            staleness: Duration::from_secs(5),
            serves_blindly: false,
        }
    }
}

impl Place {
    /// A connection on which nothing takes longer than a step.
    fn connect(&self) -> RedisResult<Connection> {
        let connection = self.client.get_connection_with_timeout(self.step())?;
        connection.set_read_timeout(Some(self.step()))?;
        connection.set_write_timeout(Some(self.step()))?;
        Ok(connection)
    }

    /// How long Redis keeps a reader waiting that has read everything.
    fn beat(&self) -> Duration {
        (self.sharing.staleness / 5).min(Duration::from_secs(1))
    }

    /// How long anything may take; then it is given up.
    fn step(&self) -> Duration {
        self.beat() * 2
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), InvalidStore> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map(drop).map_err(|error| InvalidStore(format!("no thread for revocations: {error}")))
}

impl fmt::Display for InvalidStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for InvalidStore {}

const SHORTEST_STALENESS: Duration = Duration::from_millis(250);
