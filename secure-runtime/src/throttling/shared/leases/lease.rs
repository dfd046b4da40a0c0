//! The lease of one key: its leased permits, and the round trips (flights) that fetch more.

use super::table::{Spent, State};

/// The state of one key.
pub(super) struct Lease<Bell> {
    pub(super) key: u64,
    /// The leased permits; the batch that lapses first comes first, spent ones last.
    grants: [Grant; GRANTS],
    flights: [Option<Flight<Bell>>; FLIGHTS],
    /// The demand in half the life of a lease, as far as it matters; zero before the first flight.
    target: u32,
    /// The start of the last flight, and the demand since.
    pub(super) since: u64,
    demanded: u32,
    /// The demand of requests that waited for the last flight in vain.
    crowd: u32,
    known: Known,
}

/// Permits that lapse together.
#[derive(Clone, Copy, Default)]
struct Grant {
    permits: u32,
    /// The number reserved for requests that waited for the flight that leased them.
    reserved: u32,
    lapses: u64,
}

struct Flight<Bell> {
    bell: Bell,
    /// The largest number of permits that it may lease.
    pending: u32,
    /// The demand of the requests that wait for it.
    awaited: u32,
}

/// The last known state of a key in Redis: the time at which its bucket is full, as read at some time. It is
/// not earlier now, because permits come back only over time.
#[derive(Clone, Copy, Default)]
struct Known {
    arrival: u64,
    at: u64,
}

/// The number of a flight of a key.
pub(crate) type Berth = usize;

/// The result of a flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Landing {
    pub(crate) leased: u32,
    /// Its start.
    pub(crate) sent: u64,
    /// The time at which the bucket is full, and no earlier.
    pub(crate) arrival: u64,
}

/// The bounds for leases of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// By one flight.
    pub(crate) brought: u32,
    /// In hand and under way together: at least twice as much.
    pub(crate) held: u32,
}

impl Bounds {
    /// For a limit without leases.
    pub(crate) const NOTHING: Self = Self { brought: 1, held: 2 };

    /// The bounds for a setting of `leases`: a small burst reduces both.
    pub(crate) fn new(leases: u32, burst: u32) -> Self {
        let part = burst / SMALLEST_PART;
        if part == 0 {
            return Self::NOTHING;
        }
        let held = leases.saturating_mul(MOST_HELD).min(part.saturating_mul(2));
        Self { brought: leases.min(part), held }
    }
}

/// A flight leases at most this part of a burst, and an instance holds twice as much.
const SMALLEST_PART: u32 = 16;

/// An instance holds this multiple of what a flight may lease.
const MOST_HELD: u32 = 4;

/// The number of flights under way for a busy key: while one leases permits, others fetch the next. For any
/// other key it is one.
const FLIGHTS: usize = MOST_HELD as usize;

/// One batch for each flight of full size that may be held, and one that is partly spent.
const GRANTS: usize = FLIGHTS + 1;

impl<Bell: Clone> Lease<Bell> {
    pub(super) fn new(key: u64, now: u64) -> Self {
        Self {
            key,
            grants: [Grant::default(); GRANTS],
            flights: [const { None }; FLIGHTS],
            target: 0,
            since: now,
            demanded: 0,
            crowd: 0,
            known: Known::default(),
        }
    }

    pub(super) fn lapse(&mut self, now: u64) {
        for grant in &mut self.grants {
            if grant.lapses <= now {
                (grant.permits, grant.reserved) = (0, 0);
            }
        }
    }

    pub(super) fn in_hand(&self) -> u32 {
        self.grants.iter().fold(0, |sum: u32, grant| sum.saturating_add(grant.permits))
    }

    pub(super) fn is_in_flight(&self) -> bool {
        self.flights.iter().any(Option::is_some)
    }

    /// The permits in hand and under way.
    fn at_hand(&self) -> u32 {
        let flights = self.flights.iter().flatten();
        flights.fold(self.in_hand(), |sum, flight| sum.saturating_add(flight.pending))
    }

    /// Whether the next flight should start: half of what one leases is left, and a flight takes less time
    /// than that lasts. A busy key, whose demand is as high as leases can serve, may have another flight
    /// beside it.
    pub(super) fn is_low(&self, bounds: Bounds) -> bool {
        if self.target <= 1 {
            return false;
        }
        if self.target < bounds.brought {
            return !self.is_in_flight() && self.at_hand() <= self.target / 2;
        }
        self.berth_beside(bounds).is_some()
    }

    /// How much of a busy key may be in hand and under way when another flight starts. More than two flights
    /// lease is held only if it is spent in a quarter of a lease's life, so that no permits lapse.
    fn left_of_busy(&self, bounds: Bounds) -> u32 {
        let held = bounds.brought.saturating_mul(2).max(self.target / 2).min(bounds.held);
        held.saturating_sub(bounds.brought)
    }

    pub(super) fn state(&self) -> State {
        State { arrival: self.known.arrival, in_hand: self.in_hand() }
    }

    /// Takes permits in hand, for a request that may have waited for them; `None` if there are not enough.
    pub(super) fn spend(&mut self, cost: u32, has_waited: bool, bounds: Bounds) -> Option<Spent> {
        let reserved = if has_waited { 0 } else { self.reserved() };
        if self.in_hand().saturating_sub(reserved) < cost {
            return None;
        }
        if has_waited {
            let mut served = cost;
            for grant in &mut self.grants {
                let now = served.min(grant.reserved);
                grant.reserved -= now;
                served -= now;
            }
        }
        let lapses = self.take(cost);
        self.demand(cost);
        Some(Spent { state: self.state(), lapses, is_low: self.is_low(bounds) })
    }

    /// The permits reserved for requests that waited. If such a request is gone, the reservation ends with
    /// the lease.
    fn reserved(&self) -> u32 {
        self.grants.iter().fold(0, |sum: u32, it| sum.saturating_add(it.reserved.min(it.permits)))
    }

    /// Takes permits that are there. Returns when the first of them would have lapsed.
    fn take(&mut self, cost: u32) -> u64 {
        let mut left = cost;
        let mut lapses = u64::MAX;
        for grant in &mut self.grants {
            let taken = grant.permits.min(left);
            if taken > 0 {
                grant.permits -= taken;
                left -= taken;
                lapses = lapses.min(grant.lapses);
            }
        }
        lapses
    }

    /// Puts back permits that were spent in vain, unless they have lapsed, or flights that began meanwhile
    /// use up the bound.
    pub(super) fn put_back(&mut self, cost: u32, lapses: u64, bounds: Bounds, now: u64) {
        self.demanded = self.demanded.saturating_sub(cost);
        let cost = cost.min(bounds.held.saturating_sub(self.at_hand()));
        if lapses <= now || cost == 0 {
            return;
        }
        // Never to permits with a later end.
        let earlier = self.grants.iter_mut().find(|g| g.permits > 0 && g.lapses <= lapses);
        match earlier {
            Some(grant) => grant.permits = grant.permits.saturating_add(cost),
            None => self.receive(Grant { permits: cost, reserved: 0, lapses }),
        }
    }

    /// The time at which the bucket is full, if it was read after this time.
    pub(super) fn known_since(&self, then: u64) -> Option<u64> {
        (self.known.at >= then).then_some(self.known.arrival)
    }

    pub(super) fn demand(&mut self, cost: u32) {
        self.demanded = self.demanded.saturating_add(cost);
    }

    /// Joins a flight under way, unless all its permits are waited for already and another one may start.
    pub(super) fn join(&mut self, cost: u32, bounds: Bounds) -> Option<Bell> {
        let may_depart = self.berth(bounds).is_some();
        let flights = self.flights.iter_mut().flatten().filter(|flight| flight.pending > 0);
        let flight = flights.min_by_key(|flight| flight.awaited)?;
        if may_depart && flight.awaited.saturating_add(cost) > flight.pending {
            return None;
        }
        flight.awaited = flight.awaited.saturating_add(cost);
        Some(flight.bell.clone())
    }

    /// The slot of the next flight.
    pub(super) fn berth(&self, bounds: Bounds) -> Option<Berth> {
        if !self.is_in_flight() {
            return Some(0);
        }
        let is_busy = self.target >= bounds.brought && bounds.brought > 1;
        self.berth_beside(bounds).filter(|_| is_busy)
    }

    /// The slot of another flight of a busy key.
    fn berth_beside(&self, bounds: Bounds) -> Option<Berth> {
        let may_depart = self.at_hand() <= self.left_of_busy(bounds);
        self.flights.iter().position(Option::is_none).filter(|_| may_depart)
    }

    /// Starts a flight. Returns the number of permits to lease beyond the current need.
    ///
    /// As many as the recent demand in half the life of a lease, so that they are spent before they lapse; at
    /// most twice as many as before, unless requests wait for more.
    pub(super) fn begin(
        &mut self,
        berth: Berth,
        life: u64,
        bounds: Bounds,
        now: u64,
        bell: Bell,
    ) -> u32 {
        let elapsed = now.saturating_sub(self.since).max(1);
        let rate = u128::from(self.demanded) * u128::from(life) / (2 * u128::from(elapsed));
        let wanted = u32::try_from(rate).unwrap_or(u32::MAX);
        let wanted = wanted.min(self.target.saturating_mul(2)).max(self.crowd);
        // No demand since another flight started a moment ago does not mean that the demand has ended.
        let wanted = if elapsed < life / 16 { wanted.max(self.target) } else { wanted };
        self.target = wanted.clamp(1, bounds.held.saturating_mul(2).max(1));
        let pending = match self.target {
            1 => 0,
            target => target.min(bounds.brought).min(bounds.held.saturating_sub(self.at_hand())),
        };
        (self.since, self.demanded, self.crowd) = (now, 0, 0);
        if let Some(flight) = self.flights.get_mut(berth) {
            *flight = Some(Flight { bell, pending, awaited: 0 });
        }
        pending
    }

    /// Ends a flight that was not made.
    pub(super) fn cancel(&mut self, berth: Berth) {
        if let Some(flight) = self.flights.get_mut(berth) {
            *flight = None;
        }
    }

    /// Ends a flight, with its result.
    pub(super) fn land(&mut self, berth: Berth, landing: Option<Landing>, life: u64) {
        let flight = self.flights.get_mut(berth).and_then(Option::take);
        let Some(Landing { leased, sent, arrival }) = landing else { return };
        if sent >= self.known.at {
            self.known = Known { arrival, at: sent };
        }
        let awaited = flight.map_or(0, |flight| flight.awaited);
        self.crowd = awaited.saturating_sub(leased);
        if leased > 0 {
            let (reserved, lapses) = (awaited.min(leased), sent.saturating_add(life));
            self.receive(Grant { permits: leased, reserved, lapses });
        }
    }

    fn receive(&mut self, grant: Grant) {
        self.sort();
        let [first, second, .., last] = &mut self.grants;
        if last.permits > 0 {
            // Both lapse when the first does: earlier is safe.
            second.permits = second.permits.saturating_add(first.permits);
            second.reserved = second.reserved.saturating_add(first.reserved);
            second.lapses = first.lapses;
            *first = grant;
        } else {
            *last = grant;
        }
        self.sort();
    }

    fn sort(&mut self) {
        self.grants.sort_unstable_by_key(|grant| (grant.permits == 0, grant.lapses));
    }
}
