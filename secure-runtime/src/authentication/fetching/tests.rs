//! Tests of the settings for fetching: hosts, certificates, proxy, bearer file.

use std::io::Write as _;

use super::*;

fn faults(change: impl FnOnce(&mut Fetching)) -> Vec<String> {
    let (mut fetching, mut faults) = (Fetching::default(), Vec::new());
    change(&mut fetching);
    drop(fetching.check(&mut faults));
    faults.iter().map(ToString::to_string).collect()
}

/// A self-signed certificate of an authority, made for these tests.
const AUTHORITY: &str = include_str!("../http/certificates/authority.pem");

#[test]
fn certificates_are_certificates_in_pem_form() {
    assert_eq!(faults(|it| it.trust(AUTHORITY.into())), Vec::<String>::new());
    assert_eq!(faults(|it| it.trust([AUTHORITY, AUTHORITY].concat().into())), Vec::<String>::new());
    let broken = AUTHORITY.replace("MII", "AAA");
    for (pem, expected) in [
        ("", "not in PEM form"),
        ("hello", "not in PEM form"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n", "not in PEM form"),
        (broken.as_str(), "not an X.509 certificate"),
    ] {
        let found = faults(|it| it.trust(pem.into()));
        assert!(matches!(found.as_slice(), [one] if one.contains(expected)), "{pem}: {found:?}");
    }
}

#[test]
fn a_certificate_of_a_test_key_is_refused() {
    let expected =
        ["a root certificate has a test key of this crate, with which everybody can sign"];
    for pem in [
        include_str!("../http/certificates/test_key_rs256.pem"),
        include_str!("../http/certificates/test_key_es256.pem"),
        include_str!("../http/certificates/test_key_eddsa.pem"),
    ] {
        assert_eq!(faults(|it| it.trust(pem.into())), expected);
        assert_eq!(faults(|it| it.trust([AUTHORITY, pem].concat().into())), expected);
    }
    assert!(faults(|it| it.trust(AUTHORITY.into())).is_empty());
}

#[test]
fn a_proxy_is_an_address_of_http_and_its_password_is_shown_nowhere() {
    for good in ["http://proxy:3128", "https://proxy", "http://user:s3cr3t@10.0.0.1:3128"] {
        assert_eq!(faults(|it| it.go_through(good.into())), Vec::<String>::new(), "{good}");
        let mut fetching = Fetching::default();
        fetching.go_through(good.into());
        assert!(!format!("{fetching:?}").contains("s3cr3t"));
    }
    for bad in ["", "proxy:3128", "socks5://user:s3cr3t@proxy", "user:s3cr3t@proxy", "file:///x"] {
        let found = faults(|it| it.go_through(bad.into()));
        assert!(matches!(found.as_slice(), [one] if !one.contains("s3cr3t")), "{bad}: {found:?}");
    }
}

#[test]
fn a_token_is_read_anew_and_sent_over_https_or_to_allowed_hosts_only() {
    let path = std::env::temp_dir().join(format!("bearer-{}", std::process::id()));
    let (mut fetching, mut faults) = (Fetching::default(), Vec::new());
    fetching.send_bearer(path.clone());
    fetching.allow_http("kubernetes".to_owned());
    let transport = fetching.check(&mut faults);
    let sent = |address: &str| {
        let url = Url::checked(address, &transport.http_hosts).unwrap();
        let value = transport.bearer_for(&url).map_err(|error| error.to_string())?;
        Ok::<_, String>(value.map(|value| {
            assert!(value.is_sensitive());
            value.to_str().unwrap().to_owned()
        }))
    };
    let fault = sent("https://kubernetes/jwks").unwrap_err();
    assert!(fault.contains("cannot be read"), "{fault}");
    for token in ["first", "second\n"] {
        write!(std::fs::File::create(&path).unwrap(), "{token}").unwrap();
        let expected = Some(format!("Bearer {}", token.trim()));
        assert_eq!(sent("https://kubernetes/jwks"), Ok(expected.clone()));
        assert_eq!(sent("http://kubernetes/jwks"), Ok(expected));
        assert_eq!(sent("http://127.0.0.1/jwks"), Ok(None));
    }
    for (token, expected) in [(" ", "is empty"), ("s3cr3t\ns3cr3t", "characters")] {
        std::fs::write(&path, token).unwrap();
        let fault = sent("https://kubernetes/jwks").unwrap_err();
        assert!(fault.contains(expected) && !fault.contains("s3cr3t"), "{fault}");
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn what_is_not_said_is_not_used() {
    assert!(!Fetching::default().is_used());
    for change in [
        |it: &mut Fetching| it.allow_http("a".to_owned()),
        |it: &mut Fetching| it.trust(Vec::new()),
        |it: &mut Fetching| it.go_through(String::new()),
        |it: &mut Fetching| it.send_bearer(PathBuf::new()),
    ] {
        let mut fetching = Fetching::default();
        change(&mut fetching);
        assert!(fetching.is_used());
    }
}
