//! `Issuer`: mints tokens for tests, with published keys.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jsonwebtoken::EncodingKey;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;

use super::token::Token;
use crate::authentication::{Algorithm, ClaimPath, Jwt, Key, vocabulary_claims};
use crate::support::time::{Clock, SystemClock};

/// Mints tokens for tests, valid and invalid ones.
///
/// Its keys are published with this crate. So a service rejects them at startup unless its configuration
/// [accepts them](Jwt::dangerously_accept_test_keys), and then the log has a warning.
///
/// ```
/// use secure_runtime::authentication::{Attempt, IntoAuthenticator};
/// use secure_runtime::testing::{FakeClock, Issuer, authenticate};
/// use secure_runtime::Clock;
///
/// let clock = FakeClock::new();
/// let issuer = Issuer::hs256().clock(clock.clone());
/// let authenticator = issuer.jwt().into_authenticator().unwrap();
///
/// let token = issuer.token("alice").role("admin").sign();
/// let header = format!("Bearer {token}");
/// let attempt = authenticate(&*authenticator, &[("authorization", &header)], clock.now());
/// let Attempt::Accepted(caller) = attempt else { panic!("refused") };
/// assert!(caller.has_role("admin"));
/// ```
#[derive(Clone)]
pub struct Issuer {
    pub(super) name: String,
    pub(super) audience: String,
    pub(super) kid: Option<String>,
    pub(super) clock: Arc<dyn Clock>,
    signing: Signing,
    /// Numbers the tokens: `jti`.
    pub(super) minted: Arc<AtomicU64>,
}

#[derive(Clone)]
struct Signing {
    algorithm: Algorithm,
    key: EncodingKey,
    verifying: Key,
}

impl Issuer {
    /// Signs with HMAC and a published secret.
    #[must_use]
    pub fn hs256() -> Self {
        Self::with(
            Algorithm::Hs256,
            EncodingKey::from_secret(HS256_SECRET),
            Key::hs256(HS256_SECRET),
        )
    }

    /// Signs with HMAC and this secret, of at least 32 bytes.
    #[must_use]
    pub fn hs256_with(secret: impl AsRef<[u8]>) -> Self {
        let secret = secret.as_ref();
        Self::with(Algorithm::Hs256, EncodingKey::from_secret(secret), Key::hs256(secret))
    }

    /// Signs with RSASSA-PKCS1-v1_5 and a published 2048-bit key.
    #[must_use]
    pub fn rs256() -> Self {
        Self::with(
            Algorithm::Rs256,
            EncodingKey::from_rsa_der(RS256_PRIVATE),
            Key::rs256(RS256_PUBLIC),
        )
    }

    /// Signs with ECDSA on P-256 and a published key.
    #[must_use]
    pub fn es256() -> Self {
        Self::with(
            Algorithm::Es256,
            EncodingKey::from_ec_der(ES256_PRIVATE),
            Key::es256(ES256_PUBLIC),
        )
    }

    /// Signs with Ed25519 and a published key.
    #[must_use]
    pub fn eddsa() -> Self {
        Self::with(
            Algorithm::EdDsa,
            EncodingKey::from_ed_der(EDDSA_PRIVATE),
            Key::eddsa(EDDSA_PUBLIC),
        )
    }

    /// Sets its name, the `iss` of its tokens. Default: `https://issuer.test`.
    #[must_use]
    pub fn named(mut self, issuer: impl Into<String>) -> Self {
        self.name = issuer.into();
        self
    }

    /// Sets the audience of its tokens, `aud`. Default: `test`.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// Sets the name of its key, the `kid` of its tokens. Default: none.
    #[must_use]
    pub fn kid(mut self, id: impl Into<String>) -> Self {
        self.kid = Some(id.into());
        self
    }

    /// Sets the clock for the times in its tokens. Default: the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Starts a token for this subject. Unchanged, [`jwt`](Self::jwt) accepts it for an hour.
    pub fn token(&self, subject: impl Into<String>) -> Token<'_> {
        Token::new(self, subject.into())
    }

    /// The key that verifies its tokens.
    #[must_use]
    pub fn key(&self) -> Key {
        match &self.kid {
            Some(id) => self.signing.verifying.clone().kid(id),
            None => self.signing.verifying.clone(),
        }
    }

    /// Its public key in JWK form (RFC 7517), for the key set of a provider.
    ///
    /// # Panics
    ///
    /// If it signs with a secret, because a secret has no public key.
    #[must_use]
    #[expect(clippy::expect_used, reason = "test support: the test is wrong")]
    pub fn jwk(&self) -> serde_json::Value {
        self.key().published().expect("an issuer that signs with a private key")
    }

    /// The configuration of an authenticator that accepts its tokens. The tenant and the tier are in the claims
    /// `tenant` and `tier`, unless the vocabulary names others.
    ///
    /// In builds without debug assertions, which may be production builds, its keys are rejected until
    /// [`Jwt::dangerously_accept_test_keys`] is called.
    pub fn jwt(&self) -> Jwt {
        let jwt = Jwt::with_key(self.key()).issuer(&self.name).audience(&self.audience);
        let jwt = jwt.tenant_claim(tenant_claim()).tier_claim(tier_claim());
        if cfg!(debug_assertions) { jwt.dangerously_accept_test_keys() } else { jwt }
    }

    /// The same configuration with the key of this issuer in place of its configured or fetched keys: for tests of
    /// a configuration without its identity provider.
    ///
    /// ```
    /// use secure_runtime::authentication::{Attempt, IntoAuthenticator, Jwt};
    /// use secure_runtime::testing::{FakeClock, Issuer, authenticate};
    /// use secure_runtime::Clock;
    ///
    /// let clock = FakeClock::new();
    /// let issuer = Issuer::rs256()
    ///     .named("https://login.example/realms/shop")
    ///     .audience("shop")
    ///     .clock(clock.clone());
    /// let described = Jwt::keycloak("https://login.example", "shop").audience("shop");
    /// let authenticator = issuer.verifying(described).into_authenticator().unwrap();
    ///
    /// let roles = serde_json::json!({ "roles": ["admin"] });
    /// let token = issuer.token("ada").claim("typ", "Bearer").claim("realm_access", roles).sign();
    /// let header = format!("Bearer {token}");
    /// let attempt = authenticate(&*authenticator, &[("authorization", &header)], clock.now());
    /// let Attempt::Accepted(caller) = attempt else { panic!("refused") };
    /// assert!(caller.has_role("admin"));
    /// ```
    pub fn verifying(&self, description: Jwt) -> Jwt {
        description.verified_by(self.key())
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.signing.algorithm
    }

    pub(super) fn next_number(&self) -> u64 {
        self.minted.fetch_add(1, Ordering::Relaxed)
    }

    /// Signs bytes as a JWS does.
    #[expect(clippy::expect_used, reason = "test support, and only a broken test key can fail")]
    pub(super) fn signature(&self, message: &[u8]) -> Vec<u8> {
        let signing = &self.signing;
        let signer = (DEFAULT_PROVIDER.signer_factory)(&signing.algorithm.library(), &signing.key)
            .expect("the test key has the form that its algorithm takes");
        signer.try_sign(message).expect("the test key signs")
    }

    fn with(algorithm: Algorithm, key: EncodingKey, verifying: Key) -> Self {
        Self {
            name: "https://issuer.test".to_owned(),
            audience: "test".to_owned(),
            kid: None,
            clock: Arc::new(SystemClock::new()),
            signing: Signing { algorithm, key, verifying },
            minted: Arc::new(AtomicU64::new(1)),
        }
    }
}

/// Shows who it is; its key may be a secret of the test.
impl fmt::Debug for Issuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Issuer")
            .field("name", &self.name)
            .field("audience", &self.audience)
            .field("algorithm", &self.signing.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

const HS256_SECRET: &[u8] = b"test only: this secret of secure-runtime is known to everybody";
const RS256_PRIVATE: &[u8] = include_bytes!("keys/test-only-rs256.private.der");
const RS256_PUBLIC: &[u8] = include_bytes!("keys/test-only-rs256.public.der");
const ES256_PRIVATE: &[u8] = include_bytes!("keys/test-only-es256.private.der");
const ES256_PUBLIC: &[u8] = include_bytes!("keys/test-only-es256.public.der");
const EDDSA_PRIVATE: &[u8] = include_bytes!("keys/test-only-eddsa.private.der");
const EDDSA_PUBLIC: &[u8] = include_bytes!("keys/test-only-eddsa.public.der");
/// Where a token of the issuer names the tenant.
pub(super) fn tenant_claim() -> ClaimPath {
    let [tenant, _] = vocabulary_claims();
    tenant.into_iter().next().unwrap_or_else(|| "tenant".into())
}

/// Where a token of the issuer names the tier.
pub(super) fn tier_claim() -> ClaimPath {
    let [_, tier] = vocabulary_claims();
    tier.into_iter().next().unwrap_or_else(|| "tier".into())
}
