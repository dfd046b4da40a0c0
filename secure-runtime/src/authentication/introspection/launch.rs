//! The launch check: everything that is wrong with an [`Introspection`], at once.

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
use crate::authentication::jwt::{Expected, Jwt, JwtAuthenticator};
use crate::authentication::metadata::Metadata;
use crate::authentication::{Authenticator, IntoAuthenticator};

impl IntoAuthenticator for Introspection {
    fn into_authenticator(self) -> Result<Arc<dyn Authenticator>, Vec<String>> {
        self.check().map(|authenticator| Arc::new(authenticator) as Arc<dyn Authenticator>)
    }
}

impl Introspection {
    /// Checks the description: everything that is wrong, or the authenticator.
    pub(super) fn check(mut self) -> Result<IntrospectionAuthenticator, Vec<String>> {
        let mut faults = Vec::new();
        let transport = self.fetching.check(&mut faults);
        let endpoint = self.check_endpoint(&transport, &mut faults);
        let credentials = self.check_client(&mut faults);
        let signed = self.check_signed(&mut faults);
        self.check_limits(&mut faults);
        let Expected { rules, challenge, place, cache } = self.expected.expected(&mut faults);
        let (Some(endpoint), Some(credentials), true) = (endpoint, credentials, faults.is_empty())
        else {
            return Err(faults);
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
        thread.spawn(asks).map_err(|error| vec![format!("no thread to introspect: {error}")])?;
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

    fn check_endpoint(&self, transport: &Transport, faults: &mut Vec<String>) -> Option<Endpoint> {
        let hosts = &transport.http_hosts;
        let endpoint = match &self.asked {
            Asked::At(address) => Url::checked(&address.0, hosts).map(Endpoint::At),
            Asked::Issuer(Address(issuer)) => Metadata::of(issuer.clone(), hosts)
                .map(|metadata| Endpoint::Discovered { metadata, found: Default::default() }),
        };
        endpoint.map_err(|fault| faults.push(fault)).ok()
    }

    fn check_client(&self, faults: &mut Vec<String>) -> Option<Credentials> {
        match self.clients.as_slice() {
            [] if self.without_client => Some(Credentials::None),
            [_, ..] if self.without_client => {
                faults.push(
                    "a client is given, and `.without_client()` as well: remove one of the two"
                        .to_owned(),
                );
                None
            }
            [client] => client
                .check(self.expected.named_issuer().unwrap_or_default())
                .map_err(|fault| faults.push(fault))
                .ok(),
            [] => {
                faults.push(
                    "no client: the endpoint must know who asks (RFC 7662 section 2.1), say it \
                     with `.client_secret_basic(…)` or another of its kind, or spell out \
                     `.without_client()` where it asks for none"
                        .to_owned(),
                );
                None
            }
            [..] => {
                faults.push("several clients are given: which of them asks?".to_owned());
                None
            }
        }
    }

    fn check_signed(&mut self, faults: &mut Vec<String>) -> Option<Arc<JwtAuthenticator>> {
        let signed = self.signed.take()?.issuer_if_none(self.expected.named_issuer());
        if signed.revocations.is_some() {
            faults.push(
                "signed answers: what is revoked are tokens, not answers about them: add \
                 `.revocations(…)` to the introspection"
                    .to_owned(),
            );
        }
        match Jwt::check(signed) {
            Ok(signed) => Some(Arc::new(signed)),
            Err(found) => {
                faults.extend(found.iter().map(|fault| format!("signed answers: {fault}")));
                None
            }
        }
    }

    fn check_limits(&self, faults: &mut Vec<String>) {
        for (what, found, most) in [
            ("an active token is accepted", self.positive, MOST_POSITIVE),
            ("a refused token is remembered", self.negative, MOST_NEGATIVE),
        ] {
            if found > most {
                faults.push(format!("{what} for {found:?}, expected at most {most:?}"));
            }
        }
        if !TIMEOUT.contains(&self.timeout) {
            faults.push(format!(
                "the provider is waited for for {:?}, expected {:?} to {:?}",
                self.timeout,
                TIMEOUT.start(),
                TIMEOUT.end()
            ));
        }
        if !AT_ONCE.contains(&self.at_once) {
            faults.push(format!(
                "{} tokens are asked about at once, expected {} to {}",
                self.at_once,
                AT_ONCE.start(),
                AT_ONCE.end()
            ));
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
