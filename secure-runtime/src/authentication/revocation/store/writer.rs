//! The thread that writes revocations to the Redis stream, and retries after an outage.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use redis::{Connection, RedisResult};
use tokio::sync::oneshot;

use super::super::list::{Issued, Target};
use super::super::revoked::RevocationError;
use super::Place;
use super::record::Record;

/// A revocation, and the callers that wait until it is stored.
pub(super) struct Order {
    pub(super) record: Record,
    pub(super) done: oneshot::Sender<Result<(), RevocationError>>,
}

/// Writes until no further revocation can be sent.
pub(super) fn write(place: &Place, orders: &Receiver<Order>) {
    let mut writer = Writer { place, link: None, waiting: VecDeque::new(), failed_at: None };
    loop {
        let order = if writer.waiting.is_empty() {
            orders.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            orders.recv_timeout(place.beat())
        };
        let first = match order {
            Ok(order) => Some(order),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                // A last attempt; no caller waits for it.
                let _ = writer.store();
                return;
            }
        };
        let (records, dones): (Vec<_>, Vec<_>) = first
            .into_iter()
            .chain(orders.try_iter().take(ORDERS_AT_ONCE))
            .map(|order| (order.record, order.done))
            .unzip();
        writer.waiting.extend(records);
        writer.bound();
        let outcome = writer.store();
        for done in dones {
            // An error means that the caller no longer waits.
            let _ = done.send(outcome);
        }
    }
}

struct Writer<'a> {
    place: &'a Place,
    link: Option<Link>,
    /// What is not stored yet.
    waiting: VecDeque<Record>,
    failed_at: Option<Instant>,
}

/// A connection, and the time of Redis when it was made.
struct Link {
    connection: Connection,
    redis_clock: Duration,
    since: Instant,
}

impl Writer<'_> {
    /// Stores everything that waits; what Redis does not take goes on waiting.
    fn store(&mut self) -> Result<(), RevocationError> {
        // Where Redis is out of reach, not everybody waits for it anew.
        if self.failed_at.is_some_and(|failed| failed.elapsed() < self.place.beat()) {
            return Err(RevocationError::NotStored);
        }
        match self.try_store() {
            Ok(()) => {
                self.failed_at = None;
                Ok(())
            }
            Err(error) => {
                tracing::warn!("{} revocations are not stored yet: {error}", self.waiting.len());
                self.link = None;
                self.failed_at = Some(Instant::now());
                Err(RevocationError::NotStored)
            }
        }
    }

    fn try_store(&mut self) -> RedisResult<()> {
        while !self.waiting.is_empty() {
            let link = match &mut self.link {
                Some(link) => link,
                None => self.link.insert(Link::new(self.place)?),
            };
            let oldest = link.oldest_that_counts(self.place.life).as_millis();
            let mut pipeline = redis::pipe();
            let batch = self.waiting.len().min(ORDERS_AT_ONCE);
            for record in self.waiting.iter().take(batch) {
                let command = pipeline.cmd("XADD").arg(&self.place.sharing.key);
                command.arg("MINID").arg("~").arg(oldest.to_string()).arg("*");
                for (field, value) in record.fields() {
                    command.arg(field).arg(value);
                }
                command.ignore();
            }
            let life = u64::try_from(self.place.life.as_millis()).unwrap_or(u64::MAX);
            let command = pipeline.cmd("PEXPIRE").arg(&self.place.sharing.key);
            command.arg(life.min(LONGEST_EXPIRY)).ignore();
            pipeline.query::<()>(&mut link.connection)?;
            self.waiting.drain(..batch);
        }
        Ok(())
    }

    /// What waits too long is kept coarsely: nothing is forgotten.
    fn bound(&mut self) {
        if self.waiting.len() > MOST_WAITING {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            self.waiting.clear();
            self.waiting.push_back(Record::new(Target::Everything, Issued::Until(now)));
            tracing::error!(
                "too many revocations wait for Redis: everything that was issued until now is to be \
                 revoked instead"
            );
        }
    }
}

impl Link {
    fn new(place: &Place) -> RedisResult<Self> {
        let mut connection = place.connect()?;
        let (seconds, micros): (u64, u32) = redis::cmd("TIME").query(&mut connection)?;
        let redis_clock = Duration::from_secs(seconds) + Duration::from_micros(micros.into());
        Ok(Self { connection, redis_clock, since: Instant::now() })
    }

    /// Older entries stop nothing any more. One clock that is wrong, ours or Redis', forgets nothing.
    fn oldest_that_counts(&self, life: Duration) -> Duration {
        let theirs = self.redis_clock + self.since.elapsed();
        let ours = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        theirs.min(ours).saturating_sub(life)
    }
}

const ORDERS_AT_ONCE: usize = 1000;

const MOST_WAITING: usize = 100_000;

/// A hundred years in milliseconds: Redis takes no arbitrary number.
const LONGEST_EXPIRY: u64 = 100 * 365 * 24 * 60 * 60 * 1000;
