//! Introspection answers about a token: valid, negative and malformed ones.

use super::*;

#[actix_web::test]
async fn an_active_token_is_accepted_and_asked_about_once() {
    let world = World::new();
    world.know("good");
    for _ in 0..5 {
        assert_eq!(world.answer("good").await.body, "ada");
    }
    assert_eq!(world.endpoint.asked(), 1);
    let question = world.endpoint.last().unwrap();
    assert_eq!(question.accept.as_deref(), Some("application/json"));
    assert_eq!(question.form["token"], "good");
    assert_eq!(question.form["token_type_hint"], "access_token");
    assert_eq!(question.form.len(), 2, "the client is in the header alone");
}

#[actix_web::test]
async fn the_client_may_be_named_in_the_body_and_the_endpoint_discovered() {
    let (id, secret) = IntrospectionEndpoint::CLIENT;
    let world = World::with(|endpoint| {
        let issuer = Introspection::discover(endpoint.issuer());
        issuer.client_secret_post(id, secret).audience("test")
    });
    let mut answer = world.active("ada");
    answer["iss"] = world.endpoint.issuer().into();
    world.endpoint.know("good", answer);
    assert_eq!(world.status("good").await, 200);
    let question = world.endpoint.last().unwrap();
    assert_eq!(question.authorization, None);
    assert_eq!(question.form["client_secret"], secret);
    world.know("of another issuer");
    world.is_refused("unknown", "unknown").await;
}

#[actix_web::test]
async fn the_client_may_prove_who_it_is_with_a_key() {
    const PRIVATE: &[u8] =
        include_bytes!("../../../../secure-runtime/src/testing/keys/test-only-es256.private.der");
    let described = |endpoint: &IntrospectionEndpoint, id: &str| {
        let at = Introspection::at(endpoint.url()).issuer(ISSUER).audience("test");
        at.private_key_jwt(id, ClientKey::es256(PRIVATE).kid("one")).dangerously_accept_test_keys()
    };
    for (id, key, status) in [
        ("shop-api", Issuer::es256().key(), 200),
        ("another", Issuer::es256().key(), 503),
        ("shop-api", Issuer::eddsa().key(), 503),
    ] {
        let world = World::with(|endpoint| described(endpoint, id));
        world.endpoint.judge_clients(move |question| {
            let form = &question.form;
            let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            let assertion = form.get("client_assertion").map(String::as_bytes).unwrap_or_default();
            let claims = verify_signature(key.clone().kid("one"), assertion).unwrap_or_default();
            let claims: Value = serde_json::from_slice(&claims).unwrap_or_default();
            question.authorization.is_none()
                && form.get("client_assertion_type").map(String::as_str) == Some(kind)
                && claims["sub"] == "shop-api"
                && claims["iss"] == "shop-api"
                && claims["aud"] == ISSUER
        });
        world.know("good");
        assert_eq!(world.status("good").await, status, "{id}");
    }
}

/// One fault in the answer about a token; the unchanged answer is the accepted counterpart.
#[actix_web::test]
async fn a_token_that_is_not_good_or_not_for_this_service_is_refused() {
    let world = World::new();
    let now = world.clock.now().unix_seconds();
    let mut number = 0;
    let mut know = |change: &dyn Fn(&mut Value)| {
        number += 1;
        let mut answer = world.active("ada");
        change(&mut answer);
        let token = format!("token-{number}");
        world.endpoint.know(&token, answer);
        token
    };
    let set =
        |name: &'static str, value: Value| move |answer: &mut Value| answer[name] = value.clone();
    let without = |name: &'static str| {
        move |answer: &mut Value| drop(answer.as_object_mut().unwrap().remove(name))
    };
    type Change = Box<dyn Fn(&mut Value)>;
    let faults: Vec<(&str, Change)> = vec![
        ("not active", Box::new(|answer| *answer = json!({"active": false}))),
        ("not active, with claims", Box::new(set("active", json!(false)))),
        ("another iss", Box::new(set("iss", json!("https://elsewhere.test")))),
        ("an iss that is a list", Box::new(set("iss", json!([ISSUER])))),
        ("no aud", Box::new(without("aud"))),
        ("a null aud", Box::new(set("aud", Value::Null))),
        ("an empty list as aud", Box::new(set("aud", json!([])))),
        ("another aud", Box::new(set("aud", json!("elsewhere")))),
        ("an aud of mixed types", Box::new(set("aud", json!(["test", 1])))),
        ("no sub", Box::new(without("sub"))),
        ("a null sub", Box::new(set("sub", Value::Null))),
        ("an empty sub", Box::new(set("sub", json!("")))),
        ("a numeric sub", Box::new(set("sub", json!(7)))),
        ("exp now", Box::new(set("exp", json!(now)))),
        ("exp in the past", Box::new(set("exp", json!(1)))),
        ("nbf ahead", Box::new(set("nbf", json!(now + 6)))),
        ("iat ahead", Box::new(set("iat", json!(now + 6)))),
        ("auth_time ahead", Box::new(set("auth_time", json!(now + 6)))),
        ("a refresh token", Box::new(set("token_use", json!("refresh_token")))),
        ("another token type", Box::new(set("token_type", json!("DPoP")))),
        ("bound to a key", Box::new(set("cnf", json!({"jkt": "x"})))),
    ];
    for (fault, change) in &faults {
        world.is_refused(&know(change), fault).await;
    }
    for (twin, change) in [
        ("as it is", Box::new(|_: &mut Value| {}) as Change),
        ("no iss", Box::new(without("iss"))),
        ("several audiences", Box::new(set("aud", json!(["elsewhere", "test"])))),
        ("no exp", Box::new(without("exp"))),
        ("no iat", Box::new(without("iat"))),
        ("no client", Box::new(without("client_id"))),
        ("no token type", Box::new(without("token_type"))),
        ("a token type in lower case", Box::new(set("token_type", json!("bearer")))),
        ("an access token", Box::new(set("token_use", json!("access_token")))),
        ("a null iss", Box::new(set("iss", Value::Null))),
        ("a null exp", Box::new(set("exp", Value::Null))),
        ("a null iat", Box::new(set("iat", Value::Null))),
        ("a null token type", Box::new(set("token_type", Value::Null))),
        ("a little ahead", Box::new(set("iat", json!(now + 5)))),
        ("a numeric jti", Box::new(set("jti", json!(7)))),
        ("a numeric acr", Box::new(set("acr", json!(7)))),
        ("an amr that is no list", Box::new(set("amr", json!("pwd")))),
        ("an auth_time that is no time", Box::new(set("auth_time", json!("now")))),
        ("bound to nothing", Box::new(set("cnf", Value::Null))),
        ("exp with a fraction", Box::new(set("exp", json!(now as f64 + 0.5)))),
    ] {
        assert_eq!(world.status(&know(&*change)).await, 200, "{twin}");
    }
    let mut poor = world.active("ada");
    poor["scope"] = json!("orders:write");
    world.endpoint.know("poor", poor);
    assert_eq!(world.status("poor").await, 403);
}

#[actix_web::test]
async fn a_malformed_answer_is_no_answer() {
    let world = World::new();
    let good = world.active("ada").to_string();
    let json = "application/json";
    let say = |text: &str| Manners::Saying(json, text.to_owned());
    let changed = |from: &str, to: &str| say(&good.replace(from, to));
    let faults = [
        say(""),
        say("null"),
        say("true"),
        say("[]"),
        say(&format!("[{good}]")),
        say(&format!("{good}{good}")),
        say("{}"),
        say("{\"active\":true"),
        changed(r#""active":true"#, r#""active":"true""#),
        changed(r#""active":true"#, r#""active":1"#),
        changed(r#""active":true"#, r#""active":null"#),
        changed(r#""active":true"#, r#""active":[true]"#),
        changed(r#""active":true"#, r#""active":{}"#),
        changed(r#""active":true"#, r#""Active":true"#),
        changed(r#""active":true"#, r#""active":false,"active":true"#),
        changed(r#""active":true"#, r#""active":true,"active":true"#),
        changed(r#""sub":"ada""#, r#""sub":"ada","sub":"root""#),
        changed(r#""exp":"#, r#""exp":"tomorrow","x":"#),
        changed(r#""exp":"#, r#""exp":-1,"x":"#),
        changed(r#""exp":"#, r#""exp":1e300,"x":"#),
        changed(r#""iat":"#, r#""iat":[1],"x":"#),
        changed(r#""token_type":"#, r#""nbf":"now","token_type":"#),
        changed(r#""scope":"orders:read""#, r#""scope":7"#),
        changed(r#""scope":"orders:read""#, r#""scope":{"orders:read":true}"#),
        changed(r#""scope":"#, r#""roles":"a\u0000","scope":"#),
        Manners::Saying("text/html", good.clone()),
        Manners::Saying("text/plain", good.clone()),
        Manners::Saying("application/jwt", good.clone()),
        Manners::Saying("application/jsonp", good.clone()),
        Manners::Saying("application/token-introspection+jwt", good.clone()),
        Manners::Padded(10 << 20),
        Manners::Down(400),
        Manners::Down(403),
        Manners::Down(500),
        Manners::Down(201),
        Manners::Down(206),
        Manners::Down(418),
    ];
    for (number, manners) in faults.into_iter().enumerate() {
        let token = format!("token-{number}");
        world.know(&token);
        world.endpoint.behave(manners.clone());
        world.is_unavailable(&token, &format!("{manners:?}")).await;
        // The fault is not cached for long, and other tokens are not affected.
        world.endpoint.behave(Manners::Good);
        let twin = format!("twin-{number}");
        world.know(&twin);
        assert_eq!(world.status(&twin).await, 200, "{manners:?}");
        world.clock.advance(Duration::from_secs(1));
        world.know(&token);
        assert_eq!(world.status(&token).await, 200, "{manners:?}");
    }
    let text = world.active("ada").to_string();
    world.endpoint.behave(Manners::Saying("Application/JSON; charset=UTF-8", text));
    assert_eq!(world.status("anything").await, 200);
}

#[actix_web::test]
async fn what_cannot_be_a_token_is_refused_without_a_question() {
    let world = World::new();
    for (line, status) in [
        ("authorization: Bearer a b", 400),
        ("authorization: Bearer a\"b", 400),
        ("authorization: Bearer ==", 400),
        ("authorization: Bearer", 400),
        ("authorization: Basic YTpi", 401),
    ] {
        assert_eq!(world.server.get("/orders", &[line]).await.status, status, "{line}");
    }
    let two = [bearer("a"), bearer("a")];
    assert_eq!(world.server.get("/orders", &[&two[0], &two[1]]).await.status, 400);
    world.is_refused(&"x".repeat(8 * 1024 + 1), "too long").await;
    assert_eq!(world.server.get("/orders?access_token=good", &[]).await.status, 401);
    assert_eq!((world.endpoint.asked(), world.runs.so_far()), (0, 0));
    let longest = "x".repeat(8 * 1024);
    world.know(&longest);
    assert_eq!(world.status(&longest).await, 200);
    for token in ["a+b/c==", "a%20b", "a&token=b"] {
        world.know(token);
        let is_token = token.bytes().all(|byte| byte != b'%' && byte != b'&');
        assert_eq!(world.status(token).await, if is_token { 200 } else { 400 }, "{token}");
    }
}

#[actix_web::test]
async fn a_client_without_a_user_is_named_only_where_that_is_said() {
    let client =
        json!({ "active": true, "client_id": "batch", "aud": "test", "scope": "orders:read" });
    let world = World::new();
    world.endpoint.know("machine", client.clone());
    world.is_refused("machine", "no sub").await;
    let world = World::with(|endpoint| fitting(endpoint).client_as_subject());
    world.endpoint.know("machine", client);
    assert_eq!(world.answer("machine").await.body, "batch");
    world.know("person");
    assert_eq!(world.answer("person").await.body, "ada");
    world.endpoint.know("nobody", json!({ "active": true, "aud": "test" }));
    world.is_refused("nobody", "neither").await;
}

/// Some providers answer for a user without `sub`, and with the `client_id` of the user's client.
#[actix_web::test]
async fn a_user_is_never_taken_for_the_client() {
    let world = World::with(|endpoint| fitting(endpoint).client_as_subject());
    let answer = |name: &str, value: Value| {
        json!({
            "active": true, "client_id": "web", "aud": "test", "scope": "orders:read", name: value,
        })
    };
    for name in ["username", "preferred_username", "email", "upn", "user_id"] {
        world.endpoint.know(name, answer(name, json!("ada")));
        world.is_refused(name, name).await;
        let twin = format!("null-{name}");
        world.endpoint.know(&twin, answer(name, Value::Null));
        assert_eq!(world.answer(&twin).await.body, "web");
    }
    let mut user = answer("username", json!("ada"));
    user["sub"] = json!("4711");
    world.endpoint.know("user", user);
    assert_eq!(world.answer("user").await.body, "4711");
}

/// Hydra's administrative endpoint requires no client authentication, and ignores it.
#[actix_web::test]
async fn an_endpoint_without_clients_is_asked_without_one() {
    let world = World::with(|endpoint| {
        Introspection::at(endpoint.url()).without_client().issuer(ISSUER).audience("test")
    });
    world.endpoint.judge_clients(|question| {
        let names_client = question.form.keys().any(|name| name.starts_with("client"));
        question.authorization.is_none() && !names_client
    });
    world.know("good");
    assert_eq!(world.status("good").await, 200);
    world.is_refused("other", "not active").await;
}

/// `oidc-provider` answers in this way about every JWT: the client has to get a new token, and the
/// provider works correctly.
#[actix_web::test]
async fn a_token_that_the_provider_does_not_introspect_is_refused_and_remembered() {
    let unsupported = r#"{"error":"unsupported_token_type","error_description":"structured"}"#;
    for (status, body, expected) in [
        (400, unsupported, 401),
        (401, unsupported, 401),
        (404, unsupported, 401),
        (400, r#"{"error":"invalid_request"}"#, 503),
        (400, r#"{"error":["unsupported_token_type"]}"#, 503),
        (400, "unsupported_token_type", 503),
        (500, unsupported, 503),
    ] {
        let world = World::new();
        world.endpoint.behave(Manners::Failing(status, body.to_owned()));
        for _ in 0..2 {
            assert_eq!(world.status("a.b.c").await, expected, "{status} {body}");
        }
        assert_eq!(world.endpoint.asked(), 1, "{status} {body}");
        world.endpoint.behave(Manners::Good);
        world.know("good");
        world.clock.advance(Duration::from_secs(1));
        assert_eq!(world.status("good").await, 200, "{status} {body}");
    }
}

#[actix_web::test]
async fn beside_jwt_each_token_goes_its_way() {
    let issuer = Issuer::hs256();
    let world = World::built(|builder, endpoint| {
        let jwt = issuer.clone().clock(FakeClock::new()).jwt();
        builder.authenticator("jwt", jwt).authenticator("opaque", fitting(endpoint))
    });
    let issuer = issuer.clock(world.clock.clone());
    world.know("good");
    assert_eq!(world.status("good").await, 200);
    let signed = issuer.token("grace").scope("orders:read").sign();
    assert_eq!(world.answer(&signed).await.body, "grace");
    assert_eq!(world.endpoint.asked(), 1, "nobody is asked about a JWT that is good");
    // The provider may still know a token that the first authenticator does not accept.
    let strange = Issuer::es256().token("eve").sign();
    world.is_refused(&strange, "neither").await;
    world.clock.advance(Duration::from_secs(10));
    world.know(&strange);
    assert_eq!(world.answer(&strange).await.body, "ada");
    world.endpoint.behave(Manners::Down(503));
    world.is_unavailable("new", "the second cannot say").await;
    assert_eq!(world.status(&signed).await, 200);
}

#[actix_web::test]
async fn a_jwt_provider_that_is_down_does_not_keep_opaque_tokens_out() {
    let provider = secure_tests::IdentityProvider::start();
    provider.behave(secure_tests::Behaviour::Down(503));
    let world = World::built(|builder, endpoint| {
        let jwt = Jwt::discover(provider.issuer()).dangerously_accept_test_keys().audience("test");
        builder.authenticator("jwt", jwt).authenticator("opaque", fitting(endpoint))
    });
    world.know("good");
    world.know("other");
    assert_eq!(world.status("good").await, 200);
    assert_eq!(world.status("other").await, 200);
}
