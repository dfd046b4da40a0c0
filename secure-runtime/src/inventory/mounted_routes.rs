//! [`MountedRoutes`]: the routes of an application and their endpoints, as a test found them.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::Method;

use super::endpoints;
use crate::policy::Endpoint;

/// The methods that are tried for every path.
pub(crate) const METHODS: [Method; 9] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::HEAD,
    Method::OPTIONS,
    Method::TRACE,
    Method::CONNECT,
];

/// The routes of an application, as [`testing::mounted_routes`](crate::testing::mounted_routes) found
/// them.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct MountedRoutes {
    pub(crate) secured: Vec<MountedRoute>,
    /// The policies of the scopes around an endpoint, by its position in the inventory and its path.
    pub(crate) scope_policies: BTreeMap<(usize, String), Vec<&'static Endpoint>>,
    /// The methods of each path that has handlers without a policy.
    pub(crate) unsecured: BTreeMap<String, Vec<Method>>,
    pub(crate) untried: BTreeSet<String>,
}

/// One route of an application that reaches a secured endpoint.
#[derive(Clone, Debug)]
pub struct MountedRoute {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) endpoint: &'static Endpoint,
}

impl MountedRoute {
    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path template, with the scopes around it.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The endpoint.
    #[must_use]
    pub fn endpoint(&self) -> &'static Endpoint {
        self.endpoint
    }
}

impl MountedRoutes {
    /// The routes that reached a secured endpoint.
    #[must_use]
    pub fn secured(&self) -> &[MountedRoute] {
        &self.secured
    }

    /// The routes that have no policy, as `GET,POST /path`; `* /path` if they take every method.
    #[must_use]
    pub fn unsecured(&self) -> Vec<String> {
        let lines = self.unsecured.iter().map(|(path, methods)| match methods.len() {
            count if count == METHODS.len() => format!("* {path}"),
            _ => {
                let methods: Vec<&str> = methods.iter().map(Method::as_str).collect();
                format!("{} {path}", methods.join(","))
            }
        });
        lines.collect()
    }

    /// The path templates that could not be tried: no path was found that their expressions match, or a
    /// middleware responded before the request was routed. Whether they have a policy is unknown.
    pub fn untried(&self) -> impl Iterator<Item = &str> {
        self.untried.iter().map(String::as_str)
    }

    /// The policies of the scopes ([`Scope::policy`](crate::Scope::policy)) around an endpoint where it is mounted
    /// at this path template, the widest first.
    #[must_use]
    pub fn scope_policies(&self, endpoint: &Endpoint, path: &str) -> &[&'static Endpoint] {
        let place = (endpoint.position, path.to_owned());
        self.scope_policies.get(&place).map_or(&[], Vec::as_slice)
    }

    /// The secured endpoints of the program that were not reached: they are not mounted, or behind a guard
    /// that asks for more than the method, or another route takes all their requests.
    pub fn unmounted(&self) -> impl Iterator<Item = &'static Endpoint> {
        let around = self.scope_policies.values().flatten();
        let reached = self.secured.iter().map(|route| &route.endpoint).chain(around);
        let reached: BTreeSet<usize> = reached.map(|it| it.position).collect();
        endpoints().iter().filter(move |endpoint| !reached.contains(&endpoint.position))
    }
}
