//! [`Limits`]: the limits of a running program, for its operators.

use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use super::{
    BusyKey, Limit, LimitChangeError, LimitId, LimitRow, LimitStatistics, budget_changes,
    budget_statistics, concurrency_statistics, limit_changes,
};
use crate::plan::{Plan, PlannedConcurrency, PlannedLimit, bit};
use crate::policy::{self, Queue};
use crate::security::Security;
use crate::throttling::{Bound, LimitMode, Outcome, Quota};

/// The limits of a [`Security`]: statistics, and changes while the program runs.
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
///
/// Changes last until the program ends, replace what the attribute and the configuration specify, and are
/// logged.
#[derive(Clone, Debug)]
pub struct Limits {
    pub(super) security: Security,
}

/// A rate or a calendar quota, with the endpoint whose requests it counts.
#[derive(Clone)]
pub(super) struct PlannedAt<'a> {
    pub(super) id: LimitId,
    pub(super) plan: &'a Plan,
    pub(super) planned: &'a PlannedLimit,
}

impl PlannedAt<'_> {
    /// The limit in the notation of the inventory.
    pub(super) fn text(&self) -> String {
        policy::Limit { mode: None, ..*self.planned.live.now().limit }.to_string()
    }
}

impl Limits {
    pub(super) fn new(security: Security) -> Self {
        Self { security }
    }

    /// Handles to all limits, in the order of the [statistics](Self::statistics): rates and calendar quotas,
    /// concurrency limits, failure budgets.
    pub fn iter(&self) -> impl Iterator<Item = Limit<'_>> {
        Limit::all(self)
    }

    /// A handle to the limit with this id; of a shared rate, that of the first handler.
    #[must_use]
    pub fn get(&self, id: &LimitId) -> Option<Limit<'_>> {
        self.iter().find(|limit| limit.id() == id)
    }

    /// The definition of every limit, and its counts since the program started.
    #[must_use]
    pub fn statistics(&self) -> LimitStatistics {
        let counters = &self.security.inner().counters;
        LimitStatistics {
            limits: self.planned().iter().map(|it| self.row(it)).collect(),
            concurrency: concurrency_statistics::rows(&self.security),
            budgets: budget_statistics::rows(&self.security),
            rates: counters.limiter.statistics(),
            quotas: counters.calendar.statistics(),
            #[cfg(feature = "redis")]
            shared: self.security.shared_limit_statistics(),
        }
    }

    /// Sets the mode of the limits with this id: of rates, calendar quotas, concurrency limits and failure
    /// budgets. The mode of a failure budget also applies to bans that have begun.
    ///
    /// # Errors
    ///
    /// No limit has this id, or a percentage is above 100.
    pub fn set_mode(&self, id: &LimitId, mode: LimitMode) -> Result<(), LimitChangeError> {
        if let LimitMode::Percent(share @ 101..) = mode {
            return Err(LimitChangeError::InvalidPercentage(share));
        }
        let is_other = budget_statistics::set_mode(&self.security, id, mode)
            || concurrency_statistics::set_mode(&self.security, id, mode);
        let limits = if is_other { Vec::new() } else { self.of_id(id)? };
        for it in &limits {
            it.planned.mode.set(mode);
            let is_untold = mode.percent() == 0;
            it.planned.texts.set_untold(bit(it.planned.position), is_untold);
        }
        tracing::warn!(%id, %mode, "the mode of a limit was changed");
        Ok(())
    }

    /// Sets the rate of the limits with this id; or of the failure budget, both the default one
    /// (`failed authentication`) and those of endpoints.
    ///
    /// **Used permits stay used**: a key that had used 60% of the old bucket has used 60% of the new one.
    /// Headers contain the new rate. A shared rate changes for all its endpoints at once. An endpoint with
    /// its own `burst` keeps it, as far as the new rate has as many permits. Used permits of a shared rate
    /// are kept as a share of its window.
    ///
    /// The failures of every client are converted in the same way. Bans that have begun end as planned,
    /// and the next ban is as much longer as it would have been: twice as long as the one before, if the
    /// window is the same. Failure budgets always belong to this instance alone.
    ///
    /// A request that is being decided at this moment may take a permit under each of the two rates, and
    /// never goes uncounted.
    ///
    /// If several instances count together (`SecurityBuilder::shared_limits`), the change applies to this
    /// instance alone: make it on each of them. The used share is then that of the moment at which a key
    /// is next used. Until all instances have changed, they stay together within the largest of their
    /// limits.
    ///
    /// ```standalone_crate
    /// use secure_runtime::Security;
    /// # mod shop {
    /// #     use actix_web::get;
    /// #     use secure_runtime::secure;
    /// #     #[secure(public, rate("100/h", by = address))]
    /// #     #[get("/search")]
    /// #     async fn search() -> &'static str { "" }
    /// # }
    /// let security = Security::builder().build()?;
    /// let id = security.limits().statistics().limits[0].id.clone();
    /// security.limits().set_quota(&id, "500/h".parse()?)?;
    /// assert_eq!(security.limits().statistics().limits[0].limit, "500/h by address");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// No limit has this id, it is a calendar quota or a concurrency limit, no request could be admitted
    /// any more, a failure budget would have a burst, or the limit had too many different quotas (255).
    /// Nothing has changed then.
    pub fn set_quota(&self, id: &LimitId, quota: Quota) -> Result<(), LimitChangeError> {
        let _lock = self.lock_changes();
        let budgets: Vec<_> = budget_statistics::of_id(&self.security, id).collect();
        if !budgets.is_empty() {
            budget_changes::apply(&budgets, quota, self.security.inner().clock.now())?;
            tracing::warn!(%id, limit = %quota, "a limit was changed");
            return Ok(());
        }
        if concurrency_statistics::of_id(&self.security, id).is_some() {
            return Err(LimitChangeError::Concurrency);
        }
        self.change(id, |limit| {
            if limit.period.is_some() {
                return Err(LimitChangeError::CalendarQuota);
            }
            let (before, burst) = (limit.quota, limit.quota.burst());
            let has_own_burst = limit.shared.is_some() && burst != before.permits();
            // A burst within the permits stays within them.
            let is_within = burst < before.permits();
            let most = if is_within { quota.permits() } else { burst };
            Ok(if has_own_burst { quota.with_burst(burst.min(most)) } else { quota })
        })
    }

    /// Sets the permits of a calendar quota, whose period stays; or of a concurrency limit.
    ///
    /// Requests in flight are served to the end, and count. If the limit is lowered below their number, no
    /// request is admitted until enough of them have ended. If it is raised, queued requests are admitted
    /// at this moment, the oldest first.
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
    /// As [`set_quota`](Self::set_quota); or the limit is a rate or a failure budget.
    pub fn set_permits(&self, id: &LimitId, permits: NonZeroU32) -> Result<(), LimitChangeError> {
        let _lock = self.lock_changes();
        if let Some(planned) = concurrency_statistics::of_id(&self.security, id) {
            self.change_concurrency(id, planned, |bound| bound.most = permits);
            return Ok(());
        }
        if budget_statistics::of_id(&self.security, id).next().is_some() {
            return Err(LimitChangeError::Rate);
        }
        self.change(id, |limit| match limit.period {
            Some(_) => Ok(Quota::new(permits, limit.quota.window_seconds())),
            None => Err(LimitChangeError::Rate),
        })
    }

    /// Sets the queue of a concurrency limit, or removes it.
    ///
    /// Queued requests stay queued, for as long as the queue allowed when they came.
    ///
    /// # Errors
    ///
    /// No limit has this id, it is not a concurrency limit, or the attribute would not accept the queue.
    pub fn set_queue(&self, id: &LimitId, queue: Option<Queue>) -> Result<(), LimitChangeError> {
        let _lock = self.lock_changes();
        let Some(planned) = concurrency_statistics::of_id(&self.security, id) else {
            let is_budget = budget_statistics::of_id(&self.security, id).next().is_some();
            let known = if is_budget { Ok(()) } else { self.of_id(id).map(drop) };
            return Err(known.err().unwrap_or(LimitChangeError::NoQueue));
        };
        if let Some(queue) = queue.filter(|queue| !is_queue(*queue)) {
            return Err(LimitChangeError::InvalidQueue(queue));
        }
        self.change_concurrency(id, planned, |bound| {
            bound.places = queue.map_or(0, |queue| queue.places.get());
            // A request that is about to wait waits as long as before.
            bound.wait = queue.map_or(bound.wait, |queue| queue.wait);
        });
        Ok(())
    }

    fn change_concurrency(
        &self,
        id: &LimitId,
        planned: &PlannedConcurrency,
        change: impl FnOnce(&mut Bound),
    ) {
        let in_flight = &self.security.inner().in_flight;
        let mut bound = in_flight.bound(planned.number);
        change(&mut bound);
        in_flight.change(planned.number, bound);
        tracing::warn!(%id, limit = %planned.now(in_flight), "a limit was changed");
    }

    /// Holds off other changes.
    fn lock_changes(&self) -> MutexGuard<'_, ()> {
        self.security.inner().limit_changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(
        &self,
        id: &LimitId,
        quota: impl Fn(&policy::Limit) -> Result<Quota, LimitChangeError>,
    ) -> Result<(), LimitChangeError> {
        let inner = &self.security.inner();
        let limits = self.of_id(id)?;
        let quotas = limits.iter().map(|it| quota(it.planned.limit));
        let changes: Vec<(&PlannedAt<'_>, Quota)> =
            limits.iter().zip(quotas.collect::<Result<Vec<_>, _>>()?).collect();
        for (it, quota) in &changes {
            let cost = it.planned.limit.cost.upfront();
            if cost > quota.burst() {
                return Err(LimitChangeError::Unaffordable { cost, burst: quota.burst() });
            }
        }
        limit_changes::apply(&changes, &self.planned(), inner.clock.now())?;
        let limit = changes.first().map(|(_, quota)| quota.to_string()).unwrap_or_default();
        tracing::warn!(%id, limit, "a limit was changed");
        Ok(())
    }

    pub(super) fn of_id(&self, id: &LimitId) -> Result<Vec<PlannedAt<'_>>, LimitChangeError> {
        let limits: Vec<_> = self.planned().into_iter().filter(|it| it.id == *id).collect();
        if limits.is_empty() { Err(LimitChangeError::UnknownLimit(id.clone())) } else { Ok(limits) }
    }

    /// All rates and calendar quotas: the endpoints by name, the limits of each in source order.
    pub(super) fn planned(&self) -> Vec<PlannedAt<'_>> {
        let mut found: Vec<PlannedAt<'_>> = Vec::new();
        for plan in self.security.inner().plans_by_name() {
            let mut limits: Vec<&PlannedLimit> = plan.every_limit().collect();
            limits.sort_by_key(|planned| planned.position);
            for planned in limits {
                let id = id(plan, planned);
                // Only a macro can define two handlers of one name.
                let own = |id: &String| {
                    planned.limit.shared.is_some()
                        || found.iter().all(|it: &PlannedAt<'_>| it.id != id.as_str())
                };
                let numbered = (2_u32..).map(|number| format!("{id} #{number}"));
                let id = std::iter::once(id.clone()).chain(numbered).find(own).unwrap_or(id);
                found.push(PlannedAt { id: LimitId::new(id), plan, planned });
            }
        }
        found
    }

    pub(super) fn row(&self, limit: &PlannedAt<'_>) -> LimitRow {
        let PlannedAt { id, plan, planned } = limit;
        let counters = &self.security.inner().counters;
        let total = |verdict| counters.tally.total(planned.number, verdict);
        let busiest = counters.busiest.of(planned.number).into_iter();
        LimitRow {
            id: id.clone(),
            endpoint: plan.title(),
            routes: plan.routes(),
            limit: limit.text(),
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

/// Whether the attribute would accept it.
fn is_queue(queue: Queue) -> bool {
    const PLACES: u32 = 10_000;
    const WAITS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(60);
    queue.places.get() <= PLACES && WAITS.contains(&queue.wait)
}

/// The same for all limits that count together, and in each run of a build.
fn id(plan: &Plan, planned: &PlannedLimit) -> String {
    match planned.limit.shared {
        Some(name) => format!("{name}/{}s", planned.limit.quota.window_seconds()),
        None => format!("{}/{}", plan.title(), planned.position + 1),
    }
}
