//! Signed introspection answers (RFC 9701), and invalid configurations.

use secure_runtime::authentication::{ClientKey, ConfigurationError, ConfigurationErrorKind};

use super::*;

/// A provider that signs its answers, and the possible faults in a signed answer.
#[actix_web::test]
async fn a_signed_answer_is_verified_and_an_unsigned_one_refused() {
    let issuer = Issuer::es256();
    let keys = || Jwt::with_key(issuer.key()).dangerously_accept_test_keys().audience("shop-api");
    let world = World::with(|endpoint| fitting(endpoint).signed_answers(keys()));
    let now = world.clock.now().unix_seconds();
    let claims = move |answer: &Value| json!({"iss": ISSUER, "aud": "shop-api", "iat": now, "token_introspection": answer});
    let sign = |issuer: &Issuer, typ: &'static str, change: fn(&mut Value)| {
        let issuer = issuer.clone();
        move |answer: &Value| {
            let mut claims = claims(answer);
            change(&mut claims);
            issuer.token("x").header("typ", typ).raw_payload(claims.to_string()).sign()
        }
    };
    const TYPE: &str = "token-introspection+jwt";
    world.know("unsigned");
    world.is_unavailable("unsigned", "unsigned").await;

    let mut number = 0;
    let mut token = || {
        number += 1;
        let token = format!("token-{number}");
        world.know(&token);
        token
    };
    type Change = fn(&mut Value);
    let faults: [(&str, &str, Change); 10] = [
        ("a plain JWT", "JWT", |_| {}),
        ("an access token", "at+jwt", |_| {}),
        ("another issuer", TYPE, |claims| claims["iss"] = json!("https://elsewhere.test")),
        ("another audience", TYPE, |claims| claims["aud"] = json!("elsewhere")),
        ("no audience", TYPE, |claims| claims["aud"] = Value::Null),
        ("no iat", TYPE, |claims| drop(claims.as_object_mut().unwrap().remove("iat"))),
        ("an old one", TYPE, |claims| claims["iat"] = json!(claims["iat"].as_u64().unwrap() - 301)),
        ("one of tomorrow", TYPE, |claims| {
            claims["iat"] = json!(claims["iat"].as_u64().unwrap() + 999)
        }),
        ("an expired one", TYPE, |claims| claims["exp"] = claims["iat"].clone()),
        ("no answer in it", TYPE, |claims| claims["token_introspection"] = json!([true])),
    ];
    for (fault, typ, change) in faults {
        world.endpoint.sign(sign(&issuer, typ, change));
        world.is_unavailable(&token(), fault).await;
    }
    // The members of the answer in the place of the JWT's own claims.
    let issuer_of_flat = issuer.clone();
    world.endpoint.sign(move |answer| {
        let mut flat = answer.clone();
        flat["aud"] = json!(["shop-api", "test"]);
        let token = issuer_of_flat.token("x").header("typ", TYPE);
        token.raw_payload(flat.to_string()).sign()
    });
    world.is_unavailable(&token(), "flat").await;
    world.endpoint.sign(sign(&Issuer::eddsa(), TYPE, |_| {}));
    world.is_unavailable(&token(), "another key").await;
    let tampering = sign(&issuer, TYPE, |_| {});
    world.endpoint.sign(move |answer| {
        let signed = tampering(answer);
        let (rest, signature) = signed.rsplit_once('.').unwrap();
        let (header, _) = rest.split_once('.').unwrap();
        format!("{header}.e30.{signature}")
    });
    world.is_unavailable(&token(), "tampered").await;

    world.endpoint.sign(sign(&issuer, TYPE, |_| {}));
    assert_eq!(world.answer(&token()).await.body, "ada");
    world.is_refused("unknown", "signed, and not active").await;
    let question = world.endpoint.last().unwrap();
    assert_eq!(question.accept.as_deref(), Some("application/token-introspection+jwt"));
}

#[actix_web::test]
async fn the_keys_of_signed_answers_are_fetched_and_rotated() {
    let provider = secure_tests::IdentityProvider::start();
    let clock = FakeClock::new();
    let (old, new) =
        (provider.signing(Issuer::rs256(), "old"), provider.signing(Issuer::es256(), "new"));
    provider.publish(&[&old]);
    let world = World::with(|endpoint| {
        let keys =
            Jwt::discover(provider.issuer()).dangerously_accept_test_keys().audience("shop-api");
        fitting(endpoint).signed_answers(keys)
    });
    let (now, name) = (clock.now().unix_seconds(), provider.issuer());
    let sign = move |issuer: &Issuer| {
        let (issuer, name) = (issuer.clone(), name.clone());
        move |answer: &Value| {
            let claims =
                json!({"iss": name, "aud": "shop-api", "iat": now, "token_introspection": answer});
            let token = issuer.token("x").header("typ", "token-introspection+jwt");
            token.raw_payload(claims.to_string()).sign()
        }
    };
    world.endpoint.sign(sign(&old));
    world.know("one");
    assert_eq!(world.status("one").await, 200);
    world.endpoint.sign(sign(&new));
    world.clock.advance(Duration::from_secs(2));
    world.know("two");
    world.is_unavailable("two", "its key is not published").await;
    provider.publish(&[&new]);
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(world.status("two").await, 200);
}

const PUBLISHED: &str = "test only: this secret of secure-runtime is known to everybody";
const RSA: &[u8] =
    include_bytes!("../../../../secure-runtime/src/testing/keys/test-only-rs256.private.der");
const EC: &[u8] =
    include_bytes!("../../../../secure-runtime/src/testing/keys/test-only-es256.private.der");
const ED: &[u8] =
    include_bytes!("../../../../secure-runtime/src/testing/keys/test-only-eddsa.private.der");

#[test]
fn published_client_keys_are_accepted_only_if_that_is_spelled_out() {
    let bare = || {
        let at = Introspection::at("https://issuer.example/introspect");
        at.issuer(ISSUER).audience("test")
    };
    for opaque in [
        bare().client_secret_basic("a", PUBLISHED),
        bare().private_key_jwt("a", ClientKey::es256(EC)),
        bare().private_key_jwt("a", ClientKey::rs256(RSA)),
        bare().private_key_jwt("a", ClientKey::eddsa(ED)),
    ] {
        let errors = opaque.clone().into_authenticator().err().unwrap();
        let kinds: Vec<_> = errors.iter().map(ConfigurationError::kind).collect();
        assert_eq!(kinds, [ConfigurationErrorKind::TestKey]);
        assert!(opaque.dangerously_accept_test_keys().into_authenticator().is_ok());
    }
    assert!(bare().client_secret_basic("a", "another secret").into_authenticator().is_ok());
}

#[actix_web::test]
async fn a_description_that_cannot_be_right_is_refused_at_launch() {
    let fault = |description: Introspection| {
        let builder = Security::builder().answers_for(MODULE);
        builder.authenticator("opaque", description).build().unwrap_err().to_string()
    };
    let bare = || Introspection::at("https://issuer.example/introspect");
    let good = || bare().client_secret_basic("a", "b").issuer(ISSUER).audience("test");
    let key = || ClientKey::es256("s3cr3t");
    let second = Duration::from_secs(1);
    for (description, expected) in [
        (bare().issuer(ISSUER).audience("test"), "no client"),
        (good().client_secret_post("a", "b"), "several clients"),
        (bare().private_key_jwt("", key()).issuer(ISSUER).audience("t"), "identifier is empty"),
        (
            bare().private_key_jwt("a", key()).issuer(ISSUER).audience("t"),
            "no private key for ES256",
        ),
        (bare().client_secret_basic("", "b").issuer(ISSUER).audience("t"), "identifier is empty"),
        (bare().client_secret_basic("a", "\n").issuer(ISSUER).audience("t"), "secret is empty, or"),
        (
            bare().client_secret_basic("a", PUBLISHED).issuer(ISSUER).audience("t"),
            "secret is a test key",
        ),
        (
            bare().client_secret_post("a", PUBLISHED).issuer(ISSUER).audience("t"),
            "secret is a test key",
        ),
        (
            bare().private_key_jwt("a", ClientKey::es256(EC)).issuer(ISSUER).audience("t"),
            "key is a test key",
        ),
        (
            bare().private_key_jwt("a", ClientKey::rs256(RSA)).issuer(ISSUER).audience("t"),
            "key is a test key",
        ),
        (
            bare().private_key_jwt("a", ClientKey::ps256(RSA)).issuer(ISSUER).audience("t"),
            "key is a test key",
        ),
        (
            bare().private_key_jwt("a", ClientKey::eddsa(ED)).issuer(ISSUER).audience("t"),
            "key is a test key",
        ),
        (bare().client_secret_basic("a", "b").audience("test"), "no issuer"),
        (bare().client_secret_basic("a", "b").issuer(ISSUER), "no audience"),
        (good().dangerously_accept_any_audience(), "remove `.audience(…)`"),
        (good().accept_positive_for(3601 * second), "expected at most 3600s"),
        (good().accept_negative_for(301 * second), "expected at most 300s"),
        (good().timeout(Duration::ZERO), "expected 100ms to 30s"),
        (good().at_once(0), "expected 1 to 256"),
        (good().leeway(301 * second), "the leeway is 301 seconds"),
        (good().max_token_bytes(1), "the longest token has 1 bytes"),
        (good().roles_claim("sub"), "has another meaning"),
        (good().signed_answers(Jwt::hs256("x").audience("a")), "signed answers: key 1"),
        (good().signed_answers(Issuer::es256().jwt().audience("")), "signed answers: an audience"),
    ] {
        let found = fault(description);
        assert!(found.contains(expected), "{expected} in: {found}");
        assert!(found.contains("has 1 fault"), "{found}");
    }
    let at = |address: &str| Introspection::at(address).issuer(ISSUER).audience("test");
    for address in ["http://issuer.example/introspect", "issuer.example", "https://a:b@c.example"] {
        let found = fault(at(address).client_secret_basic("a", "b"));
        assert!(found.contains("has 1 fault"), "{found}");
    }
    let all = fault(at("ftp://x").timeout(Duration::ZERO).leeway(301 * second));
    assert!(all.contains("has 4 faults"), "{all}");
}
