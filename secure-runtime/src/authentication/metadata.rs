//! What an issuer says about itself: where its keys are, and where it is asked about tokens.
//!
//! The metadata must be about the issuer that they were fetched for (OpenID Connect Discovery 1.0
//! section 4.3, RFC 8414 section 3.3).

use super::http::Url;
use super::json::{Json, Object};

/// Where an issuer's metadata are (OpenID Connect Discovery 1.0 section 4).
///
/// A name with a query or a fragment is none of an issuer (section 3 there), and would be shown.
pub(crate) fn address_of(issuer: &str) -> Result<Url, String> {
    if issuer.contains(['?', '#', '@']) {
        return Err(
            "the issuer is a URL with credentials, a query or a fragment, expected none of \
                    them"
                .to_owned(),
        );
    }
    Url::checked(&format!("{}{METADATA}", issuer.trim_end_matches('/')))
}

/// The address that this member of the metadata names, which were fetched `from` there.
pub(crate) fn address_in(
    metadata: &str,
    member: &str,
    issuer: &str,
    from: &Url,
) -> Result<Url, String> {
    let metadata =
        Object::parse(metadata).map_err(|_| "the metadata is not a strict JSON object")?;
    match metadata.get("issuer") {
        Some(Json::Text(named)) if named == issuer => {}
        Some(Json::Text(named)) => {
            return Err(format!("the metadata is that of {named:?}, and not of {issuer:?}"));
        }
        _ => return Err("the metadata names no `issuer`".to_owned()),
    }
    let Some(Json::Text(address)) = metadata.get(member) else {
        return Err(format!("the metadata has no `{member}`"));
    };
    let address = Url::checked(address).map_err(|fault| format!("`{member}`: {fault}"))?;
    let reach = address.reach();
    if reach > from.reach() {
        return Err(format!("`{member}` leads into {reach}, and the issuer does not"));
    }
    Ok(address)
}

const METADATA: &str = "/.well-known/openid-configuration";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_from_the_issuers_own_metadata_only() {
        let issuer = "https://server.example.com";
        let from = address_of(issuer).unwrap();
        let find = |text: &str| address_in(text, "introspection_endpoint", issuer, &from);
        let good = r#"{"issuer":"https://server.example.com","introspection_endpoint":"https://server.example.com/introspect"}"#;
        assert_eq!(find(good).unwrap().to_string(), "https://server.example.com/introspect");
        for (text, expected) in [
            (good.replace("server.example.com\"", "evil.example\""), "is that of"),
            (good.replace("introspection_endpoint", "token_endpoint"), "has no"),
            (
                good.replace("https://server.example.com/", "http://server.example.com/"),
                "not HTTPS",
            ),
            (good.replace("https://server.example.com/", "http://127.0.0.1/"), "into this machine"),
            (good.replace("issuer", "name"), "names no `issuer`"),
            (good.replace("server.example.com/", "0.0.0.0/"), "into this machine"),
            (good.replace("server.example.com/", "0.1.2.3/"), "into this machine"),
            (good.replace("server.example.com/", "[::]/"), "into this machine"),
            (good.replace("server.example.com/", "localhost./"), "into this machine"),
            (good.replace("server.example.com/", "keys.localhost/"), "into this machine"),
            (good.replace("server.example.com/", "10.0.0.1/"), "into a private network"),
            (good.replace("server.example.com/", "169.254.169.254/"), "into a private network"),
            (good.replace("server.example.com/", "100.100.0.1/"), "into a private network"),
            (good.replace("server.example.com/", "[fd00::1]/"), "into a private network"),
            (good.replace("server.example.com/", "[fec0::1]/"), "into a private network"),
            (good.replace("server.example.com/", "[64:ff9b::a00:1]/"), "into a private network"),
            (good.replace("server.example.com/", "[64:ff9b:1::a00:1]/"), "into a private network"),
            (good.replace("server.example.com/", "[2002:a00:1::]/"), "into a private network"),
            (
                good.replace("server.example.com/", "[::ffff:192.168.0.1]/"),
                "into a private network",
            ),
            ("[]".to_owned(), "not a strict JSON object"),
        ] {
            let found = find(&text).unwrap_err();
            assert!(found.contains(expected), "{expected} in: {found}");
        }
    }

    #[test]
    fn an_issuer_inside_may_lead_as_far_inside_and_no_further() {
        let check = |issuer: &str, address: &str, expected: bool| {
            let from = address_of(issuer).unwrap();
            let text = format!(r#"{{"issuer":"{issuer}","jwks_uri":"{address}"}}"#);
            let found = address_in(&text, "jwks_uri", issuer, &from);
            assert_eq!(found.is_ok(), expected, "{issuer} {address}: {found:?}");
        };
        check("https://10.0.0.1", "https://192.168.0.7/keys", true);
        check("https://10.0.0.1", "https://keys.example/keys", true);
        check("https://10.0.0.1", "https://127.0.0.1/keys", false);
        check("https://issuer.example", "https://1.2.3.4/keys", true);
        check("https://issuer.example", "https://[2001:db8::1]/keys", true);
        check("http://localhost:1", "http://127.0.0.1/keys", true);
        check("http://localhost:1", "https://10.0.0.1/keys", true);
        check("https://issuer.example", "https://100.63.0.1/keys", true);
        check("https://issuer.example", "https://100.128.0.1/keys", true);
    }
}
