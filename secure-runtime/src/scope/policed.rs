//! The proof that requests reach a service only through the pipeline. The expansion of
//! `#[secure(...)]` creates it.

use super::mounted::{KnownPaths, Shape};

/// A route of a route attribute: its path, its name and its methods. The methods are empty if other
/// conditions decide whether it matches.
pub type RouteOf = (&'static str, &'static str, &'static [&'static str]);

/// The proof that requests reach a service only through the pipeline.
#[derive(Debug)]
pub struct Policed(Option<&'static [RouteOf]>);

impl Policed {
    /// Created by `#[secure(...)]`, and by a scope for its services.
    pub const BY_THE_ATTRIBUTE: Self = Self(None);

    /// For a service that registers these routes, in this order.
    #[must_use]
    pub const fn with(routes: &'static [RouteOf]) -> Self {
        Self(Some(routes))
    }

    pub(crate) fn shape(&self) -> Shape {
        let Some(routes) = self.0 else { return Shape::Unknown };
        Shape::Resources(routes.iter().map(KnownPaths::of_route).collect())
    }
}
