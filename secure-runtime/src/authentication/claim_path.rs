//! The path to a claim, and the format of the names in it.

use super::json::{Json, Object};

/// Where a claim is: its name, and further names where it lies inside objects.
///
/// A string is split at its dots. A claim whose own name has a dot is written as an array:
///
/// ```
/// use secure_runtime::authentication::ClaimPath;
///
/// let nested = ClaimPath::from("realm_access.roles");
/// let namespaced = ClaimPath::from(["https://shop.example/roles"]);
/// assert_eq!(nested, ClaimPath::from(["realm_access", "roles"]));
/// assert_ne!(namespaced, ClaimPath::from("https://shop.example/roles"));
/// ```
///
/// A claim is a list of names, or one name. Other forms are said:
///
/// ```
/// use secure_runtime::authentication::ClaimPath;
///
/// // "read,manage"
/// let permissions = ClaimPath::from("o.per").separated_by(',');
/// // {"admin": {"id": "acme"}, "editor": {}}
/// let roles = ClaimPath::from(["urn:zitadel:iam:org:project:roles"]).names_of_members();
/// // [{"id": "1", "key": "admin"}]
/// let keys = ClaimPath::from("roles").each("key");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath {
    names: Vec<String>,
    form: Form,
}

/// How a claim holds names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Form {
    /// A list, or one name.
    #[default]
    Names,
    /// A text with this between the names, or a list.
    Separated(char),
    /// An object whose members have the names.
    Members,
    /// A list of objects that have the name in this member.
    Each(String),
}

impl From<&str> for ClaimPath {
    fn from(dotted: &str) -> Self {
        Self::from(dotted.split('.').map(str::to_owned).collect::<Vec<_>>())
    }
}

impl From<String> for ClaimPath {
    fn from(dotted: String) -> Self {
        Self::from(dotted.as_str())
    }
}

impl<const N: usize> From<[&str; N]> for ClaimPath {
    fn from(names: [&str; N]) -> Self {
        Self::from(names.map(str::to_owned).to_vec())
    }
}

impl From<Vec<String>> for ClaimPath {
    fn from(names: Vec<String>) -> Self {
        Self { names, form: Form::Names }
    }
}

impl ClaimPath {
    /// The claim is a text with this character between the names.
    #[must_use]
    pub fn separated_by(mut self, separator: char) -> Self {
        self.form = Form::Separated(separator);
        self
    }

    /// The claim is an object, and the names are those of its members that are neither `null` nor
    /// `false`.
    #[must_use]
    pub fn names_of_members(mut self) -> Self {
        self.form = Form::Members;
        self
    }

    /// The claim is a list of objects, each of which has the name in this member.
    #[must_use]
    pub fn each(mut self, member: impl Into<String>) -> Self {
        self.form = Form::Each(member.into());
        self
    }

    /// Whether it names nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names, the outermost first.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// What is wrong with this path as the place of `what`.
    pub(crate) fn fault(&self, what: &str) -> Option<String> {
        let is_registered = || {
            let mut first = self.names.iter().take(1);
            let registered = first.any(|name| REGISTERED.contains(&name.as_str()));
            let dotted = self.names.join(".");
            registered
                .then(|| format!("the {what} claim `{dotted}` has another meaning (RFC 9068)"))
        };
        self.shape_fault(what).or_else(is_registered)
    }

    /// What is wrong with how it is written.
    pub(crate) fn shape_fault(&self, what: &str) -> Option<String> {
        let Self { names, .. } = self;
        let dotted = names.join(".");
        if names.is_empty() || names.iter().any(String::is_empty) {
            return Some(format!("the {what} claim `{dotted}` has an empty name"));
        }
        if names.len() > 1 && dotted.contains("://") {
            return Some(format!(
                "the {what} claim `{dotted}` is split at its dots: write it as an array of one name"
            ));
        }
        None
    }

    /// The claim, unless it or an object around it is missing or `null`.
    pub(crate) fn find<'j, 'a>(
        &self,
        claims: &'j Object<'a>,
    ) -> Result<Option<&'j Json<'a>>, &'static str> {
        let Some((last, parents)) = self.names.split_last() else { return Ok(None) };
        let mut object = claims;
        for name in parents {
            match object.given(name) {
                None => return Ok(None),
                Some(Json::Object(inner)) => object = inner,
                Some(_) => return Err("a claim that should hold others is not an object"),
            }
        }
        Ok(object.given(last))
    }

    /// The names in the claim; `None`: it has another form.
    pub(crate) fn read(&self, claims: &Object<'_>, text: Text) -> Option<Vec<Box<str>>> {
        let Some(found) = self.find(claims).ok()? else { return Some(Vec::new()) };
        match (&self.form, found) {
            (Form::Names, Json::Text(list)) if text == Text::SpaceSeparated => split(list, ' '),
            (Form::Names, Json::Text(one)) => Some(vec![name(one)?]),
            (Form::Separated(separator), Json::Text(list)) => split(list, *separator),
            (Form::Names | Form::Separated(_), Json::List(items)) => {
                items.iter().map(text_of).collect()
            }
            (Form::Members, Json::Object(members)) => {
                let is_there =
                    |name: &&str| !matches!(members.given(name), None | Some(Json::Bool(false)));
                members.names().filter(is_there).map(name).collect()
            }
            (Form::Each(member), Json::List(items)) => items
                .iter()
                .map(|item| match item {
                    Json::Object(object) => text_of(object.get(member)?),
                    _ => None,
                })
                .collect(),
            _ => None,
        }
    }
}

/// What a lone string means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    OneName,
    SpaceSeparated,
}

fn split(list: &str, separator: char) -> Option<Vec<Box<str>>> {
    let parts = list.split(separator);
    // Spaces around a comma are no part of a name.
    let parts = parts.map(|part| if separator == ' ' { part } else { part.trim() });
    parts.filter(|part| !part.is_empty()).map(name).collect()
}

fn text_of(item: &Json<'_>) -> Option<Box<str>> {
    match item {
        Json::Text(text) => name(text),
        _ => None,
    }
}

fn name(text: &str) -> Option<Box<str>> {
    is_name(text).then(|| Box::from(text))
}

/// A name that can be compared and logged: not empty, no control characters.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}

/// Claims with a meaning of their own (RFC 7519 section 4.1, RFC 9068 section 2.2).
const REGISTERED: [&str; 11] =
    ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "auth_time", "acr", "amr"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_may_hold_names_in_several_forms() {
        let check = |path: ClaimPath, value: &str, expected: Option<&[&str]>| {
            let text = format!(r#"{{"x":{value}}}"#);
            let claims = Object::parse(&text).unwrap();
            let found = path.read(&claims, Text::OneName);
            let found = found.as_ref().map(|names| names.iter().map(|name| &**name).collect());
            assert_eq!(found, expected.map(<[&str]>::to_vec), "{value}");
        };
        let comma = || ClaimPath::from("x").separated_by(',');
        check(comma(), r#""read,manage""#, Some(&["read", "manage"]));
        check(comma(), r#""read, manage,""#, Some(&["read", "manage"]));
        check(comma(), r#"["read"]"#, Some(&["read"]));
        check(comma(), r#""""#, Some(&[]));
        check(comma(), "1", None);
        let space = || ClaimPath::from("x").separated_by(' ');
        check(space(), r#""a  b""#, Some(&["a", "b"]));
        let members = || ClaimPath::from("x").names_of_members();
        check(members(), r#"{"admin":{"id":"acme"},"editor":true}"#, Some(&["admin", "editor"]));
        check(members(), r#"{"admin":null,"editor":false,"reader":{}}"#, Some(&["reader"]));
        check(members(), "{}", Some(&[]));
        check(members(), r#"["admin"]"#, None);
        check(members(), r#"{"":1}"#, None);
        let each = || ClaimPath::from("x").each("key");
        check(each(), r#"[{"id":"1","key":"admin"}]"#, Some(&["admin"]));
        check(each(), r#"[{"id":"1"}]"#, None);
        check(each(), r#"["admin"]"#, None);
        for path in [comma(), space(), members(), each()] {
            check(path, "null", Some(&[]));
        }
    }

    #[test]
    fn paths_are_checked_at_launch() {
        assert_eq!(ClaimPath::from("realm_access.roles").fault("roles"), None);
        for path in ["", "a..b", ".a", "https://x.example/roles", "sub", "aud.roles"] {
            assert!(ClaimPath::from(path).fault("roles").is_some(), "{path}");
        }
        assert!(ClaimPath::from([""; 0]).fault("roles").is_some());
    }
}
