//! Keys and tokens, generated once per run so that every program measures the same input.
//!
//! A separate program generates them: generating and signing take a random number of instructions, which
//! must not reach the counts.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Failure;

/// The issuer of the tokens.
pub const ISSUER: &str = "https://issuer.example";
/// The subject of the tokens.
pub const SUBJECT: &str = "6f1c1f0a-8d0e-4f3b-9f43-1d2f6f0d7a11";
/// The audience of the tokens.
pub const AUDIENCE: &str = "shop";

/// The signature algorithm of the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with a key of 2048 bits.
    Rs256,
    /// HMAC with SHA-256 and a key of 32 bytes.
    Hs256,
}

impl std::str::FromStr for Algorithm {
    type Err = Failure;

    fn from_str(name: &str) -> Result<Self, Failure> {
        match name {
            "rs256" => Ok(Self::Rs256),
            "hs256" => Ok(Self::Hs256),
            _ => Err(format!("unknown algorithm `{name}`, expected `rs256` or `hs256`").into()),
        }
    }
}

/// The keys and tokens of the issuer that a measurement needs.
#[derive(Debug, Serialize, Deserialize)]
pub struct Fixture {
    /// The RSA key, as `-----BEGIN PUBLIC KEY-----`.
    pub public_pem: String,
    /// The RSA key in the format of aws-lc (RFC 8017 appendix A.1.1).
    pub public_der: Vec<u8>,
    /// The HMAC key.
    pub secret: Vec<u8>,
    /// Tokens signed with the RSA key.
    pub rs256: Tokens,
    /// Tokens signed with the HMAC key.
    pub hs256: Tokens,
    /// RSA tokens with different `jti`, each to be presented once.
    pub first_seen: Vec<String>,
}

/// One token for each kind of request.
#[derive(Debug, Serialize, Deserialize)]
pub struct Tokens {
    /// Valid, with the role that the route requires.
    pub admin: String,
    /// Valid, with another role.
    pub viewer: String,
    /// Expired.
    pub expired: String,
    /// For another audience.
    pub misdirected: String,
    /// Signed with another key.
    pub forged: String,
}

impl Fixture {
    /// Generates new keys and tokens that are valid for a day.
    ///
    /// # Errors
    ///
    /// When the cryptographic library cannot generate a key or a signature.
    pub fn generate(first_seen: usize) -> Result<Self, Failure> {
        let pair = KeyPair::generate(KeySize::Rsa2048)?;
        let other = KeyPair::generate(KeySize::Rsa2048)?;
        let secret: [u8; 32] = aws_lc_rs::rand::generate(&SystemRandom::new())?.expose();
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();

        Ok(Self {
            public_pem: pem(spki.as_ref()),
            public_der: pair.public_key().as_ref().to_vec(),
            rs256: Tokens::sign("RS256", now, &|input| rsa(&pair, input), &|input| {
                rsa(&other, input)
            })?,
            hs256: Tokens::sign("HS256", now, &|input| mac(&secret, input), &|input| {
                mac(&[0; 32], input)
            })?,
            first_seen: (0..first_seen)
                .map(|id| token("RS256", now, AUDIENCE, "admin", id, &|input| rsa(&pair, input)))
                .collect::<Result<_, _>>()?,
            secret: secret.to_vec(),
        })
    }

    /// Reads a file that [`Self::write`] wrote.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Failure> {
        Ok(serde_json::from_slice(&std::fs::read(path)?)?)
    }

    /// Writes the fixture to a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), Failure> {
        Ok(std::fs::write(path, serde_json::to_vec(self)?)?)
    }

    /// The tokens of one algorithm.
    #[must_use]
    pub fn tokens(&self, algorithm: Algorithm) -> &Tokens {
        match algorithm {
            Algorithm::Rs256 => &self.rs256,
            Algorithm::Hs256 => &self.hs256,
        }
    }
}

type Sign<'a> = &'a dyn Fn(&[u8]) -> Result<Vec<u8>, Failure>;

impl Tokens {
    fn sign(algorithm: &str, now: u64, sign: Sign<'_>, forge: Sign<'_>) -> Result<Self, Failure> {
        Ok(Self {
            admin: token(algorithm, now, AUDIENCE, "admin", 0, sign)?,
            viewer: token(algorithm, now, AUDIENCE, "viewer", 0, sign)?,
            expired: token(algorithm, now - 2 * DAY, AUDIENCE, "admin", 0, sign)?,
            misdirected: token(algorithm, now, "another shop", "admin", 0, sign)?,
            forged: token(algorithm, now, AUDIENCE, "admin", 0, forge)?,
        })
    }
}

const DAY: u64 = 24 * 60 * 60;

fn token(
    algorithm: &str,
    now: u64,
    audience: &str,
    role: &str,
    id: usize,
    sign: Sign<'_>,
) -> Result<String, Failure> {
    let header = json!({"alg": algorithm, "typ": "at+jwt"});
    let claims = json!({
        "iss": ISSUER,
        "aud": audience,
        "sub": SUBJECT,
        "client_id": "web",
        "iat": now,
        "exp": now + DAY,
        "jti": format!("{id:08}"),
        "roles": ["customer", role],
        "scope": "orders:read orders:write",
        "name": "Alice Example",
    });
    let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", encode(&header), encode(&claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(input.as_bytes())?);
    Ok(format!("{input}.{signature}"))
}

fn rsa(pair: &KeyPair, input: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input, &mut signature)?;
    Ok(signature)
}

fn mac(secret: &[u8], input: &[u8]) -> Result<Vec<u8>, Failure> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    Ok(hmac::sign(&key, input).as_ref().to_vec())
}

fn pem(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN PUBLIC KEY-----\n");
    for (position, character) in STANDARD.encode(der).chars().enumerate() {
        if position > 0 && position % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str("\n-----END PUBLIC KEY-----\n");
    text
}
