//! The authenticator that a checked [`Jwt`](super::Jwt) becomes.

use super::Rules;
use super::claims::Verified;
use super::keys::Keys;
use crate::authentication::bearer::{Bearer, bearer, is_b64token};
use crate::authentication::token_cache::{Cached, TokenCache};
use crate::authentication::{Attempt, Authenticator, Challenge, Refusal};
use crate::request::RequestHead;
use crate::time::Moment;

/// Verifies bearer tokens.
#[derive(Debug)]
pub(crate) struct JwtAuthenticator {
    pub(super) keys: Keys,
    pub(super) rules: Rules,
    pub(super) challenge: Challenge,
    pub(super) cache: TokenCache,
}

impl Authenticator for JwtAuthenticator {
    fn challenge(&self) -> Challenge {
        self.challenge.clone()
    }

    fn names_tenants(&self) -> bool {
        self.rules.places.tenant.is_some()
    }

    fn names_tiers(&self) -> bool {
        self.rules.places.tier.is_some()
    }

    fn authenticate(&self, request: &RequestHead<'_>, now: Moment) -> Attempt {
        match bearer(request) {
            Bearer::Absent => Attempt::Absent,
            Bearer::Malformed(cause) => Attempt::Refused(Refusal::invalid_request(cause)),
            Bearer::Token(token) => match self.cache.get(token, now) {
                Cached::Valid(principal) => Attempt::Accepted(principal),
                Cached::Unknown => self.authenticate_first_seen(token, now),
                Cached::Expired => refused("`exp` has passed"),
                Cached::NotYet => refused("the token is not valid yet"),
            },
        }
    }
}

impl JwtAuthenticator {
    /// Forgets every verified token: what a key rotation or a revocation does.
    #[cfg_attr(not(test), expect(dead_code, reason = "key rotation and revocation call it"))]
    pub(crate) fn forget_verified_tokens(&self) {
        self.cache.clear();
    }

    /// Out of line: a hit should not pay for its stack frame.
    #[inline(never)]
    fn authenticate_first_seen(&self, token: &[u8], now: Moment) -> Attempt {
        let generation = self.cache.generation();
        match self.verify(token, now) {
            Ok(Verified { principal, validity }) => {
                self.cache.insert(token, principal.clone(), validity, generation);
                Attempt::Accepted(principal)
            }
            Err(_) if !is_b64token(token) => Attempt::Refused(Refusal::invalid_request(
                "the token has characters that no token has (RFC 6750 section 2.1)",
            )),
            Err(cause) => refused(cause),
        }
    }

    fn verify(&self, token: &[u8], now: Moment) -> Result<Verified, &'static str> {
        if token.len() > self.rules.max_token_bytes {
            return Err("the token is too long");
        }
        let claims = self.keys.open(token, |header| self.rules.check_type(header))?;
        let claims = String::from_utf8(claims).map_err(|_| "the claims are not UTF-8")?;
        self.rules.check_claims(claims.into_boxed_str(), now)
    }
}

fn refused(cause: &'static str) -> Attempt {
    Attempt::Refused(Refusal::invalid_token(cause))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::{FakeClock, Issuer, authenticate};
    use crate::time::Clock;

    fn entries(authenticator: &JwtAuthenticator) -> bool {
        !format!("{:?}", authenticator.cache).contains("entries: 0")
    }

    #[test]
    fn a_refusal_is_never_kept_and_a_kept_token_ends_on_time() {
        let clock = FakeClock::new();
        let issuer = Issuer::rs256().clock(clock.clone());
        let authenticator = issuer.jwt().check().unwrap();
        let present = |token: &str| {
            let line = format!("Bearer {token}");
            match authenticate(&authenticator, &[("authorization", &line)], clock.now()) {
                Attempt::Accepted(_) => Ok(()),
                Attempt::Refused(refusal) => Err(refusal.cause().to_owned()),
                _ => panic!("neither accepted nor refused"),
            }
        };
        let token = issuer.token("alice").expires_in(Duration::from_secs(60)).sign();
        for bad in [
            issuer.token("alice").tampered(),
            issuer.token("alice").unsigned(),
            issuer.token("alice").without("aud").sign(),
            issuer.token("alice").claim("nbf", clock.now().unix_seconds() + 1).sign(),
            issuer.token("alice").claim("exp", clock.now().unix_seconds()).sign(),
        ] {
            present(&bad).unwrap_err();
        }
        assert!(!entries(&authenticator));
        assert_eq!(present(&token), Ok(()));
        assert!(entries(&authenticator));

        clock.advance(Duration::from_millis(59_999));
        assert_eq!(present(&token), Ok(()));
        clock.jump_wall(-61);
        assert_eq!(present(&token), Err("the token is not valid yet".to_owned()));
        clock.jump_wall(61);
        assert_eq!(present(&token), Ok(()));
        clock.advance(Duration::from_millis(1));
        assert_eq!(present(&token), Err("`exp` has passed".to_owned()));
        assert!(!entries(&authenticator));
        assert_eq!(present(&token), Err("`exp` has passed".to_owned()));
        assert!(!entries(&authenticator));
    }

    #[test]
    fn forgetting_makes_the_next_request_verify_again() {
        let issuer = Issuer::hs256();
        let authenticator = issuer.jwt().check().unwrap();
        let line = format!("Bearer {}", issuer.token("alice").sign());
        let now = crate::time::SystemClock::new().now();
        let accepted = || {
            let attempt = authenticate(&authenticator, &[("authorization", &line)], now);
            matches!(attempt, Attempt::Accepted(_))
        };
        assert!(accepted() && entries(&authenticator));
        authenticator.forget_verified_tokens();
        assert!(!entries(&authenticator));
        assert!(accepted() && entries(&authenticator));
    }
}
