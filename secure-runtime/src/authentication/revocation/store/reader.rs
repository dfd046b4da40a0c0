//! The thread that reads revocations from Redis, and decides whether the list is up to date.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Weak;
use std::time::Instant;

use redis::{Connection, RedisResult};

use super::super::Inner;
use super::super::list::{Issued, Target, UNREADABLE};
use super::Place;
use super::record::Record;

/// The number of an entry: milliseconds of Redis' clock, and a count within them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Id(u64, u64);

type Entry = (String, Vec<Vec<u8>>);

/// Why reading stopped.
enum Stop {
    /// Nobody holds the list any more.
    Unneeded,
    Failed(String),
}

/// Reads until the list is gone.
pub(super) fn read(place: &Place, list: &Weak<Inner>) {
    let mut reader =
        Reader { place, list, heard: None, furthest: Id::default(), is_failing: false };
    loop {
        // Whatever happens here, the list does not stay as it is without news.
        let stop = match catch_unwind(AssertUnwindSafe(|| reader.follow())) {
            Ok(Err(stop)) => stop,
            Err(_) => Stop::Failed("reading panicked".to_owned()),
        };
        let Stop::Failed(cause) = stop else { return };
        // Told once, and again when it has been well meanwhile: attempts come several times a second.
        if !std::mem::replace(&mut reader.is_failing, true) {
            tracing::warn!("what is revoked cannot be read from Redis: {cause}");
        }
        if reader.doubt().is_err() {
            return;
        }
        std::thread::sleep(place.beat() / 2);
    }
}

struct Reader<'a> {
    place: &'a Place,
    list: &'a Weak<Inner>,
    /// When everything there is had been read last.
    heard: Option<Instant>,
    furthest: Id,
    is_failing: bool,
}

impl Reader<'_> {
    /// Reads on one connection, from the beginning.
    fn follow(&mut self) -> Result<std::convert::Infallible, Stop> {
        self.doubt()?;
        let mut connection = self.place.connect()?;
        self.doubt()?;
        let goal = self.last(&mut connection)?;
        self.notice_loss(goal);
        let mut at = Id::default();
        loop {
            self.doubt()?;
            let entries = self.next(&mut connection, at)?;
            let inner = self.list.upgrade().ok_or(Stop::Unneeded)?;
            for (id, fields) in &entries {
                let id = Id::read(id)?;
                self.absorb(&inner, id, fields);
                at = id;
            }
            self.furthest = self.furthest.max(at);
            if at >= goal {
                self.heard = Some(Instant::now());
                if std::mem::take(&mut self.is_failing) {
                    tracing::info!("what is revoked is read from Redis again");
                }
                if inner.list.version() == UNREADABLE {
                    inner.list.set_readable(true);
                }
            }
            drop(inner);
            if entries.is_empty() && self.last(&mut connection)? < at {
                return Err(Stop::Failed("the stream begins anew".to_owned()));
            }
        }
    }

    /// Before anything that may take a step: whether the list can be relied on until its end.
    fn doubt(&self) -> Result<(), Stop> {
        let inner = self.list.upgrade().ok_or(Stop::Unneeded)?;
        let sharing = &self.place.sharing;
        let is_fresh = |heard: Instant| {
            sharing.serves_blindly || heard.elapsed() + self.place.step() < sharing.staleness
        };
        if !self.heard.is_some_and(is_fresh) && inner.list.version() != UNREADABLE {
            tracing::error!(
                "nobody is let through: Redis is out of reach, nobody knows what is revoked"
            );
            inner.list.set_readable(false);
        }
        Ok(())
    }

    fn absorb(&self, inner: &Inner, id: Id, fields: &[Vec<u8>]) {
        let added = id.0 / 1000;
        match Record::read(fields, added) {
            Some(record) => inner.keep(record.target(), record.issued()),
            None => {
                tracing::error!(
                    "entry {}-{} of the revocations is not understood: everything that was issued \
                     until then is revoked",
                    id.0,
                    id.1
                );
                inner.keep(Target::Everything, Issued::Until(added));
            }
        }
    }

    /// A Redis that was restarted without its data, or replaced by a copy that lagged behind.
    fn notice_loss(&self, last: Id) {
        let life = u64::try_from(self.place.life.as_millis()).unwrap_or(u64::MAX);
        let was_recent = self.list.upgrade().is_some_and(|inner| {
            let now = inner.clock.now().unix_nanos() / 1_000_000;
            self.furthest.0.saturating_add(life) > now
        });
        if last < self.furthest && was_recent {
            tracing::error!(
                "Redis has lost revocations: this process still knows them, one that starts now does \
                 not"
            );
        }
    }

    /// What comes after an entry; waits for it for a beat.
    fn next(&self, connection: &mut Connection, after: Id) -> RedisResult<Vec<Entry>> {
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(ENTRIES_AT_ONCE);
        command.arg("BLOCK").arg(u64::try_from(self.place.beat().as_millis()).unwrap_or(1).max(1));
        command.arg("STREAMS").arg(&self.place.sharing.key);
        command.arg(format!("{}-{}", after.0, after.1));
        let streams: Option<Vec<(String, Vec<Entry>)>> = command.query(connection)?;
        Ok(streams.into_iter().flatten().flat_map(|(_, entries)| entries).collect())
    }

    /// The last entry there is.
    fn last(&self, connection: &mut Connection) -> Result<Id, Stop> {
        let mut command = redis::cmd("XREVRANGE");
        command.arg(&self.place.sharing.key).arg("+").arg("-").arg("COUNT").arg(1);
        let entries: Vec<Entry> = command.query(connection)?;
        entries.first().map_or(Ok(Id::default()), |(id, _)| Id::read(id))
    }
}

impl Id {
    fn read(text: &str) -> Result<Self, Stop> {
        let numbers = text.split_once('-');
        let numbers =
            numbers.and_then(|(time, count)| Some((time.parse().ok()?, count.parse().ok()?)));
        let (time, count) =
            numbers.ok_or_else(|| Stop::Failed("an entry without a number".to_owned()))?;
        Ok(Self(time, count))
    }
}

impl From<redis::RedisError> for Stop {
    fn from(error: redis::RedisError) -> Self {
        Self::Failed(error.to_string())
    }
}

const ENTRIES_AT_ONCE: usize = 1000;
