//! The names of keys in Redis: keyed hashes, which cannot be computed without the secret.
//!
//! A name is `PREFIX{GROUP}KEY`: because of the braces, a cluster keeps a whole group in one slot. Group and
//! key are HMAC-SHA-256 under the secret, cut to 64 and 128 bits: Redis never contains a principal or an
//! address, and clients cannot prepare names that collide.

use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Derives names.
pub(super) struct Names {
    prefix: String,
    groups: Key,
    keys: Key,
}

impl Names {
    pub(super) fn new(prefix: String, secret: &[u8]) -> Self {
        // One key for each purpose, derived from the secret.
        let secret = Key::new(HMAC_SHA256, secret);
        let derive = |purpose: &[u8]| {
            let mut context = Context::with_key(&secret);
            context.update(purpose);
            Key::new(HMAC_SHA256, context.sign().as_ref())
        };
        let (groups, keys) = (derive(b"secure limits: groups"), derive(b"secure limits: keys"));
        Self { prefix, groups, keys }
    }

    /// The part of a limit's keys that is the same for all clients.
    pub(super) fn limit(&self, name: &str) -> Context {
        let mut context = Context::with_key(&self.keys);
        // The length separates the name from the counted client.
        context.update(&(name.len() as u64).to_be_bytes());
        context.update(name.as_bytes());
        context
    }

    /// The part of the names that is common to a group.
    pub(super) fn group(&self, group: &[u8]) -> String {
        let mut context = Context::with_key(&self.groups);
        context.update(group);
        format!("{}{{{}}}", self.prefix, cut(context, 8))
    }

    /// The name of a key.
    pub(super) fn key(&self, group: &str, limit: &Context, whom: &[u8]) -> String {
        let mut context = limit.clone();
        context.update(whom);
        let mut name = String::with_capacity(group.len() + 22);
        name.push_str(group);
        name.push_str(&cut(context, 16));
        name
    }
}

fn cut(context: Context, bytes: usize) -> String {
    let tag = context.sign();
    URL_SAFE_NO_PAD.encode(tag.as_ref().get(..bytes).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(names: &Names, group: &[u8], limit: &str, whom: &[u8]) -> String {
        names.key(&names.group(group), &names.limit(limit), whom)
    }

    #[test]
    fn names_depend_on_everything_and_show_nothing() {
        let names = Names::new("p:".to_owned(), b"a secret of the instances");
        let reference = name(&names, b"orders", "100/h", b"alice");
        assert_eq!(reference, name(&names, b"orders", "100/h", b"alice"));
        assert!(reference.starts_with("p:{") && reference.len() == "p:{}".len() + 11 + 22);
        for other in [
            name(&names, b"order", "100/h", b"alice"),
            name(&names, b"orders", "100/m", b"alice"),
            name(&names, b"orders", "100/h", b"bob"),
            name(&names, b"orders", "100/", b"halice"),
            name(&Names::new("p:".to_owned(), b"another"), b"orders", "100/h", b"alice"),
        ] {
            assert_ne!(reference, other);
        }
        for part in ["alice", "orders", "100"] {
            assert!(!reference.contains(part));
        }
    }

    #[test]
    fn a_group_is_one_hash_tag() {
        let names = Names::new("p:".to_owned(), b"s");
        let tag = |name: &str| name.split(['{', '}']).nth(1).unwrap().to_owned();
        let [one, two] = ["alice", "bob"].map(|whom| name(&names, b"g", "x", whom.as_bytes()));
        assert_eq!(tag(&one), tag(&two));
        assert_ne!(tag(&one), tag(&name(&names, b"h", "x", b"alice")));
    }
}
