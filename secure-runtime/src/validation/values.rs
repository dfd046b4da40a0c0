//! Counts the values of a body or a query from its bytes, for `max_validated_values`.
//!
//! `validator` allocates about a kilobyte for each value that breaks a rule, and copies a list that
//! is too long into its error. It cannot be stopped from outside. So a part with too many values is
//! refused before `validator` sees it.

use actix_web::{HttpMessage, HttpRequest};

use crate::denial::{Denial, FieldError};

/// The number of values in a body, counted while it arrives. The extractor decides the format, so
/// both formats are counted.
#[derive(Debug, Default)]
pub(crate) struct ValueCount {
    json: usize,
    separators: usize,
    position: Position,
}

/// The state of the JSON text between two bytes.
#[derive(Clone, Copy, Debug, Default)]
enum Position {
    /// After a value, a comma or a colon.
    #[default]
    Between,
    /// After the start of a list or an object, which may be empty.
    Opened,
    /// In a string.
    Text,
    /// In a string, after a backslash.
    Escaped,
}

impl ValueCount {
    /// Counts the values in the next part of the body.
    pub(crate) fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.separators += usize::from(*byte == b'&');
            self.position = match (self.position, byte) {
                (Position::Text, b'\\') => Position::Escaped,
                (Position::Text, b'"') => Position::Between,
                (Position::Text | Position::Escaped, _) => Position::Text,
                (position, b' ' | b'\t' | b'\n' | b'\r') => position,
                (_, b']' | b'}') => Position::Between,
                (position, byte) => {
                    let is_next = *byte == b',' || matches!(position, Position::Opened);
                    self.json += usize::from(is_next);
                    match byte {
                        b'[' | b'{' => Position::Opened,
                        b'"' => Position::Text,
                        _ => Position::Between,
                    }
                }
            };
        }
    }

    /// The elements of all lists and the members of all objects, at any depth, if it is JSON.
    pub(crate) fn of_json(&self) -> usize {
        self.json
    }

    /// The pairs, if it is a form.
    pub(crate) fn of_form(&self) -> usize {
        self.separators + 1
    }
}

/// The result of counting one body.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BodyValues {
    pub(crate) too_many_in_json: bool,
    pub(crate) too_many_in_form: bool,
}

/// The parts of a request that have too many values to be validated.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Values {
    most: usize,
    body: BodyValues,
    too_many_in_query: bool,
    /// The format by the body's media type: `Json`, `Form`, or `None` if nothing is counted.
    format: Option<Part>,
}

/// A part of the request to validate, with its format.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    Json,
    Form,
    Query,
    Path,
    /// A body that an extractor of the application reads.
    Body,
}

/// A part that is refused without validation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooMany {
    part: Part,
    most: usize,
}

impl Values {
    /// For a request whose body was counted while it was read.
    pub(crate) fn of(request: &HttpRequest, body: BodyValues, most: usize) -> Self {
        let query = request.query_string();
        let pairs = || {
            let mut count = ValueCount::default();
            count.read(query.as_bytes());
            count.of_form()
        };
        let too_many_in_query = query.len() > most && pairs() > most;
        // The media type is needed rarely: for an ordinary body it makes no difference.
        let differs = body.too_many_in_json || body.too_many_in_form;
        let format = if differs { Part::by_media_type(request) } else { None };
        Self { most, body, too_many_in_query, format }
    }

    /// Whether this part has too many values.
    pub(super) fn in_part(&self, part: Part) -> Option<TooMany> {
        let part = match (part, self.format) {
            (Part::Body, Some(format)) => format,
            (part, _) => part,
        };
        let is_too_many = match part {
            Part::Json => self.body.too_many_in_json,
            Part::Form => self.body.too_many_in_form,
            Part::Query => self.too_many_in_query,
            // The server limits the length of a path. Other formats are not counted.
            Part::Path | Part::Body => false,
        };
        is_too_many.then_some(TooMany { part, most: self.most })
    }
}

impl Part {
    fn by_media_type(request: &HttpRequest) -> Option<Self> {
        match request.content_type() {
            "application/x-www-form-urlencoded" => Some(Self::Form),
            media_type if media_type.ends_with("json") => Some(Self::Json),
            _ => None,
        }
    }

    /// The name of the part in the problem.
    pub(super) fn location(self) -> &'static str {
        match self {
            Self::Json | Self::Form | Self::Body => "body",
            Self::Query => "query",
            Self::Path => "path",
        }
    }
}

impl TooMany {
    /// The violation in the problem.
    pub(super) fn violation(self) -> FieldError {
        FieldError {
            location: self.part.location(),
            pointer: String::from("#"),
            code: String::from("values"),
            detail: format!("must have at most {} values", self.most),
        }
    }

    /// The refusal, with all violations that were found.
    pub(super) fn denial(self, found: Vec<FieldError>) -> Denial {
        let Self { part, most } = self;
        let location = part.location();
        let cause = format!("the {location} has more than `max_validated_values` allows, {most}");
        Denial::invalid(cause, found)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn counted(bytes: &[u8]) -> usize {
        let mut count = ValueCount::default();
        count.read(bytes);
        count.of_json()
    }

    /// The same from the tree.
    fn values(tree: &Value) -> usize {
        match tree {
            Value::Array(list) => list.len() + list.iter().map(values).sum::<usize>(),
            Value::Object(map) => map.len() + map.values().map(values).sum::<usize>(),
            _ => 0,
        }
    }

    #[test]
    fn lists_objects_and_strings_are_told_apart() {
        for (text, expected) in [
            ("[]", 0),
            ("[ ]", 0),
            ("7", 0),
            ("[[]]", 1),
            ("[{},{},{}]", 3),
            (r#"{"a":1,"b":[2,3],"c":{}}"#, 5),
            (r#"["a,b","[\",{","\\"]"#, 3),
            ("[\"\u{e9},\u{1f600}\"]", 1),
        ] {
            assert_eq!(counted(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn pairs_are_counted_by_their_separators() {
        let mut count = ValueCount::default();
        count.read(b"a=1&b=%26&c");
        assert_eq!(count.of_form(), 3);
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<i32>().prop_map(|number| json!(number)),
            r#"[a-c"\\,:&{}\[\]\n]{0,6}"#.prop_map(|text| json!(text)),
        ];
        leaf.prop_recursive(5, 60, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::hash_map(r#"[a"\\,]{0,3}"#, inner, 0..6)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn bytes_in_any_parts_count_as_the_tree(tree in tree(), pretty: bool, cut in 1_usize..9) {
            let text = if pretty { serde_json::to_vec_pretty(&tree) } else { serde_json::to_vec(&tree) };
            let text = text.unwrap();
            let mut count = ValueCount::default();
            text.chunks(cut).for_each(|part| count.read(part));
            prop_assert_eq!(count.of_json(), values(&tree));
        }
    }
}
