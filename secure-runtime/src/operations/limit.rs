//! [`Limit`]: a handle to one limit of a running program.

use std::fmt;
use std::num::NonZeroU32;

use serde::Serialize;

use super::limits::PlannedAt;
use super::{
    BudgetRow, ConcurrencyRow, LimitChangeError, LimitId, LimitRow, Limits, Queue,
    budget_statistics, concurrency_statistics,
};
use crate::plan::{Plan, PlannedBudget, PlannedConcurrency};
use crate::throttling::{LimitMode, Quota};

/// A handle to one limit, from [`Limits::iter`] or [`Limits::get`].
///
/// It reads the current state. A change through a handle is the same as through [`Limits`] with the
/// handle's id: it applies to every limit of this id.
///
/// ```standalone_crate
/// use secure_runtime::{Security, throttling::{LimitMode, Quota}};
/// # mod shop {
/// #     use actix_web::get;
/// #     use secure_runtime::secure;
/// #     #[secure(public, rate("100/h", by = address))]
/// #     #[get("/search")]
/// #     async fn search() -> &'static str { "" }
/// # }
/// let limits = Security::builder().build()?.limits();
/// for limit in limits.iter() {
///     println!("{} of {}: {}", limit.id(), limit.handlers().join(", "), limit.text());
/// }
/// let limit = limits.iter().find(|it| it.id().as_str().ends_with("shop::search/1")).unwrap();
/// assert_eq!((limit.text(), limit.mode()), ("100/h by address".to_owned(), LimitMode::Enforce));
/// limit.set_quota("500/h".parse()?)?;
/// limit.set_mode(LimitMode::Observe)?;
/// assert_eq!((limit.text(), limit.mode()), ("500/h by address".to_owned(), LimitMode::Observe));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Limit<'a> {
    limits: &'a Limits,
    id: LimitId,
    target: Target<'a>,
}

/// What a [`Limit`] restricts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitKind {
    /// Requests in a moving window: `rate`.
    Rate,
    /// Requests in a period of the calendar: `quota`.
    CalendarQuota,
    /// Requests in flight at once: `concurrency`.
    Concurrency,
    /// Failed requests: `failures`.
    FailureBudget,
}

/// The row of the statistics about one limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[serde(untagged)]
pub enum LimitSnapshot {
    /// A rate or a calendar quota.
    Limit(LimitRow),
    /// A concurrency limit.
    Concurrency(ConcurrencyRow),
    /// A failure budget.
    FailureBudget(BudgetRow),
}

#[derive(Clone)]
enum Target<'a> {
    Limit(PlannedAt<'a>),
    Concurrency(&'a Plan, &'a PlannedConcurrency),
    FailureBudget(Vec<&'a Plan>, &'a PlannedBudget),
}

impl<'a> Limit<'a> {
    /// All of them, in the order of the statistics.
    pub(super) fn all(limits: &'a Limits) -> impl Iterator<Item = Self> {
        let of = move |id, target| Self { limits, id, target };
        let rates = limits.planned().into_iter();
        let concurrency = concurrency_statistics::all(&limits.security).into_iter();
        let budgets = budget_statistics::all(&limits.security).into_iter();
        rates
            .map(move |it| of(it.id.clone(), Target::Limit(it)))
            .chain(concurrency.map(move |(plan, planned)| {
                let id = concurrency_statistics::id(plan, planned);
                of(id, Target::Concurrency(plan, planned))
            }))
            .chain(budgets.map(move |(plans, planned)| {
                let id = LimitId::new(planned.title.clone());
                of(id, Target::FailureBudget(plans, planned))
            }))
    }

    /// The id, for changes and in the statistics.
    #[must_use]
    pub fn id(&self) -> &LimitId {
        &self.id
    }

    /// What it restricts.
    #[must_use]
    pub fn kind(&self) -> LimitKind {
        match &self.target {
            Target::Limit(it) if it.planned.limit.period.is_some() => LimitKind::CalendarQuota,
            Target::Limit(_) => LimitKind::Rate,
            Target::Concurrency(..) => LimitKind::Concurrency,
            Target::FailureBudget(..) => LimitKind::FailureBudget,
        }
    }

    /// The handlers whose requests it counts, with their modules. A failure budget may have several. A
    /// shared rate has one handle for each handler, all with the same id.
    #[must_use]
    pub fn handlers(&self) -> Vec<String> {
        match &self.target {
            Target::Limit(it) => vec![it.plan.title()],
            Target::Concurrency(plan, _) => vec![plan.title()],
            Target::FailureBudget(plans, _) => plans.iter().map(|plan| plan.title()).collect(),
        }
    }

    /// The limit in the notation of the inventory, without its mode: `100/h by address`.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.target {
            Target::Limit(it) => it.text(),
            Target::Concurrency(_, planned) => {
                concurrency_statistics::text(&self.limits.security, planned)
            }
            Target::FailureBudget(_, planned) => budget_statistics::text(planned),
        }
    }

    /// What happens to requests beyond it.
    #[must_use]
    pub fn mode(&self) -> LimitMode {
        match &self.target {
            Target::Limit(it) => it.planned.mode.now(),
            Target::Concurrency(_, planned) => planned.mode.now(),
            Target::FailureBudget(_, planned) => planned.mode.now(),
        }
    }

    /// Its row of the statistics.
    #[must_use]
    pub fn statistics(&self) -> LimitSnapshot {
        let security = &self.limits.security;
        match &self.target {
            Target::Limit(it) => LimitSnapshot::Limit(self.limits.row(it)),
            Target::Concurrency(plan, planned) => {
                LimitSnapshot::Concurrency(concurrency_statistics::row(security, plan, planned))
            }
            Target::FailureBudget(plans, planned) => {
                LimitSnapshot::FailureBudget(budget_statistics::row(security, plans, planned))
            }
        }
    }

    /// See [`Limits::set_mode`].
    ///
    /// # Errors
    ///
    /// As [`Limits::set_mode`].
    pub fn set_mode(&self, mode: LimitMode) -> Result<(), LimitChangeError> {
        self.limits.set_mode(&self.id, mode)
    }

    /// See [`Limits::set_quota`].
    ///
    /// # Errors
    ///
    /// As [`Limits::set_quota`].
    pub fn set_quota(&self, quota: Quota) -> Result<(), LimitChangeError> {
        self.limits.set_quota(&self.id, quota)
    }

    /// See [`Limits::set_permits`].
    ///
    /// # Errors
    ///
    /// As [`Limits::set_permits`].
    pub fn set_permits(&self, permits: NonZeroU32) -> Result<(), LimitChangeError> {
        self.limits.set_permits(&self.id, permits)
    }

    /// See [`Limits::set_queue`].
    ///
    /// # Errors
    ///
    /// As [`Limits::set_queue`].
    pub fn set_queue(&self, queue: Option<Queue>) -> Result<(), LimitChangeError> {
        self.limits.set_queue(&self.id, queue)
    }
}

impl fmt::Debug for Limit<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = formatter.debug_struct("Limit");
        fields.field("id", &self.id).field("text", &self.text()).field("mode", &self.mode());
        fields.finish_non_exhaustive()
    }
}
