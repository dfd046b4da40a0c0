//! How this service proves to the endpoint who it is (RFC 7662 section 2.1, RFC 6749 section 2.3.1),
//! and what it asks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;

use crate::authentication::http::Form;

/// What the description says: a name and a secret, and how they are sent.
#[derive(Clone)]
pub(super) struct ClientSecret {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) place: Place,
}

/// Where the endpoint looks for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Header,
    Body,
}

/// The same as it is sent.
pub(super) struct Credentials {
    authorization: Option<HeaderValue>,
    parameters: String,
}

impl ClientSecret {
    /// Prepares what is sent; the error is what is wrong with it.
    pub(super) fn check(&self) -> Result<Credentials, String> {
        for (what, value) in [("identifier", &self.id), ("secret", &self.secret)] {
            if value.is_empty() || value.chars().any(char::is_control) {
                return Err(format!("the client's {what} is empty, or has control characters"));
            }
        }
        let (id, secret) = (encode(&self.id), encode(&self.secret));
        if self.place == Place::Body {
            let parameters = format!("&client_id={id}&client_secret={secret}");
            return Ok(Credentials { authorization: None, parameters });
        }
        let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        let mut value =
            HeaderValue::from_str(&basic).map_err(|_| "the client cannot be sent".to_owned())?;
        value.set_sensitive(true);
        Ok(Credentials { authorization: Some(value), parameters: String::new() })
    }
}

impl Credentials {
    /// The question about a token.
    pub(super) fn form(&self, token: &[u8], accept: &'static str) -> Form<'_> {
        let token = encode(&String::from_utf8_lossy(token));
        let body = format!("token={token}&token_type_hint=access_token{}", self.parameters);
        Form { accept, authorization: self.authorization.as_ref(), body }
    }
}

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

    fn sent(id: &str, secret: &str, place: Place) -> (Option<String>, String) {
        let client = ClientSecret { id: id.to_owned(), secret: secret.to_owned(), place };
        let credentials = client.check().unwrap();
        let form = credentials.form(b"a+b/c==", "application/json");
        let header = form.authorization.map(|value| value.to_str().unwrap().to_owned());
        (header, form.body)
    }

    #[test]
    fn credentials_are_encoded_as_a_form_is_and_sent_in_one_place() {
        let question = "token=a%2Bb%2Fc%3D%3D&token_type_hint=access_token";
        let (header, body) = sent("shop", "s e:c/r~t", Place::Header);
        let expected = format!("Basic {}", STANDARD.encode("shop:s+e%3Ac%2Fr%7Et"));
        assert_eq!((header, body.as_str()), (Some(expected), question));
        // RFC 6749 appendix B.
        let (header, body) = sent(" %&+\u{a3}\u{20ac}", "x", Place::Body);
        assert_eq!(header, None);
        let parameters = "&client_id=+%25%26%2B%C2%A3%E2%82%AC&client_secret=x";
        assert_eq!(body, format!("{question}{parameters}"));
    }

    #[test]
    fn what_cannot_be_a_name_or_a_secret_is_refused() {
        for (id, secret) in [("", "x"), ("a", ""), ("a\n", "x"), ("a", "x\0")] {
            let (id, secret) = (id.to_owned(), secret.to_owned());
            assert!(ClientSecret { id, secret, place: Place::Body }.check().is_err());
        }
    }
}
