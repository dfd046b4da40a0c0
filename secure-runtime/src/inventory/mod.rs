//! Every secured endpoint of the program, collected at link time.
//!
//! Each expansion of `#[secure(...)]` registers one [`Endpoint`] in a section of the binary; this module
//! reads them. An endpoint is listed whether or not it is mounted.
//!
//! ```
//! let inventory = secure_runtime::inventory();
//! println!("{inventory}");            // a table
//! println!("{}", inventory.to_json()); // the same as JSON
//! ```

mod mounted_routes;
pub(crate) mod route_patterns;
mod row;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::ser::{Serialize, SerializeSeq, Serializer};

#[cfg(any(test, feature = "testing"))]
pub(crate) use self::mounted_routes::METHODS;
pub use self::mounted_routes::{MountedRoute, MountedRoutes};
#[doc(hidden)]
pub use self::row::PublicServiceRow;
pub use self::row::Row;
use self::row::{public_service, published, rows};
pub use crate::policy::{Endpoint, Route};
use crate::policy::{Policy, Written, opens};
use crate::throttling::ConfiguredModes;

/// The endpoints, registered by every expansion of `#[secure(...)]`.
#[doc(hidden)]
#[linkme::distributed_slice]
pub static ENDPOINTS: [Written];

/// The roles of vocabularies, registered by the first expansion of each crate with one.
#[doc(hidden)]
#[linkme::distributed_slice]
pub static ROLES: [&'static [&'static str]];

/// The reasons of services without a policy.
#[doc(hidden)]
#[linkme::distributed_slice]
pub static PUBLIC_SERVICES: [PublicServiceRow];

/// The paths of modules with a policy.
#[doc(hidden)]
#[linkme::distributed_slice]
pub static MODULES: [&'static str];

/// The modules with a policy that contain a module, itself included.
pub(crate) fn modules_around(module: &str) -> impl Iterator<Item = &'static str> {
    MODULES.iter().copied().filter(move |outer| is_inside(module, outer))
}

/// Whether a module is equal to another one, or nested in it.
pub(crate) fn is_inside(module: &str, outer: &str) -> bool {
    let rest = module.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Every endpoint of the program, in the order of the section. Decoded at the first use.
static READ: LazyLock<Box<[Endpoint]>> = LazyLock::new(|| {
    let mut endpoints: Box<[Endpoint]> =
        ENDPOINTS.iter().enumerate().map(|(place, it)| it.read(place)).collect();
    tell_apart(&mut endpoints);
    endpoints
});

/// Functions of the same name in the bodies of other functions have the same path. They are numbered in
/// source order, `place` and `place#2`, so that their counts and changes are separate.
fn tell_apart(endpoints: &mut [Endpoint]) {
    let mut ordered: Vec<&mut Endpoint> = endpoints.iter_mut().collect();
    ordered.sort_by_key(|it| (it.module, it.name, it.file, it.line));
    let (mut last, mut count) = (("", ""), 0_usize);
    for endpoint in ordered {
        let this = (endpoint.module, endpoint.name);
        count = if this == last { count + 1 } else { 1 };
        last = this;
        if count > 1 {
            endpoint.name = Box::leak(format!("{}#{count}", endpoint.name).into_boxed_str());
        }
    }
}

/// The endpoint of a policy that was never registered. No `Security` serves it.
static STRANGER: Endpoint = Endpoint {
    name: "",
    module: "",
    file: "",
    line: 0,
    routes: &[],
    policy: Policy::AUTHENTICATED,
    position: usize::MAX,
    is_readable: false,
};

/// Every endpoint of the program.
pub fn endpoints() -> &'static [Endpoint] {
    &READ
}

/// The endpoint that was registered at an address: a subtraction on the request path.
pub(crate) fn endpoint(written: &'static Written) -> &'static Endpoint {
    let start = ENDPOINTS.as_ptr().addr();
    let offset = std::ptr::from_ref(written).addr().checked_sub(start);
    offset.and_then(|offset| READ.get(offset / size_of::<Written>())).unwrap_or(&STRANGER)
}

/// A list of secured endpoints, sorted by path, then method.
///
/// `Display` prints it as a table.
#[derive(Clone, Debug)]
pub struct Inventory {
    rows: Vec<Row>,
    idle_roles: Vec<&'static str>,
    authentication_off: Vec<AuthenticationOff>,
}

/// A role that opens no endpoint: an element after the endpoints in JSON.
#[derive(serde::Serialize)]
struct IdleRole {
    idle_role: &'static str,
}

/// Authentication that the configuration turns off: an element after the endpoints in JSON.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(untagged)]
pub(crate) enum AuthenticationOff {
    Absent { absent_authenticator: &'static str, reason: String },
    Open { open_to_everybody_as: String, reason: String },
}

/// Every secured endpoint of the program.
#[must_use]
pub fn inventory() -> Inventory {
    Inventory::of(endpoints().iter(), None, ConfiguredModes::default(), false)
}

impl Inventory {
    /// These endpoints, and the metadata of the protected resource if they have a path. `modes` are the
    /// configured modes of limits and failure budgets. `decides_all`: the application's own policy also
    /// decides about endpoints without `action`.
    pub(crate) fn of(
        endpoints: impl Iterator<Item = &'static Endpoint>,
        metadata: Option<&'static str>,
        modes: ConfiguredModes,
        decides_all: bool,
    ) -> Self {
        let services = PUBLIC_SERVICES.iter().map(public_service);
        let rows = endpoints.flat_map(|endpoint| rows(endpoint, modes, decides_all));
        let mut rows: Vec<Row> = rows.chain(metadata.map(published)).chain(services).collect();
        rows.sort_by(|a, b| {
            (a.path, &a.method, a.file, a.line).cmp(&(b.path, &b.method, b.file, b.line))
        });
        Self { rows, idle_roles: idle_roles(), authentication_off: Vec::new() }
    }

    /// Adds the authentication that the configuration turns off.
    pub(crate) fn with_authentication_off(mut self, off: Vec<AuthenticationOff>) -> Self {
        self.authentication_off = off;
        self
    }

    /// The roles of the vocabulary (`secure.toml`) that open no endpoint of the program, neither by
    /// themselves nor through a role or permission that they imply: no caller passes a rule because of such a
    /// role. Rules do not mention them, or only forbid them. Conditions inside expressions are not
    /// considered. `Display` lists them below the table, and JSON after the endpoints.
    #[must_use]
    pub fn idle_roles(&self) -> &[&'static str] {
        &self.idle_roles
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The same list with the full paths of the mounted routes of an application, from
    /// [`testing::mounted_routes`](crate::testing::mounted_routes).
    #[must_use]
    pub fn mounted(mut self, routes: &MountedRoutes) -> Self {
        for row in &mut self.rows {
            let own = routes.secured().iter().filter(|route| {
                let MountedRoute { method, path, endpoint } = route;
                let methods = row.method.as_deref();
                (endpoint.file, endpoint.line) == (row.file, row.line)
                    && methods.is_none_or(|it| it.split(',').any(|one| one == method.as_str()))
                    && row.path.is_none_or(|own| path.ends_with(own))
            });
            let places: BTreeMap<&String, &Endpoint> =
                own.map(|route| (&route.path, route.endpoint)).collect();
            row.scope_policies = places
                .iter()
                .flat_map(|(path, endpoint)| {
                    let policies = routes.scope_policies(endpoint, path).iter();
                    policies.map(move |it| format!("{path}: {}::{}", it.module, it.name))
                })
                .collect();
            row.mounted = places.into_keys().cloned().collect();
        }
        self
    }

    /// The list as a JSON array of objects: one for each row, and `{"idle_role": "…"}` for each of the
    /// [`idle_roles`](Self::idle_roles), which only a program with a vocabulary has. The last elements are
    /// the settings that turn authentication off: `{"absent_authenticator": "…", "reason": "…"}` for each
    /// [absent](crate::SecurityBuilder::absent) one, and `{"open_to_everybody_as": "…", "reason": "…"}` for
    /// [`open_because`](crate::SecurityBuilder::open_because).
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings and numbers always serialize.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl Serialize for Inventory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        self.rows.iter().try_for_each(|row| list.serialize_element(row))?;
        let mut roles = self.idle_roles.iter();
        roles.try_for_each(|idle_role| list.serialize_element(&IdleRole { idle_role }))?;
        self.authentication_off.iter().try_for_each(|it| list.serialize_element(it))?;
        list.end()
    }
}

fn idle_roles() -> Vec<&'static str> {
    let roles: BTreeSet<&'static str> = ROLES.iter().copied().flatten().copied().collect();
    let is_idle = |role: &&'static str| !endpoints().iter().any(|it| opens(&it.policy.rule, role));
    roles.into_iter().filter(is_idle).collect()
}
