//! The signature algorithms a key can be pinned to.

use std::fmt;

/// A JWS signature algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1).
///
/// There is no `none`. `ES256K` and `ES512` are not offered, and neither is an algorithm that
/// encrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// EdDSA on Curve25519 (Ed25519).
    EdDsa,
}

impl Algorithm {
    /// Those whose verifying key may be published, `RS256` first among the ones of RSA.
    pub(crate) const ASYMMETRIC: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// The value of the `alg` header parameter. Case matters (RFC 7515 section 4.1.1).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of this name. `Ed25519` (RFC 9864 section 2.2) is `EdDSA` with the one curve that
    /// is offered here.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "Ed25519" => Some(Self::EdDsa),
            name => ALL.into_iter().find(|algorithm| algorithm.name() == name),
        }
    }

    pub(crate) const fn family(self) -> Family {
        match self {
            Self::Hs256 => Family::Hmac { least_bytes: 32 },
            Self::Hs384 => Family::Hmac { least_bytes: 48 },
            Self::Hs512 => Family::Hmac { least_bytes: 64 },
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => {
                Family::Rsa
            }
            Self::Es256 => Family::Ec(Curve::P256),
            Self::Es384 => Family::Ec(Curve::P384),
            Self::EdDsa => Family::Ed,
        }
    }

    /// What the library calls it.
    pub(crate) const fn library(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
            Self::Hs384 => jsonwebtoken::Algorithm::HS384,
            Self::Hs512 => jsonwebtoken::Algorithm::HS512,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
            Self::Rs384 => jsonwebtoken::Algorithm::RS384,
            Self::Rs512 => jsonwebtoken::Algorithm::RS512,
            Self::Ps256 => jsonwebtoken::Algorithm::PS256,
            Self::Ps384 => jsonwebtoken::Algorithm::PS384,
            Self::Ps512 => jsonwebtoken::Algorithm::PS512,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Es384 => jsonwebtoken::Algorithm::ES384,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What kind of key an algorithm takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// A secret of at least the hash's output (RFC 7518 section 3.2).
    Hmac { least_bytes: usize },
    /// A modulus of at least 2048 bits (RFC 7518 sections 3.3 and 3.5).
    Rsa,
    /// A point on this curve (RFC 7518 section 3.4).
    Ec(Curve),
    /// An Ed25519 public key (RFC 8037 section 2).
    Ed,
}

/// An elliptic curve of ECDSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
}

impl Curve {
    /// The `crv` of a JWK (RFC 7518 section 6.2.1.1).
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
        }
    }

    /// The length of one coordinate, in bytes.
    pub(crate) const fn coordinate_bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }
}

pub(crate) const ALL: [Algorithm; 12] = [
    Algorithm::Hs256,
    Algorithm::Hs384,
    Algorithm::Hs512,
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::EdDsa,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_library_and_case_matters() {
        for algorithm in ALL {
            assert_eq!(format!("{:?}", algorithm.library()), algorithm.name());
            assert_eq!(Algorithm::named(algorithm.name()), Some(algorithm));
            assert_eq!(Algorithm::named(&algorithm.name().to_lowercase()), None);
        }
        for other in ["none", "ed25519", "Ed448"] {
            assert_eq!(Algorithm::named(other), None, "{other}");
        }
        assert_eq!(Algorithm::named("Ed25519"), Some(Algorithm::EdDsa));
    }
}
