//! Authentication of this service at the introspection endpoint (RFC 7662 section 2.1, RFC 6749 section 2.3), and
//! the body of the request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;

use super::assertion::{Assertions, ClientKey};
use crate::authentication::http::Form;
use crate::authentication::jwt::is_test_material;
use crate::support::time::Moment;

/// The settings: a client id, and how it is authenticated.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) proof: Proof,
}

#[derive(Clone)]
pub(super) enum Proof {
    /// A secret in the `Authorization` header.
    Header(String),
    /// A secret in the form.
    Body(String),
    Key(ClientKey),
}

/// The same as it is sent.
pub(super) enum Credentials {
    Header(HeaderValue),
    Body(String),
    Assertions(Assertions),
    /// The endpoint requires no authentication.
    None,
}

impl Client {
    /// The credential that everybody knows, because it is published with this crate for tests.
    pub(super) fn published(&self) -> Option<&'static str> {
        let (what, is_published) = match &self.proof {
            Proof::Header(secret) | Proof::Body(secret) => {
                ("secret", is_test_material(secret.as_bytes()))
            }
            Proof::Key(key) => ("key", key.is_test_key()),
        };
        is_published.then_some(what)
    }

    /// Prepares what is sent to this issuer; the error is what is wrong with it.
    pub(super) fn check(&self, issuer: &str) -> Result<Credentials, String> {
        let id = encode(checked("identifier", &self.id)?);
        match &self.proof {
            Proof::Key(key) => key.check(&self.id, issuer).map(Credentials::Assertions),
            Proof::Body(secret) => {
                let secret = encode(checked("secret", secret)?);
                Ok(Credentials::Body(format!("&client_id={id}&client_secret={secret}")))
            }
            Proof::Header(secret) => {
                let secret = encode(checked("secret", secret)?);
                let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
                let mut value = HeaderValue::from_str(&basic)
                    .map_err(|_| "the client cannot be sent".to_owned())?;
                value.set_sensitive(true);
                Ok(Credentials::Header(value))
            }
        }
    }
}

fn checked<'a>(what: &str, value: &'a str) -> Result<&'a str, String> {
    if value.is_empty() || value.chars().any(char::is_control) {
        return Err(format!("the client's {what} is empty, or has control characters"));
    }
    Ok(value)
}

impl Credentials {
    /// The question about a token; nothing where no assertion can be signed.
    pub(super) fn form(&self, token: &[u8], accept: &'static str, now: Moment) -> Option<Form<'_>> {
        let token = encode(&String::from_utf8_lossy(token));
        let mut body = format!("token={token}&token_type_hint=access_token");
        let mut authorization = None;
        match self {
            Self::Header(value) => authorization = Some(value),
            Self::None => {}
            Self::Body(parameters) => body.push_str(parameters),
            Self::Assertions(assertions) => {
                body.push_str(&format!("&client_assertion_type={}", encode(ASSERTION_TYPE)));
                // Base64url and dots need no encoding.
                body.push_str(&format!("&client_assertion={}", assertions.make(now)?));
            }
        }
        Some(Form { accept, authorization, body })
    }
}

/// RFC 7523 section 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// `application/x-www-form-urlencoded` (RFC 6749 appendix B).
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(id: &str, proof: Proof) -> (Option<String>, String) {
        let credentials = Client { id: id.to_owned(), proof }.check("issuer").unwrap();
        let now = Moment::new(std::time::Duration::ZERO, std::time::Duration::ZERO);
        let form = credentials.form(b"a+b/c==", "application/json", now).unwrap();
        let header = form.authorization.map(|value| value.to_str().unwrap().to_owned());
        (header, form.body)
    }

    #[test]
    fn credentials_are_encoded_as_a_form_is_and_sent_in_one_place() {
        let question = "token=a%2Bb%2Fc%3D%3D&token_type_hint=access_token";
        let (header, body) = sent("shop", Proof::Header("s e:c/r~t".to_owned()));
        let expected = format!("Basic {}", STANDARD.encode("shop:s+e%3Ac%2Fr%7Et"));
        assert_eq!((header, body.as_str()), (Some(expected), question));
        // RFC 6749 appendix B.
        let (header, body) = sent(" %&+\u{a3}\u{20ac}", Proof::Body("x".to_owned()));
        assert_eq!(header, None);
        let parameters = "&client_id=+%25%26%2B%C2%A3%E2%82%AC&client_secret=x";
        assert_eq!(body, format!("{question}{parameters}"));
    }

    #[test]
    fn what_cannot_be_a_name_or_a_secret_is_refused() {
        for (id, secret) in [("", "x"), ("a", ""), ("a\n", "x"), ("a", "x\0")] {
            let (id, secret) = (id.to_owned(), secret.to_owned());
            assert!(Client { id, proof: Proof::Body(secret) }.check("issuer").is_err());
        }
    }
}
