//! The leased permits of one key.

use super::table::{Spent, State};

/// What is known of one key.
pub(super) struct Lease<Bell> {
    pub(super) key: u64,
    /// What is in hand; the one that lapses first comes first, those that are spent last.
    grants: [Grant; GRANTS],
    flights: [Option<Flight<Bell>>; FLIGHTS],
    /// How many permits are asked for in half the life of a lease, as far as that matters; zero before the
    /// first flight.
    target: u32,
    /// When the last flight left, and what was asked for since.
    pub(super) since: u64,
    demanded: u32,
    /// What those ask for who waited for the last flight in vain.
    crowd: u32,
    known: Known,
}

/// Permits that lapse together.
#[derive(Clone, Copy, Default)]
struct Grant {
    permits: u32,
    /// How many of them are for those who waited for the flight that brought them.
    reserved: u32,
    lapses: u64,
}

struct Flight<Bell> {
    bell: Bell,
    /// How many permits it may bring.
    pending: u32,
    /// What those wait for who joined it.
    awaited: u32,
}

/// What was last heard of a key: the time at which its bucket is full, as it was at some time. It is
/// not earlier now, for permits come back by time alone.
#[derive(Clone, Copy, Default)]
struct Known {
    arrival: u64,
    at: u64,
}

/// Which of a key's flights it is.
pub(crate) type Berth = usize;

/// What a flight brought.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Landing {
    pub(crate) leased: u32,
    /// When it left.
    pub(crate) sent: u64,
    /// The time at which the bucket is full, and no earlier.
    pub(crate) arrival: u64,
}

/// What may be leased under a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// By one flight.
    pub(crate) brought: u32,
    /// In hand and under way together: twice as much at least.
    pub(crate) held: u32,
}

impl Bounds {
    /// Of a limit of which nothing is leased.
    pub(crate) const NOTHING: Self = Self { brought: 1, held: 2 };

    /// What `leases` at a time come to: a small burst bounds both.
    pub(crate) fn new(leases: u32, burst: u32) -> Self {
        let part = burst / SMALLEST_PART;
        if part == 0 {
            return Self::NOTHING;
        }
        let held = leases.saturating_mul(MOST_HELD).min(part.saturating_mul(2));
        Self { brought: leases.min(part), held }
    }
}

/// A flight brings this part of a burst at most, and an instance holds twice as much.
const SMALLEST_PART: u32 = 16;

/// An instance holds so many times what a flight may bring.
const MOST_HELD: u32 = 4;

/// So many may be under way for a key that is asked for as often as leases serve: while one brings
/// permits, others get the next. For any other key it is one.
const FLIGHTS: usize = MOST_HELD as usize;

/// One for each flight of full size that may be held, and one that is spent in part.
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

    /// What is in hand and under way.
    fn at_hand(&self) -> u32 {
        let flights = self.flights.iter().flatten();
        flights.fold(self.in_hand(), |sum, flight| sum.saturating_add(flight.pending))
    }

    /// Whether it is time for the next flight: half of what one brings is left, and it takes less time
    /// than that lasts. Of a busy key, which is asked for as often as leases serve, another one may go
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

    /// How much of a busy key may be in hand and under way when another flight goes. More than two of
    /// them bring is held only of what is spent in a quarter of a lease's life, so that nothing lapses.
    fn left_of_busy(&self, bounds: Bounds) -> u32 {
        let held = bounds.brought.saturating_mul(2).max(self.target / 2).min(bounds.held);
        held.saturating_sub(bounds.brought)
    }

    pub(super) fn state(&self) -> State {
        State { arrival: self.known.arrival, in_hand: self.in_hand() }
    }

    /// Takes permits that are in hand, for somebody who may have waited for them; `None` if there are
    /// not so many.
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

    /// What is in hand for those who waited. Who did and is gone by now keeps it no longer than it lives.
    fn reserved(&self) -> u32 {
        self.grants.iter().fold(0, |sum: u32, it| sum.saturating_add(it.reserved.min(it.permits)))
    }

    /// Takes permits that are there; when the first of them would have lapsed.
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

    /// Puts back what was spent in vain, unless it has lapsed, or flights that began meanwhile bring what
    /// may be in hand without it.
    pub(super) fn put_back(&mut self, cost: u32, lapses: u64, bounds: Bounds, now: u64) {
        self.demanded = self.demanded.saturating_sub(cost);
        let cost = cost.min(bounds.held.saturating_sub(self.at_hand()));
        if lapses <= now || cost == 0 {
            return;
        }
        // Never to permits that live longer.
        let earlier = self.grants.iter_mut().find(|g| g.permits > 0 && g.lapses <= lapses);
        match earlier {
            Some(grant) => grant.permits = grant.permits.saturating_add(cost),
            None => self.receive(Grant { permits: cost, reserved: 0, lapses }),
        }
    }

    /// The time at which the bucket is full, if that was heard of after this time.
    pub(super) fn known_since(&self, then: u64) -> Option<u64> {
        (self.known.at >= then).then_some(self.known.arrival)
    }

    pub(super) fn demand(&mut self, cost: u32) {
        self.demanded = self.demanded.saturating_add(cost);
    }

    /// Waits for a flight that is under way, unless all that it may bring is waited for already and
    /// another one may go.
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

    /// Where the next flight may begin.
    pub(super) fn berth(&self, bounds: Bounds) -> Option<Berth> {
        if !self.is_in_flight() {
            return Some(0);
        }
        let is_busy = self.target >= bounds.brought && bounds.brought > 1;
        self.berth_beside(bounds).filter(|_| is_busy)
    }

    /// Where another flight of a busy key may begin.
    fn berth_beside(&self, bounds: Bounds) -> Option<Berth> {
        let may_depart = self.at_hand() <= self.left_of_busy(bounds);
        self.flights.iter().position(Option::is_none).filter(|_| may_depart)
    }

    /// Sets out; how many permits to bring beyond what is needed now.
    ///
    /// As many as were asked for lately in half the life of a lease, so that they are spent before they
    /// lapse; at most twice as many as before, unless more are waited for.
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
        // That nobody asked since another flight left a moment ago does not make a lull.
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

    /// Ends a flight, with what it brought.
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
            // Both lapse when the first would: earlier is safe.
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
