//! Tokens in the documented form of every preset's provider: which ones are accepted, with which grants, and
//! which ones are refused, and why.
//!
//! A row is a name, the claims and the expected result. [`Bench::check`] presents each token twice and also
//! calls `explain_token`; the results must agree.

mod auth0;
mod authentik;
mod bench;
mod clerk;
mod cloudflare;
mod cognito;
mod discover;
mod duende;
mod entra;
mod explained;
mod firebase;
mod forgerock;
mod google;
mod hydra;
mod keycloak;
mod kinde;
mod logto;
mod okta;
mod spring;
mod startup;
mod supabase;
mod workloads;
mod zitadel;

use bench::{Bench, Claims, NOW, Row, claims, row};

/// Causes of refusal that tokens of several providers share.
mod cause {
    pub(crate) const AUDIENCE: &str = "`aud` is another audience";
    pub(crate) const BOUND: &str =
        "the token is bound to a key (`cnf`), and was sent without a proof";
    pub(crate) const CLIENT: &str = "the token was issued to another client";
    pub(crate) const DEMAND: &str = "a claim does not have the value that is required here";
    pub(crate) const EVENT: &str =
        "the token is a logout token or another security event (`events`)";
    pub(crate) const SAYS_OTHER: &str = "the token says that it is a refresh token or an ID token";
    pub(crate) const HASH: &str = "the token is an ID token (`at_hash`, `c_hash` or `s_hash`)";
    pub(crate) const ISSUER: &str = "`iss` is another issuer";
    pub(crate) const NO_AUDIENCE: &str = "`aud` is missing";
    pub(crate) const NO_CLIENT: &str = "the token does not name its client";
    pub(crate) const NO_KEY: &str = "no key has this `kid` and `alg`";
    pub(crate) const NO_SUBJECT: &str = "`sub` is missing";
    pub(crate) const NONCE: &str = "the token is an ID token (`nonce`, and no scope)";
    pub(crate) const NOT_JWT: &str = "the token does not have three segments";
    pub(crate) const OTHER_AZP: &str =
        "`azp` is another client (OpenID Connect Core section 3.1.3.7)";
    pub(crate) const OWN: &str =
        "the token is an ID token: it is for the client it was issued to, and has no scope";
    pub(crate) const REQUIRED: &str = "a claim is missing that is required here";
    pub(crate) const TOKEN_USE: &str = "`token_use` is not that of an access token";
    pub(crate) const TYP: &str = "`typ` of the claims is not that of an access token";
    pub(crate) const TYPE: &str = "`typ` is not that of the tokens accepted here";
}
