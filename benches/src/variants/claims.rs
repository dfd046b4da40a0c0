//! The claims that both hand-made variants read from a token, and the verification.

use jsonwebtoken::{DecodingKey, Validation};
use serde::Deserialize;

use crate::Failure;
use crate::fixture::{AUDIENCE, Algorithm, Fixture, ISSUER};

/// The claims that the peers use. All of them are required, as with `#[secure]`.
#[derive(Clone, Debug, Deserialize)]
pub struct Claims {
    /// The caller.
    pub sub: String,
    /// The roles granted.
    pub roles: Vec<String>,
}

/// The key and the validation rules, created once.
#[derive(Debug)]
pub struct Verifier {
    key: DecodingKey,
    validation: Validation,
}

impl Verifier {
    /// For the issuer's key of this algorithm.
    ///
    /// # Errors
    ///
    /// When the key cannot be read.
    pub fn new(fixture: &Fixture, algorithm: Algorithm) -> Result<Self, Failure> {
        let (key, algorithm) = match algorithm {
            Algorithm::Rs256 => (
                DecodingKey::from_rsa_pem(fixture.public_pem.as_bytes())?,
                jsonwebtoken::Algorithm::RS256,
            ),
            Algorithm::Hs256 => {
                (DecodingKey::from_secret(&fixture.secret), jsonwebtoken::Algorithm::HS256)
            }
        };
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        Ok(Self { key, validation })
    }

    /// The claims of a valid token.
    pub fn verify(&self, token: &str) -> Option<Claims> {
        jsonwebtoken::decode(token, &self.key, &self.validation).ok().map(|data| data.claims)
    }
}
