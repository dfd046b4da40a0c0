//! [`Next`]: closures, services and endpoints behind the policy of a secured handler.

use std::marker::PhantomData;
use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::dev::{
    AppService, Payload, Service, ServiceFactory, ServiceRequest, ServiceResponse, always_ready,
    fn_factory,
};
use actix_web::{Error, FromRequest, Handler, HttpMessage, HttpRequest, HttpResponse, Responder};

use super::ScopeFactory;
use super::dispatch::Answering;
use super::mounted::{Child, KnownPaths, Shape};
use crate::denial::Denial;
use crate::handler::{Routed, SecuredOutput};
use crate::pipeline::scope_policies::{CallInner, InnerFuture, InnerService};
use crate::pipeline::{Incoming, Served};

/// The inner service of a secured handler: the closure of [`secured`], the service of
/// [`Scope::service_behind`](crate::Scope::service_behind), or the endpoints of a scope with this
/// [`policy`](crate::Scope::policy). The handler takes it as a parameter, and calls it with
/// [`run`](Self::run). The handler's whole policy is enforced before. The pipeline handles the
/// inner response like any response of the handler.
///
/// The inner service gets the body of the request only if the attribute has `unvalidated(next,
/// reason = "…")`.
///
/// If the handler is mounted in any other way, the parameter causes a 500.
#[must_use = "nothing behind the handler is called without `run`"]
pub struct Next {
    call: CallInner,
    request: HttpRequest,
    payload: Payload,
}

impl Next {
    /// Calls the inner service.
    pub async fn run(self) -> HttpResponse {
        (self.call)(self.request, self.payload).await
    }
}

impl FromRequest for Next {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let behind = request.extensions_mut().remove::<InnerService>();
        std::future::ready(match behind {
            Some(InnerService(call)) => {
                Ok(Self { call, request: request.clone(), payload: payload.take() })
            }
            None => Err(Denial::internal(
                "the handler has no inner service: `Next` is for `secured`, `service_behind` and `Scope::policy`",
            )
            .into()),
        })
    }
}

/// Puts a handler, usually a closure, behind the policy of a secured handler that takes [`Next`].
/// Use it for tables of routes with closures, or with generated handlers.
///
/// The arguments of `handler` are extracted after the whole policy has been enforced. All handlers
/// behind the same secured handler share its policy and its limits.
///
/// ```
/// use actix_web::{HttpResponse, web};
/// use secure_runtime::{Next, route, secure, secured};
///
/// #[secure(roles = "admin", rate = "100/h")]
/// async fn for_admins(next: Next) -> HttpResponse {
///     next.run().await
/// }
///
/// let scope = secure_runtime::scope("/tables/{table}")
///     .route("/size", route::get().to(secured(for_admins, |table: web::Path<String>| async move {
///         format!("{table}: 7 rows")
///     })));
/// # drop(scope);
/// ```
///
/// The policy must be a secured handler; a closure in its place does not compile:
///
/// ```compile_fail,E0277
/// secure_runtime::secured(|| async { "no policy" }, || async { "open" });
/// ```
pub fn secured<G, GateArgs, H, Args>(
    policy: G,
    handler: H,
) -> impl for<'a> Fn(Routed<'a>) -> Served + Clone + 'static
where
    G: Handler<GateArgs>,
    G::Output: SecuredOutput<G>,
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    move |routed: Routed<'_>| {
        let handler = handler.clone();
        let call =
            move |request, payload| -> InnerFuture { Box::pin(call(handler, request, payload)) };
        call_with_inner(&policy, routed, Box::new(call))
    }
}

async fn call<H, Args>(handler: H, request: HttpRequest, mut payload: Payload) -> HttpResponse
where
    H: Handler<Args>,
    Args: FromRequest,
    H::Output: Responder,
{
    match Args::from_request(&request, &mut payload).await {
        Ok(arguments) => handler.call(arguments).await.respond_to(&request).map_into_boxed_body(),
        Err(error) => HttpResponse::from_error(error.into()),
    }
}

pub(super) fn call_with_inner<G, Args>(policy: &G, routed: Routed<'_>, call: CallInner) -> Served
where
    G: Handler<Args>,
    G::Output: SecuredOutput<G>,
{
    routed.0.request().extensions_mut().insert(InnerService(call));
    G::Output::serve(policy, routed)
}

/// Mounts a service at and below a path, behind the policy of a secured handler.
pub(super) fn service_behind<G, Args, S, B>(path: &str, policy: G, factory: S) -> Child
where
    G: Handler<Args>,
    Args: 'static,
    G::Output: SecuredOutput<G>,
    S: ScopeFactory<Response = ServiceResponse<B>>,
    B: MessageBody + 'static,
{
    let known = KnownPaths::prefix(path);
    let definition = known.definition();
    let factory = Rc::new(factory);
    let register = move |config: &mut AppService| {
        let guarded = fn_factory(move || {
            let (policy, factory) = (policy.clone(), Rc::clone(&factory));
            async move {
                let service = Rc::new(factory.new_service(()).await?);
                Ok(Guarded { policy, service, arguments: PhantomData })
            }
        });
        config.register_service(definition, None, guarded, None);
    };
    Child::registered_by(Shape::resource(known), register)
}

struct Guarded<G, S, Args> {
    policy: G,
    service: Rc<S>,
    arguments: PhantomData<fn(Args)>,
}

impl<G, S, B, Args> Service<ServiceRequest> for Guarded<G, S, Args>
where
    G: Handler<Args>,
    G::Output: SecuredOutput<G>,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Future = Answering;

    always_ready!();

    fn call(&self, request: ServiceRequest) -> Answering {
        let service = Rc::clone(&self.service);
        let behind = move |request, payload| -> InnerFuture {
            Box::pin(async move {
                let mut request = ServiceRequest::from_request(request);
                request.set_payload(payload);
                match service.call(request).await {
                    Ok(response) => response.into_parts().1.map_into_boxed_body(),
                    Err(error) => HttpResponse::from_error(error),
                }
            })
        };
        let (request, payload) = request.into_parts();
        let routed = Routed::new(Incoming::new(request.clone(), payload));
        let served = call_with_inner(&self.policy, routed, Box::new(behind));
        Box::pin(async move {
            let response = served.await.respond_to(&request);
            Ok(ServiceResponse::new(request, response))
        })
    }
}

crate::support::opaque_debug!(Next);
