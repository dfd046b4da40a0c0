//! Which grants the rules of this program ask for: where a token holds one of them in a form that cannot
//! be read, it is refused; what nobody asks for is no reason to.

use std::sync::LazyLock;

use crate::inventory::endpoints;
use crate::policy::Rule;

/// What the rules of the program's endpoints ask of tokens.
pub(super) struct Asked {
    pub(super) roles: bool,
    pub(super) scopes: bool,
    pub(super) permissions: bool,
}

pub(super) static ASKED: LazyLock<Asked> = LazyLock::new(|| {
    let mut asked = Asked { roles: false, scopes: false, permissions: false };
    for endpoint in endpoints() {
        let mut ask_for_all = !endpoint.is_readable;
        endpoint.policy.rule.each_leaf(&mut |leaf| match leaf {
            Rule::Role(_) => asked.roles = true,
            Rule::Scope(_) => asked.scopes = true,
            Rule::Permission(_) => asked.permissions = true,
            // It may ask for anything.
            Rule::Expression(_) => ask_for_all = true,
            _ => {}
        });
        if ask_for_all {
            return Asked { roles: true, scopes: true, permissions: true };
        }
    }
    asked
});
