//! Logto: access tokens for an API resource, as in RFC 9068.

use secure_runtime::authentication::{Jwt, Profile};
use serde_json::{Value, json};

use super::{Bench, Claims, Row, cause, claims, row};

pub(crate) const ISSUER: &str = "https://shop.logto.app/oidc";
pub(crate) const API: &str = "https://api.shop.example";

pub(crate) fn header() -> Value {
    json!({ "kid": "Wd1", "typ": "at+jwt" })
}

pub(crate) fn user() -> Claims {
    claims(
        ISSUER,
        json!({
            "jti": "j-1", "sub": "z0a1", "scope": "read:orders", "client_id": "web", "aud": API,
        }),
    )
}

fn id_token() -> Claims {
    claims(
        ISSUER,
        json!({ "sub": "z0a1", "at_hash": "h", "aud": "web", "name": "Ada", "nonce": "n" }),
    )
}

const ADA: &str = "z0a1 scopes=read:orders id=j-1";

#[test]
fn logto() {
    let described = || Jwt::logto("https://shop.logto.app").audience(API);
    let bench = Bench::es256(header(), described());
    bench.check_common(&user(), ADA);
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        with(
            "machine",
            json!({ "sub": "reports", "client_id": "reports" }),
            Ok("reports scopes=read:orders id=j-1"),
        ),
        with(
            "an organization's token",
            json!({ "aud": "urn:logto:organization:o1" }),
            Err(cause::AUDIENCE),
        ),
        with("another resource", json!({ "aud": "https://other.example" }), Err(cause::AUDIENCE)),
        with(
            "another tenant",
            json!({ "iss": "https://other.logto.app/oidc" }),
            Err(cause::ISSUER),
        ),
        row("without `sub`", user().without("sub"), Err(cause::NO_SUBJECT)),
        row("ID token", id_token(), Err(cause::HASH)).header(json!({ "typ": null })),
        row(
            "ID token without marks",
            id_token().without("at_hash").without("nonce"),
            Err(cause::AUDIENCE),
        )
        .header(json!({ "typ": null })),
    ]);
    let narrow =
        described().client_ids(["web"]).tenant_claim("organization_id").profile(Profile::Rfc9068);
    Bench::es256(header(), narrow).check([
        row("our client", user(), Ok(ADA)),
        row(
            "in an organization",
            user().with(json!({ "organization_id": "o1" })),
            Ok("z0a1 scopes=read:orders tenant=o1 id=j-1"),
        ),
        row("another client", user().with(json!({ "client_id": "evil" })), Err(cause::CLIENT)),
        row("without its type", user(), Err(cause::TYPE)).header(json!({ "typ": null })),
    ]);
}

/// An ID token is refused even where its client is named as the audience.
#[test]
fn logto_with_a_client_as_audience() {
    let unmarked = id_token().without("at_hash").without("nonce");
    let bench = Bench::es256(header(), Jwt::logto("https://shop.logto.app").audience("web"));
    let row = row("ID token without marks", unmarked, Err(cause::NO_CLIENT));
    bench.check([row.header(json!({ "typ": null }))]);
}

pub(crate) fn without_preset() -> Vec<Row> {
    vec![
        row("user", user(), Ok(ADA)),
        row("ID token", id_token(), Err(cause::HASH)).header(json!({ "typ": null })),
    ]
}
