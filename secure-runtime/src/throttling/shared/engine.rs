//! Who decides: this instance by its leases, Redis, or what stands in for it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::ask::{Ask, Kind, SharedLimit, SharedTerms, Source, StoreUnavailable, Verdict};
use super::builder::{OnStoreFailure, Parts};
use super::fallback::{Fallback, share, share_of_period};
use super::flight::{Bell, Flight, brought_permits, new_bell};
use super::held::Held;
use super::leases::{Bounds, Departure, Leases, Spending};
use super::names::Names;
use super::periods::Periods;
use super::script::{Line, Order, Reply};
use super::statistics::{Counters, SharedStatistics};
use super::store::{Store, Terms};
use super::verdict::{arrival, of_reply};
use crate::support::time::Clock;
use crate::throttling::rate::gcra::{Decision, Demand};
use crate::throttling::rate::quota::Quota;

/// Limits that instances share.
pub(super) struct Engine {
    store: Arc<Store>,
    names: Names,
    leases: Option<Arc<Leases<Bell>>>,
    most_leased: u32,
    /// Hashes keys for the leases too.
    local: Fallback,
    on_failure: OnStoreFailure,
    instances: NonZeroU32,
    clock: Arc<dyn Clock>,
    is_time_given: bool,
    counters: Arc<Counters>,
    numbers: AtomicU64,
    /// Ends the thread when this is gone.
    _stop: oneshot::Sender<()>,
}

/// What could be done with the leases alone.
enum Attempt {
    Decided(Verdict),
    /// The first ask that finds no permits.
    Missing(usize),
}

impl Engine {
    /// Starts the thread on which trips are made.
    pub(super) fn start(parts: Parts) -> std::io::Result<Arc<Self>> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("secure-limits".to_owned());
        thread.spawn(move || {
            // An error: the engine is gone, which is what is waited for.
            let _ = runtime.block_on(stopped);
        })?;
        Ok(Arc::new(Self::new(parts, handle, stop)))
    }

    fn new(parts: Parts, runtime: Handle, stop: oneshot::Sender<()>) -> Self {
        let counters = Arc::new(Counters::default());
        let terms = Terms {
            place: parts.place,
            deadline: parts.deadline,
            clock: Arc::clone(&parts.clock),
            is_time_given: parts.is_time_given,
            counters: Arc::clone(&counters),
            prefix: parts.prefix.clone(),
            instead: match parts.on_failure {
                OnStoreFailure::Local => "each instance counts its share alone",
                OnStoreFailure::Deny => "requests under them are refused",
                OnStoreFailure::Allow => "nothing is limited by them",
            },
        };
        let life = u64::try_from(parts.lease_life.as_nanos()).unwrap_or(u64::MAX);
        Self {
            store: Arc::new(Store::new(terms, runtime)),
            names: Names::new(parts.prefix, &parts.secret),
            leases: (parts.leases > 1)
                .then(|| Arc::new(Leases::new(parts.lease_capacity_keys, life))),
            most_leased: parts.leases,
            local: Fallback::new(parts.fallback_capacity_keys),
            on_failure: parts.on_failure,
            instances: parts.instances,
            clock: parts.clock,
            is_time_given: parts.is_time_given,
            counters,
            numbers: AtomicU64::new(0),
            _stop: stop,
        }
    }

    /// What tells limits apart in this process.
    pub(super) fn new_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn limit(&self, name: &str, quota: Quota) -> SharedLimit {
        SharedLimit {
            number: self.new_number(),
            family: self.new_number(),
            quota,
            whole: quota.burst_tolerance_ns(),
            largest: Arc::default(),
            periods: None,
            share: share(&quota, self.instances),
            leased: Bounds::new(self.most_leased, quota.burst().get()),
            name: self.names.limit(name),
        }
    }

    /// `None` if the time zone is not known.
    pub(super) fn limit_of(&self, terms: &SharedTerms<'_>) -> Option<SharedLimit> {
        let SharedTerms { family, name, quota, is_share_of_window, period, largest } = *terms;
        let mut limit = self.limit(name, quota);
        (limit.family, limit.largest) = (family, Arc::clone(largest));
        if is_share_of_window {
            limit.whole = quota.with_burst(quota.permits()).burst_tolerance_ns();
        }
        if let Some((period, zone)) = period {
            let permits = quota.permits();
            let share = share_of_period(permits, self.instances);
            limit.periods = Some(Arc::new(Periods::new(period, zone, permits, share)?));
            // What lapsed would be gone until the period ends.
            limit.leased = Bounds::NOTHING;
            self.local.prepare_calendar();
        }
        Some(limit)
    }

    pub(super) fn statistics(&self) -> SharedStatistics {
        let evicted_leases = self.leases.as_ref().map_or(0, |leases| leases.evicted());
        let evicted = [evicted_leases, self.local.evicted()];
        self.counters.read(evicted, self.store.is_gone())
    }

    /// Decides without waiting; `None` if that takes a trip.
    pub(super) fn decide_now(&self, group: &[u8], asks: &[Ask<'_>]) -> Option<Verdict> {
        let leases = self.leases_for(asks)?;
        match self.attempt(leases, group, asks, None) {
            Attempt::Decided(verdict) => Some(verdict),
            Attempt::Missing(_) => None,
        }
    }

    pub(super) async fn decide(
        &self,
        group: &[u8],
        asks: &[Ask<'_>],
    ) -> Result<Verdict, StoreUnavailable> {
        let mut flights = Vec::new();
        if let Some(leases) = self.leases_for(asks) {
            let mut awaited = None;
            let mut is_waiting_worthwhile = true;
            for _ in 0..MOST_FLIGHTS_AWAITED {
                let missing = match self.attempt(leases, group, asks, awaited) {
                    Attempt::Decided(verdict) => return Ok(verdict),
                    Attempt::Missing(missing) => missing,
                };
                // Who waited for a flight that brought nothing goes alone.
                if !is_waiting_worthwhile {
                    break;
                }
                match self.depart(leases, asks, missing) {
                    Ok(begun) => {
                        flights = begun;
                        break;
                    }
                    Err(bell) => {
                        is_waiting_worthwhile = brought_permits(bell).await;
                        awaited = Some(missing);
                    }
                }
            }
        }
        let verdict = match self.trip(group, asks, flights).await {
            Some(reply) => {
                self.counters.decided.add(1);
                of_reply(asks, &reply)
            }
            None => self.stand_in(asks)?,
        };
        self.give_back(asks, &verdict);
        Ok(verdict)
    }

    /// Gives back what this instance has let a request take before that is refused now.
    fn give_back(&self, asks: &[Ask<'_>], verdict: &Verdict) {
        let now = self.clock.now();
        for (place, ask) in asks.iter().enumerate() {
            if !verdict.gives_back(place, ask) {
                continue;
            }
            if let (Held::Leased { cost, lapses }, Some(leases)) = (ask.held, &self.leases) {
                let (bounds, nanos) = (ask.limit.leased, now.monotonic_nanos());
                leases.put_back(self.key(ask), cost.get(), lapses, bounds, nanos);
            }
            // The fallback has done so by itself.
            if verdict.source != Source::Local {
                self.local.give_back(ask, now);
            }
        }
    }

    /// The leases, if they can decide about all of this.
    fn leases_for(&self, asks: &[Ask<'_>]) -> Option<&Arc<Leases<Bell>>> {
        let can_be_leased = |ask: &Ask<'_>| {
            let most = ask.limit.leased.brought;
            let is_taken = matches!(ask.kind, Kind::Take | Kind::Observe | Kind::Keep);
            is_taken && most > 1 && ask.cost.get() <= most
        };
        self.leases.as_ref().filter(|_| !asks.is_empty() && asks.iter().all(can_be_leased))
    }

    /// Spends permits of all limits that are in hand, or of none; those of one were waited for.
    fn attempt(
        &self,
        leases: &Arc<Leases<Bell>>,
        group: &[u8],
        asks: &[Ask<'_>],
        awaited: Option<usize>,
    ) -> Attempt {
        let now = self.clock.now().monotonic_nanos();
        let mut decisions = Vec::with_capacity(asks.len());
        let mut lapses = Vec::with_capacity(asks.len());
        // What was taken before is given back by who refuses the rest: that is Redis then.
        let is_second_look = asks.iter().any(|ask| ask.taken > 0);
        for (index, ask) in asks.iter().enumerate() {
            let demand = Demand::new(&ask.limit.quota, ask.cost, now);
            let refuses = |arrival| demand.admit(arrival).is_none();
            let (key, has_waited) = (self.key(ask), awaited == Some(index));
            if ask.kind == Kind::Keep {
                decisions.push(demand.decide(arrival(ask, leases.look(key, now)), true));
                lapses.push(None);
                continue;
            }
            let wanted = (ask.cost.get(), ask.limit.leased);
            let found = leases.spend(key, wanted, has_waited, now, refuses);
            let is_missing = match found {
                Spending::Spent(spent) => {
                    if spent.is_low {
                        self.depart_early(leases, group, ask);
                    }
                    decisions.push(demand.decide(arrival(ask, spent.state), true));
                    lapses.push(Some(spent.lapses));
                    continue;
                }
                Spending::Refused(_) if is_second_look => true,
                Spending::Refused(arrival) if ask.kind == Kind::Observe => {
                    decisions.push(demand.decide(arrival, false));
                    lapses.push(None);
                    continue;
                }
                Spending::Refused(_) => false,
                Spending::Empty => true,
            };
            for (ask, lapses) in asks.iter().zip(&lapses) {
                if let Some(lapses) = *lapses {
                    let (cost, bounds) = (ask.cost.get(), ask.limit.leased);
                    leases.put_back(self.key(ask), cost, lapses, bounds, now);
                }
            }
            if is_missing {
                return Attempt::Missing(index);
            }
            let refused = |(other, ask): (usize, &Ask<'_>)| {
                let demand = Demand::new(&ask.limit.quota, ask.cost, now);
                let arrival = arrival(ask, leases.look(self.key(ask), now));
                if other == index { demand.decide(arrival, false) } else { demand.peeked(arrival) }
            };
            decisions = asks.iter().enumerate().map(refused).collect();
            return Attempt::Decided(self.leased(false, decisions, lapses));
        }
        Attempt::Decided(self.leased(true, decisions, lapses))
    }

    fn leased(
        &self,
        is_admitted: bool,
        decisions: Vec<Decision>,
        lapses: Vec<Option<u64>>,
    ) -> Verdict {
        self.counters.decided.add(1);
        self.counters.leased.add(1);
        Verdict { is_admitted, decisions, periods: Vec::new(), lapses, source: Source::Leased }
    }

    /// Begins a flight for the ask that misses permits, and for others that run low; or the bell of the
    /// one to wait for.
    fn depart(
        &self,
        leases: &Arc<Leases<Bell>>,
        asks: &[Ask<'_>],
        missing: usize,
    ) -> Result<Vec<Flight>, Bell> {
        let now = self.clock.now().monotonic_nanos();
        let mut flights = Vec::new();
        for (index, ask) in asks.iter().enumerate() {
            let key = self.key(ask);
            let mut ring = None;
            let bell = || new_bell(&mut ring);
            let bounds = ask.limit.leased;
            let begun = if index == missing {
                match leases.depart(key, ask.cost.get(), bounds, now, bell) {
                    Departure::Begun(pending, berth) => Some((pending, berth)),
                    Departure::Joined(bell) => {
                        // Flights that were begun for asks before this one land here, with nothing.
                        return Err(bell);
                    }
                    Departure::Alone => None,
                }
            } else {
                leases.depart_early(key, bounds, now, bell)
            };
            if let Some((begun, ring)) = begun.zip(ring) {
                flights.push(Flight::new(leases, key, index, begun, ring));
            }
        }
        Ok(flights)
    }

    /// Has permits fetched that will be missing soon; nobody waits for it.
    fn depart_early(&self, leases: &Arc<Leases<Bell>>, group: &[u8], ask: &Ask<'_>) {
        let Some(call) = self.store.admit() else { return };
        let now = self.clock.now().monotonic_nanos();
        let key = self.key(ask);
        let mut ring = None;
        let bell = || new_bell(&mut ring);
        let begun = leases.depart_early(key, ask.limit.leased, now, bell);
        let Some((begun, ring)) = begun.zip(ring) else {
            self.store.release(call);
            return;
        };
        let flight = Flight::new(leases, key, 0, begun, ring);
        let name = self.names.key(&self.names.group(group), &ask.limit.name, ask.whom);
        let mut order =
            Order::new(vec![Line::lease(name, ask.limit, flight.pending())], self.given_time());
        let (store, counters) = (Arc::clone(&self.store), Arc::clone(&self.counters));
        self.store.runtime().spawn(async move {
            if let Some(reply) = store.travel(call, &mut order).await {
                flight.land(&reply, now, &counters);
            }
        });
    }

    /// One trip for all asks. It is made whether or not anybody goes on waiting.
    async fn trip(&self, group: &[u8], asks: &[Ask<'_>], flights: Vec<Flight>) -> Option<Reply> {
        let call = self.store.admit()?;
        let group = self.names.group(group);
        let about_now = self.store.about_now();
        let lines = asks.iter().enumerate().map(|(index, ask)| {
            let flight = flights.iter().find(|flight| flight.serves(index));
            let lease = flight.map_or(0, Flight::pending);
            Line::new(self.names.key(&group, &ask.limit.name, ask.whom), ask, lease, about_now)
        });
        let mut order = Order::new(lines.collect(), self.given_time());
        let (store, counters) = (Arc::clone(&self.store), Arc::clone(&self.counters));
        let sent = self.clock.now().monotonic_nanos();
        let trip = self.store.runtime().spawn(async move {
            let reply = store.travel(call, &mut order).await?;
            for flight in flights {
                flight.land(&reply, sent, &counters);
            }
            Some(reply)
        });
        trip.await.unwrap_or_else(|_| {
            self.store.release(call);
            None
        })
    }

    /// What decides without Redis.
    fn stand_in(&self, asks: &[Ask<'_>]) -> Result<Verdict, StoreUnavailable> {
        self.counters.decided.add(1);
        self.counters.fallback.add(1);
        match self.on_failure {
            OnStoreFailure::Local => Ok(self.local.decide(asks, self.clock.now())),
            OnStoreFailure::Deny => Err(StoreUnavailable),
            OnStoreFailure::Allow => Ok(Verdict::of_nobody()),
        }
    }

    fn key(&self, ask: &Ask<'_>) -> u64 {
        self.local.key(ask.limit.number, ask.whom).bits()
    }

    fn given_time(&self) -> Option<u64> {
        self.is_time_given.then(|| self.clock.now().unix_nanos())
    }
}

/// More than this only where many more wait for one key than may be held of it.
const MOST_FLIGHTS_AWAITED: usize = 32;
