//! Signed documents of an issuer that are not access tokens: signed introspection responses (RFC 9701).
//!
//! 1. The `typ` of the header is that of the document, so that no token of the issuer passes for one,
//!    and it for none (RFC 8725 section 3.11).
//! 2. Its key is found as that of a token is: among the configured ones, or the published ones, which
//!    are fetched again where the key is unknown.
//! 3. `iss` and `aud` are those of the description, and `iat` is close to now: an old document that
//!    somebody kept is not the answer to a new question.

use std::time::Instant;

use super::claims::time;
use super::fetched::later;
use super::json::Object;
use super::keys::{Keys, Unverified};
use super::profile::same_media_type;
use super::provider::{Look, Provider, Wait};
use super::verify::{JwtAuthenticator, KeySource};
use crate::support::time::Moment;

impl JwtAuthenticator {
    /// The payload of a document of this type. The time is that of the request that needs it.
    pub(crate) async fn open_document(
        &self,
        document: &[u8],
        media_type: &str,
        now: Moment,
    ) -> Result<String, &'static str> {
        let open = |keys: &Keys| {
            keys.open(document, |header| match header.media_type.as_deref() {
                Some(found) if same_media_type(found, media_type) => Ok(()),
                _ => Err("`typ` is not that of the document".into()),
            })
        };
        let opened = match &self.0.keys {
            KeySource::Configured(keys) => open(keys),
            KeySource::Published(provider) => match provider.look(now) {
                Look::Nothing => return Err(NO_KEYS),
                Look::Wait(wait) => after(provider, wait, now, open).await,
                Look::Use(held) => match open(&held.keys) {
                    Err(Unverified::UnknownKey(_)) => {
                        match provider.fetch_for_unknown(now, Instant::now(), None) {
                            Ok(wait) => after(provider, wait, now, open).await,
                            Err(reason) => Err(Unverified::UnknownKey(reason.cause())),
                        }
                    }
                    opened => opened,
                },
            },
        };
        let payload = opened.map_err(Unverified::cause)?;
        String::from_utf8(payload).map_err(|_| "the payload is not UTF-8")
    }

    /// Checks the issuer, the audience and the times of a document.
    pub(crate) fn check_document(
        &self,
        claims: &Object<'_>,
        now: Moment,
    ) -> Result<(), &'static str> {
        self.0.rules.check_issuer(claims)?;
        self.0.rules.check_audience(claims)?;
        let made = time(claims.get("iat"), "`iat` is not a time")?.ok_or("`iat` is missing")?;
        if made.abs_diff(now.unix_nanos()) > FRESH_NANOS {
            return Err("`iat` is not close to now");
        }
        match time(claims.get("exp"), "`exp` is not a time")? {
            Some(end) if end <= now.unix_nanos() => Err("`exp` has passed"),
            _ => Ok(()),
        }
    }
}

/// Opens with what a fetch has brought, and with what another one brings where that began before the
/// document came and did not bring its key.
async fn after(
    provider: &Provider<Keys>,
    mut wait: Wait,
    now: Moment,
    open: impl Fn(&Keys) -> Result<Vec<u8>, Unverified>,
) -> Result<Vec<u8>, Unverified> {
    let came = Instant::now();
    loop {
        let fetched = wait.over().await;
        let held = provider.usable(now).ok_or(NO_KEYS)?;
        match open(&held.keys) {
            Err(Unverified::UnknownKey(_)) if !fetched.is_newer => {}
            opened => return opened,
        }
        let again = provider.fetch_for_unknown(later(now, came.elapsed()), came, None);
        wait = again.map_err(|reason| Unverified::UnknownKey(reason.cause()))?;
    }
}

const NO_KEYS: &str = "no key set could be fetched, or the last one is too old";

/// Five minutes: as far as clocks may be apart.
const FRESH_NANOS: u64 = 300_000_000_000;
