//! Verification of an accepted API key, by this crate and by hand-written code.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use secure_runtime::authentication::api_key::{ApiKey, ApiKeys, MemoryKeyStore};
use secure_runtime::authentication::{Attempt, Authenticator, IntoAuthenticator};
use secure_runtime::{Moment, Principal, RequestHead};

use crate::Failure;

/// The number of keys on both sides.
const KEYS: usize = 1000;
const NOW: u64 = 1_767_225_600;
const END: u64 = 2_000_000_000;

/// Both sides, with the same keys.
pub struct Fixture {
    /// One of the keys.
    pub key: String,
    now: Moment,
    ours: Arc<dyn Authenticator>,
    by_hand: RwLock<HashMap<[u8; 32], Principal>>,
}

impl Fixture {
    /// Generates the keys.
    ///
    /// # Errors
    ///
    /// When the system has no random numbers.
    pub fn new() -> Result<Self, Failure> {
        let store = MemoryKeyStore::new();
        let mut by_hand = HashMap::new();
        let mut key = String::new();
        for number in 0..KEYS {
            let owner = Principal::builder(format!("machine {number}")).role("reader");
            let generated =
                ApiKey::generate("shop", owner.expires_at(UNIX_EPOCH + Duration::from_secs(END)))?;
            store.add(generated.record())?;
            key = generated.expose().to_owned();
            by_hand.insert(hash(key.as_bytes())?, generated.record().principal().clone());
        }
        let ours = ApiKeys::new(store).into_authenticator()?;
        let now = Moment::new(Duration::ZERO, Duration::from_secs(NOW));
        Ok(Self { key, now, ours, by_hand: RwLock::new(by_hand) })
    }

    /// The caller that the authenticator accepts.
    #[must_use]
    pub fn ours(&self, request: &RequestHead<'_>) -> Option<Principal> {
        match self.ours.authenticate(request, self.now) {
            Attempt::Accepted(principal) => Some(principal),
            _ => None,
        }
    }

    /// The caller that a hand-written table of hashes accepts.
    #[must_use]
    pub fn by_hand(&self, request: &RequestHead<'_>) -> Option<Principal> {
        let hash = hash(request.header("x-api-key")?).ok()?;
        let principal = self.by_hand.read().ok()?.get(&hash)?.clone();
        let is_over = principal.expires_at().is_some_and(|end| SystemTime::from(self.now) >= end);
        (!is_over).then_some(principal)
    }
}

fn hash(key: &[u8]) -> Result<[u8; 32], Failure> {
    Ok(digest(&SHA256, key).as_ref().try_into()?)
}
