//! Keycloak 26: a client for pages, one for reports, and the API, which an audience mapper adds to `aud`.

use secure_runtime::authentication::Jwt;
use serde_json::{Value, json};

use super::{Bench, Claims, Row, cause, claims, row};

pub(crate) const ISSUER: &str = "https://login.example/realms/shop";

pub(crate) fn header() -> Value {
    json!({ "typ": "JWT", "kid": "gUh5Kx" })
}

pub(crate) fn user() -> Claims {
    let client_roles = json!({
        "shop-api": { "roles": ["editor"] }, "account": { "roles": ["view-profile"] },
    });
    claims(
        ISSUER,
        json!({
            "jti": "onrtac:7f31", "aud": ["shop-api", "account"], "sub": "f1d2", "typ": "Bearer",
            "azp": "shop-web", "sid": "s-1", "acr": "1", "allowed-origins": ["https://shop.example"],
            "realm_access": { "roles": ["customer", "offline_access"] }, "resource_access": client_roles,
            "scope": "openid profile email", "email_verified": true, "preferred_username": "ada",
            "name": "Ada Lovelace", "email": "ada@shop.example",
        }),
    )
}

pub(crate) fn machine() -> Claims {
    claims(
        ISSUER,
        json!({
            "jti": "trrtcc:91c0", "aud": "shop-api", "sub": "0a1b", "typ": "Bearer", "azp": "reports",
            "client_id": "reports", "acr": "1", "realm_access": { "roles": ["report"] },
            "scope": "profile email", "clientHost": "192.0.2.7", "clientAddress": "192.0.2.7",
            "preferred_username": "service-account-reports",
        }),
    )
}

pub(crate) fn id_token() -> Claims {
    claims(
        ISSUER,
        json!({
            "jti": "id-1", "aud": "shop-web", "sub": "f1d2", "typ": "ID", "azp": "shop-web", "sid": "s-1",
            "at_hash": "77QmUPtjPfzWtF2AnpK9RQ", "acr": "1", "preferred_username": "ada",
        }),
    )
}

pub(crate) fn refresh_token() -> Claims {
    claims(
        ISSUER,
        json!({
            "jti": "r-1", "aud": ISSUER, "sub": "f1d2", "typ": "Refresh", "azp": "shop-web", "sid": "s-1",
            "scope": "openid profile email",
        }),
    )
}

fn described() -> Jwt {
    Jwt::keycloak("https://login.example", "shop")
        .also_roles_claim(["resource_access", "shop-api", "roles"])
        .audience("shop-api")
}

const ADA: &str = "f1d2 roles=customer,offline_access,editor scopes=openid,profile,email session=s-1 id=onrtac:7f31";

#[test]
fn keycloak() {
    let bench = Bench::rs256(header(), described());
    bench.check_common(&user(), ADA);
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        row("machine", machine(), Ok("0a1b roles=report scopes=profile,email id=trrtcc:91c0")),
        row("`at+jwt`, by the client's switch", user(), Ok(ADA)).header(json!({ "typ": "at+jwt" })),
        with(
            "no roles of clients",
            json!({ "resource_access": null }),
            Ok("f1d2 roles=customer,offline_access scopes=openid,profile,email session=s-1 id=onrtac:7f31"),
        ),
        with(
            "no roles at all",
            json!({ "resource_access": null, "realm_access": null }),
            Ok("f1d2 scopes=openid,profile,email session=s-1 id=onrtac:7f31"),
        ),
        with("roles that are no list", json!({ "realm_access": { "roles": { "a": 1 } } }), Err(ROLES)),
        row("without the scope `basic`", user().without("sub"), Err(cause::NO_SUBJECT)),
        with("no audience mapper", json!({ "aud": "account" }), Err(cause::AUDIENCE)),
        row("no roles of a client, and no mapper", user().without("aud"), Err(cause::NO_AUDIENCE)),
        with("another realm", json!({ "iss": "https://login.example/realms/b2b" }), Err(cause::ISSUER)),
        with("the address inside", json!({ "iss": "http://keycloak:8080/realms/shop" }), Err(cause::ISSUER)),
        row("ID token", id_token(), Err(cause::TYP)),
        row("ID token of the API's client", id_token().with(api_client()), Err(cause::TYP)),
        row("refresh token", refresh_token(), Err(cause::TYP)),
        row("refresh token, as it is signed", refresh_token(), Err(cause::NO_KEY))
            .header(json!({ "alg": "HS512" })),
        with("offline token", json!({ "typ": "Offline", "aud": ISSUER }), Err(cause::TYP)),
        with("logout token", json!({ "typ": "Logout" }), Err(cause::TYP)),
        with("DPoP", json!({ "typ": "DPoP", "cnf": { "jkt": "x" } }), Err(cause::BOUND)),
    ]);
}

#[test]
fn keycloak_with_clients() {
    let bench = Bench::rs256(header(), described().client_ids(["shop-web"]));
    bench.check([
        row("our client", user(), Ok(ADA)),
        row("another client", machine(), Err(cause::CLIENT)),
        row("no client", user().without("azp"), Err(cause::NO_CLIENT)),
    ]);
}

/// How the kinds are distinguished if the claims have no `typ`.
#[test]
fn keycloak_without_typ() {
    let unmarked = id_token().with(api_client()).without("typ").without("at_hash");
    let bench = Bench::rs256(header(), described());
    bench.check([
        row("access token", user().without("typ"), Ok(ADA)),
        row("ID token", unmarked, Err(cause::OWN)),
    ]);
}

fn api_client() -> Value {
    json!({ "aud": "shop-api", "azp": "shop-api" })
}

const ROLES: &str = "the roles claim is not a string or a list of strings";

/// The rows for a description without the Keycloak preset.
pub(crate) fn without_preset() -> Vec<Row> {
    vec![
        row("user", user(), Ok("f1d2 scopes=openid,profile,email session=s-1 id=onrtac:7f31")),
        row("machine", machine(), Ok("0a1b scopes=profile,email id=trrtcc:91c0")),
        row("ID token", id_token(), Err(cause::TYP)),
        row("ID token of the API's client", id_token().with(api_client()), Err(cause::TYP)),
        row("refresh token", refresh_token(), Err(cause::TYP)),
    ]
}
