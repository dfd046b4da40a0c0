//! The policies of the scopes around an endpoint: each is a secured handler, and leads its requests on to the
//! next one, the last one to the endpoint.
//!
//! A scope leaves its policies in the request ([`enter`]). The endpoint finds them when the request has been
//! routed, and stands back behind them ([`around`]).

use std::cell::Cell;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::dev::Payload;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::probe;
use super::serve::{Incoming, Served};
use super::stages::caller;
use super::stages::request_body::RequestBody;
use crate::denial::Denial;
use crate::policy::Endpoint;
use crate::request::extensions_mut;
use crate::scope::SecuredResponse;

/// The response of what stands behind a secured handler.
pub(crate) type AnswerBehind = Pin<Box<dyn Future<Output = HttpResponse>>>;

/// What stands behind a secured handler, to be called with the request and as much of its body as the handler
/// hands on.
pub(crate) type Call = Box<dyn FnOnce(HttpRequest, Payload) -> AnswerBehind>;

/// Left in a request for a secured handler that something stands behind.
pub(crate) struct Behind(pub(crate) Call);

/// A secured handler that leads requests on to what stands behind it.
pub(crate) type ScopePolicy = Rc<dyn Fn(Incoming, Call) -> Served>;

/// Left in a request by the scopes that it has passed, the widest first.
#[derive(Default)]
struct ScopePolicies(Vec<ScopePolicy>);

/// In the extensions of a response: it comes from behind the policy of a scope, and is finished.
pub(super) struct FromBehind;

/// Whether any scope of the program has a policy: without one, no endpoint looks for them.
static IS_USED: AtomicBool = AtomicBool::new(false);

/// A scope with a policy is mounted.
pub(crate) fn announce() {
    IS_USED.store(true, Ordering::Relaxed);
}

/// A request enters a scope with these policies.
///
/// # Errors
///
/// If somebody holds the extensions of the request, so that nothing can be left there.
pub(crate) fn enter(request: &HttpRequest, policies: &[ScopePolicy]) -> Result<(), Denial> {
    let Some(mut extensions) = extensions_mut(request) else {
        return Err(Denial::internal("the extensions of the request are borrowed by a middleware"));
    };
    match extensions.get_mut::<ScopePolicies>() {
        Some(ScopePolicies(entered)) => entered.extend_from_slice(policies),
        None => {
            extensions.insert(ScopePolicies(policies.to_vec()));
        }
    }
    Ok(())
}

/// The policies of the scopes that the request has passed.
#[inline]
pub(super) fn of(request: &HttpRequest) -> Option<Vec<ScopePolicy>> {
    if IS_USED.load(Ordering::Relaxed) { found(request) } else { None }
}

#[cold]
fn found(request: &HttpRequest) -> Option<Vec<ScopePolicy>> {
    request.extensions_mut().remove::<ScopePolicies>().map(|ScopePolicies(policies)| policies)
}

/// What serves the endpoint, once its request has passed the policies around it.
pub(super) trait ServeBehind: FnOnce(RequestBody) -> Served + 'static {}

impl<F: FnOnce(RequestBody) -> Served + 'static> ServeBehind for F {}

/// An endpoint that was not reached yet.
struct Waiting {
    body: RequestBody,
    /// What stands behind the endpoint itself.
    behind: Option<Behind>,
    serve: Box<dyn FnOnce(RequestBody) -> Served>,
}

/// Serves an endpoint behind the policies of the scopes around it. None of them sees the body, and what they
/// refuse is answered as if the endpoint had.
#[cold]
pub(super) fn around(
    policies: Vec<ScopePolicy>,
    endpoint: &'static Endpoint,
    request: HttpRequest,
    body: RequestBody,
    serve: impl ServeBehind,
) -> Served {
    if probe::is_probe(&request) {
        return Served::new(reached(policies, endpoint, request));
    }
    let behind = request.extensions_mut().remove::<Behind>();
    // Only this future owns it: what is left in the request must not hold the request.
    let waiting = Rc::new(Cell::new(Some(Waiting { body, behind, serve: Box::new(serve) })));
    Served::new(async move {
        let first = lead(policies.into_iter(), Rc::downgrade(&waiting), &request);
        let response = first.await;
        // Of a policy that has not led on.
        drop(request.extensions_mut().remove::<Behind>());
        match waiting.take() {
            Some(unreached) => {
                let refused = unreached.body.end_with(&request, response).await;
                refused.map(|response| {
                    look_at_answer(&response, endpoint);
                    response
                })
            }
            None => response,
        }
    })
}

/// A policy that answers by itself is a mistake, as a rule: nothing of the scope can be reached.
fn look_at_answer(response: &HttpResponse, endpoint: &'static Endpoint) {
    static WARNED: Once = Once::new();
    if response.status().is_success() {
        WARNED.call_once(|| {
            tracing::warn!(
                handler = endpoint.full_name(),
                "the policy of a scope has answered in place of this endpoint: it has to take `Next` and to call \
                 `next.run().await` (this is logged once)"
            );
        });
    }
}

/// Leads a request to the first of these policies, or to the endpoint behind the last one.
fn lead(
    mut policies: std::vec::IntoIter<ScopePolicy>,
    endpoint: Weak<Cell<Option<Waiting>>>,
    request: &HttpRequest,
) -> Served {
    // Each authenticates for itself.
    caller::withdraw(request);
    if let Some(policy) = policies.next() {
        let call = move |request: HttpRequest, _| -> AnswerBehind {
            Box::pin(async move {
                let mut response = lead(policies, endpoint, &request).await.into_inner();
                response.extensions_mut().insert(FromBehind);
                response
            })
        };
        return policy(Incoming::of_a_scope(request.clone()), Box::new(call));
    }
    let Some(Waiting { body, behind, serve }) = endpoint.upgrade().and_then(|it| it.take()) else {
        return super::never();
    };
    if let Some(behind) = behind {
        request.extensions_mut().insert(behind);
    }
    serve(body)
}

/// Answers a probe with the endpoint, and those of the policies around it.
async fn reached(
    policies: Vec<ScopePolicy>,
    endpoint: &'static Endpoint,
    request: HttpRequest,
) -> SecuredResponse {
    let mut around = Vec::new();
    for policy in policies {
        let unused: Call = Box::new(|_, _| Box::pin(std::future::pending()));
        let response = policy(Incoming::of_a_scope(request.clone()), unused).await;
        drop(request.extensions_mut().remove::<Behind>());
        around.extend(probe::endpoint_in(&response.into_inner()));
    }
    SecuredResponse::new(probe::reached_behind(endpoint, around))
}
