//! The output of `explain_token` in the documentation is its real output.

use secure_runtime::authentication::Jwt;
use serde_json::json;

use super::{Bench, keycloak};

/// Each line of the page's first block in this language is a line of the text.
fn is_shown(page: &str, text: &str) {
    let (_, rest) = page.split_once("```text\n").unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    for line in shown.lines() {
        assert!(text.lines().any(|found| found == line), "`{line}` is not in\n{text}");
    }
}

#[test]
fn the_page_about_refusals_shows_what_is_printed() {
    let jwt = Jwt::keycloak("https://login.example", "shop").audience("shop-api");
    let refused = keycloak::machine().with(json!({ "aud": "account" }));
    let text = Bench::rs256(keycloak::header(), jwt).explanation(&refused);
    is_shown(include_str!("../../../docs/providers/README.md"), &text);
}

/// The explanation contains the required claim, and what to do.
#[test]
fn an_explanation_names_the_claim() {
    let jwt = Jwt::keycloak("https://login.example", "shop").audience("shop-api");
    let bench = Bench::rs256(keycloak::header(), jwt.claim("acr").is("2").require_claim("sid"));
    for (claims, expected) in [
        (keycloak::user(), "found `1`, expected `acr` is \"2\""),
        (keycloak::machine(), "found no `sid`, expected `sid`"),
        (keycloak::id_token(), "expected an access token"),
    ] {
        let text = bench.explanation(&claims);
        assert!(text.contains(expected), "{text}");
    }
}
