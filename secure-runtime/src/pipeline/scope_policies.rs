//! The policies of the scopes around an endpoint ([`Scope::policy`](crate::Scope::policy)).
//!
//! Each policy is a secured handler. It passes the request on to the next policy, and the last one
//! to the endpoint. A scope adds its policies to the data of the request ([`Entrance`]), where no
//! middleware can remove them. The endpoint finds them after routing, and lets them run first
//! ([`serve_behind`]). This happens at each call of the endpoint, because a middleware may call it
//! again for the same request.

use std::cell::Cell;
use std::future::ready;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::dev::{Extensions, Payload, ServiceRequest};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::gate::Gate;
use super::incoming::Incoming;
use super::refused::{Refused, refused};
use super::response::{self, log::RefusedRequest};
use super::serve::Served;
use super::stages::request_body::RequestBody;
use super::stages::{caller, load};
use super::{SecuredResponse, probe};
use crate::denial::DenialKind;
use crate::policy::Endpoint;
use crate::request::{extensions, extensions_mut};
use crate::throttling::Place;

/// The response of the inner service.
pub(crate) type InnerFuture = Pin<Box<dyn Future<Output = HttpResponse>>>;

/// The inner service of a secured handler: a function that is called with the request, and with the
/// part of the body that the handler passes on.
pub(crate) type CallInner = Box<dyn FnOnce(HttpRequest, Payload) -> InnerFuture>;

/// In the extensions of a request, for the secured handler that wraps this inner service.
pub(crate) struct InnerService(pub(crate) CallInner);

/// A secured handler that passes requests on to an inner service.
pub(crate) type ScopePolicy = Rc<dyn Fn(Incoming, CallInner) -> Served>;

/// The policies of the scopes that a request has entered, from the outermost to the innermost; part
/// of the request's data.
struct ScopePolicies(Vec<ScopePolicy>);

/// In the extensions of a response: it is the finished response of the endpoint behind a scope
/// policy.
pub(super) struct InnerResponse;

/// Whether any scope of the program has a policy. Without one, no endpoint looks for them.
static IS_USED: AtomicBool = AtomicBool::new(false);

/// Adds the policies of a scope to each request that enters it.
pub(crate) struct Entrance {
    own: Vec<ScopePolicy>,
    /// The data of a request that has entered no other scope with policies.
    only_own: Rc<Extensions>,
}

impl Entrance {
    pub(crate) fn new(own: Vec<ScopePolicy>) -> Self {
        IS_USED.store(true, Ordering::Relaxed);
        Self { only_own: data(own.clone()), own }
    }

    /// Called when a request enters the scope. As with actix-web's own routing, nothing else may
    /// hold a clone of the request.
    pub(crate) fn enter(&self, request: &mut ServiceRequest) {
        let entered = match request.app_data::<ScopePolicies>() {
            None => Rc::clone(&self.only_own),
            Some(ScopePolicies(around)) => {
                // A middleware around the scope may have called it before.
                let is_own = |it: &ScopePolicy| self.own.iter().any(|own| Rc::ptr_eq(own, it));
                let wider = around.iter().take_while(|it| !is_own(it));
                data(wider.chain(&self.own).cloned().collect())
            }
        };
        request.add_data_container(entered);
    }
}

fn data(policies: Vec<ScopePolicy>) -> Rc<Extensions> {
    let mut data = Extensions::new();
    data.insert(ScopePolicies(policies));
    Rc::new(data)
}

/// The policies of the scopes around an endpoint, unless the request has passed them.
#[inline]
pub(super) fn policies_for(request: &HttpRequest) -> Option<Vec<ScopePolicy>> {
    if IS_USED.load(Ordering::Relaxed) { not_passed_yet(request) } else { None }
}

#[cold]
fn not_passed_yet(request: &HttpRequest) -> Option<Vec<ScopePolicy>> {
    let ScopePolicies(policies) = request.app_data::<ScopePolicies>()?;
    let state = extensions(request).and_then(|it| it.get::<PolicyState>().copied());
    (state != Some(PolicyState::Passed)).then(|| policies.clone())
}

/// In the extensions of a request whose scope policies are running, or have let it pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PolicyState {
    Running,
    /// Secured handlers that the endpoint calls are behind the policies too.
    Passed,
}

/// Holds the [`PolicyState`] of a request until the endpoint has answered it.
struct PolicyStateGuard(HttpRequest);

impl PolicyStateGuard {
    /// `None` if the policies of this request are running already.
    fn begin(request: &HttpRequest) -> Option<Self> {
        let mut extensions = extensions_mut(request).filter(|it| !it.contains::<PolicyState>())?;
        extensions.insert(PolicyState::Running);
        Some(Self(request.clone()))
    }
}

impl Drop for PolicyStateGuard {
    fn drop(&mut self) {
        if let Some(mut extensions) = extensions_mut(&self.0) {
            let _ = extensions.remove::<PolicyState>();
        }
    }
}

/// Serves the endpoint, once its request has passed the policies around it.
pub(super) trait ServeEndpoint: FnOnce(RequestBody) -> Served + 'static {}

impl<F: FnOnce(RequestBody) -> Served + 'static> ServeEndpoint for F {}

/// An endpoint whose policies have not let the request pass yet.
struct UnreachedEndpoint {
    body: RequestBody,
    /// The inner service of the endpoint itself.
    behind: Option<InnerService>,
    /// The slot for load shedding. The endpoint takes one of its own later.
    place: Option<Place>,
    serve: Box<dyn FnOnce(RequestBody) -> Served>,
}

/// Serves an endpoint behind the policies of the scopes around it. No policy sees the body. A
/// refusal of a policy is answered as if the endpoint had refused.
#[cold]
pub(super) fn serve_behind(
    policies: Vec<ScopePolicy>,
    endpoint: &'static Endpoint,
    request: HttpRequest,
    body: RequestBody,
    serve: impl ServeEndpoint,
) -> Served {
    if probe::is_probe(&request) {
        return Served::new(answer_probe(policies, endpoint, request));
    }
    let begun = PolicyStateGuard::begin(&request)
        .ok_or_else(|| refused(DenialKind::Internal, POLICIES_RUNNING))
        .and_then(|state| Ok((state, load::place(&Gate::find(&request, endpoint)?)?)));
    let (policy_state, place) = match begun {
        Ok(begun) => begun,
        Err(denial) => return refuse(endpoint, request, body, denial),
    };
    let behind = request.extensions_mut().remove::<InnerService>();
    // Only this future owns it. The data in the request must not hold the request itself.
    let waiting =
        Rc::new(Cell::new(Some(UnreachedEndpoint { body, behind, place, serve: Box::new(serve) })));
    Served::new(async move {
        let first = run_next(policies.into_iter(), Rc::downgrade(&waiting), &request);
        let response = first.await;
        // A policy that did not call `Next` leaves its inner service in the request.
        drop(request.extensions_mut().remove::<InnerService>());
        let response = match waiting.take() {
            Some(unreached) => {
                let refused = unreached.body.send_refusal(&request, response).await;
                refused.map(|response| {
                    warn_if_answered(&response, endpoint);
                    response
                })
            }
            None => response,
        };
        drop(policy_state);
        response
    })
}

/// A policy that answers itself is usually a mistake: then no endpoint of the scope can be reached.
fn warn_if_answered(response: &HttpResponse, endpoint: &'static Endpoint) {
    static WARNED: Once = Once::new();
    if response.status().is_success() {
        WARNED.call_once(|| {
            tracing::warn!(
                handler = endpoint.full_name(),
                "the policy of a scope answered instead of this endpoint: it must take `Next` and call \
                 `next.run().await` (logged once)"
            );
        });
    }
}

/// Runs the first of these policies; after the last one, the endpoint.
fn run_next(
    mut policies: std::vec::IntoIter<ScopePolicy>,
    endpoint: Weak<Cell<Option<UnreachedEndpoint>>>,
    request: &HttpRequest,
) -> Served {
    // Each policy authenticates for itself.
    caller::withdraw(request);
    if let Some(policy) = policies.next() {
        let call = move |request: HttpRequest, _| -> InnerFuture {
            Box::pin(async move {
                let mut response = run_next(policies, endpoint, &request).await.into_inner();
                response.extensions_mut().insert(InnerResponse);
                response
            })
        };
        return policy(Incoming::for_scope_policy(request.clone()), Box::new(call));
    }
    let Some(UnreachedEndpoint { body, behind, place, serve }) =
        endpoint.upgrade().and_then(|it| it.take())
    else {
        // The policy has answered without waiting, or its client is gone.
        let nobody_waits = HttpResponse::ServiceUnavailable().finish();
        return Served::new(ready(SecuredResponse::new(nobody_waits)));
    };
    let mut extensions = request.extensions_mut();
    extensions.insert(PolicyState::Passed);
    if let Some(behind) = behind {
        extensions.insert(behind);
    }
    drop(extensions);
    drop(place);
    serve(body)
}

const POLICIES_RUNNING: &str =
    "an endpoint was called while the policies of its scope run for the same request";

/// Refuses a request before any policy has run.
fn refuse(
    endpoint: &'static Endpoint,
    request: HttpRequest,
    body: RequestBody,
    denial: Refused,
) -> Served {
    let gate = Gate::find(&request, endpoint).ok();
    let refusing =
        RefusedRequest { endpoint, request: &request, gate: gate.as_ref(), caller: None };
    let refused = SecuredResponse::new(response::refuse(refusing, denial));
    Served::new(async move { body.send_refusal(&request, refused).await })
}

/// Answers a probe with the endpoint and the policies around it.
async fn answer_probe(
    policies: Vec<ScopePolicy>,
    endpoint: &'static Endpoint,
    request: HttpRequest,
) -> SecuredResponse {
    let mut around = Vec::new();
    for policy in policies {
        let unused: CallInner = Box::new(|_, _| Box::pin(std::future::pending()));
        let response = policy(Incoming::for_scope_policy(request.clone()), unused).await;
        drop(request.extensions_mut().remove::<InnerService>());
        around.extend(probe::endpoint_in(&response.into_inner()));
    }
    SecuredResponse::new(probe::reached_behind(endpoint, around))
}
