//! The key of a request as bytes that are equal in every instance of a service.
//!
//! Limits in Redis count by these bytes, and limits that are enforced for a percentage select by
//! them. As in memory, a request without the header, claim or API key is counted by its principal
//! or client IP.

use std::hash::Hasher;
use std::net::IpAddr;

use serde_json::Value;

use super::keys::{Subject, named_claim, single_line, write_value};
use crate::pipeline::refused::Refused;
use crate::plan::{Counts, More};
use crate::policy::KeyFunction;
use crate::principal::{Principal, VouchedBy};

/// Keeps kinds of keys apart, so that a principal named `10.0.0.1` does not share the count of an
/// address.
#[derive(Clone, Copy)]
enum Kind {
    Everybody,
    Address,
    Principal,
    Tenant,
    ApiKey,
    Header,
    Claim,
    Key,
    Each,
}

/// The parts of a key, each with its length, so that different keys never have the same bytes.
struct Bytes(Vec<u8>);

/// The key by which a limit counts this request.
///
/// # Errors
///
/// If an expression of the application fails.
pub(in crate::pipeline) fn whom(by: &Counts, subject: Subject<'_>) -> Result<Vec<u8>, Refused> {
    let more = match by {
        Counts::Caller => return Ok(caller(subject)),
        Counts::Address => return Ok(address((subject.address)())),
        Counts::Everybody => return Ok(Bytes::new(Kind::Everybody).0),
        Counts::Tenant => return Ok(tenant(subject).unwrap_or_else(|| caller(subject))),
        Counts::More(more) => more,
    };
    let found = match &**more {
        More::ApiKey => {
            let key = subject.principal.and_then(Principal::api_key);
            key.map(|key| Bytes::new(Kind::ApiKey).with(key.as_bytes()).0)
        }
        More::Header(name) => {
            let written = Bytes::new(Kind::Header).with(name.as_str().as_bytes());
            single_line(subject, name).map(|line| written.with(line).0)
        }
        More::Claim(place) => claim(*place, subject),
        More::Key(function) => Some(value(*function, subject)?),
        More::Each(parts) => {
            let mut bytes = Bytes::new(Kind::Each);
            for part in parts {
                bytes = bytes.with(&whom(part, subject)?);
            }
            Some(bytes.0)
        }
    };
    Ok(found.unwrap_or_else(|| caller(subject)))
}

/// The principal, or the client IP of an anonymous request.
fn caller(subject: Subject<'_>) -> Vec<u8> {
    match subject.principal {
        Some(it) => issued(Kind::Principal, it, it.subject().as_bytes()),
        None => address((subject.address)()),
    }
}

/// The key of an address group.
pub(in crate::pipeline) fn address(address: Option<IpAddr>) -> Vec<u8> {
    let shown = address.map(|address| address.to_string()).unwrap_or_default();
    Bytes::new(Kind::Address).with(shown.as_bytes()).0
}

fn tenant(subject: Subject<'_>) -> Option<Vec<u8>> {
    let principal = subject.principal?;
    Some(issued(Kind::Tenant, principal, principal.tenant()?.as_bytes()))
}

/// A value that an issuer vouches for, with the issuer's name. The name of an authenticator is
/// marked by an empty issuer before it, so the two cannot collide.
fn issued(kind: Kind, principal: &Principal, said: &[u8]) -> Vec<u8> {
    let written = match principal.vouched_by() {
        VouchedBy::Issuer(name) => Bytes::new(kind).with(name.as_bytes()),
        VouchedBy::Authenticator(name) => Bytes::new(kind).with(b"").with(name.as_bytes()),
    };
    written.with(said).0
}

/// The value of a claim.
fn claim(place: usize, subject: Subject<'_>) -> Option<Vec<u8>> {
    let principal = subject.principal?;
    let all = principal.claims::<Value>().ok()?;
    let names = subject.claims.get(place)?;
    let value = named_claim(&all, names)?;
    // Written as text, which is equal in every instance; with the claim's name, because endpoints
    // that share a rate may count by different claims.
    let named =
        names.iter().fold(Bytes::new(Kind::Each), |written, it| written.with(it.as_bytes()));
    let said = named.with(value.to_string().as_bytes());
    Some(issued(Kind::Claim, principal, &said.0))
}

/// The value of an expression of the application.
fn value(function: Option<KeyFunction>, subject: Subject<'_>) -> Result<Vec<u8>, Refused> {
    let mut written = Bytes::new(Kind::Key);
    write_value(function, subject, &mut written).map(|()| written.0)
}

impl Bytes {
    fn new(kind: Kind) -> Self {
        Self(vec![kind as u8])
    }

    fn with(mut self, part: &[u8]) -> Self {
        self.0.extend((part.len() as u64).to_be_bytes());
        self.0.extend(part);
        self
    }
}

/// Stores the written bytes instead of hashing them.
impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}
