//! The API-key authenticator, built from a checked [`ApiKeys`](super::ApiKeys).

use std::sync::Arc;
use std::time::Duration;

use super::key::{ApiKey, KeyFault};
use super::place::{Carried, Places};
use super::{Found, KeyHash, KeyStore, Lookup};
use crate::authentication::{
    Attempt, Authenticator, Capabilities, Challenge, Presented, Refusal, Verdict,
};
use crate::principal::Principal;
use crate::request::RequestHead;
use crate::support::time::Moment;

/// Verifies API keys.
pub(crate) struct ApiKeyAuthenticator {
    pub(super) store: Arc<dyn KeyStore>,
    pub(super) places: Places,
    pub(super) challenge: Challenge,
    pub(super) patience: Duration,
}

impl Authenticator for ApiKeyAuthenticator {
    fn challenge(&self) -> Challenge {
        self.challenge.clone()
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        self.places.presented(request)
    }

    fn claimed_id<'a>(&self, request: &RequestHead<'a>) -> Option<&'a str> {
        let Carried::Key(text) = self.places.find(request) else { return None };
        ApiKey::parse(std::str::from_utf8(text).ok()?).ok().map(|key| key.id())
    }

    /// No sign-in time: an API key is not the result of a sign-in.
    fn capabilities(&self) -> Capabilities {
        let it = Capabilities::new().names_tenants().names_tiers().names_api_keys();
        self.store.names_issuers().into_iter().fold(it, Capabilities::names_issuers)
    }

    /// A store that has to wait for its answer is not asked.
    fn recheck(&self, caller: &Principal, now: Moment) -> Result<(), Refusal> {
        let Some(id) = caller.api_key() else { return Ok(()) };
        match self.store.find(id, now) {
            Lookup::Ready(Ok(Some(record))) if !record.is_over(now) => Ok(()),
            Lookup::Ready(Ok(_)) => {
                Err(Refusal::invalid_token("the API key is gone, or has expired"))
            }
            Lookup::Ready(Err(fault)) => Err(Refusal::unavailable(fault.to_string())),
            Lookup::Pending(_) => Ok(()),
        }
    }

    fn authenticate(&self, request: &RequestHead<'_>, now: Moment) -> Attempt {
        let text = match self.places.find(request) {
            Carried::Nothing => return Attempt::Absent,
            Carried::Malformed(cause) => {
                return Attempt::Refused(Refusal::invalid_request(cause));
            }
            Carried::Key(text) => text,
        };
        let text = std::str::from_utf8(text).map_err(|_| KeyFault::Form);
        let key = match text.and_then(ApiKey::parse) {
            Ok(key) => key,
            Err(fault) => return Attempt::Refused(Refusal::invalid_token(fault.cause())),
        };
        // Before the store is asked: an unknown id costs as much as a wrong secret.
        let hash = key.hash();
        match self.store.find(key.id(), now) {
            Lookup::Ready(found) => conclude(&*self.store, found, &hash, now).into(),
            Lookup::Pending(found) => {
                let (store, patience) = (Arc::clone(&self.store), self.patience);
                Attempt::Pending(Box::pin(async move {
                    match tokio::time::timeout(patience, found).await {
                        Ok(found) => conclude(&*store, found, &hash, now),
                        Err(_) => unavailable("the store of API keys took too long"),
                    }
                }))
            }
        }
    }
}

fn conclude(store: &dyn KeyStore, found: Found, hash: &KeyHash, now: Moment) -> Verdict {
    let record = match found {
        Ok(record) => record,
        Err(fault) => return unavailable(&fault.to_string()),
    };
    let expected = record.as_ref().map_or(&KeyHash::OF_NOTHING, |record| record.hash());
    let is_right = expected.is(hash);
    match record {
        None => refused("no API key has this id"),
        Some(_) if !is_right => refused("the secret of the API key is wrong"),
        Some(record) if record.is_over(now) => refused("the API key has expired"),
        Some(record) => {
            if record.touch(now) {
                store.used(&record, now);
            }
            Verdict::Accepted(record.principal().clone())
        }
    }
}

fn refused(cause: &'static str) -> Verdict {
    Verdict::Refused(Refusal::invalid_token(cause))
}

fn unavailable(cause: &str) -> Verdict {
    Verdict::Refused(Refusal::unavailable(cause))
}
