//! Parses the `secure.toml`: from TOML to names and their positions, without checking rules about
//! them.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Fault;
use crate::diagnostics::{choices, nearest};

/// The file as written.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) roles: Option<Vec<Role>>,
    pub(super) scopes: Option<Vec<Name>>,
    pub(super) permissions: Option<Vec<Name>>,
    pub(super) rates: Option<Vec<NamedRate>>,
    pub(super) tiers: Option<Vec<Name>>,
    /// The claims of the tier and of the tenant.
    pub(super) tier_claim: Option<Claim>,
    pub(super) tenant_claim: Option<Claim>,
    pub(super) profile: Option<Name>,
    /// Each lint with its level.
    pub(super) lints: Vec<(Name, Name)>,
    /// `validated_by` of `[bodies]`.
    pub(super) validated_by: Vec<Name>,
    /// Each pattern of source files with its keys.
    pub(super) policies: Vec<(Name, Name)>,
}

/// `NAME = "5/min"`, `NAME = ["10/s", "1000/h"]` or `NAME = { rate = …, shared = true }` in `[rates]`.
#[derive(Debug)]
pub(super) struct NamedRate {
    pub(super) name: Name,
    pub(super) windows: Vec<Name>,
    pub(super) is_shared: bool,
}

/// `[roles.NAME]`.
#[derive(Debug)]
pub(super) struct Role {
    pub(super) name: Name,
    pub(super) includes: Vec<Name>,
    pub(super) permissions: Vec<Name>,
}

/// `claim = "plan"`, or `claim = ["https://shop.example/plan"]`.
#[derive(Debug)]
pub(super) struct Claim {
    /// The path of the claim.
    pub(super) path: Vec<String>,
    pub(super) at: usize,
}

/// A name and the byte at which it starts.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) at: usize,
}

const TABLES: &[&str] = &[
    "roles",
    "scopes",
    "permissions",
    "rates",
    "tiers",
    "tenants",
    "bodies",
    "profile",
    "lints",
    "policies",
];

/// The content of the file, as far as it can be parsed, and the faults.
pub(super) fn read(text: &str) -> (Document, Vec<Fault>) {
    // Some editors write a byte order mark, and none shows it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { text, faults: Vec::new() };
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        reader.fault(at, error.message().to_owned(), None);
    }
    // The content of a file that is not valid TOML would be a guess.
    let document = if reader.faults.is_empty() {
        reader.document(root.get_ref())
    } else {
        Document::default()
    };
    (document, reader.faults)
}

/// A fault at a byte of the text.
pub(super) fn fault(text: &str, at: usize, message: String, help: Option<String>) -> Fault {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Fault {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        text: text
            .get(line_start..)
            .and_then(|rest| rest.lines().next())
            .unwrap_or_default()
            .into(),
        message,
        help,
    }
}

struct Reader<'a> {
    text: &'a str,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn document(&mut self, root: &DeTable<'_>) -> Document {
        let mut document = Document::default();
        for (key, value) in root {
            match key.get_ref().as_ref() {
                "roles" => document.roles = self.roles(value),
                "scopes" => document.scopes = self.listed("scopes", value),
                "permissions" => document.permissions = self.listed("permissions", value),
                "rates" => document.rates = self.rates(value),
                "tiers" => self.tiers(value, &mut document),
                "tenants" => self.tenants(value, &mut document),
                "bodies" => self.bodies(value, &mut document),
                "profile" => document.profile = self.word("profile", "\"strict\"", value),
                "lints" => document.lints = self.lints(value),
                "policies" => document.policies = self.policies(value),
                unknown => self.unknown_key(unknown, key.span().start, TABLES),
            }
        }
        document
    }

    fn roles(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Vec<Role>> {
        let table = self.table("roles", "[roles.admin]", value)?;
        let mut roles = Vec::new();
        for (key, value) in table {
            let name = Name { text: key.get_ref().to_string(), at: key.span().start };
            let what = format!("roles.{}", name.text);
            let Some(table) = self.table(&what, "includes = [\"viewer\"]", value) else { continue };
            let mut role = Role { name, includes: Vec::new(), permissions: Vec::new() };
            for (key, value) in table {
                match key.get_ref().as_ref() {
                    "includes" => role.includes = self.names("includes", value),
                    "permissions" => role.permissions = self.names("permissions", value),
                    unknown => {
                        self.unknown_key(unknown, key.span().start, &["includes", "permissions"]);
                    }
                }
            }
            roles.push(role);
        }
        Some(roles)
    }

    fn rates(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Vec<NamedRate>> {
        let table = self.table("rates", "login = \"5/min\"", value)?;
        let mut rates = Vec::new();
        for (key, value) in table {
            let name = Name { text: key.get_ref().to_string(), at: key.span().start };
            let is_shared = value.get_ref().as_table().and_then(|table| table.get("shared"));
            let is_shared = is_shared.is_some_and(|shared| self.truth("shared", shared));
            let windows = match value.get_ref().as_table() {
                Some(table) => {
                    for key in table.keys() {
                        if !["rate", "shared"].contains(&key.get_ref().as_ref()) {
                            let (key, at) = (key.get_ref().as_ref(), key.span().start);
                            self.unknown_key(key, at, &["rate", "shared"]);
                        }
                    }
                    match table.get("rate") {
                        Some(rate) => self.windows(&name.text, rate),
                        None => Some(Vec::new()),
                    }
                }
                None => self.windows(&name.text, value),
            };
            rates.extend(windows.map(|windows| NamedRate { name, windows, is_shared }));
        }
        Some(rates)
    }

    fn windows(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Vec<Name>> {
        match value.get_ref() {
            DeValue::String(text) => {
                Some(vec![Name { text: text.to_string(), at: value.span().start }])
            }
            DeValue::Array(_) => Some(self.names(name, value)),
            _ => {
                self.wrong_type(name, "a rate", &format!("{name} = \"5/min\""), value);
                None
            }
        }
    }

    fn truth(&mut self, what: &str, value: &Spanned<DeValue<'_>>) -> bool {
        let truth = value.get_ref().as_bool();
        if truth.is_none() {
            self.wrong_type(what, "`true` or `false`", &format!("{what} = true"), value);
        }
        truth.unwrap_or_default()
    }

    fn tiers(&mut self, value: &Spanned<DeValue<'_>>, document: &mut Document) {
        let table = self.table("tiers", "[tiers]", value);
        for (key, value) in table.into_iter().flatten() {
            match key.get_ref().as_ref() {
                "names" => document.tiers = Some(self.names("names", value)),
                "claim" => document.tier_claim = self.claim("plan", value),
                unknown => self.unknown_key(unknown, key.span().start, &["names", "claim"]),
            }
        }
    }

    fn tenants(&mut self, value: &Spanned<DeValue<'_>>, document: &mut Document) {
        let table = self.table("tenants", "[tenants]", value);
        for (key, value) in table.into_iter().flatten() {
            match key.get_ref().as_ref() {
                "claim" => document.tenant_claim = self.claim("tid", value),
                unknown => self.unknown_key(unknown, key.span().start, &["claim"]),
            }
        }
    }

    fn bodies(&mut self, value: &Spanned<DeValue<'_>>, document: &mut Document) {
        let table = self.table("bodies", "[bodies]", value);
        for (key, value) in table.into_iter().flatten() {
            match key.get_ref().as_ref() {
                "validated_by" => document.validated_by = self.names("validated_by", value),
                unknown => self.unknown_key(unknown, key.span().start, &["validated_by"]),
            }
        }
    }

    fn claim(&mut self, example: &str, value: &Spanned<DeValue<'_>>) -> Option<Claim> {
        let path = match value.get_ref() {
            DeValue::String(dotted) => dotted.split('.').map(str::to_owned).collect(),
            DeValue::Array(_) => {
                self.names("claim", value).into_iter().map(|name| name.text).collect()
            }
            _ => {
                self.wrong_type("claim", "a name", &format!("claim = \"{example}\""), value);
                return None;
            }
        };
        Some(Claim { path, at: value.span().start })
    }

    fn lints(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<(Name, Name)> {
        let table = self.table("lints", "[lints]", value);
        let mut lints = Vec::new();
        for (key, value) in table.into_iter().flatten() {
            let name = Name { text: key.get_ref().to_string(), at: key.span().start };
            if let Some(level) = self.word(&name.text, "\"warn\"", value) {
                lints.push((name, level));
            }
        }
        lints
    }

    fn policies(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<(Name, Name)> {
        let table = self.table("policies", "\"src/admin/**\" = 'roles = \"admin\"'", value);
        let mut policies = Vec::new();
        for (key, value) in table.into_iter().flatten() {
            let pattern = Name { text: key.get_ref().to_string(), at: key.span().start };
            match value.get_ref().as_str() {
                Some(keys) => {
                    let keys = Name { text: keys.to_owned(), at: value.span().start };
                    policies.push((pattern, keys));
                }
                None => {
                    let example = format!("\"{}\" = 'roles = \"admin\"'", pattern.text);
                    self.wrong_type(&pattern.text, "keys as a string", &example, value);
                }
            }
        }
        policies
    }

    fn word(&mut self, what: &str, example: &str, value: &Spanned<DeValue<'_>>) -> Option<Name> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(what, "a word as a string", &format!("{what} = {example}"), value);
            return None;
        };
        Some(Name { text: text.to_owned(), at: value.span().start })
    }

    /// `[scopes]` and `[permissions]` are tables, so that a list cannot belong to the table above
    /// by accident.
    fn listed(&mut self, what: &str, value: &Spanned<DeValue<'_>>) -> Option<Vec<Name>> {
        let table = self.table(what, "names = [\"orders:read\"]", value)?;
        let mut names = None;
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "names" => names = Some(self.names("names", value)),
                unknown => self.unknown_key(unknown, key.span().start, &["names"]),
            }
        }
        if names.is_none() && table.is_empty() {
            let help = Some("`names = [\"orders:read\"]`".to_owned());
            self.fault(
                value.span().start,
                format!("`{what}` expects `names`, found nothing"),
                help,
            );
        }
        names
    }

    fn table<'v, 'i>(
        &mut self,
        what: &str,
        example: &str,
        value: &'v Spanned<DeValue<'i>>,
    ) -> Option<&'v DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(what, "a table", example, value);
        }
        table
    }

    fn names(&mut self, what: &str, value: &Spanned<DeValue<'_>>) -> Vec<Name> {
        let example = format!("{what} = [\"…\"]");
        let Some(list) = value.get_ref().as_array() else {
            self.wrong_type(what, "a list of names", &example, value);
            return Vec::new();
        };
        let mut names = Vec::new();
        for item in list {
            match item.get_ref().as_str() {
                Some(text) => names.push(Name { text: text.to_owned(), at: item.span().start }),
                None => self.wrong_type(what, "names as strings", &example, item),
            }
        }
        names
    }

    fn wrong_type(
        &mut self,
        what: &str,
        expected: &str,
        example: &str,
        value: &Spanned<DeValue<'_>>,
    ) {
        let found = value.get_ref().type_str();
        let message = format!("`{what}` expects {expected}, found {} {found}", article(found));
        self.fault(value.span().start, message, Some(format!("`{example}`")));
    }

    fn unknown_key(&mut self, key: &str, at: usize, known: &[&str]) {
        let help = match nearest(key, known.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            // A key after a table header belongs to that table.
            None if TABLES.contains(&key) => {
                format!("write `{key}` above the first table, or as a table of its own")
            }
            None => format!("expected {}", choices(known)),
        };
        self.fault(at, format!("unknown key `{key}`"), Some(help));
    }

    fn fault(&mut self, at: usize, message: String, help: Option<String>) {
        self.faults.push(fault(self.text, at, message, help));
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" }
}
