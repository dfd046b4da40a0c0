//! Translates field names in violations from Rust to the names that the client sent: `#/unitPrice`,
//! not `#/unit_price`.
//!
//! Rules contain the names of fields in Rust. A derived `Deserialize` passes the names of the JSON
//! members to its deserializer. So after a violation, the type is deserialized once more, from a
//! deserializer without data. It follows the path of the violation, records the names, and ends
//! with an error.
//!
//! 1. A name that `serde` reads stays. Any other name is converted by each rule of `rename_all`. If
//!    exactly one result is a name that `serde` reads, it is taken; otherwise the name in Rust
//!    stays.
//! 2. No value is created. Only keys of maps are passed on, and they come from the path.
//! 3. A path ends after [`MOST_STEPS`], regardless of the type. A panic of a `Deserialize` ends it
//!    as well.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

use super::Violations;
use super::pointers::{push_segment, segments};
use crate::denial::FieldError;

impl Violations {
    /// Runs the check of an application's extractor, and replaces the field names in its violations
    /// by the names that `serde` reads for `T`: `#/unitPrice` if the type has `rename_all =
    /// "camelCase"`. `Json`, `Query`, `Form` and `Path` of actix-web need no call. A field with a
    /// `rename` of its own keeps its name in Rust.
    ///
    /// ```
    /// use secure_runtime::validator::Validate;
    /// use secure_runtime::{Validatable, Violations};
    /// use serde::de::DeserializeOwned;
    ///
    /// struct MessagePack<T>(T);
    ///
    /// impl<T: Validate + DeserializeOwned> Validatable for MessagePack<T> {
    ///     fn check_rules(&self, violations: &mut Violations) {
    ///         violations.with_names_of::<T>(|violations| violations.check_body(&self.0));
    ///     }
    /// }
    /// ```
    pub fn with_names_of<T: DeserializeOwned>(&mut self, check: impl FnOnce(&mut Self)) {
        let earlier = std::mem::take(&mut self.found);
        check(self);
        self.join(earlier, Some(read::<T>));
    }

    /// Replaces the names in the new violations, and adds the earlier ones.
    pub(super) fn join(&mut self, earlier: Vec<FieldError>, names: Option<ReadFrom>) {
        // Violations that are not listed need no names.
        self.order();
        if let Some(read) = names {
            let pointers = self.found.iter_mut().map(|error| &mut error.pointer);
            pointers.for_each(|pointer| *pointer = as_sent(pointer, read));
        }
        self.found.extend(earlier);
        self.order();
    }
}

/// The maximal depth, which is that of `serde_json`.
const MOST_STEPS: usize = 128;

/// Deserializes a type from a probe.
pub(super) type ReadFrom = fn(Probe<'_>);

/// Deserializes `T`. The only result is the recorded names.
pub(super) fn read<T: DeserializeOwned>(probe: Probe<'_>) {
    let _ = T::deserialize(probe);
}

/// The pointer with the names that the client sent, as far as the type reveals them.
#[cold]
pub(super) fn as_sent(pointer: &str, read: ReadFrom) -> String {
    let mut names = segments(pointer);
    let probe = Probe { names: &mut names, steps: MOST_STEPS };
    // The names that were recorded before a panic are correct.
    let _ = catch_unwind(AssertUnwindSafe(|| read(probe)));
    let mut sent = String::from("#");
    names.iter().for_each(|name| push_segment(&mut sent, name));
    sent
}

/// A deserializer without data, at the value where the rest of a path begins.
pub(super) struct Probe<'a> {
    names: &'a mut [String],
    steps: usize,
}

impl<'a> Probe<'a> {
    fn deeper(self) -> Result<Self, Stopped> {
        let steps = self.steps.checked_sub(1).ok_or(Stopped)?;
        Ok(Self { steps, ..self })
    }

    /// The next name of the path, and the probe of its value.
    fn enter(self) -> Result<(&'a mut String, Self), Stopped> {
        let Self { names, steps } = self.deeper()?;
        let (name, names) = names.split_first_mut().ok_or(Stopped)?;
        Ok((name, Probe { names, steps }))
    }
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Stopped;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stopped> {
        Err(Stopped)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        visitor.visit_some(self.deeper()?)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        visitor.visit_newtype_struct(self.deeper()?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        let (index, value) = self.enter()?;
        if index.parse::<usize>().is_err() {
            return Err(Stopped);
        }
        visitor.visit_seq(One { key: None, value: Some(value) })
    }

    /// The keys are the client's own. A struct with `flatten` is also read as a map, and its names
    /// cannot be found.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        let (key, value) = self.enter()?;
        visitor.visit_map(One { key: Some(key), value: Some(value) })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        let (name, value) = self.enter()?;
        let sent = sent_name(name, fields).ok_or(Stopped)?;
        sent.clone_into(name);
        if value.names.is_empty() {
            return Err(Stopped);
        }
        visitor.visit_map(One { key: Some(name), value: Some(value) })
    }

    // Elements of tuples have different types, and variants of enums are not part of a path.
    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        tuple tuple_struct enum identifier ignored_any
    }
}

/// A map or a list with only one element.
struct One<'a> {
    key: Option<&'a str>,
    value: Option<Probe<'a>>,
}

impl<'de> MapAccess<'de> for One<'_> {
    type Error = Stopped;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Stopped> {
        seed.deserialize(Key(self.key.take().ok_or(Stopped)?)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stopped> {
        seed.deserialize(self.value.take().ok_or(Stopped)?)
    }
}

impl<'de> SeqAccess<'de> for One<'_> {
    type Error = Stopped;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Stopped> {
        seed.deserialize(self.value.take().ok_or(Stopped)?).map(Some)
    }
}

/// A key: text, or a number in text form.
struct Key<'a>(&'a str);

macro_rules! numbers {
    ($($method:ident $visit:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
            visitor.$visit(self.0.parse().map_err(|_| Stopped)?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = Stopped;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        visitor.visit_str(self.0)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        let text: StrDeserializer<'_, Stopped> = self.0.into_deserializer();
        text.deserialize_enum(name, variants, visitor)
    }

    numbers! {
        deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32 deserialize_i64 visit_i64
        deserialize_u8 visit_u8 deserialize_u16 visit_u16 deserialize_u32 visit_u32 deserialize_u64 visit_u64
    }

    forward_to_deserialize_any! {
        bool i128 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple tuple_struct
        map struct identifier ignored_any
    }
}

/// The error that ends every probe.
#[derive(Debug)]
pub(super) struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("there is no data")
    }
}

impl std::error::Error for Stopped {}

impl de::Error for Stopped {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// The name that `serde` reads for a field, if it is certain.
fn sent_name(field: &str, read: &[&'static str]) -> Option<&'static str> {
    let field = field.strip_prefix("r#").unwrap_or(field);
    let find = |name: &str| read.iter().copied().find(|read| *read == name);
    if let Some(same) = find(field) {
        return Some(same);
    }
    let renamed = renamed(field);
    let mut found = renamed.iter().filter_map(|name| find(name));
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

/// A field's name by each rule of `rename_all` that changes it; `lowercase` and `snake_case` do
/// not.
fn renamed(field: &str) -> [String; 5] {
    let mut pascal = String::with_capacity(field.len());
    for word in field.split('_') {
        let mut letters = word.chars();
        pascal.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        pascal.push_str(letters.as_str());
    }
    let mut letters = pascal.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    let camel = first.into_iter().chain(letters).collect();
    let upper = field.to_ascii_uppercase();
    [camel, pascal, upper.replace('_', "-"), upper, field.replace('_', "-")]
}

#[cfg(test)]
mod tests;
