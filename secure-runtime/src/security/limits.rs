//! The limits of a program, for those who operate it.

use super::limit_statistics::{BusyKey, LimitRow, LimitStatistics};
use super::{Plan, PlannedLimit, Security, bit};
use crate::policy::Limit;
use crate::throttling::{LimitMode, Verdict};

/// The limits of a [`Security`]: what they have said, and how they are changed while the program runs.
///
/// ```
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
#[derive(Clone)]
pub struct Limits {
    security: Security,
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
}

impl Limits {
    pub(super) fn new(security: Security) -> Self {
        Self { security }
    }

    /// What every limit is, and what it has said since the program was built.
    #[must_use]
    pub fn statistics(&self) -> LimitStatistics {
        let counters = &self.security.0.counters;
        LimitStatistics {
            limits: self.standing().iter().map(|it| self.row(it)).collect(),
            rates: counters.limiter.statistics(),
            quotas: counters.calendar.statistics(),
        }
    }

    /// Says what happens to requests beyond the limits with this id from now on, until the program
    /// ends: whatever the attribute and the configuration say. The log tells it.
    ///
    /// # Errors
    ///
    /// No limit has this id, or a percentage is above 100.
    pub fn set_mode(&self, id: &str, mode: LimitMode) -> Result<(), LimitChangeError> {
        if let LimitMode::Percent(share @ 101..) = mode {
            return Err(LimitChangeError::NoPercentage(share));
        }
        let standing = self.of_id(id)?;
        for it in &standing {
            it.planned.set_mode(mode);
            let is_untold = mode.percent() == 0;
            it.planned.texts.set_untold(bit(it.planned.position), is_untold);
        }
        tracing::warn!(id, %mode, "the mode of a limit was changed");
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
        let mut plans: Vec<&Plan> = self.security.0.plans.iter().flatten().collect();
        plans.sort_by_key(|plan| (plan.endpoint.module, plan.endpoint.name, plan.endpoint.line));
        for plan in plans {
            let mut limits: Vec<&PlannedLimit> = plan.limits().collect();
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
        let counters = &self.security.0.counters;
        let total = |verdict| counters.tally.total(planned.number, verdict);
        let endpoint = plan.endpoint;
        let routes = endpoint.routes.iter();
        let routes = routes.map(|it| format!("{} {}", it.methods.join(","), it.path));
        let busiest = counters.busiest.of(planned.number).into_iter();
        LimitRow {
            id: id.clone(),
            endpoint: format!("{}::{}", endpoint.module, endpoint.name),
            routes: routes.collect(),
            limit: Limit { mode: None, ..*planned.limit }.to_string(),
            mode: LimitMode::of_percent(planned.percent()),
            allowed: total(Verdict::Allowed),
            refused: total(Verdict::Refused),
            observed: total(Verdict::Observed),
            busiest: busiest
                .map(|it| BusyKey { key: counters.notices.mark(it.key), percent: it.percent })
                .collect(),
        }
    }
}

/// The same for all that count together, and in each run of a build.
fn id(plan: &Plan, planned: &PlannedLimit) -> String {
    match planned.limit.shared {
        Some(name) => format!("{name}/{}s", planned.limit.quota.window_seconds()),
        None => {
            let endpoint = plan.endpoint;
            format!("{}::{}/{}", endpoint.module, endpoint.name, planned.position + 1)
        }
    }
}

impl std::fmt::Display for LimitChangeError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(id) => write!(formatter, "no limit has the id `{id}`"),
            Self::NoPercentage(share) => {
                write!(formatter, "a mode is for 0 to 100 percent of keys, found {share}")
            }
        }
    }
}

impl std::error::Error for LimitChangeError {}
