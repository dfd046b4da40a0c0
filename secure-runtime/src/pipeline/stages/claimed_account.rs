//! [`claim_account`]: a login handler declares the account that a request claims, before it
//! verifies the password.

use std::time::Duration;

use actix_web::{HttpMessage, HttpRequest};

use super::failure_budgets::{ClaimedIdentity, FailureCounter, FailureTarget, Taken};
use super::failures::WatchedEndpoint;
use crate::denial::Denial;
use crate::pipeline::gate::Gate;
use crate::pipeline::refused::Refused;
use crate::plan::PlannedBudget;

/// Declares the account that the request claims, before the handler verifies the claim. The
/// `failures` of the endpoint then count by account and address together.
///
/// One attempt is charged at once, and given back if the response is not a failure. Of parallel
/// attempts, no more are verified than the budget has. Write the name in the form in which accounts
/// are compared, for example in lower case; otherwise each spelling has a budget of its own. The
/// name is stored as a keyed hash.
///
/// # Errors
///
/// 429 if too many attempts at this account came from this address, or too many in total. Return
/// the error. It reveals nothing about the account, not even whether it exists. For the same
/// reason, the handler's response to a failure is replaced by that 429 if the address is banned and
/// the request was admitted only because the account is known there. Only the time that the handler
/// took may differ.
///
/// 500 on an endpoint without `failures`, where nothing would count.
///
/// ```
/// use actix_web::{HttpRequest, HttpResponse, post, web};
/// use secure_runtime::{Denial, DenialKind, claim_account, secure};
///
/// # #[derive(serde::Deserialize)]
/// # struct Login { name: String, password: String }
/// # async fn is_right(_: &Login) -> bool { false }
/// #[secure(
///     public,
///     failures = "10/min",
///     rate("600/min", by = address),
///     unvalidated(login, reason = "it is compared, and kept nowhere"),
/// )]
/// #[post("/login")]
/// async fn login(request: HttpRequest, login: web::Form<Login>) -> Result<HttpResponse, Denial> {
///     claim_account(&request, &login.name.to_lowercase())?;
///     if is_right(&login).await {
///         Ok(HttpResponse::NoContent().finish())
///     } else {
///         Err(Denial::new(DenialKind::Unauthenticated, "wrong name or password"))
///     }
/// }
/// ```
pub fn claim_account(request: &HttpRequest, account: &str) -> Result<(), Denial> {
    let endpoint = request.extensions().get::<WatchedEndpoint>().map(|watched| watched.0);
    let Some(endpoint) = endpoint else {
        return Err(Denial::internal(
            "`claim_account` was called where no `failures = \"…\"` of the endpoint would count",
        ));
    };
    let gate = Gate::find(request, endpoint).map_err(|denial| *denial)?;
    let inner = gate.security.inner();
    let counter = FailureCounter::new(&gate, inner.clock.now());
    let (name, ()) = inner.counters.limiter.hash(|state| state.write(account.as_bytes()));
    let mut claim = Claim { account: name, taken: Vec::new(), passed: Vec::new() };
    for budget in counter.budgets().filter(|budget| budget.is_own()) {
        let identity = ClaimedIdentity::Account(name);
        let pair = counter.banned(budget, FailureTarget::Pair(identity, counter.group));
        let address = counter.banned(budget, FailureTarget::Address(counter.group));
        let taken = match (pair, address) {
            (None, Some(wait))
                if counter.has_accepted(budget, identity) && counter.is_enforced(budget) =>
            {
                claim.passed.push((budget.id, wait));
                counter.take(budget, identity).map_err(|_| counter.refuse(budget, wait))
            }
            (None, None) => counter.take(budget, identity),
            (None, Some(_)) if counter.has_accepted(budget, identity) => {
                counter.take(budget, identity)
            }
            (pair, address) => {
                let wait = pair.max(address).unwrap_or_default();
                counter.enforce(budget, wait).map(|()| None)
            }
        };
        match taken {
            Ok(Some(taken)) => claim.taken.push((budget.id, taken)),
            Ok(None) => {}
            Err(refused) => {
                claim.taken.iter().for_each(|(_, taken)| counter.refund(taken));
                return Err(*refused);
            }
        }
    }
    let mut extensions = request.extensions_mut();
    match extensions.get_mut::<Claims>() {
        Some(claims) => claims.0.push(claim),
        None => drop(extensions.insert(Claims(vec![claim]))),
    }
    Ok(())
}

/// The accounts that a handler has claimed.
#[derive(Default)]
pub(super) struct Claims(Vec<Claim>);

struct Claim {
    account: u64,
    /// The id of each budget, and the permit that was taken from it.
    taken: Vec<(u64, Taken)>,
    /// The id of each budget by which the address is banned, and the remaining time. The account is
    /// known at the address, so the request is admitted.
    passed: Vec<(u64, Duration)>,
}

impl Claims {
    pub(super) fn accounts(&self) -> impl Iterator<Item = ClaimedIdentity<'static>> {
        self.0.iter().map(|claim| ClaimedIdentity::Account(claim.account))
    }

    /// The response to a failed attempt that was admitted although the address is banned. It equals
    /// the response for an account that is not known there, so that the two cannot be told apart.
    pub(super) fn refusal(
        &self,
        counter: &FailureCounter<'_>,
        failed: &PlannedBudget,
    ) -> Option<Refused> {
        let passed = self.0.iter().flat_map(|claim| &claim.passed);
        let (_, wait) = passed.into_iter().find(|(id, _)| *id == failed.id)?;
        Some(counter.refuse(failed, *wait))
    }

    /// Gives the permits back: for this budget, the request was not a failure.
    pub(super) fn give_back(&self, counter: &FailureCounter<'_>, budget: &PlannedBudget) {
        let taken = self.0.iter().flat_map(|claim| &claim.taken);
        for (_, taken) in taken.filter(|(id, _)| *id == budget.id) {
            counter.refund(taken);
        }
    }
}
