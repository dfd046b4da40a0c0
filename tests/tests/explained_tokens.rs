//! The exact output of `Jwt::explain_token` for refused tokens, and that it agrees with the verifier.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use secure_runtime::Clock;
use secure_runtime::authentication::{Attempt, IntoAuthenticator, Jwt, Profile};
use secure_runtime::testing::{FakeClock, Issuer, authenticate};
use serde_json::json;

const NOW: u64 = 1_767_225_600;

struct Bench {
    clock: FakeClock,
    issuer: Issuer,
    jwt: Jwt,
}

impl Bench {
    fn new(describe: impl FnOnce(Jwt) -> Jwt) -> Self {
        let clock = FakeClock::at(secure_tests::unix(NOW));
        let issuer = Issuer::rs256().kid("2026-11").clock(clock.clone());
        let jwt = describe(issuer.jwt());
        Self { clock, issuer, jwt }
    }

    fn explained(&self, token: &str) -> String {
        let explanation = self.jwt.explain_token_at(token, self.clock.now()).unwrap();
        let authenticator = self.jwt.clone().into_authenticator().unwrap();
        let line = format!("Bearer {token}");
        let headers = [("authorization", line.as_str())];
        let attempt = authenticate(&*authenticator, &headers, self.clock.now());
        let is_accepted = matches!(attempt, Attempt::Accepted(_));
        assert_eq!(explanation.is_accepted(), is_accepted, "{explanation}");
        explanation.to_string()
    }

    fn lines(&self, token: &str) -> Vec<String> {
        self.explained(token).lines().map(str::to_owned).collect()
    }

    /// The lines of the first check that fails.
    fn failed(&self, token: &str) -> Vec<String> {
        let lines = self.lines(token);
        let first = lines.iter().position(|line| line.starts_with("FAILED")).unwrap();
        let rest = lines.iter().skip(first + 1).take_while(|line| line.starts_with("    "));
        [&lines[first]].into_iter().chain(rest).cloned().collect()
    }
}

#[test]
fn a_good_token_passes_every_check() {
    let bench = Bench::new(|jwt| jwt.roles_claim("realm_access.roles").client_ids(["web"]));
    let token = bench
        .issuer
        .token("ada")
        .header("typ", "JWT")
        .claim("client_id", "web")
        .claim("realm_access", json!({"roles": ["admin"]}))
        .claim("secret", "not shown")
        .without("jti");
    let expected = [
        "ok      form, key and signature: `alg` RS256, `kid` `2026-11`",
        "ok      `typ` of the header: `typ` `JWT`",
        "ok      `iss`: `iss` `https://issuer.test`",
        "ok      kind of token: no `token_use`, no `typ`",
        "ok      `aud`: `aud` `test`",
        "ok      client: `client_id` `web`",
        "ok      caller: `ada`",
        "ok      times: `exp` in 3600 s, `iat` in 0 s",
        "ok      identifiers: `client_id` `web`",
        "ok      binding to a key: none",
        "ok      claims that are demanded: as demanded",
        "ok      roles, scopes, permissions, tenant and tier: `realm_access.roles` [`admin`], `scope` \
         none, `permissions` none, `tenant` none, `tier` none",
        "The token is accepted.",
    ];
    let lines = bench.lines(&token.sign());
    assert!(lines[0].starts_with("ok      length: "), "{}", lines[0]);
    assert_eq!(lines[1..], expected);
}

#[test]
fn each_refusal_says_what_was_found_what_was_expected_and_what_changes_it() {
    let bench = Bench::new(|jwt| jwt.claim("email_verified").is(true));
    let token = || bench.issuer.token("ada").claim("email_verified", true);
    for (token, expected) in [
        (
            token().claim("aud", json!(["account", "other"])).sign(),
            [
                "FAILED  `aud`: `aud` is another audience",
                "        found `aud` [`account`, `other`], expected one of `test`",
                "        have the client request a token for this API; if `found` is this API's own name, add `.audience(…)`",
            ],
        ),
        (
            token().claim("iss", "https://issuer.test/").sign(),
            [
                "FAILED  `iss`: `iss` is another issuer",
                "        found `iss` `https://issuer.test/`, expected `https://issuer.test`",
                "        write the issuer exactly as tokens have it, with its slash, if it has one; \
                 `.other_issuer_spelling(…)` accepts a second spelling",
            ],
        ),
        (
            token().header("typ", "JWT").claim("typ", "ID").sign(),
            [
                "FAILED  kind of token: `typ` of the claims is not that of an access token",
                "        found `typ` `ID`, expected an access token",
                "        have the client send its access token; `.profile(Profile::IdToken)`, if ID \
                 tokens are meant; `.claim(\"typ\").is(…)`, if this issuer calls it so",
            ],
        ),
        (
            token().claim("exp", NOW - 90).sign(),
            [
                "FAILED  times: `exp` has passed",
                "        found `exp` 90 s ago, `iat` in 0 s, expected `exp` to come, `nbf` and `iat` not",
                "        compare the clocks; `.leeway(…)` allows for a difference",
            ],
        ),
        (
            token().claim("email_verified", false).sign(),
            [
                "FAILED  claims that are demanded: a claim does not have the value that is required here",
                "        found `false`, expected `email_verified` is true",
                "        have the issuer add this claim or value, or remove the `.claim(…)` or `.require_claim(…)` that demands it",
            ],
        ),
        (
            token().without("sub").sign(),
            [
                "FAILED  caller: `sub` is missing",
                "        found none, expected `sub`",
                "        have the issuer add `sub` (Keycloak: the client scope `basic`), or say who the \
                 caller is with `.subject_claim(…)` or `.client_as_subject()`",
            ],
        ),
        (
            token().header("kid", "2026-12").sign(),
            [
                "FAILED  form, key and signature: no key has this `kid` and `alg`",
                "        found `alg` RS256, `kid` `2026-12`, expected one of the keys `2026-11` (RS256)",
                "        check that the token is from this issuer and that its key set has this `kid`; the log \
                 at `warn` lists keys that were left out",
            ],
        ),
    ] {
        assert_eq!(bench.failed(&token), expected);
    }
    // RFC 9068, if the description requires it.
    let bench = Bench::new(|jwt| jwt.profile(Profile::Rfc9068));
    let token = bench.issuer.token("ada").header("typ", "JWT").sign();
    let expected = [
        "FAILED  `typ` of the header: `typ` is not that of the tokens accepted here",
        "        found `typ` `JWT`, expected `at+jwt` (RFC 9068)",
        "        `.profile(Profile::AccessToken)`, if this issuer does not follow RFC 9068",
    ];
    assert_eq!(bench.failed(&token), expected);
}

#[test]
fn what_is_no_token_is_explained_as_well() {
    let bench = Bench::new(|jwt| jwt);
    let good = bench.issuer.token("ada").sign();
    let truncated = good.rsplit_once('.').unwrap().0.to_owned();
    for token in ["", "a", "a.b.c", "....", "é.é.é", &truncated, &format!("{good}."), &good[1..]]
    {
        let explained = bench.explained(token);
        assert!(explained.contains("The token is refused: "), "{explained}");
    }
    // Neither the signature nor unchecked claims are printed, and a claim cannot inject a line.
    let token = bench
        .issuer
        .token("ada")
        .claim("aud", "a\nok      forged: line")
        .claim("email", "ada@example.com")
        .sign();
    let explained = bench.explained(&token);
    let signature = token.rsplit('.').next().unwrap();
    assert!(!explained.contains(signature) && !explained.contains("ada@example.com"));
    assert!(!explained.lines().any(|line| line.contains("forged") && line.starts_with("ok")));
}

#[test]
fn what_is_wrong_with_the_description_is_told() {
    let faults = Jwt::hs256("short").explain_token("a.b.c").unwrap_err();
    assert_eq!(faults.iter().count(), 3, "{faults:?}");
}
