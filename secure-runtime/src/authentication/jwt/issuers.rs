//! Accepted issuers (`iss`): one name, other spellings of it, or a name for each tenant.
//!
//! Names are compared exactly (RFC 7519 section 4.1.1). A template has one place for the tenant; what
//! stands there must be what a claim of the same token names as the tenant, and a tenant that the
//! application accepts. Otherwise a token of one tenant could name another one.

use std::fmt;
use std::sync::Arc;

use super::Rules;
use super::json::{Json, Object};

/// The issuers of one description.
#[derive(Debug)]
pub(crate) struct Issuers {
    pub(super) name: Box<str>,
    pub(super) other_spellings: Vec<Box<str>>,
    pub(super) tenants: Option<Tenants>,
}

/// One issuer for each tenant of a provider.
#[derive(Clone)]
pub(crate) struct Tenants {
    /// A URL with the tenant's claim in braces, `https://issuer.example/{tid}/v2.0`.
    pub(super) template: String,
    pub(super) accepts: Arc<dyn Fn(&str) -> bool + Send + Sync>,
}

/// A template, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Template<'a> {
    before: &'a str,
    claim: &'a str,
    after: &'a str,
}

impl<'a> Template<'a> {
    /// Takes a template apart: one name in braces, with text around it.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (before, rest) = text.split_once('{')?;
        let (claim, after) = rest.split_once('}')?;
        let is_plain = ![before, claim, after].iter().any(|part| part.contains(['{', '}']));
        (is_plain && !before.is_empty() && !claim.is_empty()).then_some(Self {
            before,
            claim,
            after,
        })
    }

    /// The tenant that an issuer of this form names.
    fn tenant<'i>(&self, issuer: &'i str) -> Option<&'i str> {
        let tenant = issuer.strip_prefix(self.before)?.strip_suffix(self.after)?;
        let is_one = !tenant.is_empty() && !tenant.contains(['/', '?', '#', '@', '\\']);
        is_one.then_some(tenant)
    }
}

impl Issuers {
    /// The issuer's name; with a template, that of the metadata.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether an unverified token that names this issuer may be one of these.
    pub(super) fn may_be(&self, issuer: &str) -> bool {
        let template = || Template::read(&self.tenants.as_ref()?.template)?.tenant(issuer);
        *self.name == *issuer
            || self.other_spellings.iter().any(|name| **name == *issuer)
            || template().is_some()
    }

    /// The name under which the caller of a token of this issuer is known.
    fn canonical<'i>(&'i self, issuer: &'i str) -> &'i str {
        if self.tenants.is_some() { issuer } else { &self.name }
    }
}

impl Rules {
    /// Whether `iss` is an issuer that is accepted.
    pub(crate) fn check_issuer(&self, claims: &Object<'_>) -> Result<(), &'static str> {
        let issuer = match claims.given("iss") {
            Some(Json::Text(issuer)) => issuer.as_ref(),
            Some(_) => return Err("`iss` is not a string"),
            None => return Err("`iss` is missing"),
        };
        let Some(Tenants { template, accepts }) = &self.issuers.tenants else {
            return if self.issuers.may_be(issuer) { Ok(()) } else { Err(OTHER_ISSUER) };
        };
        let template = Template::read(template).ok_or(OTHER_ISSUER)?;
        let tenant = template.tenant(issuer).ok_or(OTHER_ISSUER)?;
        match claims.given(template.claim) {
            Some(Json::Text(named)) if named == tenant => {}
            _ => return Err("`iss` is that of another tenant than the token names"),
        }
        if accepts(tenant) { Ok(()) } else { Err("the tenant is not one of those accepted here") }
    }

    /// The issuer under which the caller is known: other spellings are one issuer, tenants are not.
    pub(super) fn issuer_of<'c>(&'c self, claims: &'c Object<'_>) -> &'c str {
        match claims.given("iss") {
            Some(Json::Text(issuer)) => self.issuers.canonical(issuer),
            _ => self.issuers.name(),
        }
    }
}

pub(super) const OTHER_ISSUER: &str = "`iss` is another issuer";

impl fmt::Debug for Tenants {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Tenants").field(&self.template).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_has_one_place_for_the_tenant() {
        let template = Template::read("https://login.example/{tid}/v2.0").unwrap();
        assert_eq!(template.claim, "tid");
        let tenant = |issuer| template.tenant(issuer);
        assert_eq!(tenant("https://login.example/t1/v2.0"), Some("t1"));
        for other in [
            "https://login.example//v2.0",
            "https://login.example/t1/v2.0/",
            "https://login.example/t1/evil/v2.0",
            "https://login.example/t1?/v2.0",
            "https://login.example.evil/t1/v2.0",
            "https://login.example/v2.0",
        ] {
            assert_eq!(tenant(other), None, "{other}");
        }
        for bad in ["https://a", "{tid}", "https://a/{}", "https://a/{x}/{y}", "https://a/{x"] {
            assert_eq!(Template::read(bad), None, "{bad}");
        }
    }
}
