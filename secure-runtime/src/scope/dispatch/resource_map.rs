//! Marks in a request the place of its service in actix-web's resource map, for `match_pattern` and
//! `match_name`.
//!
//! Both follow the numbers that actix-web's routers store in the request, and only those routers
//! can store one: each stores the position of the service that it has found. So there is a small
//! router for each number. It finds only the service at that position, and hands the request back.
//! Numbers have two digits, because a router takes one step for each position before the match: the
//! map contains the services of the scope in chunks. It contains them once more, flat, for searches
//! by path.

use std::rc::Rc;

use actix_web::dev::{
    AppService, HttpServiceFactory, ResourceDef, ResourceMap, ServiceRequest, fn_service,
};
use actix_web::guard::{Guard, GuardContext};
use actix_web::{HttpResponse, web};

use super::HIDDEN;
use super::service_slots::{Returned, ServiceSlot};
use crate::scope::mounted::{KnownPaths, Shape};

/// The number of services in a chunk, about the same as the number of chunks.
fn chunk_size(services: usize) -> usize {
    let root = services.isqrt();
    if root * root < services { root + 1 } else { root.max(1) }
}

/// Stores positions in requests.
pub(super) struct MatchMarker {
    /// The router at each index stores that index.
    routers: Vec<ServiceSlot>,
    chunk: usize,
    /// The index of the empty chunk.
    nowhere: usize,
    returned: Returned,
}

impl MatchMarker {
    pub(super) fn new(services: usize, returned: &Returned) -> Self {
        let chunk = chunk_size(services);
        let nowhere = services.div_ceil(chunk);
        let routers = (0..=chunk.max(nowhere)).map(|_| ServiceSlot::default()).collect();
        Self { routers, chunk, nowhere, returned: returned.clone() }
    }

    /// The routers to register.
    pub(super) fn routers(&self) -> impl Iterator<Item = impl HttpServiceFactory + use<>> {
        self.routers.iter().enumerate().map(|(number, router)| {
            let returned = self.returned.clone();
            router.matching(FindsOne { number, returned }, &self.returned)
        })
    }

    /// Stores the position of the service with this number.
    #[inline]
    pub(super) fn mark(&self, request: ServiceRequest, number: usize) -> Option<ServiceRequest> {
        let request = self.mark_digit(request, number / self.chunk)?;
        // The first position of a chunk is for searches by path.
        self.mark_digit(request, number % self.chunk + 1)
    }

    /// Stores the position of the empty chunk, so that actix-web searches by path.
    #[inline]
    pub(super) fn mark_nowhere(&self, request: ServiceRequest) -> Option<ServiceRequest> {
        self.mark_digit(request, self.nowhere)
    }

    #[inline]
    fn mark_digit(&self, request: ServiceRequest, digit: usize) -> Option<ServiceRequest> {
        drop(self.routers.get(digit)?.call(request));
        self.returned.take()
    }
}

/// A router that finds the service at one position for every request.
struct FindsOne {
    number: usize,
    returned: Returned,
}

impl HttpServiceFactory for FindsOne {
    fn register(self, config: &mut AppService) {
        let patterns = std::iter::repeat_n(HIDDEN, self.number).chain(std::iter::once(""));
        for pattern in patterns {
            let service = fn_service(self.returned.service());
            config.register_service(ResourceDef::prefix(pattern), None, service, None);
        }
    }
}

/// Registers the map's entries for the services of an indexed scope, as services of the scope's own
/// router. No request reaches them.
pub(super) fn map(shapes: &[Shape], config: &mut web::ServiceConfig) {
    for Node { definition, nested } in nodes(shapes) {
        config.service(Unreachable { definition, nested });
    }
}

struct Unreachable {
    definition: ResourceDef,
    nested: Option<Rc<ResourceMap>>,
}

impl HttpServiceFactory for Unreachable {
    fn register(self, config: &mut AppService) {
        let never: Box<dyn Guard> = Box::new(|_: &GuardContext<'_>| false);
        let service = fn_service(|request: ServiceRequest| async {
            Ok(request.into_response(HttpResponse::NotFound()))
        });
        config.register_service(self.definition, Some(vec![never]), service, self.nested);
    }
}

struct Node {
    definition: ResourceDef,
    nested: Option<Rc<ResourceMap>>,
}

impl Node {
    fn container(definition: ResourceDef, nodes: impl IntoIterator<Item = Self>) -> Self {
        let mut map = ResourceMap::new(definition.clone());
        for Self { mut definition, nested } in nodes {
            map.add(&mut definition, nested);
        }
        Self { definition, nested: Some(Rc::new(map)) }
    }

    fn copy(&self) -> Self {
        Self { definition: self.definition.clone(), nested: self.nested.clone() }
    }
}

/// The entries of an indexed scope: the chunks, the empty chunk, and all services once more.
fn nodes(shapes: &[Shape]) -> Vec<Node> {
    let flat: Vec<Vec<Node>> = shapes.iter().map(of_shape).collect();
    let root = flat.iter().flatten().find(|node| node.definition.find_match("") == Some(0));
    // A search by the empty path ends in the first chunk, whose own path is empty.
    let root = || root.map_or_else(unmatched, Node::copy);
    let empty = || ResourceDef::new("");
    let mut nodes = Vec::new();
    for chunk in flat.chunks(chunk_size(flat.len())) {
        let resource_map =
            chunk.iter().map(|own| Node::container(empty(), own.iter().map(Node::copy)));
        nodes.push(Node::container(empty(), std::iter::once(root()).chain(resource_map)));
    }
    nodes.push(unmatched());
    nodes.extend(flat.into_iter().flatten());
    nodes
}

/// An entry that matches no path and contains nothing.
fn unmatched() -> Node {
    Node::container(ResourceDef::new(Vec::<String>::new()), [])
}

fn of_shape(shape: &Shape) -> Vec<Node> {
    match shape {
        Shape::Resources(known) => known.iter().map(leaf).collect(),
        // An indexed scope registers the scope of its services before itself.
        Shape::Scope(prefix, inner) if super::is_indexed(inner) => {
            vec![unmatched(), Node::container(prefix.definition(), nodes(inner))]
        }
        Shape::Scope(prefix, inner) => {
            vec![Node::container(prefix.definition(), inner.iter().flat_map(of_shape))]
        }
        Shape::Unknown => Vec::new(),
    }
}

fn leaf(known: &KnownPaths) -> Node {
    Node { definition: known.definition(), nested: None }
}
