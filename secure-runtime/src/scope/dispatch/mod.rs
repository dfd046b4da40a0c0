//! Finds the service of a request in a scope with many services.
//!
//! actix-web's router tries the services of a scope one after the other. A large scope uses an
//! index of their templates instead. The index returns the few services that may match; they are
//! tried in the order in which they were mounted, with actix-web's own matching. So the same
//! service answers, with the same `match_info`.

mod index;
mod resource_map;
mod service_slots;
mod template;

use std::cell::OnceCell;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::dev::{
    AppService, HttpServiceFactory, ResourceDef, Service, ServiceFactory, ServiceRequest,
    ServiceResponse, Transform, forward_ready,
};
use actix_web::guard::{Guard, GuardContext};
use actix_web::http::Method;
use actix_web::{Error, Route};

use self::index::Index;
use self::resource_map::MatchMarker;
use self::service_slots::{Returned, ServiceSlot};
use super::mounted::{Child, Shape};
use super::{ScopeFactory, SecuredConfig};
use crate::pipeline::scope_policies::Entrance;

pub(super) type Answering = Pin<Box<dyn Future<Output = Result<ServiceResponse, Error>>>>;

/// The number of services from which a scope is indexed. For fewer, actix-web's router is as fast.
const MANY: usize = 16;

fn is_indexed(shapes: &[Shape]) -> bool {
    shapes.len() >= MANY && shapes.iter().all(Shape::is_known)
}

/// The innermost middleware of a scope. If the scope is indexed, it replaces the scope's router.
#[derive(Clone, Default)]
pub(super) struct Dispatching(Rc<Registered>);

/// The state of a scope after its registration.
#[derive(Default)]
struct Registered {
    dispatch: OnceCell<Dispatch>,
    entrance: OnceCell<Entrance>,
}

impl Dispatching {
    /// Registers a scope with its services.
    pub(super) fn register<T, B>(
        self,
        held: SecuredConfig,
        scope: actix_web::Scope<T>,
        config: &mut AppService,
    ) where
        T: ScopeFactory + ServiceFactory<ServiceRequest, Response = ServiceResponse<B>>,
        B: MessageBody + 'static,
    {
        let SecuredConfig { children, default, policies, .. } = held;
        if !policies.is_empty() {
            let _ = self.0.entrance.set(Entrance::new(policies));
        }
        let shapes: Vec<Shape> = children.iter().map(|child| child.shape.clone()).collect();
        if is_indexed(&shapes) {
            let _ = self.0.dispatch.set(Dispatch::register(children, default, config));
            scope.configure(|actix| resource_map::map(&shapes, actix)).register(config);
        } else {
            let scope = children.into_iter().fold(scope, actix_web::Scope::service);
            match default {
                Some(default) => scope.default_service(default).register(config),
                None => scope.register(config),
            }
        }
    }
}

impl<S> Transform<S, ServiceRequest> for Dispatching
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error, Future = Answering>,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Transform = Dispatched<S>;
    type InitError = ();
    type Future = Ready<Result<Dispatched<S>, ()>>;

    fn new_transform(&self, router: S) -> Self::Future {
        ready(Ok(Dispatched { registered: Rc::clone(&self.0), router }))
    }
}

pub(super) struct Dispatched<S> {
    registered: Rc<Registered>,
    router: S,
}

impl<S> Service<ServiceRequest> for Dispatched<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error, Future = Answering>,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Future = Answering;

    forward_ready!(router);

    #[inline]
    fn call(&self, mut request: ServiceRequest) -> Answering {
        if let Some(entrance) = self.registered.entrance.get() {
            entrance.enter(&mut request);
        }
        match self.registered.dispatch.get() {
            Some(dispatch) => dispatch.call(request),
            None => self.router.call(request),
        }
    }
}

/// Finds the service for each request of an indexed scope.
struct Dispatch {
    index: Index,
    services: Box<[Indexed]>,
    default: ServiceSlot,
    returned: Returned,
    marker: MatchMarker,
}

/// A service, and the conditions under which it matches.
struct Indexed {
    place: ServiceSlot,
    matching: Box<[Matching]>,
}

/// The conditions under which one resource matches.
struct Matching {
    definition: ResourceDef,
    methods: Option<Box<[Method]>>,
    guards: Box<[Rc<dyn Guard>]>,
    has_more: bool,
}

/// The result of matching before the service is called.
enum Match {
    No,
    Yes,
    /// It has guards that are unknown.
    Perhaps,
}

impl Dispatch {
    /// Registers the services in a scope that only this dispatcher calls.
    fn register(children: Vec<Child>, default: Option<Route>, config: &mut AppService) -> Self {
        let returned = Returned::default();
        let this = Self {
            index: index(&children),
            marker: MatchMarker::new(children.len(), &returned),
            services: children.iter().map(|child| Indexed::new(&child.shape)).collect(),
            default: ServiceSlot::default(),
            returned,
        };
        let mut scope = actix_web::Scope::new(HIDDEN).guard(|_: &GuardContext<'_>| false);
        for (child, service) in children.into_iter().zip(&this.services) {
            scope = scope.service(service.place.matching(child, &this.returned));
        }
        for router in this.marker.routers() {
            scope = scope.service(router);
        }
        scope.service(this.default.answering_the_rest(default)).register(config);
        this
    }

    fn call(&self, request: ServiceRequest) -> Answering {
        let candidates = self.index.find(request.match_info().unprocessed());
        let numbers = candidates.numbers();
        let marked = match self.first_certain(numbers, &request) {
            Some(number) => self.marker.mark(request, number),
            None if numbers.is_empty() => return self.default.call(request),
            None => self.marker.mark_nowhere(request),
        };
        let Some(mut request) = marked else { return Box::pin(ready(Err(request_kept()))) };
        for number in numbers {
            let Some(service) = self.services.get(*number as usize) else { continue };
            let answering = service.place.call(request);
            match self.returned.take() {
                None => return answering,
                Some(returned) => request = returned,
            }
        }
        self.default.call(request)
    }

    /// The service that answers, if that is certain before it is called.
    fn first_certain(&self, numbers: &[u32], request: &ServiceRequest) -> Option<usize> {
        if let [only] = numbers {
            return Some(*only as usize);
        }
        for number in numbers {
            let number = *number as usize;
            match self.services.get(number)?.matches(request) {
                Match::No => {}
                Match::Yes => return Some(number),
                Match::Perhaps => return None,
            }
        }
        None
    }
}

/// No request can have this path, and the guard rejects every request.
const HIDDEN: &str = "/\u{0}";

#[cold]
fn request_kept() -> Error {
    actix_web::error::ErrorInternalServerError("a router did not hand the request back")
}

fn index(children: &[Child]) -> Index {
    let mut index = Index::default();
    for (number, child) in (0_u32..).zip(children) {
        for known in child.shape.entries() {
            for pattern in &known.patterns {
                index.insert(pattern, known.is_prefix, number);
            }
        }
    }
    index
}

impl Indexed {
    fn new(shape: &Shape) -> Self {
        let matching = shape.entries().iter().map(|known| Matching {
            definition: known.definition(),
            methods: known.methods.as_deref().map(Into::into),
            guards: known.guards.clone().into(),
            has_more: known.has_more,
        });
        Self { place: ServiceSlot::default(), matching: matching.collect() }
    }

    fn matches(&self, request: &ServiceRequest) -> Match {
        let path = request.match_info().unprocessed();
        let context = request.guard_ctx();
        for Matching { definition, methods, guards, has_more } in &self.matching {
            if methods.as_ref().is_none_or(|it| it.contains(request.method()))
                && definition.find_match(path).is_some()
                && guards.iter().all(|guard| guard.check(&context))
            {
                return if *has_more { Match::Perhaps } else { Match::Yes };
            }
        }
        Match::No
    }
}
