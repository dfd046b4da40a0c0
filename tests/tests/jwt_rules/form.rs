//! Rules about the form of a token: the header line, three segments, base64url, JSON, length.

use secure_runtime::Clock;
use secure_runtime::authentication::{Attempt, RefusalCode};
use secure_runtime::testing::{Issuer, authenticate};
use serde_json::json;

use super::{Bench, NOT_SIGNED, NOW, SIGNATURE};

#[test]
fn the_form_is_compact_and_canonical() {
    let bench = Bench::strict();
    let token = bench.token().sign();
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let segments = "the token does not have three segments";
    let more = "the token has more than three segments";
    let header_code = "the header is not canonical base64url";
    let signature_code = "the signature is not canonical base64url";
    bench.accepts(&token);
    bench.refuses("a", segments);
    bench.refuses(header, segments);
    bench.refuses(&format!("{header}.{claims}"), segments);
    bench.refuses(&format!("{token}."), more);
    bench.refuses(&format!("{token}.{signature}"), more);
    bench.refuses(&format!("{header}.{claims}.{signature}.{claims}.{signature}"), more);
    bench.refuses(&format!(".{claims}.{signature}"), "the token has an empty segment");
    bench.refuses(&format!("{header}..{signature}"), "the token has an empty segment");
    bench.refuses(&format!("{header}.{claims}."), NOT_SIGNED);
    bench.refuses("..", "the token has an empty segment");
    bench.refuses(&format!("{token}="), signature_code);
    bench.refuses(&format!("{header}+.{claims}.{signature}"), header_code);
    bench.refuses(&format!("{header}/.{claims}.{signature}"), header_code);
    bench.refuses(&format!("~.{claims}.{signature}"), header_code);

    // 32 bytes leave two unused bits in the last character: another character decodes to the same bytes.
    let last = signature.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let twin = alphabet.chars().nth(alphabet.find(last).unwrap() ^ 1).unwrap();
    bench.refuses(&format!("{}{twin}", &token[..token.len() - 1]), signature_code);

    // The signature covers the segments as text, so a non-canonical payload has to be
    // signed in that form; a prefix or suffix of a valid token simply has no valid signature.
    bench.refuses(&token[..token.len() - 2], signature_code);
    bench.refuses(&token[..token.len() - 3], SIGNATURE);
    bench.refuses(&format!("{token}AAAA"), SIGNATURE);
}

#[test]
fn the_json_is_strict() {
    let bench = Bench::strict();
    let header = r#"{"alg":"HS256","typ":"at+jwt"}"#;
    bench.accepts(&bench.token().raw_header(header).sign());
    bench.accepts(&bench.token().raw_header(format!(" {header}\r\n")).sign());
    let not_object = "the header is not a JSON object, or has too many values";
    for text in ["", "null", "[]", "\"x\"", "{", "{} {}", "{}{}", "\u{feff}{}", "{'alg':'HS256'}"] {
        let token = bench.token().raw_header(text).sign();
        let cause = if text.is_empty() { "the token has an empty segment" } else { not_object };
        bench.refuses(&token, cause);
    }
    bench.refuses(&bench.token().raw_header(format!("[{header}]")).sign(), not_object);
    bench.refuses(
        &bench.token().raw_header(b"{\"alg\":\"\xff\"}".to_vec()).sign(),
        "the header is not UTF-8",
    );
    for (name, value) in [("alg", "HS256"), ("alg", "none"), ("typ", "at+jwt"), ("x", "y")] {
        let doubled = bench.token().header("x", "y").doubled_header(name, value).sign();
        bench.refuses(&doubled, "the header has a member twice");
    }
    bench.refuses_header("x", json!("y".repeat(4096)), "the header is too long");

    let claims = |extra: &str| {
        format!(
            r#"{{"iss":"https://issuer.test","sub":"alice","aud":"test","exp":{},"iat":{NOW},"jti":"1","client_id":"c"{extra}}}"#,
            NOW + 60
        )
    };
    let not_object = "the claims are not a JSON object";
    let twice = "the claims have a member twice";
    let raw = |payload: String| bench.token().raw_payload(payload).sign();
    bench.accepts(&raw(claims("")));
    bench.accepts(&raw(claims(r#","x":{"a":1,"b":[{"a":1},{"a":1}]}"#)));
    bench.refuses(&raw(format!("[{}]", claims(""))), not_object);
    bench.refuses(&raw(r#"["https://issuer.test","alice"]"#.to_owned()), not_object);
    bench.refuses(&raw(format!("{} {{}}", claims(""))), not_object);
    bench.refuses(&raw("null".to_owned()), not_object);
    bench.refuses(&raw(claims(r#","x":1e999"#)), not_object);
    bench.refuses(&raw(claims(r#","x":"\ud800""#)), not_object);
    bench.refuses(
        &raw(claims(&format!(r#","x":{}{}"#, "[".repeat(200), "]".repeat(200)))),
        not_object,
    );
    bench.refuses(&raw(claims(r#","x":{"a":1,"a":2}"#)), twice);
    bench.refuses(&raw(claims(r#","x":[[{"a":1,"a":1}]]"#)), twice);
    bench.refuses(&raw(claims(r#","\u0073ub":"mallory""#)), twice);
    for name in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"] {
        let token = bench.token().doubled(name, "https://issuer.test").sign();
        bench.refuses(&token, twice);
    }
    let not_text = bench.token().raw_payload(b"{\"iss\":\"\xff\"}".to_vec()).sign();
    bench.refuses(&not_text, "the claims are not UTF-8");
}

#[test]
fn a_token_is_not_too_long() {
    let bench = Bench::strict();
    let padding = |bytes| bench.token().claim("padding", "x".repeat(bytes)).sign();
    let base = padding(0).len();
    let fits = padding((8192 - base) / 4 * 3);
    assert!((8180..=8192).contains(&fits.len()), "{}", fits.len());
    bench.accepts(&fits);
    bench.refuses(&padding(8192 - base), "the token is too long");
    bench.refuses(&padding(1_000_000), "the token is too long");
    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.max_token_bytes(16 * 1024));
    bench.accepts(&bench.token().claim("padding", "x".repeat(8192)).sign());
}

#[test]
fn the_authorization_header_is_read_by_its_grammar() {
    let bench = Bench::strict();
    let token = bench.token().sign();
    let check = |lines: &[String], expected: Result<&str, Option<RefusalCode>>| {
        let lines: Vec<_> = lines.iter().map(|line| ("authorization", line.as_str())).collect();
        let found = match authenticate(&*bench.authenticator, &lines, bench.clock.now()) {
            Attempt::Accepted(caller) => Ok(caller.subject().to_owned()),
            Attempt::Refused(refusal) => Err(Some(refusal.code())),
            Attempt::Absent => Err(None),
            _ => panic!("pending"),
        };
        assert_eq!(found.as_deref().map_err(|code| *code), expected, "{lines:?}");
    };
    let (malformed, refused) = (Some(RefusalCode::InvalidRequest), Some(RefusalCode::InvalidToken));
    let one = |line: String| [line];
    // First without, then with the token in the cache.
    for _ in 0..2 {
        check(&[], Err(None));
        check(&one(String::new()), Err(None));
        check(&one("Basic YWxpY2U6eA==".to_owned()), Err(None));
        check(&one(format!("DPoP {token}")), Err(None));
        check(&one(format!("BearerX {token}")), Err(None));
        check(&one(format!("Bear {token}")), Err(None));
        check(&one(token.clone()), Err(None));
        check(&one("Bearer".to_owned()), Err(malformed));
        check(&one("Bearer ".to_owned()), Err(malformed));
        check(&one("bearer    ".to_owned()), Err(malformed));
        check(&one(format!("Bearer\t{token}")), Err(malformed));
        check(&one(format!("Bearer {token} ")), Err(malformed));
        check(&one(format!("Bearer {token} {token}")), Err(malformed));
        check(&one(format!("Bearer {token}, Bearer {token}")), Err(malformed));
        check(&one(format!("Bearer {token},")), Err(malformed));
        check(&one(format!("Bearer \"{token}\"")), Err(malformed));
        check(&one(format!("Bearer token={token}")), Err(malformed));
        check(&one(format!("Bearer  \t{token}")), Err(malformed));
        check(&one(format!("Bearer {}", token.replacen('.', "=.", 1))), Err(malformed));
        check(&one(format!("Bearer {}", token.replacen('.', "?.", 1))), Err(malformed));
        check(&one(format!("Bearer {token}\u{e9}")), Err(malformed));
        check(&one(format!("Bearer {token}==")), Err(refused));
        check(&one("Bearer abc".to_owned()), Err(refused));
        check(&[format!("Bearer {token}"), format!("Bearer {token}")], Err(malformed));
        check(&[format!("Bearer {token}"), "Basic YTpi".to_owned()], Err(malformed));
        check(&["Basic YTpi".to_owned(), format!("Bearer {token}")], Err(malformed));
        check(&[String::new(), format!("Bearer {token}")], Err(malformed));
        check(&one(format!("Bearer {token}")), Ok("alice"));
        check(&one(format!("bearer {token}")), Ok("alice"));
        check(&one(format!("BEARER     {token}")), Ok("alice"));
    }
}
