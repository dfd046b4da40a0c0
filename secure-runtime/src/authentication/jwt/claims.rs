//! The claims of a token whose signature has been verified, checked one by one.
//!
//! 1. `iss` is one string, equal to the configured issuer (RFC 7519 section 4.1.1).
//! 2. `aud` is a string or a list of strings only, and ours is among them (section 4.1.3).
//! 3. `sub` is a name (section 4.1.2).
//! 4. `exp` is later than now, `nbf` and `iat` are not (sections 4.1.4 to 4.1.6). Times are numbers,
//!    with or without a fraction, from 1970 to the year 9999: a token dated in milliseconds is
//!    refused instead of being valid for ever.
//! 5. `jti` and `client_id` are names, and required where the profile says so; `sid` is a name.
//! 6. `auth_time` is a time that has come, `acr` a name, `amr` a list of names (RFC 9068 section
//!    2.2.1), if they are there.
//! 7. There is no `cnf`, whatever its form: a token that is bound to a key (RFC 7800) proves nothing
//!    when it is sent as a plain bearer token, because a thief can send it as well.
//! 8. What the description requires is there.
//!
//! [`Rules::check_common`] holds the rules that an introspection answer shares.

use super::Rules;
use super::json::{Json, JsonFault, Object};
use super::keys::Unverified;
use super::places::is_name;
use crate::authentication::token_cache::Validity;
use crate::principal::{Principal, PrincipalBuilder};
use crate::time::Moment;

/// A verified caller and how long the verdict holds.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) principal: Principal,
    pub(crate) validity: Validity,
}

impl Rules {
    /// Checks a claim set, the text of the second segment.
    pub(crate) fn check_claims(&self, text: Box<str>, now: Moment) -> Result<Verified, Unverified> {
        let claims = Object::parse(&text).map_err(|fault| match fault {
            JsonFault::NotAnObject => "the claims are not a JSON object",
            JsonFault::DuplicateMember => "the claims have a member twice",
        })?;
        self.check_issuer(&claims).map_err(Unverified::Unexpected)?;
        self.check_common(&claims).map_err(Unverified::Unexpected)?;
        let subject = required_name(&claims, "sub", "`sub` is missing", "`sub` is not a name")?;
        let expires_nanos = required_time(&claims)?;
        let validity = self.check_times(&claims, expires_nanos, now)?;
        let principal = self.principal(&claims, subject, Some(expires_nanos), now)?;
        drop(claims);
        Ok(Verified { principal: principal.claims_json(text).build(), validity })
    }

    /// The rules that hold for the claims of a JWT and for an introspection answer alike: whether
    /// the token is for this service, and may be used as it was sent.
    pub(crate) fn check_common(&self, claims: &Object<'_>) -> Result<(), &'static str> {
        self.check_audience(claims)?;
        self.check_identifiers(claims)?;
        check_unbound(claims)?;
        self.check_required(claims)
    }

    /// The caller that a claim set names, and what it grants.
    pub(crate) fn principal(
        &self,
        claims: &Object<'_>,
        subject: &str,
        expires_nanos: Option<u64>,
        now: Moment,
    ) -> Result<PrincipalBuilder, Unverified> {
        let signed_in = self.check_authentication(claims, now)?;
        let grants = self.places.read(claims)?;
        let mut principal = Principal::builder(subject)
            .issuer(self.issuer.clone())
            .roles(grants.roles)
            .scopes(grants.scopes)
            .permissions(grants.permissions)
            .amr(signed_in.methods);
        if let Some(expires) = expires_nanos {
            principal = principal.expires_at(expires / NANOS_PER_SECOND);
        }
        if let Some(nanos) = signed_in.at_nanos {
            principal = principal.authenticated_at(nanos / NANOS_PER_SECOND);
        }
        if let Some(class) = signed_in.class {
            principal = principal.acr(class);
        }
        if let Some(tenant) = grants.tenant {
            principal = principal.tenant(tenant);
        }
        if let Some(tier) = grants.tier {
            principal = principal.tier(tier);
        }
        if let Some(issued_nanos) = time(claims.get("iat"), "`iat` is not a time")? {
            principal = principal.issued_at(issued_nanos / NANOS_PER_SECOND);
        }
        if let Some(Json::Text(id)) = claims.get("jti") {
            principal = principal.token_id(&**id);
        }
        if let Some(Json::Text(id)) = claims.get("sid") {
            principal = principal.session(&**id);
        }
        Ok(principal)
    }

    pub(crate) fn check_issuer(&self, claims: &Object<'_>) -> Result<(), &'static str> {
        match claims.get("iss") {
            Some(Json::Text(issuer)) if *issuer == *self.issuer => Ok(()),
            Some(Json::Text(_)) => Err("`iss` is another issuer"),
            Some(_) => Err("`iss` is not a string"),
            None => Err("`iss` is missing"),
        }
    }

    pub(crate) fn check_audience(&self, claims: &Object<'_>) -> Result<(), &'static str> {
        let is_ours = |name: &str| self.audiences.iter().any(|audience| **audience == *name);
        let named = match claims.get("aud") {
            None if self.any_audience => return Ok(()),
            None => return Err("`aud` is missing"),
            Some(Json::Text(name)) => is_ours(name),
            Some(Json::List(items)) if !items.is_empty() => {
                let mut named = false;
                for item in items {
                    let Json::Text(name) = item else { return Err(AUDIENCE_TYPE) };
                    named |= is_ours(name);
                }
                named
            }
            Some(_) => return Err(AUDIENCE_TYPE),
        };
        if named || self.any_audience { Ok(()) } else { Err("`aud` is another audience") }
    }

    fn check_times(
        &self,
        claims: &Object<'_>,
        expires_nanos: u64,
        now: Moment,
    ) -> Result<Validity, Unverified> {
        let (validity, begins_with_nbf) = self.validity(claims, Some(expires_nanos))?;
        if claims.get("iat").is_none() && self.profile.requires_all_claims() {
            return Err("`iat` is missing (RFC 9068 section 2.2)".into());
        }
        if validity.is_over(now) {
            return Err("`exp` has passed".into());
        }
        if validity.is_ahead(now) {
            return Err(Unverified::Early(if begins_with_nbf {
                "`nbf` has not come yet"
            } else {
                "`iat` is in the future"
            }));
        }
        Ok(validity)
    }

    /// From when until when the claims hold, and whether `nbf` says from when; the error is a time
    /// that is none.
    pub(crate) fn validity(
        &self,
        claims: &Object<'_>,
        expires_nanos: Option<u64>,
    ) -> Result<(Validity, bool), &'static str> {
        let not_before = time(claims.get("nbf"), "`nbf` is not a time")?;
        let issued_at = time(claims.get("iat"), "`iat` is not a time")?;
        let from = not_before.max(issued_at).unwrap_or(0);
        let validity = Validity {
            from_nanos: from.saturating_sub(self.leeway_nanos),
            until_nanos: expires_nanos
                .map_or(u64::MAX, |expires| expires.saturating_add(self.leeway_nanos)),
        };
        Ok((validity, not_before == Some(from)))
    }

    /// An issuer's clock that is ahead, within the leeway, is taken to mean now.
    fn check_authentication(
        &self,
        claims: &Object<'_>,
        now: Moment,
    ) -> Result<SignedIn, Unverified> {
        let at = time(claims.get("auth_time"), "`auth_time` is not a time")?;
        let latest = now.unix_nanos().saturating_add(self.leeway_nanos);
        if at.is_some_and(|at| at > latest) {
            return Err(Unverified::Early("`auth_time` is in the future"));
        }
        let class = match claims.get("acr") {
            None => None,
            Some(Json::Text(class)) if is_name(class) => Some(Box::from(class.as_ref())),
            Some(_) => return Err("`acr` is not a name".into()),
        };
        let methods = match claims.get("amr") {
            None => Vec::new(),
            Some(Json::List(items)) => {
                items.iter().map(method).collect::<Option<_>>().ok_or(METHODS_TYPE)?
            }
            Some(_) => return Err(METHODS_TYPE.into()),
        };
        Ok(SignedIn { at_nanos: at.map(|at| at.min(now.unix_nanos())), class, methods })
    }

    fn check_identifiers(&self, claims: &Object<'_>) -> Result<(), &'static str> {
        let required = self.profile.requires_all_claims();
        for (name, required, missing, wrong) in [
            ("jti", required, "`jti` is missing (RFC 9068 section 2.2)", "`jti` is not a name"),
            (
                "client_id",
                required,
                "`client_id` is missing (RFC 9068 section 2.2)",
                "`client_id` is not a name",
            ),
            ("sid", false, "", "`sid` is not a name"),
        ] {
            if required || claims.get(name).is_some() {
                required_name(claims, name, missing, wrong)?;
            }
        }
        Ok(())
    }

    fn check_required(&self, claims: &Object<'_>) -> Result<(), &'static str> {
        if self.required.iter().all(|name| claims.get(name).is_some()) {
            Ok(())
        } else {
            Err("a claim is missing that is required here")
        }
    }
}

/// A malformed, empty or null `cnf` counts as well: it is no reason to take the token for unbound.
fn check_unbound(claims: &Object<'_>) -> Result<(), &'static str> {
    match claims.get("cnf") {
        None => Ok(()),
        Some(_) => Err("the token is bound to a key (`cnf`), and was sent without a proof"),
    }
}

/// How and when the caller signed in, as far as the claims say so.
struct SignedIn {
    at_nanos: Option<u64>,
    class: Option<Box<str>>,
    methods: Vec<Box<str>>,
}

fn method(item: &Json<'_>) -> Option<Box<str>> {
    match item {
        Json::Text(name) if is_name(name) => Some(Box::from(name.as_ref())),
        _ => None,
    }
}

pub(crate) fn required_name<'j>(
    claims: &'j Object<'_>,
    claim: &str,
    missing: &'static str,
    wrong: &'static str,
) -> Result<&'j str, &'static str> {
    match claims.get(claim) {
        Some(Json::Text(name)) if name.len() <= MAX_NAME_BYTES && is_name(name) => Ok(name),
        Some(_) => Err(wrong),
        None => Err(missing),
    }
}

fn required_time(claims: &Object<'_>) -> Result<u64, &'static str> {
    time(claims.get("exp"), "`exp` is not a time")?.ok_or("`exp` is missing")
}

/// Reads a `NumericDate` (RFC 7519 section 2) as nanoseconds; beyond the year 2554 it saturates.
pub(crate) fn time(
    claim: Option<&Json<'_>>,
    wrong: &'static str,
) -> Result<Option<u64>, &'static str> {
    match claim {
        None => Ok(None),
        Some(Json::Number(seconds)) if (0.0..=END_OF_YEAR_9999).contains(seconds) => {
            // Both casts truncate values that the range above keeps far inside `u64`.
            let whole = (seconds.trunc() as u64).saturating_mul(NANOS_PER_SECOND);
            Ok(Some(whole.saturating_add((seconds.fract() * 1e9) as u64)))
        }
        Some(_) => Err(wrong),
    }
}

const AUDIENCE_TYPE: &str = "`aud` is not a string or a list of strings";

const METHODS_TYPE: &str = "`amr` is not a list of names";

/// 9999-12-31T23:59:59Z, the last second that RFC 3339 can write.
const END_OF_YEAR_9999: f64 = 253_402_300_799.0;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// What a subject or an identifier may be long: OpenID Connect allows 255 characters.
const MAX_NAME_BYTES: usize = 1024;
