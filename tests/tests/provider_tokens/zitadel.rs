//! Zitadel: ID tokens also have the project as audience, and access tokens have a `jti`.

use secure_runtime::authentication::{ClaimPath, Jwt};
use serde_json::{Value, json};

use super::{Bench, Claims, NOW, Row, cause, claims, row};

pub(crate) const ISSUER: &str = "https://shop.zitadel.cloud";
const PROJECT: &str = "69234237810729019";
const CLIENT: &str = "69234247558357051@shop";

pub(crate) fn header() -> Value {
    json!({ "kid": "6923", "typ": "JWT" })
}

pub(crate) fn user() -> Claims {
    claims(
        ISSUER,
        json!({
            "sub": "77776025198584418", "aud": [CLIENT, PROJECT], "nbf": NOW, "jti": "j-1",
            "azp": CLIENT, "urn:zitadel:iam:user:resourceowner:id": "org-1",
        "urn:zitadel:iam:org:project:69234237810729019:roles": { "buyer": {} },
            "urn:zitadel:iam:org:project:roles": { "editor": { "org-1": "shop.zitadel.cloud" }, "clerk": {} },
        }),
    )
}

fn id_token() -> Claims {
    claims(
        ISSUER,
        json!({
            "sub": "77776025198584418", "aud": [CLIENT, PROJECT], "azp": CLIENT, "client_id": CLIENT,
            "auth_time": NOW - 60, "amr": ["pwd"], "nonce": "n", "at_hash": "h", "sid": "V1_1",
        }),
    )
}

// JSON objects have no order; the test's own writer sorts these.
const ADA: &str = "77776025198584418 roles=clerk,editor tenant=org-1 id=j-1";

#[test]
fn zitadel() {
    let described = || Jwt::zitadel(ISSUER).audience(PROJECT);
    let bench = Bench::rs256(header(), described());
    bench.check_common(&user(), ADA);
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        row(
            "no roles asked for",
            user().without("urn:zitadel:iam:org:project:roles"),
            Ok("77776025198584418 tenant=org-1 id=j-1"),
        ),
        row(
            "machine",
            user()
                .without("urn:zitadel:iam:user:resourceowner:id")
                .with(json!({ "sub": "reports" })),
            Ok("reports roles=clerk,editor id=j-1"),
        ),
        with("the project was not asked for", json!({ "aud": [CLIENT] }), Err(cause::AUDIENCE)),
        with("another project", json!({ "aud": [CLIENT, "1"] }), Err(cause::AUDIENCE)),
        with(
            "another instance",
            json!({ "iss": "https://other.zitadel.cloud" }),
            Err(cause::ISSUER),
        ),
        row("without `sub`", user().without("sub"), Err(cause::NO_SUBJECT)),
        row("ID token", id_token(), Err(cause::HASH)),
        row("ID token without `at_hash`", id_token().without("at_hash"), Err(cause::NONCE)),
        row(
            "ID token without marks",
            id_token().without("at_hash").without("nonce"),
            Err(cause::REQUIRED),
        ),
    ]);
    Bench::rs256(header(), described().client_ids([CLIENT])).check([
        row("our client", user(), Ok(ADA)),
        row("another client", user().with(json!({ "azp": "evil@shop" })), Err(cause::CLIENT)),
    ]);
    bench.check_text("V2_1-at_2_opaque", cause::NOT_JWT);
    let of_the_project = ClaimPath::from(["urn:zitadel:iam:org:project:69234237810729019:roles"]);
    let jwt = described().roles_claim(of_the_project.names_of_members());
    let buyer = "77776025198584418 roles=buyer tenant=org-1 id=j-1";
    Bench::rs256(header(), jwt).check([row("roles of the project", user(), Ok(buyer))]);
}

pub(crate) fn without_preset() -> Vec<Row> {
    vec![
        row("user", user(), Ok("77776025198584418 id=j-1")),
        row("ID token", id_token(), Err(cause::HASH)),
        row("ID token without `at_hash`", id_token().without("at_hash"), Err(cause::NONCE)),
    ]
}

pub(crate) const AUDIENCE: &str = PROJECT;

pub(crate) fn only_with_preset() -> Vec<Row> {
    let unmarked = id_token().without("at_hash").without("nonce");
    vec![row("ID token", unmarked, Ok("77776025198584418 session=V1_1"))]
}
