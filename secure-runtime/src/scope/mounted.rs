//! The services that are mounted in a scope: their registration, and the paths that they answer.

use std::rc::Rc;

use actix_web::dev::{AppService, HttpServiceFactory, ResourceDef};
use actix_web::guard::Guard;
use actix_web::http::Method;

use super::{RouteOf, SecuredService};
use crate::inventory::route_patterns::with_slash;

/// A mounted service, until its scope is registered.
pub(crate) struct Child {
    register: Box<dyn FnOnce(&mut AppService)>,
    pub(super) shape: Shape,
}

impl Child {
    pub(super) fn new(service: impl SecuredService) -> Self {
        let shape = service.shape();
        Self::of(shape, service)
    }

    pub(super) fn of(shape: Shape, service: impl HttpServiceFactory + 'static) -> Self {
        Self::registered_by(shape, move |config| service.register(config))
    }

    pub(super) fn registered_by(
        shape: Shape,
        register: impl FnOnce(&mut AppService) + 'static,
    ) -> Self {
        Self { register: Box::new(register), shape }
    }
}

impl HttpServiceFactory for Child {
    fn register(self, config: &mut AppService) {
        (self.register)(config);
    }
}

/// The paths that a mounted service answers.
#[derive(Clone)]
pub enum Shape {
    /// These resources, in the order of their registration.
    Resources(Vec<KnownPaths>),
    /// A scope, and its services.
    Scope(KnownPaths, Vec<Shape>),
    /// Unknown: only actix-web's own router finds it.
    Unknown,
}

/// A resource, or the prefix of a scope.
#[derive(Clone)]
pub struct KnownPaths {
    pub(crate) patterns: Vec<String>,
    pub(crate) name: Option<String>,
    pub(crate) is_prefix: bool,
    /// The methods that it matches; `None`: all.
    pub(crate) methods: Option<Vec<Method>>,
    /// Its other guards.
    pub(crate) guards: Vec<Rc<dyn Guard>>,
    /// Whether it may have further guards that are unknown.
    pub(crate) has_more: bool,
}

impl KnownPaths {
    /// A resource that matches these patterns and every method.
    pub(crate) fn exact(patterns: Vec<String>) -> Self {
        let patterns = patterns.into_iter().map(|pattern| with_slash(&pattern)).collect();
        Self {
            patterns,
            name: None,
            is_prefix: false,
            methods: None,
            guards: Vec::new(),
            has_more: false,
        }
    }

    /// The resource that a route attribute registers.
    pub(crate) fn of_route((path, name, methods): &RouteOf) -> Self {
        let methods: Result<Vec<Method>, _> = methods.iter().map(|it| it.parse()).collect();
        let methods = methods.ok().filter(|methods| !methods.is_empty());
        Self {
            name: Some((*name).to_owned()),
            has_more: methods.is_none(),
            methods,
            ..Self::exact(vec![(*path).to_owned()])
        }
    }

    pub(crate) fn prefix(path: &str) -> Self {
        Self { is_prefix: true, ..Self::exact(vec![path.to_owned()]) }
    }

    pub(crate) fn definition(&self) -> ResourceDef {
        let patterns = self.patterns.clone();
        let mut definition =
            if self.is_prefix { ResourceDef::prefix(patterns) } else { ResourceDef::new(patterns) };
        if let Some(name) = &self.name {
            definition.set_name(name);
        }
        definition
    }
}

impl Shape {
    pub(crate) fn resource(known: KnownPaths) -> Self {
        Self::Resources(vec![known])
    }

    pub(super) fn is_known(&self) -> bool {
        match self {
            Self::Resources(_) => true,
            Self::Scope(_, inner) => inner.iter().all(Self::is_known),
            Self::Unknown => false,
        }
    }

    /// The entries that the scope's router compares: all resources, or the prefix of a scope.
    pub(super) fn entries(&self) -> &[KnownPaths] {
        match self {
            Self::Resources(known) => known,
            Self::Scope(prefix, _) => std::slice::from_ref(prefix),
            Self::Unknown => &[],
        }
    }
}

crate::support::opaque_debug!(Shape, KnownPaths);
