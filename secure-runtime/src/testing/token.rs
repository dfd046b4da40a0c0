//! `Token`: a builder of valid and invalid tokens for tests.

use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::issuer::{Issuer, tenant_claim, tier_claim};
use crate::authentication::ClaimPath;
use crate::support::unix_time::unix_seconds;

/// A token that an [`Issuer`] is about to sign.
///
/// Every header parameter and claim can be set, dropped or doubled: the tests of a security rule
/// need the token that breaks it.
///
/// ```
/// use secure_runtime::testing::Issuer;
///
/// let issuer = Issuer::rs256();
/// let good = issuer.token("alice").role("admin").scope("orders:read").sign();
/// let for_nobody = issuer.token("alice").without("aud").sign();
/// let two_subjects = issuer.token("alice").doubled("sub", "mallory").sign();
/// let not_signed = issuer.token("alice").unsigned();
/// # assert_eq!(good.split('.').count(), 3);
/// # assert!(not_signed.ends_with('.') && for_nobody != two_subjects);
/// ```
#[derive(Clone)]
#[must_use = "nothing is minted before `sign`"]
pub struct Token<'a> {
    issuer: &'a Issuer,
    header: Vec<(String, Value)>,
    claims: Vec<(String, Value)>,
    raw_header: Option<Vec<u8>>,
    raw_payload: Option<Vec<u8>>,
}

impl<'a> Token<'a> {
    pub(super) fn new(issuer: &'a Issuer, subject: String) -> Self {
        let now = issuer.clock.now().unix_seconds();
        let token = Self {
            issuer,
            header: Vec::new(),
            claims: Vec::new(),
            raw_header: None,
            raw_payload: None,
        };
        let token = token.header("alg", issuer.algorithm().name()).header("typ", "at+jwt");
        let token = match &issuer.kid {
            Some(id) => token.header("kid", id.as_str()),
            None => token,
        };
        token
            .claim("iss", issuer.name.as_str())
            .claim("sub", subject)
            .claim("aud", issuer.audience.as_str())
            .claim("exp", now + 3600)
            .claim("iat", now)
            .claim("jti", format!("token-{}", issuer.next_number()))
            .claim("client_id", "test-client")
    }

    /// Grants a role.
    pub fn role(self, name: impl Into<String>) -> Self {
        self.grant("roles", name.into())
    }

    /// Grants a permission.
    pub fn permission(self, name: impl Into<String>) -> Self {
        self.grant("permissions", name.into())
    }

    /// Names the tenant that the caller acts for.
    pub fn tenant(self, name: impl Into<String>) -> Self {
        self.claim_at(&tenant_claim(), name.into())
    }

    /// Names the caller's tier of service.
    pub fn tier(self, name: impl Into<String>) -> Self {
        self.claim_at(&tier_claim(), name.into())
    }

    /// Sets a claim that may lie inside others.
    fn claim_at(self, path: &ClaimPath, value: String) -> Self {
        let Some((outermost, inner)) = path.names().split_first() else { return self };
        let nested =
            |value, name: &String| Value::Object([(name.clone(), value)].into_iter().collect());
        self.claim(outermost, inner.iter().rev().fold(Value::from(value), nested))
    }

    /// Grants a scope.
    pub fn scope(self, name: impl Into<String>) -> Self {
        let scopes = match self.find("scope") {
            Some(Value::String(before)) => format!("{before} {}", name.into()),
            _ => name.into(),
        };
        self.claim("scope", scopes)
    }

    /// Sets when the caller signed in (`auth_time`), rounded down to whole seconds.
    pub fn authenticated_at(self, time: SystemTime) -> Self {
        self.claim("auth_time", unix_seconds(time))
    }

    /// The authentication context class that signing in came to.
    pub fn acr(self, class: impl Into<String>) -> Self {
        self.claim("acr", class.into())
    }

    /// Adds a method by which the caller signed in.
    pub fn amr(self, method: impl Into<String>) -> Self {
        self.grant("amr", method.into())
    }

    /// When it expires, from now on.
    pub fn expires_in(self, duration: Duration) -> Self {
        let now = self.issuer.clock.now().unix_seconds();
        self.claim("exp", now.saturating_add(duration.as_secs()))
    }

    /// Sets a claim, in place of what it was.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        set(&mut self.claims, name.into(), value.into());
        self
    }

    /// Adds a claim, even if there is one of this name.
    pub fn doubled(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.push((name.into(), value.into()));
        self
    }

    /// Drops a claim.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.retain(|(claim, _)| claim != name);
        self
    }

    /// Sets a header parameter, in place of what it was. The signature stays that of the issuer,
    /// whatever `alg` says.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        set(&mut self.header, name.into(), value.into());
        self
    }

    /// Adds a header parameter, even if there is one of this name.
    pub fn doubled_header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.header.push((name.into(), value.into()));
        self
    }

    /// Drops a header parameter.
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.retain(|(parameter, _)| parameter != name);
        self
    }

    /// Signs these bytes as the header, whatever they are.
    pub fn raw_header(mut self, header: impl Into<Vec<u8>>) -> Self {
        self.raw_header = Some(header.into());
        self
    }

    /// Signs these bytes as the claims, whatever they are.
    pub fn raw_payload(mut self, payload: impl Into<Vec<u8>>) -> Self {
        self.raw_payload = Some(payload.into());
        self
    }

    /// The header line of a request that sends it: `Authorization: Bearer …`.
    ///
    /// ```
    /// use actix_web::test::TestRequest;
    /// use secure_runtime::testing::Issuer;
    ///
    /// let issuer = Issuer::hs256();
    /// let request = TestRequest::get().insert_header(issuer.token("alice").role("admin").bearer());
    /// # drop(request);
    /// ```
    #[must_use]
    pub fn bearer(self) -> (&'static str, String) {
        ("authorization", format!("Bearer {}", self.sign()))
    }

    /// The token, signed.
    #[must_use]
    pub fn sign(self) -> String {
        let message = self.message();
        let signature = URL_SAFE_NO_PAD.encode(self.issuer.signature(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// The token with one bit of its signature turned.
    #[must_use]
    pub fn tampered(self) -> String {
        let message = self.message();
        let mut signature = self.issuer.signature(message.as_bytes());
        if let Some(byte) = signature.first_mut() {
            *byte ^= 1;
        }
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The token without a signature, `alg` being `none` (RFC 7515 appendix A.5).
    #[must_use]
    pub fn unsigned(self) -> String {
        format!("{}.", self.header("alg", "none").message())
    }

    fn grant(self, claim: &str, name: String) -> Self {
        let mut names = match self.find(claim) {
            Some(Value::Array(names)) => names.clone(),
            _ => Vec::new(),
        };
        names.push(Value::String(name));
        self.claim(claim, names)
    }

    fn find(&self, name: &str) -> Option<&Value> {
        self.claims.iter().find(|(claim, _)| claim == name).map(|(_, value)| value)
    }

    /// What is signed (RFC 7515 section 5.1).
    fn message(&self) -> String {
        let header = self.raw_header.clone().unwrap_or_else(|| object(&self.header).into_bytes());
        let payload = self.raw_payload.clone().unwrap_or_else(|| object(&self.claims).into_bytes());
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
    }
}

/// Shows the header only: with a real secret of the test, the claims may be real too.
impl fmt::Debug for Token<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Token").field("header", &self.header).finish_non_exhaustive()
    }
}

fn set(members: &mut Vec<(String, Value)>, name: String, value: Value) {
    match members.iter_mut().find(|(member, _)| *member == name) {
        Some((_, present)) => *present = value,
        None => members.push((name, value)),
    }
}

/// Written by hand: a map could not hold a member twice.
fn object(members: &[(String, Value)]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{}:{value}", Value::String(name.clone())))
        .collect();
    format!("{{{}}}", members.join(","))
}
