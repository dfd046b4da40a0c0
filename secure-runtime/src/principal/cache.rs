//! Values that are computed once for a principal and kept with it.

use std::hash::Hash;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;

use super::{Authorities, Inner, Principal, PrincipalBuilder};
use crate::support::prehashed::Hashed;

/// The values of the claims that the limits of one [`crate::Security`] count by, hashed.
#[derive(Clone)]
pub(crate) struct CountedClaims {
    /// The hash of nothing: which limiter hashed them.
    pub(crate) mark: Hashed,
    /// In the order of the security's claims; `None`: there is no such value.
    pub(crate) values: Box<[Option<u64>]>,
}

/// Who vouches for a caller: two callers of one name are told apart by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum VouchedBy<'a> {
    Issuer(&'a str),
    /// The name of the authenticator, where the credentials name no issuer.
    Authenticator(&'a str),
}

impl Principal {
    /// The caller that this authenticator has accepted.
    #[inline]
    pub(crate) fn accepted_by(mut self, authenticator: &'static str) -> Self {
        self.authenticator = Some(authenticator);
        self
    }

    pub(crate) fn vouched_by(&self) -> VouchedBy<'_> {
        match self.issuer() {
            Some(issuer) => VouchedBy::Issuer(issuer),
            None => VouchedBy::Authenticator(self.authenticator.unwrap_or_default()),
        }
    }

    /// The same caller, with credentials that end at another time.
    pub(crate) fn until(&self, expires_at: Option<u64>) -> Self {
        PrincipalBuilder { expires_at, ..self.inner.data.clone() }.build()
    }

    /// How many bytes of memory this principal holds, about.
    pub(crate) fn footprint(&self) -> usize {
        let data = &self.inner.data;
        let names = data.roles.iter().chain(&data.scopes).chain(&data.permissions).chain(&data.amr);
        size_of::<Inner>()
            + data.subject.len()
            + data.issuer.as_ref().map_or(0, |text| text.len())
            + data.tenant.as_ref().map_or(0, |text| text.len())
            + data.tier.as_ref().map_or(0, |text| text.len())
            + data.acr.as_ref().map_or(0, |text| text.len())
            + data.token_id.as_ref().map_or(0, |text| text.len())
            + data.api_key.as_ref().map_or(0, |text| text.len())
            + data.session.as_ref().map_or(0, |text| text.len())
            + data.claims.as_ref().map_or(0, |text| text.len())
            + data.extensions.footprint()
            + names.map(|name| name.len() + size_of::<Box<str>>()).sum::<usize>()
    }

    pub(crate) fn cached_authorities(&self) -> &OnceLock<Authorities> {
        &self.inner.authorities
    }

    /// The hash that was computed first; `None` if another authenticator had accepted the caller
    /// then.
    #[inline]
    pub(crate) fn hashed_once(&self, hash: impl FnOnce() -> Hashed) -> Option<Hashed> {
        let (by, hashed) = self.inner.hashed.get_or_init(|| (self.authenticator, hash()));
        (*by == self.authenticator).then_some(*hashed)
    }

    /// Whether these credentials were found good under this version of the revocations.
    #[inline]
    pub(crate) fn is_cleared_at(&self, version: u64) -> bool {
        // Nothing else is read on the strength of it.
        self.inner.cleared_at.load(Ordering::Relaxed) == version
    }

    /// Keeps that these credentials were found good under this version of the revocations.
    pub(crate) fn clear_at(&self, version: u64) {
        self.inner.cleared_at.store(version, Ordering::Relaxed);
    }

    pub(crate) fn cached_claims(&self) -> &OnceLock<CountedClaims> {
        &self.inner.counted_claims
    }

    /// The same caller, by the API key of this id.
    pub(crate) fn by_api_key(&self, id: &str) -> Self {
        PrincipalBuilder { api_key: Some(id.into()), ..self.inner.data.clone() }.build()
    }
}
