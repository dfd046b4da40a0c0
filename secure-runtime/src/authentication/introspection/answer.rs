//! The answer of an introspection endpoint (RFC 7662 section 2.2), read strictly.
//!
//! 1. It is one JSON object without a member twice. `active` is `true` or `false` and nothing else:
//!    no text, no number, not missing.
//! 2. `exp`, `nbf` and `iat` are times where they are there; what else is wrong with the form of an
//!    active answer makes it unusable as well: 503, because the provider is at fault.
//! 3. `iss` is the configured issuer where it is there; the endpoint itself is the issuer's. `aud`
//!    must name this service, as for a JWT.
//! 4. `token_type` is `Bearer` where it is there (RFC 6749 section 7.1), and `token_use`, which some
//!    providers add, is `access_token`: a refresh token is active too, and opens nothing here. So is
//!    `typ`, by which Keycloak tells its kinds, unless the description demands another value.
//! 5. A token that is bound to a key (`cnf`, RFC 7800) is refused, as for a JWT.
//! 6. `auth_time`, `acr` and `amr` describe the sign-in of the caller (RFC 9470 section 6.2), as in a JWT.
//! 7. `sub` names the caller; `client_id` does where the description says so, unless the answer names a
//!    user in another way.
//! 8. What the description requires is there.
//! 9. A member that is `null` is not there.

use super::outcome::Outcome;
use crate::authentication::json::{Json, Object};
use crate::authentication::jwt::{Rules, Unverified, time};
use crate::support::time::Moment;

/// What an answer must contain.
#[derive(Debug)]
pub(super) struct Expectations {
    pub(super) rules: Rules,
}

impl Expectations {
    /// The result for the token, from an answer that arrived at this time.
    pub(super) fn read(&self, answer: &str, now: Moment) -> Outcome {
        let Ok(members) = Object::parse(answer) else {
            return Outcome::Unknown("the answer is not a JSON object, or has a member twice");
        };
        match members.given("active") {
            Some(Json::Bool(true)) => self.read_active(&members, answer, now),
            Some(Json::Bool(false)) => Outcome::Refused("the token is not active"),
            Some(_) => Outcome::Unknown("`active` of the answer is neither `true` nor `false`"),
            None => Outcome::Unknown("the answer has no `active`"),
        }
    }

    fn read_active(&self, members: &Object<'_>, answer: &str, now: Moment) -> Outcome {
        if let Err(cause) = self.check_use(members) {
            return Outcome::Refused(cause);
        }
        let expires = match time(members.given("exp"), "`exp` of the answer is not a time") {
            Ok(expires) => expires,
            Err(cause) => return Outcome::Unknown(cause),
        };
        let validity = match self.rules.validity(members, expires) {
            Ok((validity, _)) => validity,
            Err(cause) => return Outcome::Unknown(cause),
        };
        let subject = match self.rules.subject(members) {
            Ok(subject) => subject,
            Err(cause) => return Outcome::Refused(cause),
        };
        match self.rules.principal(members, &subject, expires, now) {
            Ok(principal) => Outcome::Active(principal.claims_json(answer).build(), validity),
            Err(Unverified::Early(cause)) => Outcome::Early(cause),
            Err(fault) => Outcome::Unknown(fault.cause()),
        }
    }

    /// Whether the token may be used here, and as it was sent.
    fn check_use(&self, members: &Object<'_>) -> Result<(), &'static str> {
        if members.given("iss").is_some() {
            self.rules.check_issuer(members)?;
        }
        self.rules.check_common(members)?;
        match members.given("token_type") {
            None => {}
            Some(Json::Text(name)) if name.eq_ignore_ascii_case("bearer") => {}
            Some(_) => return Err("`token_type` is not that of a bearer token"),
        }
        match members.given("token_use") {
            None => {}
            Some(Json::Text(name)) if name == "access_token" => {}
            Some(_) => return Err("`token_use` is not that of an access token"),
        }
        self.rules.check_claimed_type(members)
    }
}
