//! What an expansion asserts about a service: that requests reach it through the pipeline alone.

use super::mounted::{KnownPaths, Shape};

/// A route that a route attribute registers: its path, its name, and its methods; no methods if more than
/// those decide whether it matches.
pub type RouteOf = (&'static str, &'static str, &'static [&'static str]);

/// What an expansion says of a service: that requests reach it through the pipeline alone.
#[derive(Debug)]
pub struct Policed(Option<&'static [RouteOf]>);

impl Policed {
    /// Said by `#[secure(...)]`, and by the scope about what it holds.
    pub const BY_THE_ATTRIBUTE: Self = Self(None);

    /// The same of a service that registers these routes, in this order.
    #[must_use]
    pub const fn with(routes: &'static [RouteOf]) -> Self {
        Self(Some(routes))
    }

    pub(crate) fn shape(&self) -> Shape {
        let Some(routes) = self.0 else { return Shape::Unknown };
        Shape::Resources(routes.iter().map(KnownPaths::of_route).collect())
    }
}
