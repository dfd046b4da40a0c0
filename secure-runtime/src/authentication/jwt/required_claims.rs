//! Required claim values, as the configuration of a `Jwt` states them.

use super::json::{Json, Object};
use super::{Jwt, Rules};
use crate::authentication::ClaimPath;

/// A value of a claim: a text, a whole number or a Boolean.
///
/// ```
/// use secure_runtime::authentication::ClaimValue;
///
/// assert_eq!(ClaimValue::from("access"), ClaimValue::from("access".to_owned()));
/// assert_ne!(ClaimValue::from(true), ClaimValue::from("true"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimValue(Value);

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Text(Box<str>),
    Number(f64),
    Bool(bool),
}

impl From<&str> for ClaimValue {
    fn from(text: &str) -> Self {
        Self(Value::Text(text.into()))
    }
}

impl From<String> for ClaimValue {
    fn from(text: String) -> Self {
        Self(Value::Text(text.into()))
    }
}

impl From<bool> for ClaimValue {
    fn from(value: bool) -> Self {
        Self(Value::Bool(value))
    }
}

impl From<u32> for ClaimValue {
    fn from(number: u32) -> Self {
        Self(Value::Number(number.into()))
    }
}

impl ClaimValue {
    fn is(&self, found: &Json<'_>) -> bool {
        match (&self.0, found) {
            (Value::Text(text), Json::Text(found)) => **text == **found,
            (Value::Number(number), Json::Number(found)) => number == found,
            (Value::Bool(value), Json::Bool(found)) => value == found,
            _ => false,
        }
    }
}

impl std::fmt::Display for ClaimValue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Value::Text(text) => write!(formatter, "{text:?}"),
            Value::Number(number) => write!(formatter, "{number}"),
            Value::Bool(value) => write!(formatter, "{value}"),
        }
    }
}

/// What one claim must be.
#[derive(Clone, Debug)]
pub(crate) struct Demand {
    pub(super) path: ClaimPath,
    pub(super) values: Vec<ClaimValue>,
    /// Whether a list that holds one of the values will do.
    pub(super) in_list: bool,
}

impl Demand {
    fn is_met(&self, claims: &Object<'_>) -> bool {
        let is_one = |found: &Json<'_>| self.values.iter().any(|value| value.is(found));
        match self.path.find(claims) {
            Ok(Some(Json::List(items))) => self.in_list && items.iter().any(is_one),
            Ok(Some(found)) => is_one(found),
            Ok(None) | Err(_) => false,
        }
    }
}

impl std::fmt::Display for Demand {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let values: Vec<String> = self.values.iter().map(ToString::to_string).collect();
        let verb = if self.in_list { "holds" } else { "is" };
        write!(formatter, "`{}` {verb} {}", self.path.names().join("."), values.join(" or "))
    }
}

impl Rules {
    /// Whether the claims are there that the description requires, with the values it names.
    pub(super) fn check_required(&self, claims: &Object<'_>) -> Result<(), &'static str> {
        if self.required.iter().any(|name| claims.given(name).is_none()) {
            return Err("a claim is missing that is required here");
        }
        if self.demands.iter().any(|demand| !demand.is_met(claims)) {
            return Err("a claim does not have the value that is required here");
        }
        Ok(())
    }

    /// The first demand that these claims do not meet.
    pub(super) fn unmet<'r>(&'r self, claims: &Object<'_>) -> Option<&'r Demand> {
        self.demands.iter().find(|demand| !demand.is_met(claims))
    }

    /// Whether the description says itself which values this claim may have.
    pub(super) fn demands_value_of(&self, claim: &str) -> bool {
        self.demands.iter().any(|demand| demand.path.names() == [claim])
    }
}

/// A claim of which [`Jwt::claim`] says what it must be.
#[derive(Debug)]
#[must_use = "says nothing until `is`, `is_one_of` or `holds` is called"]
pub struct DemandedClaim<D> {
    description: D,
    path: ClaimPath,
}

impl<D: AsMut<Jwt>> DemandedClaim<D> {
    pub(crate) fn new(description: D, path: ClaimPath) -> Self {
        Self { description, path }
    }

    /// It must be this value.
    #[must_use]
    pub fn is(self, value: impl Into<ClaimValue>) -> D {
        self.demand(vec![value.into()], false)
    }

    /// It must be one of these values.
    #[must_use]
    pub fn is_one_of<V: Into<ClaimValue>>(self, values: impl IntoIterator<Item = V>) -> D {
        self.demand(values.into_iter().map(Into::into).collect(), false)
    }

    /// It must be this value, or a list that holds it.
    #[must_use]
    pub fn holds(self, value: impl Into<ClaimValue>) -> D {
        self.demand(vec![value.into()], true)
    }

    fn demand(mut self, values: Vec<ClaimValue>, in_list: bool) -> D {
        let demand = Demand { path: self.path, values, in_list };
        self.description.as_mut().demands.push(demand);
        self.description
    }
}

impl AsMut<Self> for Jwt {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}
