//! Tests of key selection for a token.

use super::*;
use crate::testing::Issuer;

const SIGNATURE: &str = "the signature is not that of the key";

fn keys(issuers: &[&Issuer]) -> Vec<CheckedKey> {
    issuers.iter().map(|issuer| issuer.key().check().unwrap()).collect()
}

fn open(keys: &Keys, token: &str) -> Result<(), Unverified> {
    keys.open(token.as_bytes(), |_| Ok(())).map(drop)
}

#[test]
fn each_key_is_tried_for_a_token_that_names_none_and_no_more_than_eight() {
    let issuers: Vec<_> = (0..9).map(|n| Issuer::hs256_with([n + 1; 32])).collect();
    let named: Vec<_> = issuers.iter().map(|issuer| issuer.clone().kid("named")).collect();
    for kept in [&issuers, &named] {
        let eight: Vec<_> = kept.iter().take(8).collect();
        let eight = Keys::new(keys(&eight));
        for issuer in issuers.iter().take(8) {
            assert_eq!(open(&eight, &issuer.token("ada").sign()), Ok(()));
        }
        let forged = issuers.last().unwrap().token("mallory").sign();
        assert_eq!(open(&eight, &forged), Err(Unverified::Bad(SIGNATURE)));
        let nine = Keys::new(keys(&kept.iter().collect::<Vec<_>>()));
        let token = issuers.first().unwrap().token("ada").sign();
        let fault = open(&nine, &token).unwrap_err();
        assert_eq!(fault.cause(), "too many keys have this `alg`, and there is no `kid`");
    }
}

#[test]
fn one_key_of_several_algorithms_verifies_with_that_of_the_token() {
    let issuer = Issuer::rs256().kid("a");
    let published = |alg: &str| {
        let mut jwk = issuer.jwk();
        jwk["alg"] = alg.into();
        Key::jwk(jwk.to_string()).check().unwrap()
    };
    let token = issuer.token("ada");
    for set in [["RS256", "PS256"], ["PS256", "RS256"]] {
        let keys = Keys::published(set.map(published).into_iter().collect());
        assert_eq!(open(&keys, &token.clone().sign()), Ok(()));
        // A signature of one algorithm is none of another.
        let crossed = token.clone().header("alg", "PS256").sign();
        assert_eq!(open(&keys, &crossed), Err(Unverified::Bad(SIGNATURE)));
    }
}

#[test]
fn a_newer_set_may_hold_the_key_where_nothing_says_that_it_is_this_one() {
    let (first, second) = (Issuer::es256(), Issuer::eddsa());
    let rs = Issuer::rs256().kid("a");
    let published = Keys::published(keys(&[&first, &second, &rs]));
    let configured = Keys::new(keys(&[&first, &second, &rs]));
    let unknown = Unverified::UnknownKey;
    for (token, cause, may_come) in [
        (first.token("mallory").tampered(), SIGNATURE, true),
        (first.token("mallory").header("kid", "new").tampered(), SIGNATURE, true),
        (rs.token("mallory").tampered(), SIGNATURE, false),
        (rs.token("ada").header("kid", "new").sign(), "no key has this `kid` and `alg`", true),
        (rs.token("ada").header("alg", "PS256").sign(), "`alg` is not that of the key", true),
        (rs.token("ada").header("alg", "ES256").sign(), "`alg` is not that of the key", false),
        (rs.token("ada").header("alg", "HS256").sign(), "`alg` is not that of the key", false),
        (first.token("ada").header("alg", "HS256").sign(), "no key has this `alg`", false),
        (first.token("ada").header("alg", "none").sign(), "no key has this `alg`", false),
        (first.token("ada").header("alg", "ES384").sign(), "no key has this `alg`", true),
    ] {
        let expected = if may_come { unknown(cause) } else { Unverified::Bad(cause) };
        assert_eq!(open(&published, &token), Err(expected));
        assert_eq!(open(&configured, &token), Err(Unverified::Bad(cause)));
    }
}

#[test]
fn what_a_set_has_lost_is_told_by_name_and_algorithm() {
    let (first, second) = (Issuer::es256().kid("a"), Issuer::rs256().kid("b"));
    let (both, one) = (Keys::published(keys(&[&first, &second])), keys(&[&first]));
    let one = Keys::published(one);
    assert_eq!(one.lost_since(&both), [("b".to_owned(), Algorithm::Rs256)]);
    assert!(both.lost_since(&one).is_empty() && both.lost_since(&both).is_empty());
    assert!(both.have_all_of(&one) && !one.have_all_of(&both));
    let token = second.token("ada").sign();
    let name = Keys::unverified_name(token.as_bytes());
    assert_eq!(name, Some(("b".to_owned(), Algorithm::Rs256)));
    assert_eq!(Keys::unverified_name(b"a.b.c"), None);
}
