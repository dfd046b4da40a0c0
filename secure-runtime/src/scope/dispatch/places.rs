//! Where in the application's map of resources the service of a request stands.
//!
//! `match_pattern` and `match_name` follow the numbers that actix-web's routers note in the request. Only
//! its routers can note one. So a small router whose services all match notes the number that it is asked
//! for, and hands the request back. Numbers have two digits, since a router of n services takes n steps: the
//! map has the services of the scope in chunks, and once more, flat, for those who search it by path.

use std::cell::Cell;
use std::rc::Rc;

use actix_web::dev::{
    AppService, HttpServiceFactory, ResourceDef, ResourceMap, ServiceRequest, fn_service,
};
use actix_web::guard::{Guard, GuardContext};
use actix_web::{HttpResponse, web};

use super::captured::{Place, Returned};
use crate::scope::mounted::{KnownPaths, Shape};

/// How many services a chunk has. The scopes that are indexed have at most a few thousand.
const CHUNK: usize = 32;

/// Notes numbers in requests.
pub(super) struct Noting {
    chunk: Digit,
    place: Digit,
    /// The chunk that nothing stands in.
    nowhere: usize,
}

impl Noting {
    pub(super) fn new(services: usize, returned: &Returned) -> Self {
        let nowhere = services.div_ceil(CHUNK);
        let chunk = Digit::new(nowhere + 1, returned);
        Self { chunk, place: Digit::new(CHUNK + 1, returned), nowhere }
    }

    /// What to register for it.
    pub(super) fn routers(&self) -> [impl HttpServiceFactory + use<>; 2] {
        [self.chunk.router(), self.place.router()]
    }

    /// Notes where the service with this number stands.
    #[inline]
    pub(super) fn note(&self, request: ServiceRequest, number: usize) -> Option<ServiceRequest> {
        let request = self.chunk.note(request, number / CHUNK)?;
        // The first place of a chunk is for searches by path.
        self.place.note(request, number % CHUNK + 1)
    }

    /// Notes that the map does not say where the service stands, so that it is searched by path.
    #[inline]
    pub(super) fn note_nowhere(&self, request: ServiceRequest) -> Option<ServiceRequest> {
        self.chunk.note(request, self.nowhere)
    }
}

/// Notes numbers below a count.
struct Digit {
    router: Place,
    count: usize,
    asked: Rc<Cell<usize>>,
    returned: Returned,
}

impl Digit {
    fn new(count: usize, returned: &Returned) -> Self {
        let returned = returned.clone();
        Self { router: Place::default(), count, asked: Rc::default(), returned }
    }

    fn router(&self) -> impl HttpServiceFactory + use<> {
        let Self { count, asked, returned, .. } = self;
        let digits = Digits { count: *count, asked: Rc::clone(asked), returned: returned.clone() };
        self.router.matching(digits, returned)
    }

    fn note(&self, request: ServiceRequest, digit: usize) -> Option<ServiceRequest> {
        self.asked.set(digit);
        drop(self.router.call(request));
        self.returned.take()
    }
}

struct Digits {
    count: usize,
    asked: Rc<Cell<usize>>,
    returned: Returned,
}

impl HttpServiceFactory for Digits {
    fn register(self, config: &mut AppService) {
        for digit in 0..self.count {
            let guard = Asked { asked: Rc::clone(&self.asked), digit };
            let service = fn_service(self.returned.service());
            let everything = ResourceDef::prefix("");
            config.register_service(everything, Some(vec![Box::new(guard)]), service, None);
        }
    }
}

struct Asked {
    asked: Rc<Cell<usize>>,
    digit: usize,
}

impl Guard for Asked {
    fn check(&self, _: &GuardContext<'_>) -> bool {
        self.asked.get() == self.digit
    }
}

/// Registers what the map says of services that this module answers for, as the services of the scope's own
/// router, which no request reaches.
pub(super) fn map(shapes: &[Shape], config: &mut web::ServiceConfig) {
    for Node { definition, nested } in nodes(shapes) {
        config.service(Silent { definition, nested });
    }
}

struct Silent {
    definition: ResourceDef,
    nested: Option<Rc<ResourceMap>>,
}

impl HttpServiceFactory for Silent {
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

/// The nodes of a scope that is indexed: chunks, nowhere, and all services once more.
fn nodes(shapes: &[Shape]) -> Vec<Node> {
    let flat: Vec<Vec<Node>> = shapes.iter().map(of_shape).collect();
    let root = flat.iter().flatten().find(|node| node.definition.find_match("") == Some(0));
    // What is searched by the empty path ends in the first chunk, whose own path is empty.
    let root = || root.map_or_else(unmatched, Node::copy);
    let empty = || ResourceDef::new("");
    let mut nodes = Vec::new();
    for chunk in flat.chunks(CHUNK) {
        let places = chunk.iter().map(|own| Node::container(empty(), own.iter().map(Node::copy)));
        nodes.push(Node::container(empty(), std::iter::once(root()).chain(places)));
    }
    nodes.push(unmatched());
    nodes.extend(flat.into_iter().flatten());
    nodes
}

/// Matches no path, and holds nothing.
fn unmatched() -> Node {
    Node::container(ResourceDef::new(Vec::<String>::new()), [])
}

fn of_shape(shape: &Shape) -> Vec<Node> {
    match shape {
        Shape::Resources(known) => known.iter().map(leaf).collect(),
        // It registers the scope of its services before itself.
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
