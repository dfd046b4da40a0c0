//! Okta: a custom authorization server.

use secure_runtime::authentication::Jwt;
use serde_json::{Value, json};

use super::{Bench, Claims, NOW, Row, cause, claims, row};

pub(crate) const ISSUER: &str = "https://shop.okta.com/oauth2/default";

/// No `typ`.
pub(crate) fn header() -> Value {
    json!({ "kid": "yT7c" })
}

pub(crate) fn user() -> Claims {
    claims(
        ISSUER,
        json!({
            "ver": 1, "jti": "AT.0mP4", "aud": "api://default", "cid": "0oa1", "uid": "00u1",
            "scp": ["openid", "orders.read"], "auth_time": NOW - 60, "sub": "ada@shop.example",
            "groups": ["Everyone", "Editors"],
        }),
    )
}

fn machine() -> Claims {
    claims(
        ISSUER,
        json!({
            "ver": 1, "jti": "AT.9kQ2", "aud": "api://default", "cid": "0oa2", "scp": ["orders.read"],
            "sub": "0oa2",
        }),
    )
}

fn id_token() -> Claims {
    claims(
        ISSUER,
        json!({
            "ver": 1, "jti": "ID.5vB1", "aud": "0oa1", "sub": "00u1", "name": "Ada Lovelace",
            "amr": ["pwd"], "idp": "00o1", "nonce": "n-0S6", "auth_time": NOW - 60,
            "at_hash": "77QmUPtjPfzWtF2AnpK9RQ",
        }),
    )
}

const ADA: &str = "ada@shop.example roles=Everyone,Editors scopes=openid,orders.read id=AT.0mP4";

#[test]
fn okta() {
    let described = || Jwt::okta("shop.okta.com", "default").audience("api://default");
    let bench = Bench::rs256(header(), described());
    bench.check_common(&user(), ADA);
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        row("machine", machine(), Ok("0oa2 scopes=orders.read id=AT.9kQ2")),
        row(
            "without a groups claim",
            user().without("groups"),
            Ok("ada@shop.example scopes=openid,orders.read id=AT.0mP4"),
        ),
        with(
            "of the organization's own server",
            json!({ "iss": "https://shop.okta.com", "aud": "https://shop.okta.com" }),
            Err(cause::ISSUER),
        ),
        with(
            "another server",
            json!({ "iss": "https://shop.okta.com/oauth2/aus2" }),
            Err(cause::ISSUER),
        ),
        with("another audience", json!({ "aud": "api://other" }), Err(cause::AUDIENCE)),
        row("without `sub`", user().without("sub"), Err(cause::NO_SUBJECT)),
        row("ID token", id_token(), Err(cause::HASH)),
        row(
            "ID token without marks",
            id_token().without("at_hash").without("nonce"),
            Err(cause::AUDIENCE),
        ),
    ]);
    Bench::rs256(header(), described().client_ids(["0oa1"]).subject_claim("uid")).check([
        row(
            "our client, by `uid`",
            user(),
            Ok("00u1 roles=Everyone,Editors scopes=openid,orders.read id=AT.0mP4"),
        ),
        row("another client", machine(), Err(cause::CLIENT)),
    ]);
}

/// An ID token is refused even where its client is named as the audience.
#[test]
fn okta_with_a_client_as_audience() {
    let unmarked = id_token().without("at_hash").without("nonce");
    let bench = Bench::rs256(header(), Jwt::okta("shop.okta.com", "default").audience("0oa1"));
    bench.check([row("ID token without marks", unmarked, Err(cause::NO_CLIENT))]);
}

pub(crate) fn without_preset() -> Vec<Row> {
    vec![
        row("user", user(), Ok("ada@shop.example id=AT.0mP4")),
        row("machine", machine(), Ok("0oa2 id=AT.9kQ2")),
        row("ID token", id_token(), Err(cause::HASH)),
    ]
}

pub(crate) fn only_with_preset() -> Vec<Row> {
    vec![row("ID token", id_token().without("at_hash").without("nonce"), Ok("00u1 id=ID.5vB1"))]
}
