//! The limits of a program, for those who operate it.

use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use super::{
    BusyKey, LimitRow, LimitStatistics, budget_changes, budget_statistics, concurrency_statistics,
    limit_changes,
};
use crate::plan::{Plan, PlannedConcurrency, PlannedLimit, bit};
use crate::policy::{Limit, Queue};
use crate::security::Security;
use crate::throttling::{Bound, LimitMode, Outcome, Quota};

/// The limits of a [`Security`]: what they have said, and how they are changed while the program runs.
///
/// ```standalone_crate
/// use secure_runtime::{Security, throttling::LimitMode};
/// # mod shop {
/// #     use actix_web::get;
/// #     use secure_runtime::secure;
/// #     #[secure(public, rate("100/h", by = address))]
/// #     #[get("/search")]
/// #     async fn search() -> &'static str { "" }
/// # }
/// # let builder = Security::builder();
/// let security = builder.build()?;
/// let limits = security.limits();
/// println!("{}", limits.statistics()); // a table; as JSON through serde
/// let id = &limits.statistics().limits[0].id; // `shop::search/1`
/// limits.set_mode(id, LimitMode::Observe)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Limits {
    pub(super) security: Security,
}

/// One limit of one endpoint.
pub(super) struct Standing<'a> {
    pub(super) id: String,
    pub(super) plan: &'a Plan,
    pub(super) planned: &'a PlannedLimit,
}

/// Why a limit was not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitChangeError {
    /// No limit has this id.
    Unknown(String),
    /// More than a hundred percent.
    NoPercentage(u8),
    /// A quota of the calendar has no window: see [`Limits::set_permits`].
    OfTheCalendar,
    /// A rate, and a budget for failures, has a window: see [`Limits::set`].
    NotOfTheCalendar,
    /// A limit on requests at once has no window: see [`Limits::set_permits`].
    AtOnce,
    /// Only limits on requests at once have queues.
    NotAtOnce,
    /// A queue that no attribute could write: of more than 10,000 places, or whose requests wait for less
    /// than a millisecond or more than a minute.
    NoQueue(Queue),
    /// A budget for failures has no burst.
    BurstOfFailures(NonZeroU32),
    /// A request costs more than could be taken at once: no request would ever be admitted.
    Unaffordable {
        /// What a request costs.
        cost: NonZeroU32,
        /// What could be taken at once.
        burst: NonZeroU32,
    },
    /// It was given too many different rates.
    TooMany,
}

impl Limits {
    pub(super) fn new(security: Security) -> Self {
        Self { security }
    }

    /// What every limit is, and what it has said since the program was built.
    #[must_use]
    pub fn statistics(&self) -> LimitStatistics {
        let counters = &self.security.inner().counters;
        LimitStatistics {
            limits: self.standing().iter().map(|it| self.row(it)).collect(),
            concurrency: concurrency_statistics::rows(&self.security),
            budgets: budget_statistics::rows(&self.security),
            rates: counters.limiter.statistics(),
            quotas: counters.calendar.statistics(),
            #[cfg(feature = "redis")]
            shared: self.security.shared_limit_statistics(),
        }
    }

    /// Says what happens to requests beyond the limits with this id from now on, until the program
    /// ends: whatever the attribute and the configuration say. The log tells it. So it does for a
    /// `concurrency`, and for a budget for failures and whoever is banned, also by bans that have begun.
    ///
    /// # Errors
    ///
    /// Nothing has this id, or a percentage is above 100.
    pub fn set_mode(&self, id: &str, mode: LimitMode) -> Result<(), LimitChangeError> {
        if let LimitMode::Percent(share @ 101..) = mode {
            return Err(LimitChangeError::NoPercentage(share));
        }
        let is_other = budget_statistics::set_mode(&self.security, id, mode)
            || concurrency_statistics::set_mode(&self.security, id, mode);
        let standing = if is_other { Vec::new() } else { self.of_id(id)? };
        for it in &standing {
            it.planned.mode.set(mode);
            let is_untold = mode.percent() == 0;
            it.planned.texts.set_untold(bit(it.planned.position), is_untold);
        }
        tracing::warn!(id, %mode, "the mode of a limit was changed");
        Ok(())
    }

    /// Gives the limits with this id another rate from now on, until the program ends; or the budget for
    /// failures, the default one (`failed authentication`) as well as those of endpoints.
    ///
    /// **Nothing that was used is lost**: whoever has used 60% of the old bucket at this moment has used
    /// 60% of the new one. Headers tell the new rate. Of a shared rate, every endpoint that uses it
    /// changes at once; where one of them has a `burst` of its own it keeps it, if the rate has as many
    /// permits. What was used of a shared rate is a share of its window.
    ///
    /// Of a budget for failures the same is true of everybody who has failed. Bans that have begun end when
    /// they were to end, and the next one is as much longer as it would have been: twice as long as the
    /// one before, where the window is the same. Budgets are always of this instance alone.
    ///
    /// A request that is being decided at this moment may take a permit under each of the two rates, and
    /// never goes uncounted.
    ///
    /// Where several instances count together (`SecurityBuilder::shared_limits`), it is changed in
    /// this one alone: the others have to be told as well. What was used is then a share at the moment at
    /// which a key is asked for again, and until all are told they stay within the largest of their
    /// limits together.
    ///
    /// ```standalone_crate
    /// use std::num::NonZeroU32;
    /// use secure_runtime::{Security, throttling::Quota};
    /// # mod shop {
    /// #     use actix_web::get;
    /// #     use secure_runtime::secure;
    /// #     #[secure(public, rate("100/h", by = address))]
    /// #     #[get("/search")]
    /// #     async fn search() -> &'static str { "" }
    /// # }
    /// let security = Security::builder().build()?;
    /// let id = security.limits().statistics().limits[0].id.clone();
    /// let (permits, hour) = (NonZeroU32::new(500).unwrap(), NonZeroU32::new(3600).unwrap());
    /// security.limits().set(&id, Quota::new(permits, hour))?;
    /// assert_eq!(security.limits().statistics().limits[0].limit, "500/h by address");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// No limit has this id, it is a quota of the calendar or a limit on requests at once, no request
    /// could be admitted any more, a budget for failures would have a burst, or it was given too many
    /// different rates (255). Nothing has changed then.
    pub fn set(&self, id: &str, quota: Quota) -> Result<(), LimitChangeError> {
        let _held = self.hold();
        let budgets: Vec<_> = budget_statistics::of_id(&self.security, id).collect();
        if !budgets.is_empty() {
            budget_changes::apply(&budgets, quota, self.security.inner().clock.now())?;
            tracing::warn!(id, limit = %quota, "a limit was changed");
            return Ok(());
        }
        if concurrency_statistics::of_id(&self.security, id).is_some() {
            return Err(LimitChangeError::AtOnce);
        }
        self.change(id, |limit| {
            if limit.period.is_some() {
                return Err(LimitChangeError::OfTheCalendar);
            }
            let (before, burst) = (limit.quota, limit.quota.burst());
            let has_own_burst = limit.shared.is_some() && burst != before.permits();
            // One within the permits stays within them.
            let is_within = burst < before.permits();
            let most = if is_within { quota.permits() } else { burst };
            Ok(if has_own_burst { quota.with_burst(burst.min(most)) } else { quota })
        })
    }

    /// The same for a quota of the calendar, whose period stays; and for a limit on requests at once.
    ///
    /// What is being served is served to the end, and keeps its place: where fewer are served at once
    /// from now on, nobody is admitted until so many have ended. Where more are, those that wait are
    /// served at this moment, the oldest first.
    ///
    /// ```standalone_crate
    /// use std::num::NonZeroU32;
    /// use std::time::Duration;
    /// use secure_runtime::{Security, operations::Queue};
    /// # mod shop {
    /// #     use actix_web::get;
    /// #     use secure_runtime::secure;
    /// #     #[secure(public, concurrency(8, by = address))]
    /// #     #[get("/search")]
    /// #     async fn search() -> &'static str { "" }
    /// # }
    /// let limits = Security::builder().build()?.limits();
    /// let id = limits.statistics().concurrency[0].id.clone(); // `shop::search/concurrency/1`
    /// let (four, wait) = (NonZeroU32::new(4).unwrap(), Duration::from_millis(500));
    /// limits.set_permits(&id, four)?;
    /// limits.set_queue(&id, Some(Queue::new(four, wait)))?;
    /// let now = &limits.statistics().concurrency[0].limit;
    /// assert_eq!(now, "4 at once by address queue 4 wait 500ms");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As of [`set`](Self::set), but that it is a rate or a budget for failures.
    pub fn set_permits(&self, id: &str, permits: NonZeroU32) -> Result<(), LimitChangeError> {
        let _held = self.hold();
        if let Some(planned) = concurrency_statistics::of_id(&self.security, id) {
            self.change_at_once(id, planned, |bound| bound.most = permits);
            return Ok(());
        }
        if budget_statistics::of_id(&self.security, id).next().is_some() {
            return Err(LimitChangeError::NotOfTheCalendar);
        }
        self.change(id, |limit| match limit.period {
            Some(_) => Ok(Quota::new(permits, limit.quota.window_seconds())),
            None => Err(LimitChangeError::NotOfTheCalendar),
        })
    }

    /// Gives the limit on requests at once with this id another queue from now on, or none.
    ///
    /// Who waits goes on waiting, as long as was said when it came, where fewer may from now on.
    ///
    /// # Errors
    ///
    /// No limit has this id, it is none on requests at once, or the attribute would not take such a queue.
    pub fn set_queue(&self, id: &str, queue: Option<Queue>) -> Result<(), LimitChangeError> {
        let _held = self.hold();
        let Some(planned) = concurrency_statistics::of_id(&self.security, id) else {
            let is_budget = budget_statistics::of_id(&self.security, id).next().is_some();
            let known = if is_budget { Ok(()) } else { self.of_id(id).map(drop) };
            return Err(known.err().unwrap_or(LimitChangeError::NotAtOnce));
        };
        if let Some(queue) = queue.filter(|queue| !is_queue(*queue)) {
            return Err(LimitChangeError::NoQueue(queue));
        }
        self.change_at_once(id, planned, |bound| {
            bound.places = queue.map_or(0, |queue| queue.places.get());
            // Who is about to wait waits as long as before.
            bound.wait = queue.map_or(bound.wait, |queue| queue.wait);
        });
        Ok(())
    }

    fn change_at_once(
        &self,
        id: &str,
        planned: &PlannedConcurrency,
        change: impl FnOnce(&mut Bound),
    ) {
        let in_flight = &self.security.inner().in_flight;
        let mut bound = in_flight.bound(planned.number);
        change(&mut bound);
        in_flight.change(planned.number, bound);
        tracing::warn!(id, limit = %planned.now(in_flight), "a limit was changed");
    }

    /// Holds off other changes.
    fn hold(&self) -> MutexGuard<'_, ()> {
        self.security.inner().limit_changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(
        &self,
        id: &str,
        quota: impl Fn(&Limit) -> Result<Quota, LimitChangeError>,
    ) -> Result<(), LimitChangeError> {
        let inner = &self.security.inner();
        let standing = self.of_id(id)?;
        let quotas = standing.iter().map(|it| quota(it.planned.limit));
        let changes: Vec<(&Standing<'_>, Quota)> =
            standing.iter().zip(quotas.collect::<Result<Vec<_>, _>>()?).collect();
        for (it, quota) in &changes {
            let cost = it.planned.limit.cost.upfront();
            if cost > quota.burst() {
                return Err(LimitChangeError::Unaffordable { cost, burst: quota.burst() });
            }
        }
        limit_changes::apply(&changes, &self.standing(), inner.clock.now())?;
        let limit = changes.first().map(|(_, quota)| quota.to_string()).unwrap_or_default();
        tracing::warn!(id, limit, "a limit was changed");
        Ok(())
    }

    pub(super) fn of_id(&self, id: &str) -> Result<Vec<Standing<'_>>, LimitChangeError> {
        let standing: Vec<_> = self.standing().into_iter().filter(|it| it.id == id).collect();
        if standing.is_empty() {
            Err(LimitChangeError::Unknown(id.to_owned()))
        } else {
            Ok(standing)
        }
    }

    /// All limits: the endpoints in the order of their names, the limits of each as they are written.
    fn standing(&self) -> Vec<Standing<'_>> {
        let mut standing: Vec<Standing<'_>> = Vec::new();
        for plan in self.security.inner().plans_by_name() {
            let mut limits: Vec<&PlannedLimit> = plan.every_limit().collect();
            limits.sort_by_key(|planned| planned.position);
            for planned in limits {
                let id = id(plan, planned);
                // Two handlers of one name can only be written by a macro.
                let own = |id: &String| {
                    planned.limit.shared.is_some() || standing.iter().all(|it| it.id != *id)
                };
                let numbered = (2_u32..).map(|number| format!("{id} #{number}"));
                let id = std::iter::once(id.clone()).chain(numbered).find(own).unwrap_or(id);
                standing.push(Standing { id, plan, planned });
            }
        }
        standing
    }

    fn row(&self, standing: &Standing<'_>) -> LimitRow {
        let Standing { id, plan, planned } = standing;
        let counters = &self.security.inner().counters;
        let total = |verdict| counters.tally.total(planned.number, verdict);
        let busiest = counters.busiest.of(planned.number).into_iter();
        LimitRow {
            id: id.clone(),
            endpoint: plan.title(),
            routes: plan.routes(),
            limit: Limit { mode: None, ..*planned.live.now().limit }.to_string(),
            mode: planned.mode.now(),
            allowed: total(Outcome::Allowed),
            refused: total(Outcome::Refused),
            observed: total(Outcome::Observed),
            fallback: total(Outcome::Fallback),
            is_shared: plan.is_shared(planned.position),
            busiest: busiest
                .map(|it| BusyKey { key: counters.notices.mark(it.key), percent: it.percent })
                .collect(),
        }
    }
}

/// Whether the attribute would take it.
fn is_queue(queue: Queue) -> bool {
    const PLACES: u32 = 10_000;
    const WAITS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(60);
    queue.places.get() <= PLACES && WAITS.contains(&queue.wait)
}

/// The same for all that count together, and in each run of a build.
fn id(plan: &Plan, planned: &PlannedLimit) -> String {
    match planned.limit.shared {
        Some(name) => format!("{name}/{}s", planned.limit.quota.window_seconds()),
        None => format!("{}/{}", plan.title(), planned.position + 1),
    }
}

impl std::fmt::Display for LimitChangeError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(id) => write!(formatter, "no limit has the id `{id}`"),
            Self::NoPercentage(share) => {
                write!(formatter, "a mode is for 0 to 100 percent of keys, found {share}")
            }
            Self::OfTheCalendar => {
                formatter.write_str("expected a rate, found a quota of the calendar")
            }
            Self::NotOfTheCalendar => formatter.write_str(
                "expected a quota of the calendar or a limit on requests at once, found a rate",
            ),
            Self::AtOnce => {
                formatter.write_str("expected a rate, found a limit on requests at once")
            }
            Self::NotAtOnce => formatter.write_str("only a limit on requests at once has a queue"),
            Self::NoQueue(Queue { places, wait }) => write!(
                formatter,
                "a queue has 1 to 10000 places and a wait of 1ms to 60s, found {places} and {wait:?}"
            ),
            Self::BurstOfFailures(burst) => {
                write!(formatter, "a budget for failures has no burst, found {burst}")
            }
            Self::Unaffordable { cost, burst } => {
                write!(formatter, "a request costs {cost}, and {burst} could be taken at once")
            }
            Self::TooMany => formatter.write_str("the limit was given too many different rates"),
        }
    }
}

impl std::error::Error for LimitChangeError {}
