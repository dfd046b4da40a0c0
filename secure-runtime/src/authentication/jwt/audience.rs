//! Checks of the audience (`aud`, RFC 7519 section 4.1.3) and of the client of a token.
//!
//! 1. `aud` is a string or a list of strings. An empty list or `null` names nobody, as a missing claim
//!    does.
//! 2. A token with an audience must name this service, unless any audience is accepted.
//! 3. A token without an audience is accepted only if any audience is, or where the description has
//!    a list of clients and no audience: some providers (AWS Cognito) write the client alone.
//! 4. With a list of clients, every claim that names the client must name one of them, and one must be
//!    there: `client_id` (RFC 9068 section 2.2), `azp` (OpenID Connect Core section 2), and what some
//!    providers write instead: `cid`, `appid`.

use super::Rules;
use super::json::{Json, Object};

impl Rules {
    /// Whether the token is for this service.
    pub(crate) fn check_audience(&self, claims: &Object<'_>) -> Result<(), &'static str> {
        let named = match claims.given("aud") {
            None => return self.check_unnamed_audience(),
            Some(Json::List(items)) if items.is_empty() => return self.check_unnamed_audience(),
            Some(Json::Text(name)) => self.is_for_us(name),
            Some(Json::List(items)) => {
                let mut named = false;
                for item in items {
                    let Json::Text(name) = item else { return Err(AUDIENCE_TYPE) };
                    named |= self.is_for_us(name);
                }
                named
            }
            Some(_) => return Err(AUDIENCE_TYPE),
        };
        if named || self.any_audience { Ok(()) } else { Err("`aud` is another audience") }
    }

    fn check_unnamed_audience(&self) -> Result<(), &'static str> {
        let client_decides = self.audiences.is_empty() && !self.client_ids.is_empty();
        if self.any_audience || client_decides { Ok(()) } else { Err("`aud` is missing") }
    }

    fn is_for_us(&self, name: &str) -> bool {
        self.audiences.iter().any(|audience| **audience == *name)
    }

    /// Whether the token was issued to one of the clients that are accepted.
    pub(super) fn check_client(&self, claims: &Object<'_>) -> Result<(), &'static str> {
        if self.client_ids.is_empty() {
            let is_named = || CLIENT_CLAIMS.iter().any(|claim| claims.given(claim).is_some());
            return if !self.names_client || is_named() { Ok(()) } else { Err(NO_CLIENT) };
        }
        let mut is_named = false;
        for claim in CLIENT_CLAIMS {
            match claims.given(claim) {
                None => {}
                Some(Json::Text(name)) if self.client_ids.iter().any(|id| **id == **name) => {
                    is_named = true;
                }
                Some(Json::Text(_)) => return Err("the token was issued to another client"),
                Some(_) => return Err("the claim that names the client is not a string"),
            }
        }
        if is_named { Ok(()) } else { Err(NO_CLIENT) }
    }

    /// Whether the token was issued to the very client that it is for, as an ID token is.
    pub(super) fn is_for_its_client(&self, claims: &Object<'_>) -> bool {
        CLIENT_CLAIMS.into_iter().any(|claim| match claims.given(claim) {
            Some(Json::Text(client)) => {
                (self.any_audience || self.is_for_us(client)) && names(claims, client)
            }
            _ => false,
        })
    }

    /// The client that the token was issued to.
    pub(super) fn client<'c>(&self, claims: &'c Object<'_>) -> Option<&'c Json<'c>> {
        self.places.clients.iter().find_map(|claim| claims.given(claim))
    }
}

/// Whether `aud` holds this name.
fn names(claims: &Object<'_>, name: &str) -> bool {
    match claims.given("aud") {
        Some(Json::Text(audience)) => audience == name,
        Some(Json::List(items)) => {
            items.iter().any(|item| matches!(item, Json::Text(audience) if audience == name))
        }
        _ => false,
    }
}

/// The claims that name the client.
pub(crate) const CLIENT_CLAIMS: [&str; 4] = ["client_id", "azp", "cid", "appid"];

const NO_CLIENT: &str = "the token does not name its client";

const AUDIENCE_TYPE: &str = "`aud` is not a string or a list of strings";
