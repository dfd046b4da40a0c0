//! Roles, scopes, permissions and the tenant.

use secure_runtime::testing::Issuer;
use serde_json::json;

use super::Bench;

#[test]
fn grants_are_where_the_description_says() {
    let bench = Bench::new(Issuer::hs256(), |jwt| {
        jwt.roles_claim("realm_access.roles")
            .scopes_claim("scp")
            .permissions_claim(["https://shop.example/permissions"])
            .tenant_claim("tid")
    });
    let token = bench
        .token()
        .role("ignored")
        .scope("ignored")
        .claim("realm_access", json!({"roles": ["admin", "Domain Admins"]}))
        .claim("scp", "read write")
        .claim("https://shop.example/permissions", json!(["refund"]))
        .claim("tid", "t1");
    let caller = bench.accepts(&token.clone().sign());
    assert_eq!(caller.roles().collect::<Vec<_>>(), ["admin", "Domain Admins"]);
    assert_eq!(caller.scopes().collect::<Vec<_>>(), ["read", "write"]);
    assert_eq!(caller.permissions().collect::<Vec<_>>(), ["refund"]);
    assert_eq!(caller.tenant(), Some("t1"));
    let caller = bench.accepts(&token.claim("scp", json!(["read", "write"])).sign());
    assert_eq!(caller.scopes().collect::<Vec<_>>(), ["read", "write"]);
    let caller = bench.accepts(&bench.token().role("ignored").sign());
    assert_eq!(caller.roles().count() + caller.scopes().count(), 0);
    assert_eq!(caller.tenant(), None);
}

#[test]
fn grants_of_a_wrong_type_refuse_the_token() {
    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.tenant_claim("tid"));
    for (claim, what) in [("roles", "roles"), ("scope", "scopes"), ("permissions", "permissions")] {
        let cause = format!("the {what} claim is not a string or a list of strings");
        bench.accepts_claim(claim, json!("a"));
        bench.accepts_claim(claim, json!(["a", "b"]));
        bench.accepts_claim(claim, json!([]));
        for value in [
            json!(null),
            json!(7),
            json!(true),
            json!({"a": true}),
            json!([1]),
            json!(["a", null]),
            json!([["a"]]),
            json!([""]),
            json!("a\nb"),
        ] {
            bench.refuses_claim(claim, value, &cause);
        }
    }
    bench.accepts_claim("tid", json!("t"));
    for value in [json!(null), json!(7), json!(""), json!(["t"])] {
        bench.refuses_claim("tid", value, "the tenant claim is not a name");
    }
    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.roles_claim("a.b.c"));
    bench.accepts_claim("a", json!({"b": {"c": ["x"]}}));
    bench.accepts_claim("a", json!({"b": {}}));
    for value in [json!(null), json!("b"), json!([]), json!({"b": null}), json!({"b": ["c"]})] {
        bench.refuses_claim("a", value, "a claim that should hold grants is not an object");
    }
}
