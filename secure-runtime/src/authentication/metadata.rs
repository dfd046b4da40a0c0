//! Authorization server metadata (RFC 8414, OpenID Connect Discovery): the addresses of the keys and of introspection.
//!
//! The metadata must be about the issuer that they were fetched for (OpenID Connect Discovery 1.0
//! section 4.3, RFC 8414 section 3.3).

use super::fetching::HttpHosts;
use super::http::{Http, JSON, Url};
use super::json::{Json, Object};

/// An issuer and where its metadata may be.
pub(crate) struct Metadata {
    issuer: String,
    places: Vec<Url>,
}

impl Metadata {
    /// Those of an issuer, below its name (OpenID Connect Discovery 1.0 section 4), or where RFC 8414
    /// section 3 has them: between its host and its path.
    ///
    /// A name with a query or a fragment is none of an issuer (section 3 there), and would be shown.
    pub(crate) fn of(issuer: String, hosts: &HttpHosts) -> Result<Self, String> {
        if issuer.contains(['?', '#', '@']) {
            return Err("the issuer is a URL with credentials, a query or a fragment, expected \
                        none of them"
                .to_owned());
        }
        let name = Url::checked(&issuer, hosts)?;
        let path = name.path();
        let mut places = vec![
            Url::checked(&format!("{}{OPENID}", issuer.trim_end_matches('/')), hosts)?,
            name.with_path(&format!("{OAUTH}{path}")),
        ];
        if !path.is_empty() {
            places.push(name.with_path(&format!("{OPENID}{path}")));
        }
        Ok(Self { issuer, places })
    }

    /// Those at an address, which must be about this issuer.
    pub(crate) fn at(address: &str, issuer: String, hosts: &HttpHosts) -> Result<Self, String> {
        Ok(Self { issuer, places: vec![Url::checked(address, hosts)?] })
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The address that this member of the metadata names.
    pub(crate) async fn find(&self, member: &str, http: &Http) -> Result<Url, String> {
        for place in &self.places {
            match http.get(place, JSON).await {
                Ok(text) => {
                    let hosts = &http.transport().http_hosts;
                    return address_in(&text, member, &self.issuer, place, hosts);
                }
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        let places: Vec<_> = self.places.iter().map(|place| format!("`{place}`")).collect();
        Err(format!(
            "no metadata at {} (404): where they are elsewhere, give their address with \
             `Jwt::metadata_url(…)`, or the address itself with `Jwt::jwks_url(…)` or \
             `Introspection::at(…)`",
            places.join(", ")
        ))
    }
}

/// The address that this member of the metadata names, which were fetched `from` there.
fn address_in(
    metadata: &str,
    member: &str,
    issuer: &str,
    from: &Url,
    hosts: &HttpHosts,
) -> Result<Url, String> {
    let metadata =
        Object::parse(metadata).map_err(|_| "the metadata is not a strict JSON object")?;
    match metadata.get("issuer") {
        Some(Json::Text(named)) if named == issuer => {}
        Some(Json::Text(named)) => {
            return Err(format!(
                "the metadata is that of {named:?}, and not of {issuer:?}: the issuer is compared \
                 exactly, so if both mean the same one, write {named:?}"
            ));
        }
        _ => return Err("the metadata names no `issuer`".to_owned()),
    }
    let Some(Json::Text(address)) = metadata.get(member) else {
        return Err(format!("the metadata has no `{member}`"));
    };
    let address = Url::checked(address, hosts).map_err(|fault| format!("`{member}`: {fault}"))?;
    let reach = address.reach();
    if reach > from.reach() && !hosts.contain(&address) {
        return Err(format!(
            "`{member}` is `{address}` and leads into {reach}, and the issuer does not: allow the \
             host with `.dangerously_allow_http({:?})` if it is the provider's",
            address.host_name()
        ));
    }
    Ok(address)
}

const OPENID: &str = "/.well-known/openid-configuration";

/// RFC 8414 section 3.
const OAUTH: &str = "/.well-known/oauth-authorization-server";

#[cfg(test)]
mod tests {
    use super::*;

    fn places_of(issuer: &str) -> Vec<String> {
        let metadata = Metadata::of(issuer.to_owned(), &HttpHosts::default()).unwrap();
        metadata.places.iter().map(Url::to_string).collect()
    }

    fn address_of(issuer: &str) -> Url {
        let metadata = Metadata::of(issuer.to_owned(), &HttpHosts::default()).unwrap();
        metadata.places.first().unwrap().clone()
    }

    /// RFC 8414 section 3.1, and section 5 for the form that both documents share.
    #[test]
    fn metadata_are_below_the_issuer_or_between_its_host_and_its_path() {
        assert_eq!(
            places_of("https://issuer.example"),
            [
                "https://issuer.example/.well-known/openid-configuration",
                "https://issuer.example/.well-known/oauth-authorization-server",
            ]
        );
        for issuer in ["https://issuer.example:8443/a/b", "https://issuer.example:8443/a/b/"] {
            assert_eq!(
                places_of(issuer),
                [
                    "https://issuer.example:8443/a/b/.well-known/openid-configuration",
                    "https://issuer.example:8443/.well-known/oauth-authorization-server/a/b",
                    "https://issuer.example:8443/.well-known/openid-configuration/a/b",
                ]
            );
        }
        for bad in ["https://issuer.example?x", "https://issuer.example#x", "https://a@b", "x"] {
            assert!(Metadata::of(bad.to_owned(), &HttpHosts::default()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_host_that_is_allowed_may_be_led_to_wherever_it_is() {
        let mut hosts = HttpHosts::default();
        hosts.allow("172.18.0.3").unwrap();
        let issuer = "https://kubernetes.default.svc.cluster.local";
        let find = |address: &str, hosts: &HttpHosts| {
            let text = format!(r#"{{"issuer":"{issuer}","jwks_uri":"{address}"}}"#);
            address_in(&text, "jwks_uri", issuer, &address_of(issuer), hosts)
        };
        for address in ["https://172.18.0.3:6443/openid/v1/jwks", "http://172.18.0.3/jwks"] {
            assert_eq!(find(address, &hosts).unwrap().to_string(), address);
            let fault = find(address, &HttpHosts::default()).unwrap_err();
            assert!(fault.contains(r#"`.dangerously_allow_http("172.18.0.3")`"#), "{fault}");
        }
        for other in ["https://172.18.0.4/jwks", "http://issuer.example/jwks"] {
            assert!(find(other, &hosts).is_err(), "{other}");
        }
    }

    #[test]
    fn an_address_is_taken_from_the_issuers_own_metadata_only() {
        let issuer = "https://server.example.com";
        let from = address_of(issuer);
        let find = |text: &str| {
            address_in(text, "introspection_endpoint", issuer, &from, &HttpHosts::default())
        };
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
            let from = address_of(issuer);
            let text = format!(r#"{{"issuer":"{issuer}","jwks_uri":"{address}"}}"#);
            let found = address_in(&text, "jwks_uri", issuer, &from, &HttpHosts::default());
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
