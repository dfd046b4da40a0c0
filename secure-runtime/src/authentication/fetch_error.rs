//! Errors of fetches, with the whole cause for the log.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::url::Url;

/// Why nothing was fetched. Shown is what a person needs who reads the log: the address without its
/// query, the status, or everything that the client and the operating system say about the failure.
#[derive(Debug)]
pub(crate) struct FetchError {
    status: Option<u16>,
    cause: String,
}

impl FetchError {
    /// The address answered, and not with what was asked for.
    pub(super) fn status(address: &Url, status: u16) -> Self {
        Self { status: Some(status), cause: format!("`{address}` answered {status}") }
    }

    pub(super) fn late(address: &Url, limit: Duration) -> Self {
        format!("`{address}` did not answer within {limit:?}").into()
    }

    pub(super) fn of(address: &Url, error: reqwest::Error) -> Self {
        format!("`{address}`: {}", causes(&error.without_url())).into()
    }

    pub(super) fn no_client(error: reqwest::Error) -> Self {
        format!("no HTTP client: {}", causes(&error.without_url())).into()
    }

    /// Whether there is no such document.
    pub(crate) fn is_not_found(&self) -> bool {
        self.status == Some(404)
    }
}

impl From<String> for FetchError {
    fn from(cause: String) -> Self {
        Self { status: None, cause }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.cause)
    }
}

/// An error and everything behind it: the outermost sentence alone is the same for a name that does
/// not resolve, a refused connection and a certificate that does not fit.
fn causes(error: &dyn Error) -> String {
    let mut sentences: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let sentence = cause.to_string();
        if !sentences.iter().any(|earlier| earlier.contains(&sentence)) {
            sentences.push(sentence);
        }
        next = cause.source();
    }
    let text = sentences.join(": ");
    let hint = HINTS.iter().find(|(symptom, _)| text.contains(symptom));
    hint.map_or_else(|| text.clone(), |(_, hint)| format!("{text} ({hint})"))
}

/// What helps against failures whose own words do not say it.
const HINTS: [(&str, &str); 2] = [
    (
        "No CA certificates",
        "install the system's certificate authorities, in the package `ca-certificates` on most \
         systems, or give the provider's with `.root_certificates(…)`",
    ),
    (
        "UnknownIssuer",
        "no trusted authority has signed the certificate: a private authority is trusted with \
         `.root_certificates(…)`",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Layer>>);

    impl fmt::Display for Layer {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(self.0)
        }
    }

    impl Error for Layer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|layer| layer as &dyn Error)
        }
    }

    fn chain(sentences: &[&'static str]) -> String {
        let layers = sentences.iter().rev();
        let error = layers.fold(None, |inner, text| Some(Box::new(Layer(text, inner))));
        causes(&*error.unwrap())
    }

    #[test]
    fn every_cause_is_told_once_and_what_helps_with_it() {
        let refused = ["error sending request", "tcp connect error", "Connection refused"];
        assert_eq!(chain(&refused), refused.join(": "));
        let repeated = ["error: certificate expired", "certificate expired", "certificate expired"];
        assert_eq!(chain(&repeated), "error: certificate expired");
        let unknown = chain(&["connect", "invalid peer certificate: UnknownIssuer"]);
        assert!(unknown.contains("`.root_certificates(…)`"), "{unknown}");
        let none = chain(&["builder error", "No CA certificates were loaded from the system"]);
        assert!(none.contains("`ca-certificates`"), "{none}");
    }
}
