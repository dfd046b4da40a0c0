//! Startup check of [`Jwt`]: reports every mistake at once.

use std::ops::RangeInclusive;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::check_keys::check_keys;
use super::claim_mapping::vocabulary_claims;
use super::issuers::{Issuers, Template, Tenants};
use super::key::CheckedKey;
use super::key_set::AcceptedKeys;
use super::keys::Keys;
use super::requested_grants::ASKED;
use super::source::Reader;
use super::unexpected::Unexpected;
use super::unknown_keys::UnknownKeys;
use super::verify::{JwtAuthenticator, KeySource, Verifier};
use super::{Algorithm, Jwt, Rules};
use crate::authentication::provider::{Order, Provider, Terms, supply};
use crate::authentication::token_cache::{RefusedTokens, TokenCache};
use crate::authentication::token_location::TokenPlace;
use crate::authentication::{
    Authenticator, Challenge, ConfigurationError, ConfigurationErrors, Faults, IntoAuthenticator,
};

/// What is expected of a token, of a JWT and of an introspected one alike, and what is kept of it.
pub(crate) struct Expected {
    pub(crate) rules: Rules,
    pub(crate) challenge: Challenge,
    pub(crate) place: TokenPlace,
    pub(crate) cache: TokenCache,
}

/// A description without fault.
struct Parts {
    /// Those that are given by hand.
    keys: Vec<CheckedKey>,
    /// Where published ones are.
    reader: Option<Reader>,
    expected: Expected,
}

impl IntoAuthenticator for Jwt {
    fn into_authenticator(self) -> Result<Arc<dyn Authenticator>, ConfigurationErrors> {
        self.check().map(|authenticator| Arc::new(authenticator) as Arc<dyn Authenticator>)
    }
}

impl Jwt {
    /// The keys, fetched once if they are published, and what is expected of a token.
    pub(super) fn keys_and_rules(self) -> Result<(Keys, Rules), ConfigurationErrors> {
        let Parts { keys, reader, expected } = self.parts()?;
        let keys = reader.map_or_else(|| Ok(Keys::new(keys)), |reader| reader.read());
        Ok((keys.map_err(ConfigurationError::unreadable)?, expected.rules))
    }

    /// Checks every part of the description: everything that is wrong, or the parts.
    fn parts(mut self) -> Result<Parts, ConfigurationErrors> {
        let mut faults = Vec::new();
        let keys = check_keys(std::mem::take(&mut self.keys), self.test_keys, &mut faults);
        let reader = self.check_source(&keys, &mut faults);
        self.check_algorithms(&keys, &mut faults);
        let expected = self.expected(&mut faults);
        ConfigurationErrors::collected(faults).map_or(Ok(Parts { keys, reader, expected }), Err)
    }

    /// Checks the description: everything that is wrong, or the authenticator.
    pub(crate) fn check(self) -> Result<JwtAuthenticator, ConfigurationErrors> {
        let announcement = self.announcement();
        let terms = self.terms();
        let revocations = self.revocations.clone();
        let Parts { keys, reader, expected } = self.parts()?;
        let Expected { rules, challenge, place, cache } = expected;
        if let Some(announcement) = announcement {
            tracing::info!("{announcement}");
        }
        let (orders, received) = std::sync::mpsc::channel();
        let keys = match &reader {
            None => KeySource::Configured(Keys::new(keys)),
            Some(_) => KeySource::Published(Provider::new(terms, orders)),
        };
        let verifier = Arc::new(Verifier {
            keys,
            rules,
            challenge,
            place,
            cache,
            refused: RefusedTokens::new(),
            unexpected: Unexpected::default(),
            unknown: UnknownKeys::new(),
            revocations,
        });
        if let Some(reader) = reader {
            supply_keys(reader, received, Arc::downgrade(&verifier))
                .map_err(ConfigurationError::other)?;
        }
        Ok(JwtAuthenticator(verifier))
    }

    /// What is expected of a token, of a JWT and of an introspected one alike; adds what is wrong.
    pub(crate) fn expected(mut self, faults: &mut Faults) -> Expected {
        self.check_names(faults);
        self.check_limits(faults);
        self.take_places_of_the_vocabulary(faults);
        self.check_places(faults);
        self.check_demands(faults);
        faults.extend(self.place.faults());
        faults
            .extend(std::mem::take(&mut self.faults).into_iter().map(ConfigurationError::invalid));
        faults.extend(self.preset_faults());
        self.places.roles.is_asked_for |= ASKED.roles;
        self.places.scopes.is_asked_for |= ASKED.scopes;
        self.places.permissions.is_asked_for |= ASKED.permissions;
        let needs_identifiers = self.revocations.is_some();
        Expected {
            challenge: Challenge::new(self.place.scheme()).parameter("realm", self.realm),
            place: self.place,
            cache: TokenCache::new(self.cache_capacity_bytes),
            rules: Rules {
                issuers: Issuers {
                    name: self.issuer.unwrap_or_default().into(),
                    other_spellings: self.other_issuers.into_iter().map(Into::into).collect(),
                    tenants: self.tenants,
                },
                audiences: self.audiences.into_iter().map(Into::into).collect(),
                any_audience: self.any_audience,
                profile: self.profile,
                types: self.types.into_iter().map(Into::into).collect(),
                leeway_nanos: nanos(self.leeway.unwrap_or_default()),
                early_nanos: nanos(self.leeway.unwrap_or(EARLY)),
                places: self.places,
                max_token_bytes: self.max_token_bytes,
                required: self.required.into_iter().map(Into::into).collect(),
                demands: self.demands,
                client_ids: self.client_ids.into_iter().map(Into::into).collect(),
                subject: self.subject,
                client_as_subject: self.client_as_subject,
                names_client: self.names_client,
                needs_identifiers,
            },
        }
    }

    #[cfg(not(feature = "discovery"))]
    fn announcement(&self) -> Option<String> {
        None
    }

    #[cfg(not(feature = "discovery"))]
    fn preset_faults(&self) -> Faults {
        Vec::new()
    }

    #[cfg(not(feature = "discovery"))]
    fn missing_audience(&self) -> String {
        NO_AUDIENCE.to_owned()
    }

    fn terms(&self) -> Terms {
        Terms { refresh_nanos: nanos(self.refresh), longest_nanos: nanos(self.longest) }
    }

    /// Where keys are published, if they are.
    fn check_source(&mut self, keys: &[CheckedKey], faults: &mut Faults) -> Option<Reader> {
        let Some(source) = self.source.take() else {
            #[cfg(feature = "discovery")]
            if self.fetching.is_used() {
                faults.push(ConfigurationError::conflict(
                    "keys are given, and it is also said how published ones are fetched: which of \
                     them?",
                ));
            }
            return None;
        };
        if !keys.is_empty() {
            faults.push(ConfigurationError::conflict(
                "a key is given, and the issuer's published ones as well: remove one of the two",
            ));
        }
        if self.refresh < SHORTEST_REFRESH || self.longest < self.refresh {
            faults.push(ConfigurationError::invalid(format!(
                "keys are fetched again after {:?} and last for {:?}, expected at least a second, \
                 and no less than the former",
                self.refresh, self.longest
            )));
        }
        let algorithms = self.accepted.clone().unwrap_or_else(|| Algorithm::ASYMMETRIC.to_vec());
        if algorithms.iter().any(|algorithm| !Algorithm::ASYMMETRIC.contains(algorithm)) {
            faults.push(ConfigurationError::hazard("a published key cannot be for an HMAC, because anybody can read it: name asymmetric `.algorithms(…)`"));
        }
        let accepted = AcceptedKeys {
            algorithms,
            test_keys: self.test_keys,
            of_tenants: self.tenants.is_some(),
        };
        let issuer = self.issuer.as_deref().unwrap_or_default();
        Reader::new(source, issuer, &self.fetching, accepted, faults)
    }

    fn check_algorithms(&self, keys: &[CheckedKey], faults: &mut Faults) {
        let Some(accepted) = &self.accepted else { return };
        if accepted.is_empty() {
            faults.push(ConfigurationError::missing("no algorithm is accepted"));
        }
        let others = keys.iter().filter(|key| !accepted.contains(&key.algorithm));
        faults.extend(others.map(|key| {
            let (name, algorithm) = (key.name(), key.algorithm);
            ConfigurationError::invalid(format!(
                "key `{name}` is for {algorithm}, which is not accepted"
            ))
        }));
    }

    fn check_names(&self, faults: &mut Faults) {
        if self.issuer.as_ref().is_none_or(String::is_empty) {
            faults.push(ConfigurationError::missing(
                "no issuer: say whose tokens are good with `.issuer(…)`",
            ));
        }
        if self.audiences.iter().any(String::is_empty) {
            faults.push(ConfigurationError::invalid("an audience is empty"));
        }
        if self.client_ids.iter().any(String::is_empty) {
            faults.push(ConfigurationError::invalid("a client identifier is empty"));
        }
        if self.audiences.is_empty() && !self.any_audience && self.client_ids.is_empty() {
            faults.push(ConfigurationError::missing(self.missing_audience()));
        }
        if !self.audiences.is_empty() && self.any_audience {
            faults
                .push(ConfigurationError::conflict("an audience is named, and any audience is accepted: remove `.audience(…)` or `.dangerously_accept_any_audience()`"));
        }
        if self.types.iter().any(String::is_empty) {
            faults.push(ConfigurationError::invalid("an accepted `typ` is empty"));
        }
        if self.required.iter().any(String::is_empty) {
            faults.push(ConfigurationError::invalid("a required claim has no name"));
        }
    }

    fn check_limits(&self, faults: &mut Faults) {
        if let Some(leeway) = self.leeway.filter(|leeway| *leeway > MOST_LEEWAY) {
            faults.push(ConfigurationError::invalid(format!(
                "the leeway is {} seconds, expected at most {}",
                leeway.as_secs(),
                MOST_LEEWAY.as_secs()
            )));
        }
        if !TOKEN_BYTES.contains(&self.max_token_bytes) {
            faults.push(ConfigurationError::invalid(format!(
                "the longest token has {} bytes, expected {} to {}",
                self.max_token_bytes,
                TOKEN_BYTES.start(),
                TOKEN_BYTES.end()
            )));
        }
    }

    /// Where tokens name the tenant and the tier, unless the description says so itself.
    fn take_places_of_the_vocabulary(&mut self, faults: &mut Faults) {
        let places =
            [("tenant", &mut self.places.tenant), ("tier", &mut self.places.tier)].into_iter();
        for ((what, place), named) in places.zip(vocabulary_claims()) {
            if place.is_none() {
                let mut named = named.into_iter();
                *place = named.next();
                if named.next().is_some() {
                    faults.push(ConfigurationError::conflict(format!(
                        "crates of this program have a `secure.toml` each, and they disagree about \
                         the {what} claim: say which one with `.{what}_claim(…)`"
                    )));
                }
            }
        }
    }

    fn check_demands(&self, faults: &mut Faults) {
        faults.extend(
            self.subject
                .as_ref()
                .and_then(|path| path.shape_fault("caller's"))
                .map(ConfigurationError::invalid),
        );
        for demand in &self.demands {
            faults.extend(demand.path.shape_fault("demanded").map(ConfigurationError::invalid));
            if demand.values.is_empty() {
                let claim = demand.path.names().join(".");
                faults.push(ConfigurationError::missing(format!(
                    "`{claim}` is demanded, and no value is named"
                )));
            }
        }
        if let Some(Tenants { template, .. }) = &self.tenants
            && Template::read(template).is_none()
        {
            faults.push(ConfigurationError::invalid(format!(
                "the issuer `{template}` names no tenant, expected one claim in braces: \
                 `https://issuer.example/{{tid}}/v2.0`"
            )));
        }
        if self.tenants.is_some() && !self.other_issuers.is_empty() {
            faults.push(ConfigurationError::conflict(
                "`.issuer_of_tenants(…)` excludes `.other_issuer_spelling(…)`",
            ));
        }
    }

    fn check_places(&self, faults: &mut Faults) {
        let places = &self.places;
        for (grant, what) in [
            (&places.roles, "roles"),
            (&places.scopes, "scopes"),
            (&places.permissions, "permissions"),
        ] {
            let found = grant.paths.iter().filter_map(|path| path.fault(what));
            faults.extend(found.map(ConfigurationError::invalid));
        }
        let tenant = places.tenant.as_ref().and_then(|path| path.fault("tenant"));
        let tier = places.tier.as_ref().and_then(|path| path.fault("tier"));
        faults.extend(tenant.into_iter().chain(tier).map(ConfigurationError::invalid));
    }
}

/// Fetches keys for a verifier, until it is gone.
fn supply_keys(
    reader: Reader,
    orders: Receiver<Order>,
    verifier: Weak<Verifier>,
) -> Result<(), String> {
    let tell = move |since, fetched| match verifier.upgrade() {
        Some(verifier) => {
            verifier.absorb(since, fetched);
            true
        }
        None => false,
    };
    supply(reader.to_string(), orders, move || reader.read(), tell)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

pub(super) const NO_AUDIENCE: &str = "no audience: name this service with `.audience(…)`, or its clients with \
                           `.client_ids(…)` where tokens have no `aud`, or spell out \
                           `.dangerously_accept_any_audience()`";

/// How far ahead an issuer's clock may be unless the description says otherwise. Clocks that NTP keeps
/// are apart by less; `iat` and `nbf` are whole seconds, so a few milliseconds ahead are a second.
const EARLY: Duration = Duration::from_secs(5);

/// "Usually no more than a few minutes" (RFC 7519 section 4.1.4).
const MOST_LEEWAY: Duration = Duration::from_secs(300);

/// No fetch begins within a second of the one before.
const SHORTEST_REFRESH: Duration = Duration::from_secs(1);

const TOKEN_BYTES: RangeInclusive<usize> = 256..=64 * 1024;
