//! Strict JSON parser: rejects duplicate members, and borrows strings from the text.
//!
//! JWS and JWT leave it to the reader to refuse duplicate members or take the last one (RFC 7515
//! section 4, RFC 7519 section 4). Two readers that choose differently can be played against each
//! other, so a duplicate at any depth is refused here.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor,
};

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Number(f64),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// A JSON object without duplicate members.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

/// Why a text is not a strict JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonFault {
    NotAnObject,
    DuplicateMember,
}

impl<'a> Object<'a> {
    /// Parses a text that is exactly one object.
    pub(crate) fn parse(text: &'a str) -> Result<Self, JsonFault> {
        Self::parse_at_most(text, usize::MAX)
    }

    /// The same, of at most so many values, those inside of others counted: for texts that nobody has
    /// signed.
    pub(crate) fn parse_at_most(text: &'a str, most_values: usize) -> Result<Self, JsonFault> {
        let left = Cell::new(most_values);
        let mut reader = serde_json::Deserializer::from_str(text);
        let value = JsonSeed(&left).deserialize(&mut reader);
        match value.and_then(|value| reader.end().map(|()| value)) {
            Ok(Json::Object(object)) if object.has_duplicates() => Err(JsonFault::DuplicateMember),
            Ok(Json::Object(object)) => Ok(object),
            Ok(_) | Err(_) => Err(JsonFault::NotAnObject),
        }
    }

    /// The member of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.0.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// The member of this name, unless it is `null`.
    pub(crate) fn given(&self, name: &str) -> Option<&Json<'a>> {
        self.get(name).filter(|value| !matches!(value, Json::Null))
    }

    /// The names of the members, in their order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_ref())
    }

    /// The members, in their order.
    pub(crate) fn into_members(self) -> Vec<(Cow<'a, str>, Json<'a>)> {
        self.0
    }

    fn has_duplicates(&self) -> bool {
        let Self(members) = self;
        let twice = if members.len() <= FEW {
            let mut rest = members.as_slice();
            let mut twice = false;
            while let Some(((name, _), more)) = rest.split_first() {
                twice |= more.iter().any(|(other, _)| other == name);
                rest = more;
            }
            twice
        } else {
            let mut seen = HashSet::with_capacity(members.len());
            !members.iter().all(|(name, _)| seen.insert(name.as_ref()))
        };
        twice || members.iter().any(|(_, value)| value.has_duplicates())
    }
}

impl Json<'_> {
    fn has_duplicates(&self) -> bool {
        match self {
            Self::Object(object) => object.has_duplicates(),
            Self::List(items) => items.iter().any(Json::has_duplicates),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => false,
        }
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        JsonSeed(&Cell::new(usize::MAX)).deserialize(deserializer)
    }
}

/// Reads a value, and counts how many more there may be.
#[derive(Clone, Copy)]
struct JsonSeed<'s>(&'s Cell<usize>);

impl<'de> DeserializeSeed<'de> for JsonSeed<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        let left = self.0.get().checked_sub(1);
        self.0.set(left.ok_or_else(|| D::Error::custom("too many values"))?);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for JsonSeed<'_> {
    type Value = Json<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Json::Number(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = object.next_key::<Json<'de>>()? {
            let Json::Text(name) = name else { return Err(A::Error::custom("a name is a text")) };
            let value = object.next_value_seed(self)?;
            // How serde_json hands over a number when some other crate of the program turned on
            // its `arbitrary_precision` feature.
            if name == ARBITRARY_PRECISION
                && let Json::Text(digits) = &value
            {
                return digits.parse().map(Json::Number).map_err(A::Error::custom);
            }
            members.push((name, value));
        }
        Ok(Json::Object(Object(members)))
    }
}

/// Up to here comparing each name with each other one is cheaper than hashing them.
const FEW: usize = 16;

const ARBITRARY_PRECISION: &str = "$serde_json::private::Number";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(), JsonFault>) {
        assert_eq!(Object::parse(text).map(|_| ()), expected, "{text}");
    }

    #[test]
    fn a_member_is_there_once_at_any_depth() {
        let many = (0..40).map(|n| format!("\"m{n}\":1")).collect::<Vec<_>>().join(",");
        check(r#"{"a":1,"b":2}"#, Ok(()));
        check(r#"{"a":1,"a":1}"#, Err(JsonFault::DuplicateMember));
        check(r#"{"a":1,"\u0061":1}"#, Err(JsonFault::DuplicateMember));
        check(r#"{"a":1,"A":1}"#, Ok(()));
        check(r#"{"a":{"b":1,"b":1}}"#, Err(JsonFault::DuplicateMember));
        check(r#"{"a":[{"b":1},{"b":1}]}"#, Ok(()));
        check(r#"{"a":[{"b":1,"b":1}]}"#, Err(JsonFault::DuplicateMember));
        check(&format!("{{{many}}}"), Ok(()));
        check(&format!("{{{many},\"m7\":1}}"), Err(JsonFault::DuplicateMember));
    }

    #[test]
    fn only_one_object_is_an_object() {
        for text in [
            "",
            "null",
            "1",
            "\"a\"",
            "[]",
            "[{}]",
            "{} {}",
            "{}x",
            "{",
            "{\"a\"}",
            "{a:1}",
            "{'a':1}",
            "{\"a\":1,}",
            "\u{feff}{}",
            "{\"a\":NaN}",
            "{\"a\":1e999}",
            "{\"a\":01}",
            "// c\n{}",
        ] {
            check(text, Err(JsonFault::NotAnObject));
        }
        check(" {} \r\n\t", Ok(()));
        check(
            &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
            Err(JsonFault::NotAnObject),
        );
    }

    #[test]
    fn values_can_be_bounded_at_any_depth() {
        let text = r#"{"a":1,"b":[2,{"c":3}],"d":{}}"#;
        assert!(Object::parse_at_most(text, 7).is_ok());
        assert_eq!(Object::parse_at_most(text, 6), Err(JsonFault::NotAnObject));
        let many = format!("{{\"a\":[{}0]}}", "{},".repeat(100_000));
        assert!(Object::parse(&many).is_ok());
        assert_eq!(Object::parse_at_most(&many, 100), Err(JsonFault::NotAnObject));
    }

    #[test]
    fn strings_without_escapes_are_borrowed() {
        let object = Object::parse(r#"{"a":"plain","b":"\u0070lain"}"#).unwrap();
        assert!(matches!(object.get("a"), Some(Json::Text(Cow::Borrowed("plain")))));
        assert!(matches!(object.get("b"), Some(Json::Text(Cow::Owned(text))) if text == "plain"));
    }

    #[test]
    fn a_number_of_arbitrary_precision_is_a_number() {
        let object = Object::parse(r#"{"a":{"$serde_json::private::Number":"1.5"}}"#).unwrap();
        assert_eq!(object.get("a"), Some(&Json::Number(1.5)));
    }
}
