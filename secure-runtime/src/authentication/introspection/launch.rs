//! Startup check of [`Introspection`]: reports every mistake at once.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;

use super::answer::Expectations;
use super::authenticator::{IntrospectionAuthenticator, Introspector, Memory};
use super::client::Credentials;
use super::exchange::{Endpoint, Exchange};
use super::refusals::Refusals;
use super::single_flight::Flights;
use super::{Asked, Introspection};
use crate::authentication::fetching::Transport;
use crate::authentication::http::{Address, Url};
use crate::authentication::jwt::{Expected, Jwt, JwtAuthenticator, TEST_KEY};
use crate::authentication::metadata::Metadata;
use crate::authentication::{
    Authenticator, ConfigurationError, ConfigurationErrorKind, ConfigurationErrors, Faults,
    IntoAuthenticator,
};

impl IntoAuthenticator for Introspection {
    fn into_authenticator(self) -> Result<Arc<dyn Authenticator>, ConfigurationErrors> {
        self.check().map(|authenticator| Arc::new(authenticator) as Arc<dyn Authenticator>)
    }
}

impl Introspection {
    /// Checks the description: everything that is wrong, or the authenticator.
    pub(super) fn check(mut self) -> Result<IntrospectionAuthenticator, ConfigurationErrors> {
        let mut faults = Vec::new();
        let transport = self.fetching.check(&mut faults);
        let endpoint = self.check_endpoint(&transport, &mut faults);
        let credentials = self.check_client(&mut faults);
        let signed = self.check_signed(&mut faults);
        self.check_limits(&mut faults);
        let Expected { rules, challenge, place, cache } = self.expected.expected(&mut faults);
        if let Some(errors) = ConfigurationErrors::collected(faults) {
            return Err(errors);
        }
        let (Some(endpoint), Some(credentials)) = (endpoint, credentials) else {
            return Err(ConfigurationErrors::new("no endpoint or no client"));
        };
        let expectations = Arc::new(Expectations { rules });
        let exchange = Exchange {
            endpoint,
            credentials,
            expectations: Arc::clone(&expectations),
            signed: signed.clone(),
            transport,
            timeout: self.timeout,
            at_once: self.at_once,
        };
        let (orders, received) = mpsc::unbounded_channel();
        let asks = move || {
            if let Err(fault) = exchange.run(received) {
                tracing::error!("tokens cannot be introspected: {fault}");
            }
        };
        let thread = std::thread::Builder::new().name("secure-introspection".to_owned());
        thread.spawn(asks).map_err(|error| {
            ConfigurationError::other(format!("no thread to introspect: {error}"))
        })?;
        Ok(IntrospectionAuthenticator(Arc::new(Introspector {
            challenge,
            place,
            expectations,
            signed,
            revocations: self.revocations,
            cache: cache.hashing_whole_tokens(),
            refusals: Refusals::new(),
            flights: Flights::new(),
            outage: Mutex::default(),
            memory: Memory {
                positive_nanos: nanos(self.positive),
                negative_nanos: nanos(self.negative),
            },
            orders,
        })))
    }

    fn check_endpoint(&self, transport: &Transport, faults: &mut Faults) -> Option<Endpoint> {
        let hosts = &transport.http_hosts;
        let endpoint = match &self.asked {
            Asked::At(address) => Url::checked(&address.0, hosts).map(Endpoint::At),
            Asked::Issuer(Address(issuer)) => Metadata::of(issuer.clone(), hosts)
                .map(|metadata| Endpoint::Discovered { metadata, found: Default::default() }),
        };
        endpoint.map_err(|fault| faults.push(ConfigurationError::invalid(fault))).ok()
    }

    fn check_client(&self, faults: &mut Faults) -> Option<Credentials> {
        match self.clients.as_slice() {
            [] if self.without_client => Some(Credentials::None),
            [_, ..] if self.without_client => {
                faults.push(ConfigurationError::conflict(
                    "a client is given, and `.without_client()` as well: remove one of the two",
                ));
                None
            }
            [client] if client.published().is_some() && !self.test_keys => {
                let what = client.published().unwrap_or_default();
                faults.push(ConfigurationError::new(
                    ConfigurationErrorKind::TestKey,
                    format!("the client's {what} {TEST_KEY}"),
                ));
                None
            }
            [client] => client
                .check(self.expected.named_issuer().unwrap_or_default())
                .map_err(|fault| faults.push(ConfigurationError::invalid(fault)))
                .ok(),
            [] => {
                faults.push(ConfigurationError::missing(
                    "no client: the endpoint must know who asks (RFC 7662 section 2.1), say it \
                     with `.client_secret_basic(…)` or another of its kind, or spell out \
                     `.without_client()` where it asks for none",
                ));
                None
            }
            [..] => {
                faults.push(ConfigurationError::conflict(
                    "several clients are given: which of them asks?",
                ));
                None
            }
        }
    }

    fn check_signed(&mut self, faults: &mut Faults) -> Option<Arc<JwtAuthenticator>> {
        let signed = self.signed.take()?.issuer_if_none(self.expected.named_issuer());
        if signed.revocations.is_some() {
            faults.push(ConfigurationError::conflict(
                "signed answers: what is revoked are tokens, not answers about them: add \
                 `.revocations(…)` to the introspection",
            ));
        }
        match Jwt::check(signed) {
            Ok(signed) => Some(Arc::new(signed)),
            Err(found) => {
                faults.extend(found.into_iter().map(|fault| fault.prefixed("signed answers: ")));
                None
            }
        }
    }

    fn check_limits(&self, faults: &mut Faults) {
        for (what, found, most) in [
            ("an active token is accepted", self.positive, MOST_POSITIVE),
            ("a refused token is remembered", self.negative, MOST_NEGATIVE),
        ] {
            if found > most {
                faults.push(ConfigurationError::invalid(format!(
                    "{what} for {found:?}, expected at most {most:?}"
                )));
            }
        }
        if !TIMEOUT.contains(&self.timeout) {
            faults.push(ConfigurationError::invalid(format!(
                "the provider is waited for for {:?}, expected {:?} to {:?}",
                self.timeout,
                TIMEOUT.start(),
                TIMEOUT.end()
            )));
        }
        if !AT_ONCE.contains(&self.at_once) {
            faults.push(ConfigurationError::invalid(format!(
                "{} tokens are asked about at once, expected {} to {}",
                self.at_once,
                AT_ONCE.start(),
                AT_ONCE.end()
            )));
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// So long a token that was revoked may be accepted at most.
const MOST_POSITIVE: Duration = Duration::from_secs(3600);
/// So long a token may be refused that the provider learns of later.
const MOST_NEGATIVE: Duration = Duration::from_secs(300);
const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(30);
const AT_ONCE: RangeInclusive<usize> = 1..=256;
