//! Where the claims hold what is granted: roles, scopes, permissions, the tenant and the tier.
//!
//! 1. A claim that is not there grants nothing.
//! 2. A claim of the wrong type refuses the token. Granting nothing instead would be silent, and
//!    under a rule like `!role("suspended")` even wrong in the dangerous direction.
//! 3. A string in the scopes claim is a list separated by spaces (RFC 8693 section 4.2). Anywhere
//!    else it is one name: a role called `Domain Admins` is not two roles.

use super::json::{Json, Object};
use crate::policy::CLAIMS;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(Vec<String>);

impl From<&str> for ClaimPath {
    fn from(dotted: &str) -> Self {
        Self(dotted.split('.').map(str::to_owned).collect())
    }
}

impl From<String> for ClaimPath {
    fn from(dotted: String) -> Self {
        Self::from(dotted.as_str())
    }
}

impl<const N: usize> From<[&str; N]> for ClaimPath {
    fn from(names: [&str; N]) -> Self {
        Self(names.map(str::to_owned).to_vec())
    }
}

impl From<Vec<String>> for ClaimPath {
    fn from(names: Vec<String>) -> Self {
        Self(names)
    }
}

impl ClaimPath {
    /// Whether it names nothing.
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, the outermost first.
    pub(crate) fn names(&self) -> &[String] {
        &self.0
    }

    /// What is wrong with this path as the place of `what`.
    pub(crate) fn fault(&self, what: &str) -> Option<String> {
        let Self(names) = self;
        let dotted = names.join(".");
        if names.is_empty() || names.iter().any(String::is_empty) {
            return Some(format!("the {what} claim `{dotted}` has an empty name"));
        }
        if names.len() > 1 && dotted.contains("://") {
            return Some(format!(
                "the {what} claim `{dotted}` is split at its dots: write it as an array of one name"
            ));
        }
        if names.iter().take(1).any(|name| REGISTERED.contains(&name.as_str())) {
            return Some(format!("the {what} claim `{dotted}` has another meaning (RFC 9068)"));
        }
        None
    }

    fn find<'j, 'a>(&self, claims: &'j Object<'a>) -> Result<Option<&'j Json<'a>>, &'static str> {
        let Self(names) = self;
        let Some((last, parents)) = names.split_last() else { return Ok(None) };
        let mut object = claims;
        for name in parents {
            match object.get(name) {
                None => return Ok(None),
                Some(Json::Object(inner)) => object = inner,
                Some(_) => return Err("a claim that should hold grants is not an object"),
            }
        }
        Ok(object.get(last))
    }
}

/// The places of one authenticator.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) roles: ClaimPath,
    pub(crate) scopes: ClaimPath,
    pub(crate) permissions: ClaimPath,
    pub(crate) tenant: Option<ClaimPath>,
    pub(crate) tier: Option<ClaimPath>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            roles: ClaimPath::from("roles"),
            scopes: ClaimPath::from("scope"),
            permissions: ClaimPath::from("permissions"),
            tenant: None,
            tier: None,
        }
    }
}

/// The places that the program's vocabularies name: of the tenant, and of the tier.
pub(crate) fn vocabulary_claims() -> [Vec<ClaimPath>; 2] {
    let mut found = [Vec::new(), Vec::new()];
    for named in CLAIMS.iter() {
        for (paths, path) in found.iter_mut().zip([named.tenant, named.tier]) {
            let path = ClaimPath::from(path.iter().copied().map(str::to_owned).collect::<Vec<_>>());
            if !path.is_empty() && !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    found
}

/// What a claim set grants.
#[derive(Debug)]
pub(crate) struct Grants {
    pub(crate) roles: Vec<Box<str>>,
    pub(crate) scopes: Vec<Box<str>>,
    pub(crate) permissions: Vec<Box<str>>,
    pub(crate) tenant: Option<Box<str>>,
    pub(crate) tier: Option<Box<str>>,
}

impl Places {
    /// Reads what is granted.
    pub(crate) fn read(&self, claims: &Object<'_>) -> Result<Grants, &'static str> {
        let roles = names(self.roles.find(claims)?, Text::OneName)
            .ok_or("the roles claim is not a string or a list of strings")?;
        let scopes = names(self.scopes.find(claims)?, Text::SpaceSeparated)
            .ok_or("the scopes claim is not a string or a list of strings")?;
        let permissions = names(self.permissions.find(claims)?, Text::OneName)
            .ok_or("the permissions claim is not a string or a list of strings")?;
        let tenant = lone_name(self.tenant.as_ref(), claims, "the tenant claim is not a name")?;
        let tier = lone_name(self.tier.as_ref(), claims, "the tier claim is not a name")?;
        Ok(Grants { roles, scopes, permissions, tenant, tier })
    }
}

/// A claim that holds one name, if it is looked for and there.
fn lone_name(
    path: Option<&ClaimPath>,
    claims: &Object<'_>,
    fault: &'static str,
) -> Result<Option<Box<str>>, &'static str> {
    match path.map(|path| path.find(claims)).transpose()?.flatten() {
        None => Ok(None),
        Some(Json::Text(name)) if is_name(name) => Ok(Some(Box::from(name.as_ref()))),
        Some(_) => Err(fault),
    }
}

/// What a lone string means.
#[derive(Clone, Copy)]
enum Text {
    OneName,
    SpaceSeparated,
}

fn names(claim: Option<&Json<'_>>, text: Text) -> Option<Vec<Box<str>>> {
    match (claim, text) {
        (None, _) => Some(Vec::new()),
        (Some(Json::Text(list)), Text::SpaceSeparated) => {
            list.split(' ').filter(|name| !name.is_empty()).map(name).collect()
        }
        (Some(Json::Text(one)), Text::OneName) => Some(vec![name(one)?]),
        (Some(Json::List(items)), _) => items
            .iter()
            .map(|item| match item {
                Json::Text(text) => name(text),
                _ => None,
            })
            .collect(),
        (Some(_), _) => None,
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

    fn roles(path: impl Into<ClaimPath>, claims: &str) -> Result<Vec<Box<str>>, &'static str> {
        let places = Places { roles: path.into(), ..Places::default() };
        places.read(&Object::parse(claims).unwrap()).map(|grants| grants.roles)
    }

    #[test]
    fn a_path_leads_into_objects_and_a_name_may_have_dots() {
        let check = |path: ClaimPath, claims, expected: &[&str]| {
            let found = roles(path, claims).unwrap();
            assert_eq!(
                found.iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
                expected,
                "{claims}"
            );
        };
        check("roles".into(), r#"{"roles":["a","b"]}"#, &["a", "b"]);
        check("roles".into(), r#"{"roles":"Domain Admins"}"#, &["Domain Admins"]);
        check("roles".into(), r#"{"roles":[]}"#, &[]);
        check("roles".into(), "{}", &[]);
        check("r.s".into(), r#"{"r":{"s":["a"]}}"#, &["a"]);
        check("r.s".into(), r#"{"r":{}}"#, &[]);
        check("r.s".into(), r#"{"r.s":["a"]}"#, &[]);
        check(["r.s"].into(), r#"{"r.s":["a"]}"#, &["a"]);
        check(["https://x.example/roles"].into(), r#"{"https://x.example/roles":["a"]}"#, &["a"]);
    }

    #[test]
    fn a_wrong_type_refuses() {
        for value in
            ["null", "1", "true", "{}", "[1]", "[null]", "[[\"a\"]]", "\"\"", "[\"\"]", "\"a\\n\""]
        {
            assert!(roles("roles", &format!("{{\"roles\":{value}}}")).is_err(), "{value}");
        }
        assert!(roles("r.s", r#"{"r":"s"}"#).is_err());
        assert!(roles("r.s", r#"{"r":null}"#).is_err());
    }

    #[test]
    fn scopes_in_a_string_are_separated_by_spaces() {
        let claims = Object::parse(r#"{"scope":"orders:read  orders:write","tid":"t1"}"#).unwrap();
        let places = Places { tenant: Some("tid".into()), ..Places::default() };
        let grants = places.read(&claims).unwrap();
        let expected = ["orders:read", "orders:write"].map(Box::<str>::from);
        assert_eq!(grants.scopes, expected);
        assert_eq!(grants.tenant.as_deref(), Some("t1"));
        for value in ["null", "7", "\"\"", "[\"t1\"]", "{}"] {
            let text = format!("{{\"tid\":{value}}}");
            assert!(places.read(&Object::parse(&text).unwrap()).is_err(), "{value}");
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
