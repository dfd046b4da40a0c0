//! Routes to secured handlers that have no route attribute:
//! `secure_runtime::route::get().to(handler)`.

use std::rc::Rc;

use actix_web::guard::{self, Guard};
use actix_web::http::Method;
use actix_web::{FromRequest, Handler, Route};

use super::mounted::{Child, KnownPaths, Shape};
use crate::handler::SecuredOutput;

/// A route to a secured handler, for [`Scope::route`](crate::Scope::route) and
/// [`SecuredResource::route`](crate::SecuredResource::route).
#[must_use = "a route does nothing until it is mounted"]
pub struct SecuredRoute {
    conditions: RouteBuilder,
    handler: Route,
}

impl SecuredRoute {
    /// The only route of a resource. Requests with other methods pass it by, as with `route` of
    /// actix-web's scopes.
    pub(super) fn at(self, path: &str) -> Child {
        let Self { conditions: RouteBuilder { method, guards }, handler } = self;
        let known = KnownPaths {
            methods: method.clone().map(|method| vec![method]),
            guards: guards.clone(),
            ..KnownPaths::exact(vec![path.to_owned()])
        };
        let resource = actix_web::Resource::new(path);
        let resource = method.into_iter().fold(resource, |it, one| it.guard(guard::Method(one)));
        let resource = guards.into_iter().fold(resource, actix_web::Resource::guard);
        Child::of(Shape::resource(known), resource.route(handler))
    }
}

/// A route that leads to a secured handler. Only a [`SecuredRoute`] implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not lead to a secured handler",
    label = "expected a route of `secure_runtime::route`",
    note = "`secure_runtime::route::get().to(handler)`, in place of `web::get().to(handler)`"
)]
pub trait ToSecuredHandler: sealed::Sealed {}

impl ToSecuredHandler for SecuredRoute {}

pub(super) mod sealed {
    pub trait Sealed {
        fn secured(self) -> super::SecuredRoute;
        fn into_route(self) -> actix_web::Route;
    }

    impl Sealed for super::SecuredRoute {
        fn secured(self) -> super::SecuredRoute {
            self
        }

        fn into_route(self) -> actix_web::Route {
            let super::RouteBuilder { method, guards } = self.conditions;
            let route = method.into_iter().fold(self.handler, actix_web::Route::method);
            guards.into_iter().fold(route, actix_web::Route::guard)
        }
    }
}

/// A route without a handler.
#[must_use = "a route does nothing without a handler"]
pub struct RouteBuilder {
    method: Option<Method>,
    guards: Vec<Rc<dyn Guard>>,
}

impl RouteBuilder {
    /// Matches only requests that pass this guard.
    pub fn guard(mut self, guard: impl Guard + 'static) -> Self {
        self.guards.push(Rc::new(guard));
        self
    }

    /// Sets the handler: a function annotated with `#[secure(...)]`. A closure that calls one does
    /// not compile, because its own code would run before the policy. [`secured`](crate::secured)
    /// puts a closure behind a policy.
    pub fn to<F, Args>(self, handler: F) -> SecuredRoute
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: SecuredOutput<F> + 'static,
    {
        SecuredRoute { conditions: self, handler: actix_web::web::to(handler) }
    }
}

/// Routes to secured handlers that have no route attribute.
pub mod route {
    use actix_web::http::Method;

    use super::{RouteBuilder, SecuredRoute};

    macro_rules! methods {
        ($($name:ident $method:ident),*) => {$(
            #[doc = concat!("A route for `", stringify!($method), "` requests.")]
            pub fn $name() -> RouteBuilder {
                method(Method::$method)
            }
        )*};
    }

    methods!(get GET, post POST, put PUT, patch PATCH, delete DELETE, head HEAD);

    /// A route for requests of any method.
    pub fn any() -> RouteBuilder {
        RouteBuilder { method: None, guards: Vec::new() }
    }

    /// A route that answers 404 in the form of all refusals, for the
    /// [`default_service`](crate::Scope::default_service) of a scope; see
    /// [`not_found`](crate::not_found()).
    pub fn not_found() -> SecuredRoute {
        SecuredRoute { conditions: any(), handler: actix_web::web::to(crate::not_found) }
    }

    /// A route for requests of this method.
    pub fn method(method: Method) -> RouteBuilder {
        RouteBuilder { method: Some(method), guards: Vec::new() }
    }
}

crate::support::opaque_debug!(SecuredRoute, RouteBuilder);
