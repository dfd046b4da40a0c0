//! Rules about roles, scopes, permissions and the tenant.

use secure_runtime::testing::Issuer;
use serde_json::{Value, json};

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

/// Values that are not a list of names.
fn wrong_forms() -> [Value; 8] {
    [
        json!(7),
        json!(true),
        json!({"a": true}),
        json!([1]),
        json!(["a", null]),
        json!([["a"]]),
        json!([""]),
        json!("a\nb"),
    ]
}

#[test]
fn grants_of_a_wrong_form_refuse_the_token_where_the_description_names_the_claim() {
    let bench = Bench::new(Issuer::hs256(), |jwt| {
        let jwt = jwt.roles_claim("roles").scopes_claim("scope").permissions_claim("permissions");
        jwt.tenant_claim("tid")
    });
    for (claim, what) in [("roles", "roles"), ("scope", "scopes"), ("permissions", "permissions")] {
        let cause = format!("the {what} claim is not a string or a list of strings");
        for value in [json!("a"), json!(["a", "b"]), json!([]), json!(null)] {
            bench.accepts_claim(claim, value);
        }
        for value in wrong_forms() {
            bench.refuses_claim(claim, value, &cause);
        }
    }
    bench.accepts_claim("tid", json!("t"));
    bench.accepts_claim("tid", json!(null));
    for value in [json!(7), json!(""), json!(["t"])] {
        bench.refuses_claim("tid", value, "the tenant claim is not a name");
    }
    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.roles_claim("a.b.c"));
    bench.accepts_claim("a", json!({"b": {"c": ["x"]}}));
    for value in [json!({"b": {}}), json!(null), json!({"b": null})] {
        bench.accepts_claim("a", value);
    }
    for value in [json!("b"), json!([]), json!({"b": ["c"]})] {
        bench.refuses_claim("a", value, "the roles claim is not a string or a list of strings");
    }
}

/// Names that no rule of this program uses.
#[test]
fn grants_of_a_wrong_form_that_nobody_asks_for_are_none() {
    let bench = Bench::usual();
    for claim in ["roles", "scope", "permissions"] {
        for value in wrong_forms() {
            let caller = bench.accepts(&bench.token().claim(claim, value).sign());
            let grants = caller.roles().chain(caller.scopes()).chain(caller.permissions());
            assert_eq!(grants.count(), 0);
        }
    }
}

#[test]
fn roles_are_joined_from_several_claims() {
    let bench = Bench::new(Issuer::hs256(), |jwt| {
        jwt.roles_claim("realm_access.roles").also_roles_claim("resource_access.shop.roles")
    });
    let token = bench
        .token()
        .claim("realm_access", json!({"roles": ["a"]}))
        .claim("resource_access", json!({"shop": {"roles": ["b"]}, "account": {"roles": ["c"]}}));
    assert_eq!(bench.accepts(&token.sign()).roles().collect::<Vec<_>>(), ["a", "b"]);
    bench.accepts_claim("resource_access", json!(null));
}

#[test]
fn groups_that_were_left_out_are_noticed() {
    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.roles_claim("groups"));
    bench.accepts_claim("groups", json!(["staff"]));
    let overage = json!({"groups": "src1"});
    let cause = "the token leaves out the groups that its roles are read from: the caller has too \
                 many";
    bench.refuses_claim("_claim_names", overage.clone(), cause);
    bench.refuses_claim("hasgroups", json!(true), cause);
    // If roles are read from another claim, this claim does not matter.
    Bench::usual().accepts_claim("_claim_names", overage);
}
