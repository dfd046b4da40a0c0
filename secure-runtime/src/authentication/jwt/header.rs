//! Strict parser of the JOSE header, which only selects a configured key.
//!
//! 1. `alg` and `kid` select among the configured keys and nothing else; `kid` is compared, never
//!    looked up anywhere (RFC 8725 section 3.10).
//! 2. `crit` is refused whatever it lists: this reader understands no extension, and an empty list
//!    is not allowed (RFC 7515 section 4.1.11). `b64` without `crit` is refused too (RFC 7797
//!    section 6).
//! 3. `enc` and `zip` make it something other than a JWS: refused. `"zip": "NONE"`, which some
//!    issuers write, means that nothing is compressed, and is accepted.
//! 4. `jwk`, `jku`, `x5c` and `x5u` are never read: keys come from the configuration, so a token
//!    cannot bring its own, and no URL in it is ever fetched (RFC 8725 section 3.10). Some issuers
//!    do send them, so they are not an error: RFC 7515 section 4 has a reader ignore what it does
//!    not use.

use std::borrow::Cow;

use super::json::{Json, JsonFault, Object};

/// What is used of a header.
#[derive(Debug, PartialEq)]
pub(crate) struct Header<'a> {
    pub(crate) algorithm: Cow<'a, str>,
    pub(crate) key_id: Option<Cow<'a, str>>,
    pub(crate) media_type: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    /// Reads the decoded first segment.
    pub(crate) fn parse(text: &'a str) -> Result<Self, &'static str> {
        let object = Object::parse_at_most(text, MOST_VALUES).map_err(|fault| match fault {
            JsonFault::NotAnObject => "the header is not a JSON object, or has too many values",
            JsonFault::DuplicateMember => "the header has a member twice",
        })?;
        if object.get("crit").is_some() {
            return Err("the header asks for extensions with `crit`, and none is understood");
        }
        if object.get("b64").is_some() {
            return Err("the header has `b64`, which makes it an unencoded payload");
        }
        let is_compressed = match object.get("zip") {
            None => false,
            Some(Json::Text(name)) => name != "NONE",
            Some(_) => true,
        };
        if object.get("enc").is_some() || is_compressed {
            return Err("the header is that of an encrypted or compressed token");
        }
        let algorithm = match object.get("alg") {
            Some(Json::Text(name)) => name.clone(),
            Some(_) => return Err("`alg` of the header is not a string"),
            None => return Err("the header has no `alg`"),
        };
        let key_id = match object.get("kid") {
            None => None,
            Some(Json::Text(name)) if name.len() <= MAX_KEY_ID_BYTES => Some(name.clone()),
            Some(Json::Text(_)) => return Err("`kid` of the header is too long"),
            Some(_) => return Err("`kid` of the header is not a string"),
        };
        let media_type = match object.get("typ") {
            None => None,
            Some(Json::Text(name)) => Some(name.clone()),
            Some(_) => return Err("`typ` of the header is not a string"),
        };
        Ok(Self { algorithm, key_id, media_type })
    }
}

/// No issuer in use comes near it: a SHA-512 thumbprint has 86 characters.
pub(crate) const MAX_KEY_ID_BYTES: usize = 256;

/// More than a header with a key and a chain of certificates has. Anybody can send one, so what it
/// takes is bounded.
const MOST_VALUES: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_strictly() {
        let check = |text: &str, expected: Result<&str, &str>| {
            let found = Header::parse(text).map(|header| header.algorithm.into_owned());
            assert_eq!(found.as_deref().map_err(|cause| *cause), expected, "{text}");
        };
        check(r#"{"alg":"HS256"}"#, Ok("HS256"));
        check(r#"{"alg":"HS256","x":{"y":[1]}}"#, Ok("HS256"));
        check(r#"{"alg":"HS256","jku":"https://evil.example","jwk":{}}"#, Ok("HS256"));
        check(r#"{"alg":"HS256","zip":"NONE"}"#, Ok("HS256"));
        for compressed in [r#""DEF""#, r#""none""#, r#""""#, "null", "[]", "false"] {
            check(
                &format!(r#"{{"alg":"HS256","zip":{compressed}}}"#),
                Err("the header is that of an encrypted or compressed token"),
            );
        }
        check(
            r#"{"alg":"HS256","enc":"NONE"}"#,
            Err("the header is that of an encrypted or compressed token"),
        );
        check(r#"{"alg":null}"#, Err("`alg` of the header is not a string"));
        check(r#"{"alg":["HS256"]}"#, Err("`alg` of the header is not a string"));
        check("{}", Err("the header has no `alg`"));
        let no_object = Err("the header is not a JSON object, or has too many values");
        check("[]", no_object);
        let with_values =
            |count: usize| format!(r#"{{"alg":"HS256","x":[{}1]}}"#, "{},".repeat(count - 4));
        check(&with_values(100), Ok("HS256"));
        check(&with_values(101), no_object);
        check(r#"{"alg":"HS256","alg":"HS256"}"#, Err("the header has a member twice"));
        check(r#"{"alg":"HS256","kid":7}"#, Err("`kid` of the header is not a string"));
        check(r#"{"alg":"HS256","typ":null}"#, Err("`typ` of the header is not a string"));
        check(
            &format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(257)),
            Err("`kid` of the header is too long"),
        );
        check(&format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(256)), Ok("HS256"));
        for critical in ["[]", r#"["exp"]"#, r#"["b64"]"#, "null", r#""exp""#] {
            check(
                &format!(r#"{{"alg":"HS256","crit":{critical}}}"#),
                Err("the header asks for extensions with `crit`, and none is understood"),
            );
        }
    }
}
