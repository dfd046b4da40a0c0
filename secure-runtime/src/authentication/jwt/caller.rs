//! Determines the subject of a token: `sub`, another claim, or the client.
//!
//! 1. `sub` names the caller (RFC 7519 section 4.1.2), or the claim that the description names in its
//!    place; that one may be a whole number, too.
//! 2. Where the description says so, a token without it is that of a client which acts for nobody. A
//!    token that names a user in another way is then refused: all users of the client would be one
//!    caller.

use std::borrow::Cow;

use super::Rules;
use super::claims::required_name;
use super::json::{Json, Object};

impl Rules {
    /// The name of the caller.
    pub(crate) fn subject<'c>(&self, claims: &'c Object<'_>) -> Result<Cow<'c, str>, &'static str> {
        let found = match &self.subject {
            None => claims.given("sub"),
            Some(path) => path.find(claims)?,
        };
        let is_empty = matches!(found, Some(Json::Text(name)) if name.is_empty());
        match found {
            Some(Json::Number(number)) if self.subject.is_some() => {
                whole(*number).map(Cow::Owned).ok_or(NOT_A_NAME)
            }
            None => self.client_as_subject(claims),
            Some(_) if is_empty && self.client_as_subject => self.client_as_subject(claims),
            found => required_name(found, MISSING, NOT_A_NAME).map(Cow::Borrowed),
        }
    }

    fn client_as_subject<'c>(&self, claims: &'c Object<'_>) -> Result<Cow<'c, str>, &'static str> {
        if !self.client_as_subject {
            return Err(if self.subject.is_some() { NAMED_IS_MISSING } else { MISSING });
        }
        if USER_CLAIMS.iter().any(|claim| claims.given(claim).is_some()) {
            return Err("the token names a user, and has no `sub`: its client is not the caller");
        }
        let client = self.client(claims);
        // Another claim than `sub` should name the caller; a user may have the one and not the other.
        let sub =
            claims.given("sub").filter(|sub| !matches!(sub, Json::Text(name) if name.is_empty()));
        if sub.is_some() && sub != client {
            return Err(NAMED_IS_MISSING);
        }
        required_name(
            client,
            "`sub` is missing, and no claim names the client",
            "the claim that names the client is not a name",
        )
        .map(Cow::Borrowed)
    }
}

/// A whole number that JSON readers agree about (RFC 8259 section 6).
fn whole(number: f64) -> Option<String> {
    let is_exact = number.fract() == 0.0 && (0.0..=LARGEST_EXACT).contains(&number);
    is_exact.then(|| format!("{number:.0}"))
}

const LARGEST_EXACT: f64 = 9_007_199_254_740_991.0;

const MISSING: &str = "`sub` is missing";
const NAMED_IS_MISSING: &str = "the claim that names the caller is missing";
const NOT_A_NAME: &str = "`sub` is not a name";

/// What names a user in tokens and introspection answers that have no `sub` (RFC 7662 section 2.2,
/// OpenID Connect Core section 5.1, and what providers add).
const USER_CLAIMS: [&str; 9] = [
    "username",
    "preferred_username",
    "email",
    "upn",
    "unique_name",
    "user_id",
    "user_name",
    "uid",
    "oid",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_names_where_they_are_whole_and_exact() {
        assert_eq!(whole(42.0).as_deref(), Some("42"));
        assert_eq!(whole(LARGEST_EXACT).as_deref(), Some("9007199254740991"));
        for other in [-1.0, 0.5, 9_007_199_254_740_992.0, f64::INFINITY] {
            assert_eq!(whole(other), None);
        }
    }
}
