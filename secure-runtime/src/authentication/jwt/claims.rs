//! Checks of the claims of a token whose signature has been verified.
//!
//! A claim that is `null` is not there.
//!
//! 1. `iss` is an issuer that is accepted (`issuers`, RFC 7519 section 4.1.1).
//! 2. The token is not of another kind (`profile`).
//! 3. `aud` and the client are ours (`audience`, section 4.1.3).
//! 4. The caller has a name (`caller`, section 4.1.2).
//! 5. `exp` is later than now (section 4.1.4); `nbf` and `iat` are not later than a few seconds from now
//!    (sections 4.1.5 and 4.1.6: the latter has no rule there, but a token from the future is a sign of
//!    a wrong clock). Times are numbers, with or without a fraction, from 1970 to the year 9999: a token
//!    dated in milliseconds is refused instead of being valid for ever.
//! 6. `jti` and `client_id` are names, and required if the profile requires them; `jti` and `sid` are
//!    where revocations are asked about them.
//! 7. `auth_time` is no time that is still to come. It, `acr` and `amr` (RFC 9068 section 2.2.1) are
//!    not there for endpoints where they have another form.
//! 8. There is no `cnf`, whatever its form: a token that is bound to a key (RFC 7800) proves nothing
//!    when it is sent as a plain bearer token, because a thief can send it as well.
//! 9. What the description requires is there, and has the values it names (`demands`).
//!
//! [`Rules::check_common`] holds the rules that an introspection answer shares.

use super::Rules;
use super::json::{Json, JsonFault, Object};
use super::keys::Unverified;
use super::profile::{HeaderType, Profile};
use crate::authentication::claim_path::is_name;
use crate::authentication::token_cache::Validity;
use crate::principal::{Principal, PrincipalBuilder};
use crate::support::time::Moment;

/// A verified caller and how long the verdict holds.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) principal: Principal,
    pub(crate) validity: Validity,
}

impl Rules {
    /// Checks a claim set, the text of the second segment.
    pub(crate) fn check_claims(
        &self,
        text: Box<str>,
        header: HeaderType,
        now: Moment,
    ) -> Result<Verified, Unverified> {
        let claims = Object::parse(&text).map_err(|fault| match fault {
            JsonFault::NotAnObject => "the claims are not a JSON object",
            JsonFault::DuplicateMember => "the claims have a member twice",
        })?;
        self.check_issuer(&claims).map_err(Unverified::Unexpected)?;
        self.check_kind(&claims, header).map_err(Unverified::Unexpected)?;
        self.check_common(&claims).map_err(Unverified::Unexpected)?;
        let subject = self.subject(&claims).map_err(Unverified::Unexpected)?;
        let expires_nanos = required_time(&claims)?;
        let validity = self.check_times(&claims, expires_nanos, now)?;
        let principal = self.principal(&claims, &subject, Some(expires_nanos), now)?;
        drop(subject);
        drop(claims);
        Ok(Verified { principal: principal.claims_json(text).build(), validity })
    }

    /// The rules that hold for the claims of a JWT and for an introspection answer alike: whether
    /// the token is for this service, and may be used as it was sent.
    pub(crate) fn check_common(&self, claims: &Object<'_>) -> Result<(), &'static str> {
        self.check_audience(claims)?;
        self.check_client(claims)?;
        self.check_identifiers(claims)?;
        if self.places.leaves_out_roles(claims) {
            return Err(LEFT_OUT_ROLES);
        }
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
            .issuer(self.issuer_of(claims))
            .roles(grants.roles)
            .scopes(grants.scopes)
            .permissions(grants.permissions)
            .amr(signed_in.methods);
        if let Some(expires) = expires_nanos {
            principal = principal.expires_at_unix(expires / NANOS_PER_SECOND);
        }
        if let Some(nanos) = signed_in.at_nanos {
            principal = principal.authenticated_at_unix(nanos / NANOS_PER_SECOND);
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
        if let Some(issued_nanos) = time(claims.given("iat"), "`iat` is not a time")? {
            principal = principal.issued_at_unix(issued_nanos / NANOS_PER_SECOND);
        }
        if let Ok(id) = required_name(self.places.token_id(claims), "", "") {
            principal = principal.token_id(id);
        }
        if let Ok(id) = required_name(self.places.session(claims), "", "") {
            principal = principal.session(id);
        }
        Ok(principal)
    }

    /// Whether the token is valid now, and its caller signed in before.
    pub(super) fn check_token_times(
        &self,
        claims: &Object<'_>,
        now: Moment,
    ) -> Result<(), &'static str> {
        let expires_nanos = required_time(claims)?;
        self.check_times(claims, expires_nanos, now).map_err(Unverified::cause)?;
        self.check_authentication(claims, now).map(drop).map_err(Unverified::cause)
    }

    /// Whether what the token grants can be read.
    pub(super) fn check_grants(&self, claims: &Object<'_>) -> Result<(), &'static str> {
        if self.places.leaves_out_roles(claims) {
            return Err(LEFT_OUT_ROLES);
        }
        self.places.read(claims).map(drop)
    }

    fn check_times(
        &self,
        claims: &Object<'_>,
        expires_nanos: u64,
        now: Moment,
    ) -> Result<Validity, Unverified> {
        let (validity, begins_with_nbf) = self.validity(claims, Some(expires_nanos))?;
        if claims.given("iat").is_none() && self.profile.requires_issue_time() {
            return Err(Unverified::Unexpected(match self.profile {
                Profile::IdToken => "`iat` is missing (OpenID Connect Core section 2)",
                _ => "`iat` is missing (RFC 9068 section 2.2)",
            }));
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
        let not_before = time(claims.given("nbf"), "`nbf` is not a time")?;
        let issued_at = time(claims.given("iat"), "`iat` is not a time")?;
        let from = not_before.max(issued_at).unwrap_or(0);
        let validity = Validity {
            from_nanos: from.saturating_sub(self.early_nanos),
            until_nanos: expires_nanos
                .map_or(u64::MAX, |expires| expires.saturating_add(self.leeway_nanos)),
        };
        Ok((validity, not_before == Some(from)))
    }

    /// An issuer's clock that is ahead, within the leeway, is taken to mean now. What has another form
    /// than it should is not there: an endpoint that asks for it asks for a new sign-in.
    fn check_authentication(
        &self,
        claims: &Object<'_>,
        now: Moment,
    ) -> Result<SignedIn, Unverified> {
        let at = time(claims.given("auth_time"), "").unwrap_or(None);
        let latest = now.unix_nanos().saturating_add(self.early_nanos);
        if at.is_some_and(|at| at > latest) {
            return Err(Unverified::Early("`auth_time` is in the future"));
        }
        let class = required_name(claims.given("acr"), "", "").ok().map(Box::from);
        let methods = match claims.given("amr") {
            Some(Json::List(items)) => items.iter().map(method).collect::<Option<_>>(),
            _ => None,
        };
        Ok(SignedIn {
            at_nanos: at.map(|at| at.min(now.unix_nanos())),
            class,
            methods: methods.unwrap_or_default(),
        })
    }

    /// Identifiers that decide something must be names; others are looked at where they are.
    pub(super) fn check_identifiers(&self, claims: &Object<'_>) -> Result<(), &'static str> {
        let is_required = self.profile.requires_all_claims();
        let decides = is_required || self.needs_identifiers;
        if !decides {
            return Ok(());
        }
        for (found, is_required, missing, wrong) in [
            (
                self.places.token_id(claims),
                is_required,
                "`jti` is missing (RFC 9068 section 2.2)",
                "`jti` is not a name",
            ),
            (
                claims.given("client_id").filter(|_| is_required),
                is_required,
                "`client_id` is missing (RFC 9068 section 2.2)",
                "`client_id` is not a name",
            ),
            (self.places.session(claims), false, "", "`sid` is not a name"),
        ] {
            if is_required || found.is_some() {
                required_name(found, missing, wrong)?;
            }
        }
        Ok(())
    }
}

/// A malformed or empty `cnf` counts as well: it is no reason to take the token for unbound.
pub(super) fn check_unbound(claims: &Object<'_>) -> Result<(), &'static str> {
    match claims.given("cnf") {
        None => Ok(()),
        Some(_) => Err("the token is bound to a key (`cnf`), and was sent without a proof"),
    }
}

/// How and when the caller signed in, by the claims.
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

/// A claim that is a name.
pub(crate) fn required_name<'j>(
    claim: Option<&'j Json<'_>>,
    missing: &'static str,
    wrong: &'static str,
) -> Result<&'j str, &'static str> {
    match claim {
        Some(Json::Text(name)) if name.len() <= MAX_NAME_BYTES && is_name(name) => Ok(name),
        Some(_) => Err(wrong),
        None => Err(missing),
    }
}

fn required_time(claims: &Object<'_>) -> Result<u64, &'static str> {
    time(claims.given("exp"), "`exp` is not a time")?.ok_or("`exp` is missing")
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

const LEFT_OUT_ROLES: &str =
    "the token leaves out the groups that its roles are read from: the caller has too many";

/// 9999-12-31T23:59:59Z, the last second that RFC 3339 can write.
const END_OF_YEAR_9999: f64 = 253_402_300_799.0;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// What a subject or an identifier may be long: OpenID Connect allows 255 characters.
const MAX_NAME_BYTES: usize = 1024;
