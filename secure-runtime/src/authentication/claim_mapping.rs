//! Where the claims hold what is granted: roles, scopes, permissions, the tenant and the tier; and what
//! names the token, its session and its client.
//!
//! 1. A claim that is not there, or is `null`, grants nothing.
//! 2. A claim of another form refuses the token where the description names it, or a rule of the
//!    program asks for what it grants. Granting nothing instead would be silent, and under a rule like
//!    `!role("suspended")` even wrong in the dangerous direction. Elsewhere it grants nothing.
//! 3. A string in the scopes claim is a list separated by spaces (RFC 8693 section 4.2). Anywhere
//!    else it is one name, unless the path says otherwise: a role called `Domain Admins` is not two
//!    roles.

use super::claim_path::{ClaimPath, Text, is_name};
use super::json::{Json, Object};
use super::jwt::CLIENT_CLAIMS;
use crate::policy::CLAIMS;

/// Where one kind of grant is.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) paths: Vec<ClaimPath>,
    /// Whether another form refuses the token: the description names the place, or a rule of the
    /// program asks for what is there.
    pub(crate) is_asked_for: bool,
}

impl Grant {
    fn at(name: &str) -> Self {
        Self { paths: vec![ClaimPath::from(name)], is_asked_for: false }
    }

    /// Looks there and nowhere else.
    pub(crate) fn set(&mut self, path: ClaimPath) {
        self.paths = vec![path];
        self.is_asked_for = true;
    }

    /// Looks there, too.
    pub(crate) fn add(&mut self, path: ClaimPath) {
        self.paths.push(path);
        self.is_asked_for = true;
    }

    fn read(
        &self,
        claims: &Object<'_>,
        text: Text,
        fault: &'static str,
    ) -> Result<Vec<Box<str>>, &'static str> {
        let mut found: Vec<Box<str>> = Vec::new();
        for path in &self.paths {
            match path.read(claims, text) {
                Some(names) if found.is_empty() => found = names,
                Some(names) => found.extend(names),
                None if self.is_asked_for => return Err(fault),
                None => {}
            }
        }
        Ok(found)
    }
}

/// The places of one authenticator.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) roles: Grant,
    pub(crate) scopes: Grant,
    pub(crate) permissions: Grant,
    pub(crate) tenant: Option<ClaimPath>,
    pub(crate) tier: Option<ClaimPath>,
    pub(crate) session: ClaimPath,
    pub(crate) token_id: ClaimPath,
    /// The claims that name the client, where the client is the caller.
    pub(crate) clients: Vec<&'static str>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            roles: Grant::at("roles"),
            scopes: Grant::at("scope"),
            permissions: Grant::at("permissions"),
            tenant: None,
            tier: None,
            session: ClaimPath::from("sid"),
            token_id: ClaimPath::from("jti"),
            clients: CLIENT_CLAIMS.to_vec(),
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
        let Self { roles, scopes, permissions, .. } = self;
        let roles = roles.read(claims, Text::OneName, ROLES_FORM)?;
        let scopes = scopes.read(claims, Text::SpaceSeparated, SCOPES_FORM)?;
        let permissions = permissions.read(claims, Text::OneName, PERMISSIONS_FORM)?;
        let tenant = lone_name(self.tenant.as_ref(), claims, "the tenant claim is not a name")?;
        let tier = lone_name(self.tier.as_ref(), claims, "the tier claim is not a name")?;
        Ok(Grants { roles, scopes, permissions, tenant, tier })
    }

    /// What names the token.
    pub(crate) fn token_id<'j, 'a>(&self, claims: &'j Object<'a>) -> Option<&'j Json<'a>> {
        self.token_id.find(claims).ok().flatten()
    }

    /// What names the session in which the token was issued.
    pub(crate) fn session<'j, 'a>(&self, claims: &'j Object<'a>) -> Option<&'j Json<'a>> {
        self.session.find(claims).ok().flatten()
    }

    /// Whether roles are read from a claim that the token leaves out because it would be too long:
    /// Microsoft Entra then says where the groups can be asked for (`_claim_names`, OpenID Connect
    /// Core section 5.6.2, or `hasgroups`).
    pub(crate) fn leaves_out_roles(&self, claims: &Object<'_>) -> bool {
        // If no rule uses roles, it does not matter.
        if !self.roles.is_asked_for {
            return false;
        }
        let elsewhere = match claims.given("_claim_names") {
            Some(Json::Object(names)) => Some(names),
            _ => None,
        };
        let has_groups = claims.given("hasgroups").is_some();
        let mut firsts = self.roles.paths.iter().filter_map(|path| path.names().first());
        firsts.any(|first| {
            elsewhere.is_some_and(|names| names.given(first).is_some())
                || (has_groups && first == "groups" && claims.given("groups").is_none())
        })
    }
}

const ROLES_FORM: &str = "the roles claim is not a string or a list of strings";
const SCOPES_FORM: &str = "the scopes claim is not a string or a list of strings";
const PERMISSIONS_FORM: &str = "the permissions claim is not a string or a list of strings";

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

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(path: impl Into<ClaimPath>, claims: &str) -> Result<Vec<Box<str>>, &'static str> {
        let mut places = Places::default();
        places.roles.set(path.into());
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
        for value in ["1", "true", "{}", "[1]", "[null]", "[[\"a\"]]", "\"\"", "[\"\"]", "\"a\\n\""]
        {
            assert!(roles("roles", &format!("{{\"roles\":{value}}}")).is_err(), "{value}");
        }
        assert!(roles("r.s", r#"{"r":"s"}"#).is_err());
        for absent in [r#"{"roles":null}"#, r#"{"r":null}"#, r#"{"r":{"s":null}}"#] {
            assert_eq!(roles("roles", absent).unwrap().len(), 0);
            assert_eq!(roles("r.s", absent).unwrap().len(), 0);
        }
    }

    #[test]
    fn where_nobody_asks_a_wrong_type_grants_nothing() {
        let places = Places::default();
        let claims = Object::parse(r#"{"roles":[{"key":"admin"}],"scope":7}"#).unwrap();
        let grants = places.read(&claims).unwrap();
        assert_eq!(grants.roles.len() + grants.scopes.len(), 0);
    }

    #[test]
    fn several_places_are_joined() {
        let mut places = Places::default();
        places.roles.set("realm_access.roles".into());
        places.roles.add("resource_access.shop.roles".into());
        let read = |text: &str| places.read(&Object::parse(text).unwrap()).map(|it| it.roles);
        let both = r#"{"realm_access":{"roles":["a"]},"resource_access":{"shop":{"roles":["b"]}}}"#;
        assert_eq!(read(both).unwrap(), ["a", "b"].map(Box::<str>::from));
        let one = r#"{"resource_access":{"shop":{"roles":["b"]}},"realm_access":null}"#;
        assert_eq!(read(one).unwrap(), [Box::<str>::from("b")]);
        assert!(read(r#"{"resource_access":7}"#).is_err());
    }

    #[test]
    fn roles_that_a_token_leaves_out_are_noticed() {
        let mut places = Places::default();
        places.roles.set("groups".into());
        let leaves_out = |text: &str| places.leaves_out_roles(&Object::parse(text).unwrap());
        assert!(leaves_out(r#"{"_claim_names":{"groups":"src1"},"_claim_sources":{}}"#));
        assert!(leaves_out(r#"{"hasgroups":true}"#));
        assert!(!leaves_out(r#"{"groups":["a"],"_claim_names":{"other":"src1"}}"#));
        assert!(!leaves_out("{}"));
    }

    #[test]
    fn scopes_in_a_string_are_separated_by_spaces() {
        let claims = Object::parse(r#"{"scope":"orders:read  orders:write","tid":"t1"}"#).unwrap();
        let places = Places { tenant: Some("tid".into()), ..Places::default() };
        let grants = places.read(&claims).unwrap();
        let expected = ["orders:read", "orders:write"].map(Box::<str>::from);
        assert_eq!(grants.scopes, expected);
        assert_eq!(grants.tenant.as_deref(), Some("t1"));
        for value in ["7", "\"\"", "[\"t1\"]", "{}"] {
            let text = format!("{{\"tid\":{value}}}");
            assert!(places.read(&Object::parse(&text).unwrap()).is_err(), "{value}");
        }
    }
}
