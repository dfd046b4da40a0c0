//! The actions of an endpoint, which the application's own policy decides about.

use super::{Access, Endpoint};

impl Endpoint {
    /// The function with its module path, as in logs.
    pub(crate) fn full_name(&self) -> String {
        format!("{}::{}", self.module, self.name)
    }

    /// The actions of the endpoint; none if the application's own policy does not decide about it. With
    /// `all`, it decides about every endpoint that is not public.
    pub(crate) fn actions(&self, all: bool) -> Vec<String> {
        match self.policy.actions {
            None if !all || self.policy.access == Access::Public => Vec::new(),
            None | Some([]) => vec![self.full_name()],
            Some(named) => named.iter().map(|name| String::from(*name)).collect(),
        }
    }
}
