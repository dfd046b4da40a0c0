//! Rules about the kind, client and audience of a token: an issuer signs all of its tokens with one key.

use secure_runtime::authentication::{ClaimPath, Jwt, Profile};
use secure_runtime::testing::{Issuer, Token};
use serde_json::{Value, json};

use super::Bench;

fn of_profile(profile: Profile) -> Bench {
    Bench::new(Issuer::hs256(), |jwt| jwt.profile(profile))
}

/// A token as most providers issue it: `typ` does not contain its kind.
fn plain(bench: &Bench) -> Token<'_> {
    bench.token().header("typ", json!("JWT")).without("client_id").without("jti")
}

fn with<'b>(bench: &'b Bench, claims: &Value) -> Token<'b> {
    let claims = claims.as_object().unwrap();
    claims.iter().fold(plain(bench), |token, (name, value)| token.claim(name, value.clone()))
}

const TOKEN_USE: &str = "`token_use` is not that of an access token";
const TYP: &str = "`typ` of the claims is not that of an access token";
const SAYS_OTHER: &str = "the token says that it is a refresh token or an ID token";
const HASH: &str = "the token is an ID token (`at_hash`, `c_hash` or `s_hash`)";
const NONCE: &str = "the token is an ID token (`nonce`, and no scope)";
const OWN: &str =
    "the token is an ID token: it is for the client it was issued to, and has no scope";
const EVENT: &str = "the token is a logout token or another security event (`events`)";

#[test]
fn other_kinds_of_token_are_refused_by_what_they_are() {
    let bench = Bench::usual();
    for (claims, cause) in [
        // AWS Cognito.
        (json!({"token_use": "id"}), TOKEN_USE),
        (json!({"token_use": "refresh"}), TOKEN_USE),
        (json!({"token_use": 7}), TOKEN_USE),
        // Keycloak.
        (json!({"typ": "ID"}), TYP),
        (json!({"typ": "Refresh"}), TYP),
        (json!({"typ": "Offline"}), TYP),
        (json!({"typ": "Logout"}), TYP),
        (json!({"typ": ["Bearer"]}), TYP),
        (json!({"typ": "Bearer", "token_use": "id"}), TOKEN_USE),
        // Libraries for self-issued tokens, and ForgeRock.
        (json!({"token_type": "refresh"}), SAYS_OTHER),
        (json!({"type": "refresh"}), SAYS_OTHER),
        (json!({"tokenName": "refresh_token", "scope": "a"}), SAYS_OTHER),
        (json!({"tokenName": "id_token"}), SAYS_OTHER),
        // OpenID Connect Core sections 2 and 3.1.3.6.
        (json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}), HASH),
        (json!({"c_hash": "77QmUPtjPfzWtF2AnpK9RQ", "scope": "openid"}), HASH),
        (json!({"s_hash": "x"}), HASH),
        (json!({"nonce": "n-0S6_WzA2Mj"}), NONCE),
        (json!({"azp": "test"}), OWN),
        (json!({"azp": "test", "aud": ["test", "other"]}), OWN),
        (json!({"client_id": "test"}), OWN),
        // OpenID Connect Back-Channel Logout 1.0 section 2.4.
        (json!({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}), EVENT),
        (json!({"events": {}, "typ": "Bearer"}), EVENT),
    ] {
        let token = with(&bench, &claims).sign();
        bench.refuses(&token, cause);
        // A description that accepts any kind of JWT accepts it: only the audience decides there.
        Bench::lenient().accepts(&token);
    }
}

#[test]
fn access_tokens_of_every_provider_are_accepted() {
    let bench = Bench::usual();
    for claims in [
        json!({}),
        json!({"token_use": "access"}),
        json!({"token_use": "access_token"}),
        json!({"token_use": null}),
        json!({"typ": "Bearer"}),
        json!({"typ": "JWT"}),
        json!({"token_type": "Bearer", "type": "user", "tokenName": 7}),
        // Some versions of Keycloak.
        json!({"typ": "Bearer", "nonce": "n-0S6_WzA2Mj", "azp": "test"}),
        json!({"scope": "openid", "nonce": "n-0S6_WzA2Mj"}),
        // An application that calls itself, with Microsoft Entra.
        json!({"scp": "read", "azp": "test"}),
        json!({"azp": "web"}),
        json!({"azp": "other", "aud": ["test", "other"]}),
        json!({"nonce": null, "at_hash": null, "events": null}),
    ] {
        bench.accepts(&with(&bench, &claims).sign());
    }
    // RFC 9068 section 2.1: the header contains the kind of the token.
    let typed = plain(&bench).header("typ", json!("at+jwt"));
    bench.accepts(&typed.claim("client_id", "test").claim("nonce", "x").sign());
}

#[test]
fn a_description_may_say_itself_what_the_kind_is_called() {
    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.claim("typ").is("session"));
    bench.accepts(&with(&bench, &json!({"typ": "session", "nonce": "x"})).sign());
    let cause = "a claim does not have the value that is required here";
    bench.refuses(&with(&bench, &json!({"typ": "Bearer"})).sign(), cause);
    bench.refuses(&plain(&bench).sign(), cause);
}

#[test]
fn an_id_token_is_accepted_where_that_is_asked_for() {
    let bench = of_profile(Profile::IdToken);
    for claims in [
        json!({}),
        json!({"azp": "test", "nonce": "x", "at_hash": "y"}),
        json!({"typ": "ID"}),
        json!({"token_use": "id"}),
    ] {
        bench.accepts(&with(&bench, &claims).sign());
    }
    let other = "`azp` is another client (OpenID Connect Core section 3.1.3.7)";
    for (claims, cause) in [
        (json!({"azp": "evil"}), other),
        (json!({"azp": 7}), other),
        (json!({"token_use": "access"}), "the token is not an ID token"),
        (json!({"typ": "Refresh"}), "the token is not an ID token"),
        (json!({"events": {}}), EVENT),
    ] {
        bench.refuses(&with(&bench, &claims).sign(), cause);
    }
    let no_time = plain(&bench).without("iat");
    bench.refuses(&no_time.sign(), "`iat` is missing (OpenID Connect Core section 2)");
    let access = "`typ` is not that of the tokens accepted here";
    bench.refuses(&plain(&bench).header("typ", json!("at+jwt")).sign(), access);
    // The application has several clients and one audience (Google's native applications).
    let bench = Bench::new(Issuer::hs256(), |jwt| {
        jwt.profile(Profile::IdToken).client_ids(["ios", "android"])
    });
    bench.accepts(&with(&bench, &json!({"azp": "ios"})).sign());
    bench.refuses(&with(&bench, &json!({"azp": "evil"})).sign(), other);
}

#[test]
fn a_token_is_of_one_of_the_clients_by_every_claim_that_names_it() {
    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.client_ids(["web", "mobile"]));
    for claims in [
        json!({"client_id": "web"}),
        json!({"azp": "mobile"}),
        json!({"cid": "web"}),
        json!({"appid": "web"}),
        json!({"client_id": "web", "azp": "mobile"}),
        json!({"client_id": "web", "azp": null}),
    ] {
        bench.accepts(&with(&bench, &claims).sign());
    }
    let other = "the token was issued to another client";
    for (claims, cause) in [
        (json!({}), "the token does not name its client"),
        (json!({"azp": "evil"}), other),
        (json!({"client_id": "web", "azp": "evil"}), other),
        (json!({"azp": ""}), other),
        (json!({"azp": ["web"]}), "the claim that names the client is not a string"),
    ] {
        bench.refuses(&with(&bench, &claims).sign(), cause);
    }
    bench.refuses(
        &with(&bench, &json!({"azp": "web", "aud": "x"})).sign(),
        "`aud` is another audience",
    );
}

/// AWS Cognito names the client, but no audience.
#[test]
fn clients_may_stand_for_the_audience_where_tokens_name_none() {
    let issuer = Issuer::hs256();
    let jwt =
        Jwt::with_key(issuer.key()).dangerously_accept_test_keys().issuer("https://issuer.test");
    let bench = Bench::new(issuer, |_| jwt.client_ids(["web"]));
    for aud in [json!(null), json!([])] {
        bench.accepts(&with(&bench, &json!({"client_id": "web", "aud": aud})).sign());
    }
    bench.accepts(&plain(&bench).claim("client_id", "web").without("aud").sign());
    // A token for another API of the same client is refused.
    for aud in [json!("test"), json!(["other"]), json!("web")] {
        let token = with(&bench, &json!({"client_id": "web", "aud": aud}));
        bench.refuses(&token.sign(), "`aud` is another audience");
    }
    let foreign = with(&bench, &json!({"client_id": "evil", "aud": null}));
    bench.refuses(&foreign.sign(), "the token was issued to another client");
}

#[test]
fn claims_have_the_values_that_are_demanded() {
    let cause = "a claim does not have the value that is required here";
    let bench = Bench::new(Issuer::hs256(), |jwt| {
        jwt.claim("email_verified")
            .is(true)
            .claim("level")
            .is(2_u32)
            .claim("ext.region")
            .is_one_of(["eu", "uk"])
            .claim(["https://shop.example/groups"])
            .holds("staff")
    });
    let good = json!({
        "email_verified": true, "level": 2, "ext": {"region": "uk"},
        "https://shop.example/groups": ["x", "staff"],
    });
    bench.accepts(&with(&bench, &good).sign());
    let mut one_name = good.clone();
    one_name["https://shop.example/groups"] = json!("staff");
    bench.accepts(&with(&bench, &one_name).sign());
    for (name, value) in [
        ("email_verified", json!("true")),
        ("email_verified", json!(false)),
        ("email_verified", json!([true])),
        ("email_verified", json!(null)),
        ("level", json!("2")),
        ("level", json!(3)),
        ("ext", json!({"region": "us"})),
        ("ext", json!({"region": ["eu"]})),
        ("ext", json!("eu")),
        ("https://shop.example/groups", json!(["Staff"])),
        ("https://shop.example/groups", json!([["staff"]])),
        ("https://shop.example/groups", json!({"staff": true})),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        bench.refuses(&with(&bench, &bad).sign(), cause);
    }
}

#[test]
fn another_claim_may_name_the_caller() {
    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.subject_claim("oid"));
    let subject = |value| {
        let token = bench.token().claim("oid", value).sign();
        bench.accepts(&token).subject().to_owned()
    };
    assert_eq!(subject(json!("00000000-0000-0000-0000-000000000001")).len(), 36);
    assert_eq!(subject(json!(4711)), "4711");
    for value in [json!(""), json!(-1), json!(1.5), json!(1e16), json!(true), json!(["a"])] {
        bench.refuses_claim("oid", value, "`sub` is not a name");
    }
    bench.refuses_claim("oid", json!(null), "the claim that names the caller is missing");
}

#[test]
fn a_client_that_acts_for_nobody_may_be_the_caller() {
    let bench = Bench::new(Issuer::hs256(), Jwt::client_as_subject);
    let machine = || plain(&bench).without("sub");
    for claim in ["client_id", "azp", "cid", "appid"] {
        let caller = bench.accepts(&machine().claim(claim, "worker").sign());
        assert_eq!(caller.subject(), "worker");
    }
    let empty = bench.accepts(&machine().claim("sub", "").claim("client_id", "worker").sign());
    assert_eq!(empty.subject(), "worker");
    let user = bench.accepts(&plain(&bench).claim("client_id", "worker").sign());
    assert_eq!(user.subject(), "alice");
    let names_user = "the token names a user, and has no `sub`: its client is not the caller";
    for claim in ["username", "preferred_username", "email", "upn", "user_id"] {
        let token = machine().claim("client_id", "web").claim(claim, "ada");
        bench.refuses(&token.sign(), names_user);
    }
    bench.refuses(&machine().sign(), "`sub` is missing, and no claim names the client");
    let bench = Bench::usual();
    let token = plain(&bench).without("sub").claim("client_id", "worker");
    bench.refuses(&token.sign(), "`sub` is missing");
}

#[test]
fn an_issuer_may_have_several_spellings_and_its_callers_are_the_same() {
    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.other_issuer_spelling("issuer.test"));
    for name in ["https://issuer.test", "issuer.test"] {
        let caller = bench.accepts(&bench.token().claim("iss", name).sign());
        assert_eq!(caller.issuer(), Some("https://issuer.test"));
    }
    bench.refuses_claim("iss", json!("https://issuer.test/"), "`iss` is another issuer");
}

#[test]
fn each_tenant_may_have_an_issuer_of_its_own() {
    let bench = Bench::new(Issuer::hs256(), |jwt| {
        let ours = |tenant: &str| matches!(tenant, "t1" | "t2");
        jwt.issuer_of_tenants("https://login.example/{tid}/v2.0", ours).tenant_claim("tid")
    });
    let of = |issuer: &str, tenant: Value| {
        bench
            .token()
            .claim("iss", format!("https://login.example/{issuer}/v2.0"))
            .claim("tid", tenant)
    };
    for tenant in ["t1", "t2"] {
        let caller = bench.accepts(&of(tenant, json!(tenant)).sign());
        assert_eq!(caller.tenant(), Some(tenant));
        assert_eq!(caller.issuer(), Some(format!("https://login.example/{tenant}/v2.0").as_str()));
    }
    let mismatch = "`iss` is that of another tenant than the token names";
    bench.refuses(&of("t1", json!("t2")).sign(), mismatch);
    bench.refuses(&of("t1", json!(["t1"])).sign(), mismatch);
    bench.refuses(&of("t1", json!(null)).sign(), mismatch);
    let stranger = "the tenant is not one of those accepted here";
    bench.refuses(&of("t3", json!("t3")).sign(), stranger);
    for issuer in
        ["https://issuer.test", "https://login.example/t1", "https://login.example/{tid}/v2.0"]
    {
        let cause = if issuer.contains('{') { mismatch } else { "`iss` is another issuer" };
        bench.refuses(&bench.token().claim("iss", issuer).claim("tid", "t1").sign(), cause);
    }
}

#[test]
fn names_stand_in_several_forms() {
    let bench = Bench::new(Issuer::hs256(), |jwt| {
        jwt.roles_claim(ClaimPath::from(["urn:zitadel:iam:org:project:roles"]).names_of_members())
            .also_roles_claim(ClaimPath::from("roles").each("key"))
            .permissions_claim(ClaimPath::from("o.per").separated_by(','))
    });
    let token = bench
        .token()
        .claim("urn:zitadel:iam:org:project:roles", json!({"admin": {"1": "acme.example"}}))
        .claim("roles", json!([{"id": "1", "key": "editor"}]))
        .claim("o", json!({"per": "read,manage"}));
    let caller = bench.accepts(&token.sign());
    assert_eq!(caller.roles().collect::<Vec<_>>(), ["admin", "editor"]);
    assert_eq!(caller.permissions().collect::<Vec<_>>(), ["read", "manage"]);
    bench.refuses_claim(
        "roles",
        json!(["editor"]),
        "the roles claim is not a string or a list of strings",
    );
}
