//! Captures each service of a scope, so that it can be called directly.
//!
//! actix-web creates a service only for its own router, which tries one after the other. So each
//! service is registered in a scope of its own. A middleware of that scope captures the finished
//! service. It answers a request, or hands it back if its path or guards do not match.

use std::cell::{Cell, OnceCell};
use std::future::{Ready, pending, ready};
use std::rc::Rc;

use actix_web::dev::{
    HttpServiceFactory, Service, ServiceRequest, ServiceResponse, Transform, always_ready,
    fn_service,
};
use actix_web::{Error, HttpResponse, Route};

use super::Answering;

pub(super) type Boxed =
    Box<dyn Service<ServiceRequest, Response = ServiceResponse, Error = Error, Future = Answering>>;

/// A slot for one service. It is filled before the first request.
#[derive(Clone, Default)]
pub(super) struct ServiceSlot(Rc<OnceCell<Boxed>>);

/// The request that a service handed back.
#[derive(Clone, Default)]
pub(super) struct Returned(Rc<Cell<Option<ServiceRequest>>>);

impl Returned {
    pub(super) fn take(&self) -> Option<ServiceRequest> {
        self.0.take()
    }

    /// A service that hands every request back. Its future has size zero, so it is not allocated.
    pub(super) fn service(
        &self,
    ) -> impl Fn(ServiceRequest) -> std::future::Pending<Result<ServiceResponse, Error>> + Clone + use<>
    {
        let place = Rc::clone(&self.0);
        move |request| {
            place.set(Some(request));
            pending()
        }
    }
}

impl ServiceSlot {
    /// The factory to register for a service that hands a request back if it does not match.
    pub(super) fn matching<S: HttpServiceFactory + 'static>(
        &self,
        service: S,
        returned: &Returned,
    ) -> impl HttpServiceFactory + use<S> {
        actix_web::Scope::new("")
            .service(service)
            .default_service(fn_service(returned.service()))
            .wrap(self.clone())
    }

    /// The factory to register for the default service.
    pub(super) fn answering_the_rest(
        &self,
        route: Option<Route>,
    ) -> impl HttpServiceFactory + use<> {
        let scope = actix_web::Scope::new("");
        let scope = match route {
            Some(route) => scope.default_service(route),
            None => scope,
        };
        scope.wrap(self.clone())
    }

    #[inline]
    pub(super) fn call(&self, request: ServiceRequest) -> Answering {
        match self.0.get() {
            Some(service) => service.call(request),
            None => not_installed(request),
        }
    }
}

/// actix-web creates all services before it accepts requests.
#[cold]
fn not_installed(request: ServiceRequest) -> Answering {
    let response = request.into_response(HttpResponse::InternalServerError());
    Box::pin(ready(Ok(response)))
}

impl<S> Transform<S, ServiceRequest> for ServiceSlot
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error, Future = Answering>
        + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Transform = Emptied;
    type InitError = ();
    type Future = Ready<Result<Emptied, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let _ = self.0.set(Box::new(service));
        ready(Ok(Emptied))
    }
}

/// The rest of a scope whose service was captured; no request reaches it.
pub(super) struct Emptied;

impl Service<ServiceRequest> for Emptied {
    type Response = ServiceResponse;
    type Error = Error;
    type Future = Answering;

    always_ready!();

    fn call(&self, request: ServiceRequest) -> Answering {
        not_installed(request)
    }
}
