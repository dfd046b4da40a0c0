//! What the application's own policy is asked about.

use super::{Access, Endpoint};

impl Endpoint {
    /// The function with the path of its module, as logs name it.
    pub(crate) fn full_name(&self) -> String {
        format!("{}::{}", self.module, self.name)
    }

    /// The actions of the endpoint; none where the application's own policy is not asked. With `all` it is
    /// asked about every endpoint that looks at callers.
    pub(crate) fn actions(&self, all: bool) -> Vec<String> {
        match self.policy.actions {
            None if !all || self.policy.access == Access::Public => Vec::new(),
            None | Some([]) => vec![self.full_name()],
            Some(named) => named.iter().map(|name| String::from(*name)).collect(),
        }
    }
}
