//! Equality of principals: by address, or by content.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Principal, PrincipalBuilder};

impl Principal {
    /// Whether both share their data.
    #[inline]
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Whether both have equal content; values of the application have to be the same instances.
    pub(crate) fn is_equal_to(&self, other: &Self) -> bool {
        let (one, other) = (&self.inner.data, &other.inner.data);
        Said::of(one) == Said::of(other) && one.extensions.are(&other.extensions)
    }

    /// Whether all content is equal, so that a decision about one holds for the other.
    pub(crate) fn is_indistinguishable_from(&self, other: &Self) -> bool {
        self.authenticator == other.authenticator && (self.is(other) || self.is_equal_to(other))
    }

    /// Hashes what tells two callers apart, or two tokens of one, but for values of the application.
    pub(crate) fn hash_marks(&self, hasher: &mut impl Hasher) {
        (self.authenticator, Said::of(&self.inner.data)).hash(hasher);
    }

    /// A hash of the content, without values of the application.
    pub(crate) fn hash_with(&self, secret: &ahash::RandomState) -> u64 {
        secret.hash_one(Said::of(&self.inner.data))
    }

    /// That hash, computed at the first call.
    #[inline]
    pub(crate) fn identity(&self, hash: impl FnOnce() -> u64) -> u64 {
        // A second computation at the same time changes no more than where something is looked for.
        match self.inner.identity.load(Ordering::Relaxed) {
            0 => {
                let identity = hash().max(1);
                self.inner.identity.store(identity, Ordering::Relaxed);
                identity
            }
            identity => identity,
        }
    }
}

/// The content of a principal.
#[derive(PartialEq, Eq, Hash)]
struct Said<'a> {
    texts: [Option<&'a str>; 9],
    names: [&'a [Box<str>]; 4],
    times: [Option<u64>; 3],
}

impl<'a> Said<'a> {
    fn of(data: &'a PrincipalBuilder) -> Self {
        // Named one by one: a field that is added has to be compared, too.
        let PrincipalBuilder {
            subject,
            issuer,
            tenant,
            tier,
            roles,
            scopes,
            permissions,
            expires_at,
            authenticated_at,
            acr,
            amr,
            issued_at,
            token_id,
            session,
            claims,
            api_key,
            extensions: _,
        } = data;
        Self {
            texts: [
                Some(&**subject),
                issuer.as_deref(),
                tenant.as_deref(),
                tier.as_deref(),
                acr.as_deref(),
                token_id.as_deref(),
                session.as_deref(),
                claims.as_deref(),
                api_key.as_deref(),
            ],
            names: [roles, scopes, permissions, amr],
            times: [*expires_at, *authenticated_at, *issued_at],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_principals_say_the_same_in_every_respect() {
        let build = || Principal::builder("alice").role("a").issuer("i").expires_at_unix(7);
        let secret = ahash::RandomState::new();
        let (one, other) = (build().build(), build().build());
        assert!(one.is_equal_to(&other) && !one.is(&other) && one.is(&one.clone()));
        assert_eq!(one.hash_with(&secret), other.hash_with(&secret));
        let others = [
            build().subject("bob"),
            build().issuer("j"),
            build().role("b"),
            build().scope("a"),
            build().permission("a"),
            build().tenant("a"),
            build().tier("a"),
            build().expires_at_unix(8),
            build().issued_at_unix(7),
            build().authenticated_at_unix(7),
            build().acr("a"),
            build().amr(["a"]),
            build().token_id("a"),
            build().session("a"),
            build().claims_json("{}"),
            build().api_key("a"),
            build().extension(7_u32),
        ];
        for (place, other) in others.into_iter().enumerate() {
            assert!(!one.is_equal_to(&other.build()), "{place}");
        }
        // Equal values are not the same value.
        let (one, other) = (build().extension(7_u32).build(), build().extension(7_u32).build());
        assert!(!one.is_equal_to(&other) && one.is_equal_to(&one.to_builder().build()));
    }
}
