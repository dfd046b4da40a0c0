//! Rules about the registered claims: types, values, times.

use std::time::Duration;

use secure_runtime::authentication::{Jwt, Revocations};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_tests::unix;
use serde_json::{Value, json};

use super::{Bench, NOW};

#[test]
fn iss_is_the_issuer_exactly() {
    for bench in [Bench::strict(), Bench::usual(), Bench::lenient()] {
        bench.accepts_claim("iss", json!("https://issuer.test"));
        for name in [
            "https://issuer.test/",
            "https://ISSUER.test",
            "http://issuer.test",
            "",
            " https://issuer.test",
            "https://issuer.test.evil.example",
        ] {
            bench.refuses_claim("iss", json!(name), "`iss` is another issuer");
        }
        for value in [json!(["https://issuer.test"]), json!({}), json!(1), json!(true)] {
            bench.refuses_claim("iss", value, "`iss` is not a string");
        }
        bench.refuses_claim("iss", json!(null), "`iss` is missing");
        bench.refuses(&bench.token().without("iss").sign(), "`iss` is missing");
    }
}

#[test]
fn aud_holds_ours() {
    let wrong = "`aud` is another audience";
    let not_text = "`aud` is not a string or a list of strings";
    for bench in [Bench::strict(), Bench::usual(), Bench::lenient()] {
        for value in
            [json!("test"), json!(["test"]), json!(["other", "test"]), json!(["test", "test"])]
        {
            bench.accepts_claim("aud", value);
        }
        for value in [
            json!("other"),
            json!(""),
            json!("TEST"),
            json!("test "),
            json!(["other"]),
            json!([""]),
            json!("test other"),
        ] {
            bench.refuses_claim("aud", value, wrong);
        }
        for value in [json!(null), json!([])] {
            bench.refuses_claim("aud", value, "`aud` is missing");
        }
        for value in [
            json!(1),
            json!({"test": "test"}),
            json!(true),
            json!([1]),
            json!(["test", 1]),
            json!(["test", null]),
            json!([["test"]]),
            json!([{"a": "test"}]),
        ] {
            bench.refuses_claim("aud", value, not_text);
        }
        bench.refuses(&bench.token().without("aud").sign(), "`aud` is missing");
    }
    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.audience("second"));
    bench.accepts_claim("aud", json!("second"));
    bench.accepts_claim("aud", json!("test"));
    bench.refuses_claim("aud", json!("third"), wrong);

    let issuer = Issuer::hs256();
    let any = Jwt::with_key(issuer.key())
        .dangerously_accept_test_keys()
        .issuer("https://issuer.test")
        .dangerously_accept_any_audience();
    let bench = Bench::new(issuer, |_| any);
    bench.accepts_claim("aud", json!("third"));
    bench.accepts(&bench.token().without("aud").sign());
    bench.accepts_claim("aud", json!(null));
    bench.accepts_claim("aud", json!([]));
    for value in [json!([1]), json!(7)] {
        bench.refuses_claim("aud", value, not_text);
    }
}

#[test]
fn sub_is_a_name() {
    for bench in [Bench::strict(), Bench::usual(), Bench::lenient()] {
        for name in ["alice", "auth0|5f7c8ec7c33c6c004bbafe82", "Ålice", "a b", &"a".repeat(1024)]
        {
            bench.accepts_claim("sub", json!(name));
        }
        for value in [
            json!(""),
            json!(7),
            json!(["alice"]),
            json!({}),
            json!("a\nb"),
            json!("a\u{0}"),
            json!("\u{85}"),
            json!("a".repeat(1025)),
        ] {
            bench.refuses_claim("sub", value, "`sub` is not a name");
        }
        bench.refuses_claim("sub", json!(null), "`sub` is missing");
        bench.refuses(&bench.token().without("sub").sign(), "`sub` is missing");
    }
}

#[test]
fn times_are_numbers_and_are_kept() {
    let not_time = |claim| format!("`{claim}` is not a time");
    for bench in [Bench::strict(), Bench::usual(), Bench::lenient()] {
        for claim in ["exp", "nbf", "iat"] {
            for value in [
                json!("1767225601"),
                json!([NOW]),
                json!({}),
                json!(true),
                json!(-1),
                json!(-0.5),
                json!(253_402_300_800_u64),
                json!(u64::MAX),
                json!(1e300),
                json!((NOW + 60) * 1000),
            ] {
                bench.refuses_claim(claim, value, &not_time(claim));
            }
        }
        for value in [
            json!(NOW + 1),
            json!(NOW as f64 + 0.001),
            json!(253_402_300_799_u64),
            json!(9_999_999_999_u64),
        ] {
            bench.accepts_claim("exp", value);
        }
        for value in [
            json!(NOW),
            json!(NOW - 1),
            json!(NOW - 60),
            json!(NOW as f64 - 0.001),
            json!(0),
            json!(1),
        ] {
            bench.refuses_claim("exp", value, "`exp` has passed");
        }
        bench.refuses(&bench.token().without("exp").sign(), "`exp` is missing");
        for value in [json!(NOW), json!(NOW - 1), json!(0), json!(NOW as f64 - 0.5)] {
            bench.accepts_claim("nbf", value.clone());
            bench.accepts_claim("iat", value);
        }
        for value in [json!(NOW + 1), json!(NOW as f64 + 4.5), json!(NOW + 5)] {
            bench.accepts_claim("nbf", value.clone());
            bench.accepts_claim("iat", value);
        }
        for value in
            [json!(NOW + 6), json!(NOW as f64 + 5.5), json!(NOW + 3000), json!(253_402_300_799_u64)]
        {
            bench.refuses_claim("nbf", value.clone(), "`nbf` has not come yet");
            bench.refuses_claim("iat", value, "`iat` is in the future");
        }
        bench.accepts(&bench.token().without("nbf").sign());
        bench.accepts_claim("nbf", json!(null));
        bench.refuses_claim("exp", json!(null), "`exp` is missing");
    }
    let bench = Bench::strict();
    bench.refuses(&bench.token().without("iat").sign(), "`iat` is missing (RFC 9068 section 2.2)");
    for bench in [Bench::usual(), Bench::lenient()] {
        bench.accepts(&bench.token().without("iat").sign());
    }
}

#[test]
fn numbers_may_have_a_fraction_or_an_exponent() {
    let bench = Bench::strict();
    let token = |times: &str| {
        let claims = format!(
            r#"{{"iss":"https://issuer.test","sub":"alice","aud":"test","jti":"1","client_id":"c",{times}}}"#
        );
        bench.token().raw_payload(claims).sign()
    };
    bench.accepts(&token(r#""exp":1767225600.001,"iat":1767225600.0"#));
    bench.accepts(&token(r#""exp":1.7672256010e9,"iat":1767225599.999"#));
    bench.accepts(&token(r#""exp":17672256001E-1,"iat":0"#));
    bench.refuses(&token(r#""exp":1767225600.0,"iat":0"#), "`exp` has passed");
    bench.refuses(&token(r#""exp":1767225601,"iat":1767225605.001"#), "`iat` is in the future");
    bench.refuses(&token(r#""exp":1e400,"iat":0"#), "the claims are not a JSON object");
    bench.refuses(&token(r#""exp":NaN,"iat":0"#), "the claims are not a JSON object");
    bench.refuses(&token(r#""exp":Infinity,"iat":0"#), "the claims are not a JSON object");
    bench.refuses(&token(r#""exp":01767225601,"iat":0"#), "the claims are not a JSON object");
    bench.refuses(&token(r#""exp":0x6955B981,"iat":0"#), "the claims are not a JSON object");
}

#[test]
fn times_are_exact_where_that_is_asked_for() {
    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.leeway(Duration::ZERO));
    bench.accepts_claim("iat", json!(NOW));
    bench.refuses_claim("iat", json!(NOW + 1), "`iat` is in the future");
    bench.accepts_claim("nbf", json!(NOW));
    bench.refuses_claim("nbf", json!(NOW + 1), "`nbf` has not come yet");
    bench.refuses_claim("auth_time", json!(NOW + 1), "`auth_time` is in the future");
}

#[test]
fn leeway_is_taken_of_exp_only_when_asked_for() {
    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.leeway(Duration::from_secs(5)));
    bench.accepts_claim("exp", json!(NOW - 4));
    bench.refuses_claim("exp", json!(NOW - 5), "`exp` has passed");
    bench.accepts_claim("nbf", json!(NOW + 5));
    bench.refuses_claim("nbf", json!(NOW + 6), "`nbf` has not come yet");
    bench.accepts_claim("iat", json!(NOW + 5));
    bench.refuses_claim("iat", json!(NOW + 6), "`iat` is in the future");
}

#[test]
fn identifiers_are_names_where_they_decide_something() {
    let forms = [json!(""), json!(7), json!(["x"]), json!("a\tb")];
    for claim in ["jti", "client_id"] {
        let strict = Bench::strict();
        strict.accepts_claim(claim, json!("x"));
        for value in &forms {
            strict.refuses_claim(claim, value.clone(), &format!("`{claim}` is not a name"));
        }
        let missing = format!("`{claim}` is missing (RFC 9068 section 2.2)");
        strict.refuses_claim(claim, json!(null), &missing);
        strict.refuses(&strict.token().without(claim).sign(), &missing);
    }
    for bench in [Bench::usual(), Bench::lenient()] {
        for claim in ["jti", "client_id", "sid"] {
            for value in forms.iter().cloned().chain([json!(null), json!("x")]) {
                bench.accepts_claim(claim, value);
            }
            bench.accepts(&bench.token().without(claim).sign());
        }
        let odd = bench.token().claim("jti", json!(["x"])).claim("sid", json!(7)).sign();
        let caller = bench.accepts(&odd);
        assert_eq!((caller.token_id(), caller.session()), (None, None));
    }
    // Revocations are asked about both.
    let revocations =
        Revocations::builder().clock(FakeClock::at(secure_tests::unix(NOW))).in_memory();
    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.revocations(&revocations));
    for claim in ["jti", "sid"] {
        bench.accepts_claim(claim, json!("x"));
        bench.accepts_claim(claim, json!(null));
        for value in &forms {
            bench.refuses_claim(claim, value.clone(), &format!("`{claim}` is not a name"));
        }
    }
}

#[test]
fn how_and_when_the_caller_signed_in_has_its_types() {
    for bench in [Bench::strict(), Bench::usual(), Bench::lenient()] {
        let told =
            bench.token().authenticated_at(unix(NOW - 60)).acr("mfa").amr("pwd").amr("otp").sign();
        let caller = bench.accepts(&told);
        assert_eq!(caller.authenticated_at(), Some(unix(NOW - 60)));
        assert_eq!(caller.acr(), Some("mfa"));
        assert_eq!(caller.amr().collect::<Vec<_>>(), ["pwd", "otp"]);
        let silent = bench.accepts(&bench.token().sign());
        assert_eq!((silent.authenticated_at(), silent.acr()), (None, None));
        assert_eq!(silent.amr().count(), 0);

        bench.accepts_claim("auth_time", json!(0));
        bench.accepts_claim("auth_time", json!(NOW));
        let half = bench.token().claim("auth_time", json!(1_767_225_599.5)).sign();
        assert_eq!(bench.accepts(&half).authenticated_at(), Some(unix(NOW - 1)));
        // In another form, they are not there: an endpoint that asks for them asks for a new sign-in.
        let told = |claim: &str, value: Value| {
            let caller = bench.accepts(&bench.token().claim(claim, value).sign());
            let methods = caller.amr().count();
            (caller.authenticated_at(), caller.acr().map(str::to_owned), methods)
        };
        for value in [json!(null), json!("1767225600"), json!([1]), json!(-1), json!(1e18)] {
            assert_eq!(told("auth_time", value), (None, None, 0));
        }
        for value in [json!(null), json!(1), json!(["mfa"]), json!(""), json!("a\n"), json!({})] {
            assert_eq!(told("acr", value), (None, None, 0));
        }
        bench.accepts_claim("amr", json!([]));
        let objects = json!([{"method": "password", "timestamp": NOW}]);
        for value in [json!(null), json!("otp"), json!([1]), json!(["otp", 1]), json!({}), objects]
        {
            assert_eq!(told("amr", value), (None, None, 0));
        }
    }
}

#[test]
fn nobody_has_signed_in_after_now() {
    let future = "`auth_time` is in the future";
    let bench = Bench::usual();
    bench.refuses_claim("auth_time", json!(NOW + 6), future);
    let ahead = bench.token().claim("auth_time", NOW + 5).sign();
    assert_eq!(bench.accepts(&ahead).authenticated_at(), Some(unix(NOW)));
}
