//! The place of the API key in a request.

use crate::authentication::bearer::{Bearer, of_scheme};
use crate::authentication::{Challenge, Presented};
use crate::request::{FieldName, RequestHead};

/// The places where a key is looked for.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(super) field: Field,
    /// The name of a parameter of the query, where that was asked for.
    pub(super) query: Option<Box<str>>,
}

/// The header that carries keys.
#[derive(Clone, Debug)]
pub(crate) enum Field {
    /// The whole value of a header of its own.
    Own(FieldName),
    /// The `Authorization` header, after this scheme.
    Authorization(&'static str),
}

/// What a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carried<'a> {
    Nothing,
    Key(&'a [u8]),
    Malformed(&'static str),
}

impl Places {
    /// Looks for the key, which is in one place, and once.
    pub(super) fn find<'a>(&self, request: &RequestHead<'a>) -> Carried<'a> {
        let field = self.field.find(request);
        let Some(name) = &self.query else { return field };
        match (field, in_query(name, request.query())) {
            (field, Carried::Nothing) => field,
            (Carried::Nothing, query) => query,
            _ => Carried::Malformed("a key in a header, and one in the query"),
        }
    }

    /// Where the key is, well-formed or not; one in the query beside that of the header is refused
    /// by [`find`](Self::find).
    pub(super) fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        if !matches!(self.field.find(request), Carried::Nothing) {
            return Presented::Header(self.field.name());
        }
        match &self.query {
            Some(name) if !matches!(in_query(name, request.query()), Carried::Nothing) => {
                Presented::Query(name)
            }
            _ => Presented::Absent,
        }
    }

    /// What a client is told that has no good key.
    pub(super) fn challenge(&self, realm: &str) -> Challenge {
        match &self.field {
            Field::Own(name) => {
                Challenge::new(SCHEME).parameter("realm", realm).parameter("header", name.as_str())
            }
            Field::Authorization(scheme) => Challenge::new(scheme).parameter("realm", realm),
        }
    }
}

impl Field {
    fn name(&self) -> &str {
        match self {
            Self::Own(name) => name.as_str(),
            Self::Authorization(_) => "authorization",
        }
    }

    fn find<'a>(&self, request: &RequestHead<'a>) -> Carried<'a> {
        match self {
            Self::Own(name) => {
                let mut lines = request.lines_of(name);
                match (lines.next(), lines.next()) {
                    (None, _) => Carried::Nothing,
                    (Some([]), None) => Carried::Malformed("the header of the key is empty"),
                    (Some(key), None) => Carried::Key(key),
                    (Some(_), Some(_)) => Carried::Malformed("several headers with a key"),
                }
            }
            Self::Authorization(scheme) => {
                let mut lines = request.authorization();
                match (lines.next(), lines.next()) {
                    (None, _) => Carried::Nothing,
                    (Some(line), None) => match of_scheme(scheme, line) {
                        Bearer::Absent => Carried::Nothing,
                        Bearer::Token(key) => Carried::Key(key),
                        Bearer::Malformed(cause) => Carried::Malformed(cause),
                    },
                    (Some(_), Some(_)) => Carried::Malformed("several `Authorization` lines"),
                }
            }
        }
    }
}

/// A key needs no encoding, so nothing is decoded.
fn in_query<'a>(name: &str, query: &'a str) -> Carried<'a> {
    let mut values = query.split('&').filter_map(|parameter| {
        let (found, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        (found == name).then_some(value)
    });
    match (values.next(), values.next()) {
        (None, _) => Carried::Nothing,
        (Some(""), None) => Carried::Malformed("the parameter of the key is empty"),
        (Some(key), None) => Carried::Key(key.as_bytes()),
        (Some(_), Some(_)) => Carried::Malformed("several parameters with a key"),
    }
}

/// No registered scheme sends a key in a header of its own; this name is what most services use.
const SCHEME: &str = "ApiKey";
