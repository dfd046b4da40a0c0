//! Microsoft Entra ID: tokens of both versions, of one tenant and of several; Azure AD B2C.

use secure_runtime::authentication::Jwt;
use serde_json::{Value, json};

use super::{Bench, Claims, Row, cause, claims, row};

const TENANT: &str = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490";
const OTHER_TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
pub(crate) const API: &str = "6e74172b-be56-4843-9ff4-e66a39bb12e3";
const WEB: &str = "b14a7505-96e9-4927-91e8-0601d0fc9caa";

pub(crate) fn issuer(tenant: &str) -> String {
    format!("https://login.microsoftonline.com/{tenant}/v2.0")
}

pub(crate) fn own_issuer() -> String {
    issuer(TENANT)
}

fn issuer_of_version_1() -> String {
    format!("https://sts.windows.net/{TENANT}/")
}

pub(crate) fn header() -> Value {
    json!({ "typ": "JWT", "kid": "CNv0" })
}

fn header_of_version_1() -> Value {
    json!({ "x5t": "CNv0" })
}

pub(crate) fn user() -> Claims {
    claims(
        &own_issuer(),
        json!({
            "aud": API, "nbf": super::NOW, "aio": "ATQA", "azp": WEB, "azpacr": "0", "name": "Ada Lovelace",
            "oid": "690222be", "preferred_username": "ada@shop.example", "rh": "0.AX", "roles": ["Editor"],
            "scp": "Orders.Read Orders.Write", "sub": "HKZpf", "tid": TENANT, "uti": "fqiBq", "ver": "2.0",
        }),
    )
}

/// A token without a user, and therefore without `scp`.
fn machine() -> Claims {
    claims(
        &own_issuer(),
        json!({
            "aud": API, "nbf": super::NOW, "azp": "reports", "azpacr": "1", "oid": "ffff", "sub": "ffff",
            "idtyp": "app", "roles": ["Report"], "tid": TENANT, "uti": "Xw1", "ver": "2.0",
        }),
    )
}

fn user_of_version_1() -> Claims {
    claims(
        &issuer_of_version_1(),
        json!({
            "aud": format!("api://{API}"), "nbf": super::NOW, "acr": "1", "aio": "AXQA", "amr": ["pwd", "mfa"],
            "appid": WEB, "appidacr": "0", "ipaddr": "192.0.2.7", "oid": "690222be", "scp": "Orders.Read",
            "sub": "HKZpf", "tid": TENANT, "unique_name": "ada@shop.example", "uti": "fqiBq", "ver": "1.0",
        }),
    )
}

/// `aud` is the client's ID.
fn id_token(client: &str) -> Claims {
    claims(
        &own_issuer(),
        json!({
            "aud": client, "nbf": super::NOW, "name": "Ada Lovelace", "nonce": "n-0S6", "oid": "690222be",
            "preferred_username": "ada@shop.example", "sub": "HKZpf", "tid": TENANT, "uti": "p1", "ver": "2.0",
        }),
    )
}

const ADA: &str = "HKZpf roles=Editor scopes=Orders.Read,Orders.Write tenant=8eaef023-2b34-4da1-9baa-8bc8c9d6a490 id=fqiBq";
const ADA_OF_VERSION_1: &str =
    "HKZpf scopes=Orders.Read tenant=8eaef023-2b34-4da1-9baa-8bc8c9d6a490 id=fqiBq";
const REPORTS: &str = "ffff roles=Report tenant=8eaef023-2b34-4da1-9baa-8bc8c9d6a490 id=Xw1";

#[test]
fn entra() {
    let described = || Jwt::entra(TENANT).audience(API).audience(format!("api://{API}"));
    let bench = Bench::rs256(header(), described());
    bench.check_common(&user(), ADA);
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        row("machine", machine(), Ok(REPORTS)),
        row("version 1", user_of_version_1(), Ok(ADA_OF_VERSION_1)).header(header_of_version_1()),
        with(
            "another tenant",
            json!({ "iss": issuer(OTHER_TENANT), "tid": OTHER_TENANT }),
            Err(cause::ISSUER),
        ),
        with("a guest's tenant in `tid`", json!({ "tid": OTHER_TENANT }), Err(cause::DEMAND)),
        row("no tenant", user().without("tid"), Err(cause::DEMAND)),
        with(
            "Microsoft Graph's",
            json!({ "aud": "00000003-0000-0000-c000-000000000000" }),
            Err(cause::AUDIENCE),
        ),
        row("without `sub`", user().without("sub"), Err(cause::NO_SUBJECT)),
        row("ID token", id_token(WEB), Err(cause::NONCE)),
        row("ID token without `nonce`", id_token(WEB).without("nonce"), Err(cause::AUDIENCE)),
        row("ID token where page and API are one application", id_token(API), Err(cause::NONCE)),
        row("the same without `nonce`", id_token(API).without("nonce"), Err(cause::NO_CLIENT)),
        with("too many groups", overage(), Ok(ADA)),
    ]);
    Bench::rs256(header(), described().client_ids([WEB])).check([
        row("our client", user(), Ok(ADA)),
        row("another client", machine(), Err(cause::CLIENT)),
        row("our client, version 1", user_of_version_1(), Ok(ADA_OF_VERSION_1))
            .header(header_of_version_1()),
        row(
            "another client, version 1",
            user_of_version_1().with(json!({ "appid": "evil" })),
            Err(cause::CLIENT),
        )
        .header(header_of_version_1()),
    ]);
}

fn overage() -> Value {
    let source = json!({ "src1": { "endpoint": "https://graph.microsoft.com/v1.0/users/690222be/getMemberObjects" } });
    json!({ "_claim_names": { "groups": "src1" }, "_claim_sources": source })
}

#[test]
fn entra_with_groups_and_object_ids() {
    let described = Jwt::entra(TENANT).audience(API).roles_claim("groups").subject_claim("oid");
    let left_out =
        "the token leaves out the groups that its roles are read from: the caller has too many";
    Bench::rs256(header(), described).check([
        row(
            "groups",
            user().with(json!({ "groups": ["g-1"] })),
            Ok("690222be roles=g-1 scopes=Orders.Read,Orders.Write tenant=8eaef023-2b34-4da1-9baa-8bc8c9d6a490 id=fqiBq"),
        ),
        row("too many groups", user().with(overage()), Err(left_out)),
        row("too many, in the implicit flow", user().with(json!({ "hasgroups": true })), Err(left_out)),
        row("no `oid`", user().without("oid"), Err("the claim that names the caller is missing")),
    ]);
}

/// An application that calls itself without a user: its tokens have their own client as audience and no
/// scope, like ID tokens. They contain their client in a claim, and ID tokens do not.
#[test]
fn an_application_that_calls_itself() {
    let itself = || machine().with(json!({ "azp": API }));
    Bench::rs256(header(), Jwt::entra(TENANT).audience(API)).check([
        row("itself", itself(), Ok(REPORTS)),
        row("ID token", id_token(API).without("nonce"), Err(cause::NO_CLIENT)),
    ]);
}

#[test]
fn entra_any_tenant() {
    let bench =
        Bench::rs256(header(), Jwt::entra_any_tenant(|tenant| tenant != "0bad").audience(API));
    bench.check_common(&user(), ADA);
    let of = |issuer: &str, tenant: &str| user().with(json!({ "iss": issuer, "tid": tenant }));
    let other_named = "`iss` is that of another tenant than the token names";
    bench.check([
        row("machine", machine(), Ok(REPORTS)),
        row(
            "another tenant",
            of(&issuer(OTHER_TENANT), OTHER_TENANT),
            Ok("HKZpf roles=Editor scopes=Orders.Read,Orders.Write tenant=72f988bf-86f1-41af-91ab-2d7cd011db47 id=fqiBq"),
        ),
        row("refused tenant", of(&issuer("0bad"), "0bad"), Err("the tenant is not one of those accepted here")),
        row("one tenant in the other's name", of(&issuer(TENANT), OTHER_TENANT), Err(other_named)),
        row("no tenant", user().without("tid"), Err(other_named)),
        row("the issuer of the metadata", of(&issuer("organizations"), TENANT), Err(other_named)),
        row("version 1", user_of_version_1(), Err(cause::ISSUER)).header(header_of_version_1()),
        row("ID token", id_token(API).without("nonce"), Err(cause::NO_CLIENT)),
        row("another audience", user().with(json!({ "aud": WEB })), Err(cause::AUDIENCE)),
    ]);
    let ours = Jwt::entra_any_tenant(|_| true).audience(API).client_ids([WEB]);
    Bench::rs256(header(), ours).check([
        row("our client", user(), Ok(ADA)),
        row("another client", machine(), Err(cause::CLIENT)),
    ]);
}

fn b2c(others: Value) -> Claims {
    let issuer = format!("https://contoso.b2clogin.com/{TENANT}/v2.0/");
    claims(&issuer, json!({
        "aud": API, "nbf": super::NOW, "sub": "4b2c", "oid": "4b2c", "tfp": "B2C_1_signin", "ver": "1.0",
    }))
    .with(others)
}

#[test]
fn azure_b2c() {
    let described = || Jwt::azure_b2c("contoso", TENANT, "B2C_1_signin").audience(API);
    let user = || b2c(json!({ "scp": "orders.read", "azp": WEB, "given_name": "Ada" }));
    let bench = Bench::rs256(header(), described());
    bench.check_common(&user(), "4b2c scopes=orders.read");
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        with(
            "another tenant",
            json!({ "iss": format!("https://contoso.b2clogin.com/{OTHER_TENANT}/v2.0/") }),
            Err(cause::ISSUER),
        ),
        with("Entra's name of the tenant", json!({ "iss": own_issuer() }), Err(cause::ISSUER)),
        with("another audience", json!({ "aud": WEB }), Err(cause::AUDIENCE)),
        with("another policy", json!({ "tfp": "B2C_1_edit" }), Ok("4b2c scopes=orders.read")),
        row("ID token", b2c(json!({ "aud": WEB, "nonce": "n" })), Err(cause::NONCE)),
        row("ID token of the API itself", b2c(json!({})), Err(cause::NO_CLIENT)),
    ]);
    Bench::rs256(header(), described().claim("tfp").is("B2C_1_signin").client_ids([WEB])).check([
        row("our policy and client", user(), Ok("4b2c scopes=orders.read")),
        row("another policy", user().with(json!({ "tfp": "B2C_1_edit" })), Err(cause::DEMAND)),
        row("another client", user().with(json!({ "azp": "evil" })), Err(cause::CLIENT)),
    ]);
}

pub(crate) fn without_preset() -> Vec<Row> {
    vec![
        row("user", user(), Ok("HKZpf roles=Editor")),
        row("machine", machine(), Ok("ffff roles=Report")),
        row("ID token", id_token(WEB), Err(cause::NONCE)),
        row("ID token without `nonce`", id_token(WEB).without("nonce"), Err(cause::AUDIENCE)),
        row("ID token where page and API are one application", id_token(API), Err(cause::NONCE)),
    ]
}

/// The page and the API are the same application.
pub(crate) fn only_with_preset() -> Vec<Row> {
    vec![row("ID token", id_token(API).without("nonce"), Ok("HKZpf"))]
}
